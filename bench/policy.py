"""What rights cost: compiling the policy of somebody with five positions, and taking a kept one in a request.

    python bench/policy.py [--repeat 200] [--only sqlite]

On the starting organisation with the demo company. Prints medians in milliseconds of this process's time. "read again"
is the first request after a change of the rules: the rules of the whole company and the person's are read and compiled;
"compiled" is another person's policy while the rules are known; "kept" is what each further request pays.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from sqlalchemy import select

from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting, compile_policy
from admin_app.engine.access.cache import PolicyCache
from admin_app.engine.access.world import read_stamp
from admin_app.services import clock
from models.organisation import Department, Position, Post, User
from tests.conftest import make_app, seed_demo
from tests.databases import KINDS, make_maker

POSITIONS = ("CSS", "CT", "SLM", "ACM", "OPM")


def median(work: Callable[[], Any], repeat: int) -> float:
    """Milliseconds of this process's time."""
    taken = []
    for _ in range(repeat):
        begun = time.process_time()
        work()
        taken.append((time.process_time() - begun) * 1000)
    return statistics.median(taken)


def measure(kind: str, folder: Path, repeat: int) -> None:
    """Print one database's line."""
    maker = make_maker(kind, folder)
    app = make_app(maker.clone(), folder)
    seed_demo(app)
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        today = clock.today()
        user = User(username="five", name="Five", password_hash="-")  # noqa: S106 - nobody signs in
        places = session.scalars(select(Department).order_by(Department.id)).all()
        session.add(user)
        for place, code in zip(places, POSITIONS, strict=False):
            position = session.scalars(select(Position).where(Position.code == code)).one()
            begun = today - timedelta(days=9)
            session.add(Post(user=user, position=position, department=place, valid_from=begun))
        session.commit()
        cache, stamp = PolicyCache(), read_stamp(session)
        policy = cache.policy(session, user, today, stamp)
        world = cache.world(session, stamp)
        again = median(lambda: PolicyCache().policy(session, user, today), repeat)
        compiled = median(lambda: compile_policy(session, user, today, world), repeat)
        kept = median(lambda: cache.policy(session, user, today, stamp).may("edit", "customer"), repeat)
        print(
            f"{kind}: {len(policy.sources)} sources; read again {again:.2f}, compiled {compiled:.2f},"
            f" kept {kept:.4f} ms"
        )
        db.engine.dispose()
    maker.close()


def main() -> None:
    """Measure on both databases, or on one."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=200)
    parser.add_argument("--only", choices=KINDS)
    chosen = parser.parse_args()
    for kind in [chosen.only] if chosen.only else KINDS:
        with tempfile.TemporaryDirectory() as folder:
            measure(kind, Path(folder), chosen.repeat)


if __name__ == "__main__":
    main()

"""What history costs: one save, and a tenth of all customers changed at a stroke, beside the bare statements.

    python bench/change.py [--rows 1000000] [--repeat 3] [--only sqlite]

Loads the demo company on an SQLite file and on a real PostgreSQL. The bare statements are the UPDATE and an audit
INSERT with the old and the new value, into a table with the history's indexes, in one transaction, as one would write
them by hand; ours are `update_rows` and `undo`. The two take turns. Prints medians and their ratios.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.change import update_rows, without_rows
from admin_app.engine.change.undo import undo
from models.change import ChangeSet
from models.customer import Customer
from tests.conftest import make_app, seed_demo
from tests.databases import KINDS, make_maker

RAW_TABLE = (
    "CREATE TABLE raw_audit (id {key}, at timestamp NOT NULL, actor_id bigint, entity varchar(60) NOT NULL,"
    " record_key varchar(200) NOT NULL, action varchar(20) NOT NULL, before text, after text)"
)
RAW_INDEX = "CREATE INDEX raw_audit_entity ON raw_audit (entity, record_key, id)"
SQLITE = (
    "INSERT INTO raw_audit (at, actor_id, entity, record_key, action, before, after) SELECT CURRENT_TIMESTAMP, 1,"
    " 'customer', CAST(id AS TEXT), 'edit', grade, :grade FROM customer WHERE id % 10 = 3",
    "UPDATE customer SET grade = :grade, version = version + 1, updated_at = '2026-11-24 12:00:00.000000'"
    " WHERE id % 10 = 3",
)
POSTGRESQL = (
    "WITH old AS (SELECT id, grade FROM customer WHERE id % 10 = 3 FOR UPDATE), u AS (UPDATE customer c SET"
    " grade = :grade, version = version + 1, updated_at = now() FROM old WHERE c.id = old.id"
    " RETURNING c.id, old.grade AS was)"
    " INSERT INTO raw_audit (at, actor_id, entity, record_key, action, before, after)"
    " SELECT now(), 1, 'customer', CAST(id AS TEXT), 'edit', was, :grade FROM u",
)


def timed(work: Callable[[], Any]) -> float:
    """Seconds that `work` takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def grades() -> Callable[[], str]:
    """Another grade with each call, so that every row changes every time."""
    turn = [0]

    def following() -> str:
        turn[0] += 1
        return "ABC"[turn[0] % 3]

    return following


def raw(session: Session, kind: str, grade: str) -> None:
    """The bare statements."""
    with without_rows(session, {}, "measuring"):
        for statement in SQLITE if kind == "sqlite" else POSTGRESQL:
            session.execute(text(statement), {"grade": grade})
    session.commit()


def ours(session: Session, grade: str) -> int:
    """The same through the history; returns the change set."""
    changed = update_rows(session, Customer, Customer.id % 10 == 3, {"grade": grade})
    session.commit()
    assert changed, "nothing was changed"
    newest = session.scalars(select(ChangeSet.id).order_by(ChangeSet.position.desc()).limit(1)).one()
    session.rollback()
    return int(newest)


def taken_back(session: Session) -> None:
    """The newest change set undone, preview included."""
    newest = session.scalars(select(ChangeSet.id).order_by(ChangeSet.position.desc()).limit(1)).one()
    assert undo(session, newest, SYSTEM).done, "nothing was undone"
    session.commit()


def save(session: Session, key: int, note: str) -> None:
    """One record, as a form saves it."""
    record = session.get(Customer, key)
    assert record is not None
    record.note = note
    session.commit()


def told(name: str, bare: list[float], mine: list[float], limit: float) -> bool:
    """Print one line; whether ours keeps within the limit."""
    before, after = statistics.median(bare), statistics.median(mine)
    kept = after <= before * limit
    print(
        f"  {name:28}{before * 1000:10.1f} ms{after * 1000:10.1f} ms{after / before:8.2f}"
        f"   limit {limit}{'' if kept else '  ABOVE'}",
        flush=True,
    )
    return kept


def measure(kind: str, rows: int, repeat: int) -> bool:
    """Print one table; whether every figure keeps within its limit."""
    with tempfile.TemporaryDirectory() as folder:
        maker = make_maker(kind, Path(folder))
        app = make_app(maker.clone(), Path(folder))
        begin = time.perf_counter()
        seed_demo(app, customers=rows)
        print(f"{kind}: {rows} customers; loaded in {time.perf_counter() - begin:.0f} s")
        print(f"  {'':28}{'bare':>13}{'history':>13}{'ratio':>8}")
        with app.app_context(), acting(db.session(), SYSTEM) as session:
            kept = figures(session, kind, repeat)
            db.session.remove()
            db.engine.dispose()
        maker.close()
    return kept


def figures(session: Session, kind: str, repeat: int) -> bool:
    """The figures of one database."""
    key = "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY" if kind == "postgresql" else "INTEGER PRIMARY KEY"
    session.execute(text(RAW_TABLE.format(key=key)))
    session.execute(text(RAW_INDEX))
    session.commit()
    following = grades()
    bare, mine, back = [], [], []
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _turn in range(repeat):
        bare.append(timed(lambda: raw(session, kind, following())))
        mine.append(timed(lambda: ours(session, following())))
        back.append(timed(lambda: taken_back(session)))
    kept = told("a tenth changed", bare, mine, 1.25)
    kept = told("undone, beside the change", mine, back, 2) and kept
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024
    print(f"  memory grew by {grown:.0f} MB")
    singles: list[list[float]] = [[], []]
    for turn in range(200):
        # A session without hooks saves the same record in the same way, and tells nobody.
        with Session(db.engine) as plain:
            singles[0].append(timed(partial(save, plain, 20 + turn, f"bare {turn}")))
        session.rollback()
        singles[1].append(timed(partial(save, session, 20 + turn, f"told {turn}")))
    more = statistics.median(singles[1]) - statistics.median(singles[0])
    print(f"  one save: {more * 1000:+.2f} ms over a bare one   limit +1{'' if more <= 0.001 else '  ABOVE'}")
    return kept and more <= 0.001


def main() -> int:
    """Measure both databases; 1 when anything costs more than it may."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", choices=KINDS)
    options = parser.parse_args()
    kinds = [options.only] if options.only else KINDS
    kept = [measure(kind, options.rows, options.repeat) for kind in kinds]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())

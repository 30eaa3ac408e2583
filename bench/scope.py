"""What the row scope costs: pages of a clerk whose department owns 1 % of all customers, against an administrator's.

    python bench/scope.py [--rows 100000] [--repeat 50] [--only sqlite]

Loads the demo company, gives one customer in a hundred to the department CS, and asks for the same pages as clerk
`csd`, whose letter reaches the department, and as `admin`, who has no scope. Prints medians in milliseconds through
Flask's test client, templates included, and says where the clerk pays more than 1.5 times the administrator's page.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from flask.testing import FlaskClient
from sqlalchemy import case, text, update

from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from models.customer import Customer
from models.organisation import Department
from tests.conftest import make_app, seed_demo, sign_in
from tests.databases import KINDS, make_maker

PAGES = {
    "list, first page": "/customer/",
    "lookup, nothing typed": "/complaint/ajax/lookup/?name=customer&query=",
    "lookup, two characters": "/complaint/ajax/lookup/?name=customer&query=%E6%B8%85%E6%B5%A6",
}
LIMIT = 1.5
WARM = 3


def medians(clients: list[FlaskClient], url: str, repeat: int) -> list[float]:
    """Milliseconds of one warm page per client; they take turns, so that whatever else runs slows all alike."""
    taken: list[list[float]] = [[] for _ in clients]
    for turn in range(repeat + WARM):
        for client, times in zip(clients, taken, strict=True):
            begin = time.perf_counter()
            answer = client.get(url)
            times.append(time.perf_counter() - begin)
            assert answer.status_code == 200, (url, answer.status_code, turn)
    return [statistics.median(times[WARM:]) * 1000 for times in taken]


def measure(kind: str, rows: int, repeat: int) -> bool:
    """Print one table; whether every page keeps within the limit."""
    with tempfile.TemporaryDirectory() as folder:
        maker = make_maker(kind, Path(folder))
        app = make_app(maker.clone(), Path(folder))
        begin = time.perf_counter()
        seed_demo(app, customers=rows)
        with app.app_context(), acting(db.session(), SYSTEM) as session:
            places = {each.code: each.id for each in session.query(Department)}
            # Names repeat every 10,000 rows: the rows of the department must not all bear the same ones.
            drawn = Customer.id * 7_919 % 10_007 % 100 == 0
            whose = case((drawn, places["CS"]), else_=places["SAL"])
            scattered = update(Customer).values(department_id=whose, owner_id=None)
            session.execute(scattered, execution_options={"synchronize_session": False})
            session.commit()
            session.execute(text("ANALYZE"))
            session.commit()
            owned = session.query(Customer).filter_by(department_id=places["CS"]).count()
        print(
            f"{kind}: {rows} customers, {owned} of the department; loaded in {time.perf_counter() - begin:.0f} s"
        )
        print(f"  {'page':24}{'admin':>10}{'clerk':>10}{'ratio':>8}")
        clients = [sign_in(app.test_client(), name) for name in ("admin", "csd")]
        kept = True
        for name, url in PAGES.items():
            free, scoped = medians(clients, url, repeat)
            over = scoped > free * LIMIT
            kept = kept and not over
            note = f"  above {LIMIT}" if over else ""
            print(f"  {name:24}{free:8.1f}ms{scoped:8.1f}ms{scoped / free:8.2f}{note}", flush=True)
        with app.app_context():
            db.engine.dispose()
        maker.close()
        return kept


def main() -> int:
    """Measure both databases; 1 when a page costs more than it may."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=50)
    parser.add_argument("--only", choices=KINDS)
    options = parser.parse_args()
    kinds = [options.only] if options.only else KINDS
    kept = [measure(kind, options.rows, options.repeat) for kind in kinds]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())

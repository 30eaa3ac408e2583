"""What the row scope costs: pages of a clerk whose department owns 1 % of all customers, against an administrator's.

    python bench/scope.py [--rows 100000] [--repeat 50] [--only sqlite]

Loads the demo company and copies its customers, gives one in a hundred to the department CS, and asks for the same
pages as clerk `csd`, whose letter reaches the department, and as `admin`, who has no scope. Asks again when the
department's customers all stand at the alphabet's end. Prints medians in milliseconds of the processor's time, of the
app and of the database's own processes together, through Flask's test client, templates included; and says where the
clerk pays more than 1.5 times the administrator's page. A million customers take some minutes and 2 GB in the folder
for temporary files.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from flask.testing import FlaskClient
from sqlalchemy import Executable, Insert, case, func, insert, literal, null, select, text, update
from sqlalchemy.orm import Session

from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.change.doors import without_rows
from bench.serving import clocks
from models.customer import Customer
from models.organisation import Department
from tests.conftest import make_app, seed_demo, sign_in
from tests.databases import KINDS, make_maker

PAGES = {
    "list, first page": "/customer/",
    "lookup, nothing typed": "/complaint/ajax/lookup/?name=customer&query=",
    "lookup, two characters": "/complaint/ajax/lookup/?name=customer&query=%E6%B8%85%E6%B5%A6",
}
#: In the order of code points behind whatever the demo company's names begin with.
LAST = "龙门"
#: Customers that come with all that belongs to them; the rest are copies of these rows alone.
WHOLE = 10_000
LIMIT = 1.5
WARM = 3
PLAIN = {"synchronize_session": False}


def working() -> list[int]:
    """The processes that work for a page: this one, and the database's for each connection."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            return [os.getpid()]
        served = connection.execute(
            text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        )
        return [os.getpid(), *served.scalars()]


def medians(clients: list[FlaskClient], url: str, repeat: int) -> list[float]:
    """Processor milliseconds of one warm page per client; they take turns, so that what else runs slows all alike."""
    taken: list[list[float]] = [[] for _ in clients]
    processes = working()
    for turn in range(repeat + WARM):
        for client, times in zip(clients, taken, strict=True):
            begin = clocks(processes)
            answer = client.get(url)
            times.append(clocks(processes) - begin)
            assert answer.status_code == 200, (url, answer.status_code, turn)
    return [statistics.median(times[WARM:]) * 1000 for times in taken]


def copy(number: int, rows: int) -> Insert:
    """The first WHOLE customers once more, up to `rows` in all, under other keys, codes and names."""
    table = Customer.__table__
    own = {
        "id": table.c.id + number * WHOLE,
        "code": literal(f"C{number}-") + table.c.code,
        "name": table.c.name + literal(f" {number}"),
        "credit_code": null(),
        "parent_id": null(),
    }
    columns = [own.get(column.name, column) for column in table.columns]
    first = select(func.min(table.c.id)).scalar_subquery()
    wanted = table.c.id < first + min(WHOLE, rows - number * WHOLE)
    return insert(table).from_select(
        [column.name for column in table.columns], select(*columns).where(wanted)
    )


def write(session: Session, statement: Executable) -> None:
    """Send and commit one statement, row by row of which the history keeps nothing."""
    with without_rows(session, {}, "rows to measure on"):
        session.execute(statement, execution_options=PLAIN)
    session.commit()


def tidy() -> None:
    """Let the planner know what is there; what was updated leaves dead rows, which a daily vacuum takes away."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        postgresql = connection.dialect.name == "postgresql"
        connection.execute(text("VACUUM ANALYZE" if postgresql else "ANALYZE"))


def compare(clients: list[FlaskClient], pages: dict[str, str], repeat: int) -> bool:
    """Print each page's medians; whether all keep within the limit."""
    kept = True
    for name, url in pages.items():
        free, scoped = medians(clients, url, repeat)
        over = scoped > free * LIMIT
        kept = kept and not over
        note = f"  above {LIMIT}" if over else ""
        print(f"  {name:24}{free:8.1f}ms{scoped:8.1f}ms{scoped / free:8.2f}{note}", flush=True)
    return kept


def measure(kind: str, rows: int, repeat: int) -> bool:
    """Print one table; whether every page keeps within the limit."""
    with tempfile.TemporaryDirectory() as folder:
        maker = make_maker(kind, Path(folder))
        app = make_app(maker.clone(), Path(folder))
        begin = time.perf_counter()
        seed_demo(app, customers=min(rows, WHOLE))
        with app.app_context(), acting(db.session(), SYSTEM) as session:
            for number in range(1, -(-rows // WHOLE)):
                write(session, copy(number, rows))
            places = {each.code: each.id for each in session.query(Department)}
            # Names repeat every 10,000 rows: the rows of the department must not all bear the same ones.
            drawn = Customer.id * 7_919 % 10_007 % 100 == 0
            whose = case((drawn, places["CS"]), else_=places["SAL"])
            scattered = update(Customer).values(department_id=whose, owner_id=None)
            write(session, scattered)
            tidy()
            owned = session.query(Customer).filter_by(department_id=places["CS"]).count()
        print(
            f"{kind}: {rows} customers, {owned} of the department; loaded in {time.perf_counter() - begin:.0f} s"
        )
        print(f"  {'page':24}{'admin':>10}{'clerk':>10}{'ratio':>8}")
        clients = [sign_in(app.test_client(), name) for name in ("admin", "csd")]
        with app.app_context():
            kept = compare(clients, PAGES, repeat)
        with app.app_context(), acting(db.session(), SYSTEM) as session:
            last = update(Customer).where(Customer.department_id == places["CS"])
            write(session, last.values(name=LAST + Customer.name))
            tidy()
        print(f"  all of the department's at the alphabet's end, as in {LAST}")
        with app.app_context():
            kept = compare(clients, PAGES, repeat) and kept
            db.engine.dispose()
        maker.close()
        return kept


def main() -> int:
    """Measure both databases; 1 when a page costs more than it may."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=100_000, help="from 10,000 on")
    parser.add_argument("--repeat", type=int, default=50)
    parser.add_argument("--only", choices=KINDS)
    options = parser.parse_args()
    kinds = [options.only] if options.only else KINDS
    kept = [measure(kind, options.rows, options.repeat) for kind in kinds]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())

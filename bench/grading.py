"""What grading by rule costs: everybody scored by one statement, on SQLite and PostgreSQL.

    python bench/grading.py [--rows 100000] [--only sqlite] [--repeat 3] [--plan]

Loads the demo company (a contract a customer on average), takes five dimensions of each class's rule set, and prints
the seconds of a statement that scores all customers and counts them by grade, and of the preview's insert, whose rows
hold each new grade. A million customers take some minutes and 3 GB in the folder for temporary files.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from flask import Flask
from sqlalchemy import func, select, text
from werkzeug.datastructures import MultiDict

from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.bulk import runs
from admin_app.engine.bulk.selection import Selection
from admin_app.engine.site import site
from admin_app.services import clock
from admin_app.services.grading import RuleSet, read_rules
from admin_app.services.grading_score import score
from admin_app.services.regrading import BY_RULE, refresh_drift
from models.contract import Contract
from models.customer import Customer
from tests.conftest import make_app, seed_demo
from tests.databases import KINDS, make_maker

#: What the goal names: amount, number and recency of contracts, payments, complaints.
FIVE = ("contract_amount", "contract_count", "contract_recency", "payments", "complaints")


def five(rule: RuleSet) -> RuleSet:
    """The rule set with these five dimensions alone."""
    dimensions = tuple(each for each in rule.dimensions if each.kind in FIVE)
    assert len(dimensions) == len(FIVE)
    return RuleSet(**{**vars(rule), "dimensions": dimensions})


def timed(what: str, repeat: int, work: Callable[[], Any]) -> Any:
    """Run it some times and print the best."""
    taken = []
    for _turn in range(repeat):
        begin = time.perf_counter()
        found = work()
        taken.append(time.perf_counter() - begin)
    print(f"  {what:42}{min(taken):8.2f} s", flush=True)
    return found


def measure(app: Flask, kind: str, rows: int, repeat: int, plan: bool) -> None:
    """Print one database's figures."""
    begin = time.perf_counter()
    seed_demo(app, customers=rows)
    with app.app_context():
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE" if kind == "postgresql" else "ANALYZE"))
        with acting(db.session(), SYSTEM) as session:
            contracts = session.scalar(select(func.count(Contract.id)))
            print(
                f"{kind}: {rows:,} customers, {contracts:,} contracts; loaded in {time.perf_counter() - begin:.0f} s"
            )
            rules = [five(rule) for rule in read_rules(session)]
            found = score(rules, clock.today()).rows
            every = [func.sum(each) for each in found.c if each.name[0] == "p" and each.name[1:].isdigit()]
            graded = select(found.c.grade, func.count(), func.sum(found.c.total), *every).group_by(
                found.c.grade
            )
            if plan:
                explained = "EXPLAIN QUERY PLAN " if kind == "sqlite" else "EXPLAIN ANALYZE "
                compiled = graded.compile(db.engine, compile_kwargs={"render_postcompile": True})
                raw = session.connection().exec_driver_sql(explained + str(compiled), compiled.params)
                print("\n".join(str(row[-1]) for row in raw))
            told = timed("scored, five dimensions", repeat, lambda: session.execute(graded).all())
            print("  " + ", ".join(f"{row[0]} {row[1]:,}" for row in sorted(told)))
            session.rollback()
        with app.test_request_context(method="POST"), acting(db.session(), SYSTEM) as session:
            entity = site().by_name["customer"]

            def preview() -> None:
                chosen = Selection.all_matching(entity, MultiDict(), SYSTEM)
                runs.preview(session, SYSTEM, entity, BY_RULE, chosen, MultiDict(), "bench")
                session.rollback()

            timed("preview of everybody, seven dimensions", 1, preview)
            timed("drift of everybody", 1, lambda: refresh_drift(session, None, clock.today()))
            session.rollback()
            last = select(Customer.id).order_by(Customer.id).limit(100)
            ids = list(session.scalars(last))
            hundred = select(score(rules, clock.today(), [Customer.id.in_(ids)]).rows)
            timed("a hundred customers", repeat, lambda: session.execute(hundred).all())


def main() -> None:
    """Measure both databases."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", choices=KINDS)
    parser.add_argument("--plan", action="store_true", help="print how the database goes about it")
    options = parser.parse_args()
    for kind in [options.only] if options.only else KINDS:
        with tempfile.TemporaryDirectory() as folder:
            maker = make_maker(kind, Path(folder))
            app = make_app(maker.clone(), Path(folder))
            measure(app, kind, options.rows, options.repeat, options.plan)
            app.extensions["dutybook_jobs"].close()
            with app.app_context():
                db.engine.dispose()
            maker.close()


if __name__ == "__main__":
    main()

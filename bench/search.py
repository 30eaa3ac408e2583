"""What a search costs: list pages, a lookup and the box on top, for rare and frequent terms, with and without a scope.

    python bench/search.py [--rows 1000000] [--repeat 20] [--only sqlite]

Loads the demo company, gives one customer in fifty to the department CS, fills the index, and asks for the same pages
as `admin` and as clerk `csd`, whose letter reaches the department. Prints how many records a second went into the
index, and medians in milliseconds through Flask's test client, templates included.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from flask.testing import FlaskClient
from sqlalchemy import case, func, select, text, update

from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.change import without_rows
from admin_app.engine.search.building import fill
from admin_app.engine.search.index import indexes
from models.customer import Customer
from models.organisation import Department
from tests.conftest import make_app, seed_demo, sign_in
from tests.databases import KINDS, make_maker

TERMS = {
    "one character": "海",
    "two, frequent": "公司",
    "four, frequent": "有限公司",
    "two, in 2 %": "学校",
    "name, rare": "朔岸",
    "Latin word": "hald",
    "last four digits": "1234",
    "initials": "zgs",
    "pinyin": "shuoan",
    "two words": "上海 机械",
    "nothing": "鹮鹮",
}
PAGES = {
    "list": "/customer/?q={}",
    "list, by amount": "/customer/?sort=-contract_total&q={}",
    "lookup": "/complaint/ajax/lookup/?name=customer&query={}",
    "everything": "/search/suggest?q={}",
}
WARM = 3


def median(client: FlaskClient, url: str, repeat: int) -> float:
    """Milliseconds of one warm page."""
    taken = []
    for _ in range(repeat + WARM):
        begin = time.perf_counter()
        answer = client.get(url)
        taken.append(time.perf_counter() - begin)
        assert answer.status_code == 200, (url, answer.status_code)
    return statistics.median(taken[WARM:]) * 1000


def measure(kind: str, rows: int, repeat: int) -> None:
    """Print one table."""
    with tempfile.TemporaryDirectory() as folder:
        maker = make_maker(kind, Path(folder))
        app = make_app(maker.clone(), Path(folder))
        seed_demo(app, customers=rows)
        with app.app_context(), acting(db.session(), SYSTEM) as session:
            places = {each.code: each.id for each in session.query(Department)}
            # Names repeat every 10,000 rows: the rows of the department must not all bear the same ones.
            drawn = Customer.id * 7_919 % 10_007 % 50 == 0
            whose = case((drawn, places["CS"]), else_=places["SAL"])
            with without_rows(session, {}, "measuring"):
                session.execute(update(Customer.__table__).values(department_id=whose, owner_id=None))
            begin = time.perf_counter()
            fill(session)
            session.commit()
            taken = time.perf_counter() - begin
            models = indexes().by_model
            number = sum(session.scalar(select(func.count()).select_from(model)) or 0 for model in models)
            session.execute(text("ANALYZE"))
            session.commit()
        print(f"{kind}: {number:,} records into the index, {number / taken:,.0f} a second")
        clients = {name: sign_in(app.test_client(), name) for name in ("admin", "csd")}
        print(f"  {'':18}" + "".join(f"{f'{page}, {name}':>24}" for page in PAGES for name in clients))
        for name, term in TERMS.items():
            found = [
                median(client, page.format(quote(term)), repeat)
                for page in PAGES.values()
                for client in clients.values()
            ]
            print(f"  {name:18}" + "".join(f"{each:>21.1f} ms" for each in found), flush=True)
        with app.app_context():
            db.engine.dispose()
        maker.close()


def main() -> None:
    """Measure both databases."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--only", choices=KINDS)
    options = parser.parse_args()
    for kind in [options.only] if options.only else KINDS:
        measure(kind, options.rows, options.repeat)


if __name__ == "__main__":
    main()

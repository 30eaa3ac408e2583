"""The bare page: Flask and one query, no rights, no menu, behind the same server. Nothing can be much faster.

`/list` shows 20 customers in 11 columns, newest first, from one keyset query through the driver.
"""

from __future__ import annotations

import os
from typing import Any

from flask import Flask, render_template
from jinja2 import DictLoader

from admin_app.sqlite import find_driver

COLUMNS = (
    "code", "name", "class", "grade", "status", "value", "owner", "department", "region", "phone", "created",
)  # fmt: skip
# Left joins, which no database turns round: from the departments on, SQLite would sort all customers.
_SELECT = """
SELECT c.id, c.code, c.name, c.customer_class, c.grade, c.transaction_status, c.contract_total, u.name, d.name_zh,
       c.region, c.phone, c.created_at
FROM customer c LEFT JOIN "user" u ON u.id = c.owner_id LEFT JOIN department d ON d.id = c.department_id
"""
LIST = f"{_SELECT} ORDER BY c.id DESC LIMIT 20"
_MATCHING = "c.grade = 'A' AND c.transaction_status = 'existing'"
FILTERED = f"{_SELECT} WHERE {_MATCHING} ORDER BY c.contract_total DESC, c.id DESC LIMIT 20"
COUNT = f"SELECT count(*) FROM (SELECT 1 FROM customer c WHERE {_MATCHING} LIMIT 1001) x"  # noqa: S608
_PAGE = """<!doctype html><html><head><title>Customers</title></head><body><form><input name="q"></form><table><thead>
<tr>{% for column in columns %}<th><a href="?sort={{ column }}">{{ column }}</a></th>{% endfor %}</tr></thead><tbody>
{% for row in rows %}<tr><td><input type="checkbox" name="id" value="{{ row[0] }}"><a href="/edit/{{ row[0] }}">edit</a>
</td>{% for value in row[1:] %}<td>{{ value }}</td>{% endfor %}</tr>
{% endfor %}</tbody></table></body></html>"""


def connect(url: str) -> Any:
    """A plain connection of the driver to one of the benchmark's databases."""
    if url.startswith("sqlite"):
        driver = find_driver()
        held = driver.connect(url.removeprefix("sqlite:///"), check_same_thread=False, isolation_level=None)
        held.execute("PRAGMA cache_size = -65536")
        return held
    import psycopg

    # Not prepared, as in the product: a generic plan may ignore the index under ORDER BY … LIMIT.
    return psycopg.connect(url, autocommit=True, prepare_threshold=None)


def create_app() -> Flask:
    """The app over the database in BENCH_DATABASE."""
    app = Flask(__name__)
    # Compiled once, as a template file would be.
    app.jinja_loader = DictLoader({"list.html": _PAGE})  # type: ignore[assignment]
    held: list[Any] = []

    @app.get("/hello")
    def hello() -> str:
        return "hello"

    @app.get("/list")
    def show() -> str:
        if not held:
            held.append(connect(os.environ["BENCH_DATABASE"]))
        rows = held[0].execute(LIST).fetchall()
        return render_template("list.html", columns=COLUMNS, rows=rows)

    return app

"""How the database reads a list: along an index, a page of it, however many rows there are and whoever asks."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text

from admin_app.db import db
from tests.conftest import make_app, seed_demo, sign_in
from tests.databases import Maker

#: More rows than a planner would rather sort than look up.
ROWS = 8_000

PAGES = {
    "the first page": "/customer/",
    "the last page": "/customer/?end=1",
    "by name": "/customer/?sort=name",
    "by value, the last page": "/customer/?sort=-contract_total&end=1",
    "by the last contact, empty ones first or last": "/customer/?sort=last_contact_on",
    "from a name on": "/customer/?sort=name&from=Lan",
    "good customers that buy, by value": (
        "/customer/?grade:eq=A&transaction_status:eq=existing&sort=-contract_total"
    ),
}


@pytest.fixture(scope="module")
def many(
    database_kind: str, makers: Callable[[str], Maker], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """A demo company with customers by the thousand."""
    app = make_app(makers(database_kind).clone(), tmp_path_factory.mktemp("many"))
    seed_demo(app, customers=ROWS)
    with app.app_context():
        # What a server does by itself, sooner or later.
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE" if database_kind == "postgresql" else "ANALYZE"))
        yield app
        db.engine.dispose()


@contextmanager
def statements(app: Flask) -> Iterator[list[tuple[str, Any]]]:
    """What is sent to the database meanwhile, with its parameters."""
    sent: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, sql: str, parameters: Any, *_rest: Any) -> None:
        if sql.startswith("SELECT") and "FROM customer" in sql:
            sent.append((sql, parameters))

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def rows_read(app: Flask, sql: str, parameters: Any) -> int:
    """How many rows, or entries of an index, the statement's hungriest step reads; on SQLite a bound for it."""
    with app.app_context(), db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            told = connection.exec_driver_sql("EXPLAIN (ANALYZE, FORMAT JSON) " + sql, parameters)
            return max(_of_nodes(told.scalar_one()[0]["Plan"]))
        raw: Any = connection.connection.driver_connection
        steps = [0]

        def count() -> int:
            steps[0] += 1
            return 0

        # Each row that is passed takes several steps of SQLite's machine.
        raw.set_progress_handler(count, 10)
        try:
            connection.exec_driver_sql(sql, parameters).all()
        finally:
            raw.set_progress_handler(None, 0)
        return steps[0]


def _of_nodes(node: dict[str, Any]) -> Iterator[int]:
    passed = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    yield int(passed * node["Actual Loops"])
    for part in node.get("Plans", ()):
        yield from _of_nodes(part)


@pytest.mark.parametrize("who", ["admin", "csd"])
@pytest.mark.parametrize("page", PAGES)
def test_no_list_reads_more_than_a_part_of_its_table(many: Flask, page: str, who: str) -> None:
    client = sign_in(many.test_client(), who)
    with statements(many) as sent:
        answer = client.get(PAGES[page])
    assert answer.status_code == 200
    assert "data-row" in answer.text
    assert sent
    for sql, parameters in sent:
        # A page, its neighbours, and what is counted up to the cap.
        assert rows_read(many, sql, parameters) < ROWS / 4, sql


def test_a_clerks_sums_are_read_piece_by_piece(many: Flask) -> None:
    client = sign_in(many.test_client(), "csd")
    with statements(many) as sent:
        client.get(PAGES["good customers that buy, by value"])
    (sums,) = [sql for sql, _parameters in sent if "sum(" in sql]
    # An OR over owners and departments leads to everybody's customers of that grade.
    assert " OR customer.department_id" not in sums and "UNION ALL" in sums


def titles(page: str) -> list[str]:
    """The names of the rows."""
    return [html.unescape(name) for name in re.findall(r'class="db-row-link"[^>]*>([^<]*)<', page)]


@pytest.mark.parametrize("who", ["admin", "csd"])
def test_a_page_can_begin_at_a_value(many: Flask, who: str) -> None:
    client = sign_in(many.test_client(), who)
    names = titles(client.get("/customer/?sort=name&size=100").text)
    begun = client.get("/customer/", query_string={"sort": "name", "from": names[37]}).text
    assert titles(begun)[:20] == names[names.index(names[37]) :][:20]
    assert 'rel="prev"' in begun
    assert client.get("/customer/?sort=-contract_total&from=many").status_code == 400
    assert client.get("/customer/?from=1").status_code == 400


def test_what_no_index_keeps_in_order_for_a_reader_is_sorted_only_when_few_are_left(many: Flask) -> None:
    admin, clerk = (sign_in(many.test_client(), name) for name in ("admin", "csd"))
    by_grade = "/customer/?sort=grade"
    assert admin.get(by_grade).status_code == 200
    assert clerk.get(by_grade).status_code == 400
    assert "sort=grade" not in clerk.get("/customer/").text
    few = clerk.get("/customer/?name:starts=%E5%8D%97")
    assert few.status_code == 200
    assert "sort=grade" in few.text
    assert clerk.get(f"{by_grade}&name:starts=%E5%8D%97").status_code == 200

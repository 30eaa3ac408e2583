"""One page costs the same number of statements whatever the number of rows, and no form loads a table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from admin_app.db import db
from admin_app.engine.change import without_rows
from tests.contract.conftest import Visitor
from tests.contract.expectation import Expectation
from tests.contract.values import multiply
from views.site import build_site

SITE = build_site()
ENTITIES = SITE.by_name
each_entity = pytest.mark.parametrize("name", ENTITIES)
#: Statements of a list at most, signing in and rights included.
LIST_BUDGET = 8
MORE = 200
UNCOUNTED = ("SAVEPOINT", "RELEASE", "ROLLBACK", "PRAGMA", "BEGIN")
Watch = Callable[[], Any]


@pytest.fixture
def watch(app: Flask) -> Watch:
    """`with watch() as statements:` collects the SQL texts that are sent meanwhile."""

    @contextmanager
    def watching() -> Iterator[list[str]]:
        sent: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if not statement.lstrip().upper().startswith(UNCOUNTED):
                sent.append(statement)

        with app.app_context():
            bound = db.engines[None]
            engine = bound.engine
        sa.event.listen(engine, "before_cursor_execute", note)
        try:
            yield sent
        finally:
            sa.event.remove(engine, "before_cursor_execute", note)

    return watching


def _more_rows(app: Flask, expectation: Expectation, name: str) -> dict[str, int]:
    """200 more rows of the entity, of what points at it and of what it points at, as far as their rules allow."""
    site = expectation.site
    entity = site.by_name[name]
    around = [child for child, _each in site.referrers(entity)]
    around += [target for _key, target in _targets(entity)]
    numbers: dict[str, int] = {}
    with app.app_context():
        session = db.session()
        with without_rows(session, numbers, "more rows"):
            connection = session.connection()
            numbers |= {each.name: multiply(connection, each.table, MORE) for each in (entity, *around)}
        session.commit()
    return numbers


def _targets(entity: Any) -> list[tuple[str, Any]]:
    """(field, entity that it leads to); one that leads to a table without screens is left out."""
    pairs = [(each.key, SITE.target(each)) for each in entity.fields.values() if each.reference]
    return [(key, target) for key, target in pairs if target is not None]


def _pages(name: str, key: int) -> dict[str, str]:
    entity = ENTITIES[name]
    pages = {
        "list": f"/{name}/?size=100",
        "details": f"/{name}/details/?id={key}",
        "edit": f"/{name}/edit/?id={key}",
        "new": f"/{name}/new/",
        "delete": f"/{name}/delete/?id={key}",
        "export": f"/{name}/export/csv/",
    }
    pages |= {
        f"lookup {each}": f"/{name}/ajax/lookup/?name={each}&query=a" for each, _target in _targets(entity)
    }
    forbidden = set(entity.forbids)
    return {page: url for page, url in pages.items() if page not in forbidden}


@each_entity
def test_a_list_costs_at_most_eight_statements_at_five_rows_and_at_fifty(
    admin: Visitor, expectation: Expectation, watch: Watch, name: str
) -> None:
    keys = sorted(expectation.rows[name])
    costs = {}
    for rows in (min(5, len(keys) - 1), min(50, len(keys))):
        with watch() as sent:
            answer = admin.get(f"/{name}/?size=100&id:le={keys[rows - 1]}")
        assert answer.status_code == 200
        assert answer.text.count("data-row>") == rows
        costs[rows] = len(sent)
    assert len(costs) == 2
    assert len(set(costs.values())) == 1, costs
    assert max(costs.values()) <= LIST_BUDGET, costs


@each_entity
def test_no_page_costs_more_with_two_hundred_more_rows(
    app: Flask, writer: Visitor, expectation: Expectation, watch: Watch, name: str
) -> None:
    pages = _pages(name, min(expectation.rows[name]))
    before = {}
    for page, url in pages.items():
        # What is found out once per process is no cost of the page.
        writer.get(url)
        with watch() as sent:
            assert writer.get(url).status_code == 200, page
        before[page] = len(sent)
    added = _more_rows(app, expectation, name)
    after, loading = {}, []
    for page, url in pages.items():
        with watch() as sent:
            assert writer.get(url).status_code == 200, page
        after[page] = len(sent)
        loading += [f"{page}: {statement}" for statement in sent if not _is_bounded(statement)]
    apart = {page: abs(after[page] - before[page]) for page in before}
    assert all(by <= _spare(page) for page, by in apart.items()), (added, before, after)
    assert loading == []


def _spare(page: str) -> int:
    """How many statements apart a page may be."""
    if page in ("list", "details"):
        # A list that is all on one page is neither counted nor summed up by a statement.
        return 2
    # PostgreSQL is asked once more whether a word is frequent, or once less for what is rare, as a table grows.
    return int(page.startswith("lookup"))


def _is_bounded(statement: str) -> bool:
    """Whether a statement brings a page, a count, a sum, or the row of a key, and never a whole table."""
    if not statement.lstrip().upper().startswith("SELECT"):
        return True
    words = " ".join(statement.split())
    limited = re.search(r"\bLIMIT\b", words) is not None
    keyed = re.search(r"WHERE .*(\bid|_id|_hash|token\w*|username) = ", words) is not None
    single_row = words.endswith("FROM access_stamp")
    return limited or keyed or single_row or re.search(r"\b(count|sum)\(", words) is not None


@each_entity
def test_a_form_is_no_larger_with_two_hundred_more_rows(
    app: Flask, writer: Visitor, expectation: Expectation, name: str
) -> None:
    pages = {
        page: url
        for page, url in _pages(name, min(expectation.rows[name])).items()
        if page in ("new", "edit")
    }
    before = {page: len(writer.get(url).text) for page, url in pages.items()}
    _more_rows(app, expectation, name)
    for reference, _target in _targets(ENTITIES[name]):
        offered = writer.get(f"/{name}/ajax/lookup/?name={reference}").json
        assert len(offered) <= 20
    for page, url in pages.items():
        assert abs(len(writer.get(url).text) - before[page]) < 500, page

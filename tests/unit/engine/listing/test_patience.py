"""A filter that looks through too many records stops, and asks for one more condition."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from admin_app.engine.change import without_rows
from tests.unit.engine.sample import Book

#: So many that a walk through them takes some milliseconds on any machine.
MANY = 15_000
NARROW = "/book/?note:has=needle"


@pytest.fixture
def crowd(session: Session, add_book: Callable[..., Book]) -> None:
    """Many books, none of which says what is looked for."""
    first = add_book("Hay", note="hay " * 20)
    session.commit()
    row = {"name": "Hay", "note": "hay " * 20, "department_id": first.department_id, "version": 1}
    table = Book.__table__
    required = {c.name: getattr(first, c.name) for c in table.columns if not c.nullable and not c.primary_key}
    with without_rows(session, {}, "a crowd"):
        session.connection().execute(table.insert(), [required | row] * MANY)
    session.commit()


@pytest.fixture
def hasty(app: Flask) -> Iterator[Callable[[int], None]]:
    """Call it with the milliseconds that a list may take."""
    usual = app.config["LIST_MS"]

    def limit(milliseconds: int) -> None:
        app.config["LIST_MS"] = milliseconds

    yield limit
    app.config["LIST_MS"] = usual


@pytest.mark.parametrize("who", ["root", "all"])
def test_a_filter_that_takes_too_long_asks_for_one_more_condition(
    crowd: None, enter: Callable[[str], FlaskClient], hasty: Callable[[int], None], who: str
) -> None:
    client = enter(who)
    hasty(1)
    answer = client.get(NARROW)
    assert answer.status_code == 400
    assert "Add one more condition" in answer.text
    assert "〔Code〕" in answer.text or "Code" in answer.text
    assert "interrupted" not in answer.text and "statement timeout" not in answer.text
    # The connection is as good as before, and nobody else is hurried.
    hasty(60_000)
    assert client.get(NARROW).status_code == 200
    hasty(0)
    assert client.get(NARROW).status_code == 200


def test_a_list_without_conditions_and_other_pages_are_not_hurried(
    crowd: None, enter: Callable[[str], FlaskClient], hasty: Callable[[int], None]
) -> None:
    client = enter("root")
    hasty(1)
    assert client.get("/book/").status_code == 200
    assert client.get("/book/export/csv/?note:has=needle").status_code == 200

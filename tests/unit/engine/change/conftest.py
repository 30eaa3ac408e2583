"""What the tests of history look at: change sets and their rows, as they are stored."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, acting
from models.change import ChangeRow, ChangeSet
from tests.unit.engine.sample import Book

Row = tuple[str, str, str, Any, Any]


def last_set(session: Session) -> ChangeSet:
    """The newest change set."""
    newest = select(ChangeSet).order_by(ChangeSet.position.desc()).limit(1)
    with acting(session, SYSTEM):
        return session.scalars(newest).one()


def rows_of(session: Session, change_set: ChangeSet) -> list[Row]:
    """(entity, key, op, before, after) of its rows, in order."""
    rows = select(ChangeRow).where(ChangeRow.set_id == change_set.id).order_by(ChangeRow.number)
    with acting(session, SYSTEM):
        found = session.scalars(rows).all()
    return [(row.entity, row.record_key, row.op, row.before, row.after) for row in found]


@pytest.fixture
def told(session: Session) -> Callable[[], list[Row]]:
    """Commit, then give the rows of the change set that the commit wrote."""

    def commit() -> list[Row]:
        session.commit()
        return rows_of(session, last_set(session))

    return commit


@pytest.fixture
def shelf_of_books(
    session: Session, add_book: Callable[..., Book], people: SimpleNamespace, places: SimpleNamespace
) -> list[int]:
    """The keys of six books of `own`, of grades A, B, C, A, B, C; committed."""
    books = [
        add_book(f"Book {number}", grade="ABC"[number % 3], owner=people.own, pages=number + 1)
        for number in range(6)
    ]
    session.commit()
    return [book.id for book in books]

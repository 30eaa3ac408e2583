"""No write gets past the history: every way of writing in bulk that a session offers is refused on a captured class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, event, insert, select, table, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.change import UnrecordedWrite, without_rows
from models.change import ChangeHead, ChangeRow, ChangeSet
from tests.unit.engine.change.conftest import last_set, rows_of
from tests.unit.engine.sample import Book, Shelf

SHELF = {"code": "S", "name_zh": "架", "name_en": "Shelf"}
Way = Callable[[Session], Any]


def _upsert(session: Session) -> Any:
    dialects: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
    statement = dialects[session.get_bind().dialect.name](Shelf).values(**SHELF)
    return session.execute(statement.on_conflict_do_nothing())


WAYS: dict[str, Way] = {
    "update": lambda s: s.execute(update(Book).values(pages=1)),
    "update, nothing synchronised": lambda s: s.execute(
        update(Book).values(pages=1), execution_options={"synchronize_session": False}
    ),
    "update, rows fetched": lambda s: s.execute(
        update(Book).values(pages=1), execution_options={"synchronize_session": "fetch"}
    ),
    "update returning": lambda s: s.scalars(update(Book).values(pages=1).returning(Book.id)).all(),
    "update by key": lambda s: s.execute(update(Shelf), [{"id": 1, "version": 1, "code": "T"}]),
    "delete": lambda s: s.execute(delete(Book)),
    "delete returning": lambda s: s.scalars(delete(Book).returning(Book.id)).all(),
    "insert": lambda s: s.execute(insert(Shelf), [SHELF]),
    "insert with values": lambda s: s.execute(insert(Shelf).values(**SHELF)),
    "insert returning": lambda s: s.scalars(insert(Shelf).returning(Shelf.id), [SHELF]).all(),
    "insert from select": lambda s: s.execute(
        insert(Shelf).from_select(["code", "name_zh", "name_en"], select(Book.name, Book.name, Book.name))
    ),
    "upsert": _upsert,
    "query update": lambda s: s.query(Book).update({"pages": 1}),
    "query delete": lambda s: s.query(Book).delete(),
    "bulk save": lambda s: s.bulk_save_objects([Shelf(**SHELF)]),
    "bulk insert": lambda s: s.bulk_insert_mappings(Shelf.__mapper__, [SHELF]),
    "bulk update": lambda s: s.bulk_update_mappings(Shelf.__mapper__, [{"id": 1, "version": 1, "code": "T"}]),
    "table update": lambda s: s.execute(Book.__table__.update().values(pages=1)),
    "table delete": lambda s: s.execute(Book.__table__.delete()),
    "table insert": lambda s: s.execute(Shelf.__table__.insert(), SHELF),
    "table by another name": lambda s: s.execute(table("book").delete()),
    "connection": lambda s: s.connection().execute(delete(Book)),
    "connection, bare table": lambda s: s.connection().execute(Book.__table__.update().values(pages=1)),
    "connection, text": lambda s: s.connection().execute(text("DELETE FROM book")),
    "driver": lambda s: s.connection().exec_driver_sql("UPDATE book SET pages = 1"),
    "text": lambda s: s.execute(text("UPDATE book SET pages = 1")),
    "text in disguise": lambda s: s.execute(text('update /* x */ "book" set pages = 1')),
    "text insert": lambda s: s.execute(text("INSERT INTO main.shelf (code) VALUES ('S')")),
    "history itself": lambda s: s.execute(delete(ChangeRow)),
    "history's sets": lambda s: s.execute(update(ChangeSet).values(reason="never")),
    "history's end": lambda s: s.execute(update(ChangeHead).values(position=0)),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
def test_every_way_past_the_history_is_refused(
    session: Session, add_book: Callable[..., Book], way: Way
) -> None:
    add_book("Stays", pages=9)
    session.commit()
    with pytest.raises(UnrecordedWrite), session.begin_nested():
        way(session)
    assert session.scalars(select(Book.pages)).all() == [9]
    assert session.scalars(select(Shelf.code)).all() == []


def test_a_write_inside_a_with_clause_is_refused(session: Session, add_book: Callable[..., Book]) -> None:
    add_book("Stays")
    session.commit()
    gone = delete(Book.__table__).returning(Book.__table__.c.id).cte("gone")
    # SQLite does not know such a statement; whoever refuses it, nothing is written.
    with pytest.raises((UnrecordedWrite, DBAPIError)), session.begin_nested():
        session.execute(select(gone.c.id))
    assert session.scalars(select(Book.name)).all() == ["Stays"]


def test_append_only_history_refuses_the_unit_of_work_too(
    session: Session, add_book: Callable[..., Book]
) -> None:
    from models.base import AppendOnlyError

    add_book("Told")
    session.commit()
    made = last_set(session)
    made.reason = "Another"
    with pytest.raises(AppendOnlyError):
        session.flush()
    session.rollback()
    session.delete(last_set(session))
    with pytest.raises(AppendOnlyError):
        session.flush()


def test_starting_data_have_a_door_that_counts(session: Session) -> None:
    tally = {"shelf": 0}
    with without_rows(session, tally, "Shelves from the old list"):
        session.execute(insert(Shelf), [SHELF])
        tally["shelf"] = 1
    with pytest.raises(UnrecordedWrite), session.begin_nested():
        session.execute(delete(Shelf))
    session.commit()
    made = last_set(session)
    assert (made.tally, made.rows, made.reason) == ({"shelf": 1}, 0, "Shelves from the old list")
    assert rows_of(session, made) == []


def test_reading_and_what_has_no_history_pass(session: Session) -> None:
    from models.session import LoginAttempt

    assert session.execute(text("SELECT count(*) FROM book")).scalar_one() == 0
    session.execute(select(Book).with_for_update())
    session.execute(delete(LoginAttempt))


def test_no_service_and_no_view_goes_to_the_driver() -> None:
    from admin_app.config import ROOT

    found = [
        path.name
        for folder in ("admin_app/services", "views", "seed")
        for path in sorted((ROOT / folder).rglob("*.py"))
        # The loader of starting data does, inside the door for them.
        if "exec_driver_sql" in path.read_text(encoding="utf-8") and path.name != "bulk.py"
    ]
    assert found == []


def test_the_guard_sees_every_connection_of_the_session(session: Session) -> None:
    from admin_app.engine.change.doors import _refuse

    with acting(session, SYSTEM):
        assert event.contains(session.connection().engine, "before_cursor_execute", _refuse)

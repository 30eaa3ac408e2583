"""Saving: what is written, what is refused and where it says so, who came first."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import null, select, text, true
from sqlalchemy.orm import Session

from admin_app.db import db
from admin_app.engine import saving
from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.change import delete_rows, without_rows
from admin_app.engine.forms import RecordForm
from admin_app.engine.saving import Stale, stored_row, token_of
from admin_app.errors import Forbidden
from tests.unit.engine.sample import Book, Chapter, Loan, Odd, Pair, Shelf, entity
from tests.unit.engine.test_forms import edit, new

BOOK = entity(Book)


def create(session: Session, model: type[Any], **sent: str) -> tuple[Any, RecordForm]:
    """Send the form of a new record, as the system."""
    form = new(session, model, **sent)
    assert form.errors == {}
    return saving.create(session, entity(model), SYSTEM, form), form


def test_a_new_record_is_stored_with_its_defaults(desk: Session, places: SimpleNamespace) -> None:
    book, form = create(
        desk,
        Book,
        name="甲\r\n乙",
        status="new",
        department=str(places.west.id),
        price="12.50",
        currency="",
        lost="y",
    )
    assert form.error_list() == []
    desk.expire_all()
    assert (book.name, book.price, book.currency, book.status) == ("甲\n乙", Decimal("12.50"), "CNY", "new")
    assert (book.lost, book.motto, book.code, book.version) == (True, "", None, 1)


def test_a_blank_is_null_where_null_may_stand_and_empty_where_it_may_not(
    desk: Session, add_book: Callable[..., Book]
) -> None:
    book = add_book(code="B", motto="x", note="y", extra={"a": 1})
    assert saving.update(
        desk, BOOK, SYSTEM, edit(desk, book, {"code": "", "motto": "", "note": "", "extra": ""}), book
    )
    stored = desk.execute(
        select(Book.code, Book.motto, Book.note, Book.extra.is_(null())).where(Book.id == book.id)
    ).one()
    assert tuple(stored) == (None, "", None, True)


def test_a_save_writes_touched_fields_only(desk: Session, add_book: Callable[..., Book]) -> None:
    book = add_book("Old", pages=1)
    form = edit(desk, book, {"name": "New"})
    with without_rows(desk, {}, "somebody else"):
        desk.execute(text("UPDATE book SET pages = 2 WHERE id = :id"), {"id": book.id})
    assert saving.update(desk, BOOK, SYSTEM, form, book)
    desk.refresh(book)
    assert (book.name, book.pages, book.version) == ("New", 2, 2)


def test_an_unchanged_form_changes_nothing(desk: Session, add_book: Callable[..., Book]) -> None:
    book = add_book()
    assert saving.update(desk, BOOK, SYSTEM, edit(desk, book, {}), book)
    assert book.version == 1


def test_a_reference_is_set_and_cleared(desk: Session, add_book: Callable[..., Book]) -> None:
    parent, book = add_book("Parent"), add_book("Child")
    assert saving.update(desk, BOOK, SYSTEM, edit(desk, book, {"parent": str(parent.id)}), book)
    assert book.parent_id == parent.id
    assert saving.update(desk, BOOK, SYSTEM, edit(desk, book, {"parent": ""}), book)
    assert book.parent_id is None


REFUSALS = [
    ({"code": "TAKEN"}, "code", "This is already in use."),
    ({"series": "S", "volume": "1"}, "series", "The series has this volume already."),
    ({"pages": "-1"}, "pages", "A book has pages."),
    ({"starts_on": "2026-03-02", "ends_on": "2026-03-01"}, "starts_on", "These values do not go together."),
]


@pytest.mark.parametrize(("sent", "key", "message"), REFUSALS)
def test_what_the_database_refuses_is_said_at_its_field_and_the_session_stays_usable(
    desk: Session,
    add_book: Callable[..., Book],
    places: SimpleNamespace,
    sent: dict[str, str],
    key: str,
    message: str,
) -> None:
    # Words of the database's own messages, in a value that it quotes, must not mislead.
    add_book("Other", code="TAKEN", series="S", volume=1)
    record, form = create(
        desk, Book, name="CHECK NOT NULL FOREIGN KEY", status="new", department=str(places.west.id), **sent
    )
    assert record is None
    assert [(each["key"], each["message"]) for each in form.error_list()] == [(key, message)]
    book = add_book("Mine")
    form = edit(desk, book, sent)
    assert not saving.update(desk, BOOK, SYSTEM, form, book)
    assert [(each["key"], each["message"]) for each in form.error_list()] == [(key, message)]
    assert desk.scalar(select(Book.name).where(Book.id == book.id)) == "Mine"
    assert saving.update(desk, BOOK, SYSTEM, edit(desk, book, {"name": "Saved"}), book)


@pytest.mark.parametrize("word", ["CHECK", "NOT NULL", "FOREIGN KEY", "foreign key", "not-null"])
def test_a_value_that_reads_like_a_message_of_the_database_is_still_a_double(
    desk: Session, add_book: Callable[..., Book], word: str
) -> None:
    add_book(code=word[:10])
    book = add_book()
    form = edit(desk, book, {"code": word[:10]})
    assert not saving.update(desk, BOOK, SYSTEM, form, book)
    assert form.error_list() == [{"key": "code", "label": "Code", "message": "This is already in use."}]


def test_a_missing_value_is_said_at_its_field(desk: Session) -> None:
    declared = dataclasses.replace(entity(Odd), optional=("data",))
    form = RecordForm(declared, desk, ("validate",))
    form.validate()
    assert saving.create(desk, declared, SYSTEM, form) is None
    assert form.form_errors == ["Fill this in."]
    form = RecordForm(declared, desk, ("data",))
    form.validate()
    assert saving.create(desk, declared, SYSTEM, form) is None
    assert form.error_list() == [{"key": "data", "label": "Data", "message": "Fill this in."}]


def test_a_reference_to_what_is_gone_is_said_of_the_whole_form(
    desk: Session, add_book: Callable[..., Book]
) -> None:
    declared = dataclasses.replace(
        entity(Chapter), before_save=lambda _s, _p, record: setattr(record, "book_id", 999)
    )
    form = RecordForm(declared, desk, ("title",), values={"title": "One"})
    form.validate()
    assert saving.create(desk, declared, SYSTEM, form) is None
    assert form.form_errors == [
        "Something that this record refers to is gone, or something still refers to it."
    ]


def test_a_double_key_of_two_columns_is_said_at_its_first(desk: Session) -> None:
    assert create(desk, Pair, word="a", number="1")[0] is not None
    record, form = create(desk, Pair, word="a", number="1", note="again")
    assert record is None
    assert form.error_list() == [{"key": "word", "label": "Word", "message": "This is already in use."}]


def test_a_token_is_the_version_or_a_digest_of_everything(
    desk: Session, add_book: Callable[..., Book]
) -> None:
    book = add_book()
    chapter = Chapter(book=book, title="One")
    desk.add(chapter)
    desk.flush()

    def token(record: Any) -> str:
        found = stored_row(desk, entity(type(record)), str(record.id), ())
        assert found
        return token_of(*found)

    assert token(book) == "1"
    book.name = "Other"
    desk.flush()
    assert token(book) == "2"
    before = token(chapter)
    assert (len(before), token(chapter)) == (32, before)
    with without_rows(desk, {}, "somebody else"):
        desk.execute(text("UPDATE chapter SET pages = 1"))
    assert token(chapter) != before


def test_a_record_outside_ones_rows_has_no_row(
    desk: Session, add_book: Callable[..., Book], policy_of_job: Callable[[str], Any]
) -> None:
    book = add_book()
    assert stored_row(desk, BOOK, str(book.id), ())
    with acting(desk, policy_of_job("own")):
        assert stored_row(desk, BOOK, str(book.id), ()) is None
    assert stored_row(desk, BOOK, "x", ()) is None


def test_nobody_moves_a_record_out_of_ones_own_rows(
    desk: Session,
    add_book: Callable[..., Book],
    people: SimpleNamespace,
    places: SimpleNamespace,
    policy_of_job: Callable[[str], Any],
) -> None:
    policy = policy_of_job("own")
    book = add_book("Mine", owner=people.own)
    theirs = add_book("Theirs")
    form = edit(desk, theirs, {"name": "Stolen"})
    mine = edit(desk, book, {"owner": str(people.dept.id)})
    made = new(desk, Book, name="New", status="new", department=str(places.east.id))
    with acting(desk, policy):
        with pytest.raises(Forbidden, match="lets you edit this record"):
            saving.update(desk, BOOK, policy, form, theirs)
        with pytest.raises(Forbidden, match="lets you put a record there"):
            saving.update(desk, BOOK, policy, mine, book)
        with pytest.raises(Forbidden, match="lets you put a record there"):
            saving.create(desk, BOOK, policy, made)
    names = desk.execute(select(Book.name, Book.owner_id).order_by(Book.id)).all()
    assert [tuple(row) for row in names] == [("Mine", people.own.id), ("Theirs", None)]


def test_hooks_run_before_and_after_the_record_is_stored(desk: Session, places: SimpleNamespace) -> None:
    order: list[tuple[str, Any]] = []

    def before(_session: Session, _policy: Any, record: Any) -> None:
        order.append(("before", record.id))
        record.code = "HOOK"

    def after(_session: Session, _policy: Any, record: Any) -> None:
        order.append(("after", record.id))
        record.words = 42

    declared = dataclasses.replace(BOOK, before_save=before, after_save=after)
    form = new(desk, Book, name="New", status="new", department=str(places.west.id))
    record = saving.create(desk, declared, SYSTEM, form)
    assert record is not None
    assert order == [("before", None), ("after", record.id)]
    desk.expire_all()
    assert (record.code, record.words) == ("HOOK", 42)


@pytest.fixture
def shelf(app: Flask) -> Iterator[Callable[[], Session]]:
    """A stored shelf, and sessions on connections of their own; the shelf is removed afterwards."""
    made: list[Session] = []
    with app.app_context():
        with acting(db.session(), SYSTEM) as session:
            session.add(Shelf(code="RACE", name_zh="架", name_en="Shelf"))
            session.commit()
        engine = db.engine

        def open_session() -> Session:
            made.append(Session(engine.execution_options(writes=False), info={"policy": SYSTEM}))
            return made[-1]

        yield open_session
        for session in made:
            session.close()
        with acting(db.session(), SYSTEM) as session:
            delete_rows(session, Shelf, true())
            session.commit()


def test_of_two_who_save_at_once_the_second_is_stale(app: Flask, shelf: Callable[[], Session]) -> None:
    first, second = shelf(), shelf()
    with app.test_request_context():
        mine, yours = (session.scalars(select(Shelf)).one() for session in (first, second))
        my_form, your_form = edit(first, mine, {"name_en": "Mine"}), edit(second, yours, {"name_en": "Yours"})
        # Between the check of the token and the flush; a snapshot of its own would refuse by another error.
        second.connection().exec_driver_sql("ROLLBACK")
        assert saving.update(first, entity(Shelf), SYSTEM, my_form, mine)
        first.commit()
        second.connection().exec_driver_sql("BEGIN")
        with pytest.raises(Stale):
            saving.update(second, entity(Shelf), SYSTEM, your_form, yours)
        second.rollback()
        assert second.scalar(select(Shelf.name_en)) == "Mine"


def test_explain_puts_up_with_a_rule_that_it_does_not_know(
    desk: Session, add_book: Callable[..., Book]
) -> None:
    desk.execute(text("CREATE UNIQUE INDEX outsider ON loan (reader)"))
    book = add_book()
    desk.add(Loan(book=book, reader="Ada"))
    desk.flush()
    record, form = create(desk, Loan, book=str(book.id), reader="Ada")
    assert record is None
    messages = [each["message"] for each in form.error_list()] + form.form_errors
    assert messages == ["This is already in use."]

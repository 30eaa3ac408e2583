"""What a page selects: one statement, nothing hidden, no content of files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from admin_app.engine.access import Rows, acting
from admin_app.engine.listing import Plan
from tests.unit.engine.conftest import speak
from tests.unit.engine.sample import Binding, Book, Chapter, Pair, Remark, Shelf, entity

BOOK = entity(Book)
ALL = tuple(BOOK.fields)


@contextmanager
def statements(session: Session) -> Iterator[list[str]]:
    """The SQL that runs in the block."""
    seen: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        seen.append(statement)

    bind = session.connection()
    event.listen(bind, "before_cursor_execute", listen)
    try:
        yield seen
    finally:
        event.remove(bind, "before_cursor_execute", listen)


def test_a_page_is_one_statement_whatever_its_columns_and_rows(
    desk: Session, add_book: Callable[..., Book]
) -> None:
    for number in range(5):
        add_book(f"Book {number}", code=str(number))
    plan = Plan(BOOK, ALL)
    with statements(desk) as seen:
        rows = desk.execute(plan.statement()).all()
        assert len([[plan.cell(row, key) for key in ALL] for row in rows]) == 5
    assert len(seen) == 1


def test_cells_show_values_units_links_and_tones(
    desk: Session, add_book: Callable[..., Book], people: SimpleNamespace
) -> None:
    shelf = Shelf(code="S1", name_zh="架", name_en="Shelf one")
    parent = add_book("Parent")
    book = add_book(
        "Child",
        code="B1",
        grade="A",
        binding=Binding.hard,
        price=Decimal("1234.5"),
        currency="EUR",
        cover=b"12345",
        shelf=shelf,
        parent=parent,
        owner=people.own,
        printed_at=datetime(2026, 3, 1, 6, 30, tzinfo=UTC),
        extra={"a": [1]},
        checked=False,
    )
    plan = Plan(BOOK, ALL)
    row = desk.execute(plan.statement().where(Book.id == book.id)).one()
    cells = {key: plan.cell(row, key) for key in ALL}
    assert (cells["price"].kind, cells["price"].text, cells["price"].unit) == ("money", "1,234.50", "EUR")
    assert (cells["grade"].code, cells["grade"].tone, cells["grade"].text) == ("A", "a", "grade A")
    assert (cells["status"].code, cells["status"].tone) == ("new", None)
    assert (cells["cover"].text, cells["cover"].url) == (
        "5 bytes",
        f"/book/download/?id={book.id}&field=cover",
    )
    assert (cells["parent"].text, cells["parent"].url) == ("Parent", f"/book/details/?id={parent.id}")
    assert plan.cell(row, "parent", link=False).url is None
    assert cells["owner"].text == "Own"
    assert cells["printed_at"].text == "2026-03-01 14:30"
    assert cells["checked"].text == "No"
    assert cells["motto"].kind == cells["note"].kind == cells["words"].kind == "empty"
    assert plan.title(row) == "Child"
    assert plan.code(row) == "B1"
    assert plan.key(row) == str(book.id)
    exported = {key: plan.export(row, key) for key in ALL}
    assert (exported["price"], exported["parent"], exported["note"]) == ("1234.50", "Parent", "")
    assert (exported["cover"], exported["printed_at"]) == ("5", "2026-03-01T14:30:00+08:00")
    assert plan.reference(row, "parent") == (str(parent.id), "Parent")
    assert plan.cell(row, "shelf").text == "Shelf one"
    speak("zh")
    plan = Plan(BOOK, ("shelf",))
    row = desk.execute(plan.statement().where(Book.id == book.id)).one()
    assert plan.cell(row, "shelf").text == "架"


def test_the_content_of_a_file_is_never_selected(desk: Session, add_book: Callable[..., Book]) -> None:
    add_book(cover=b"secret")
    plan = Plan(BOOK, ALL)
    assert "length(book.cover)" in str(plan.statement())
    assert not any(isinstance(value, bytes) for value in desk.execute(plan.statement()).one())


def test_the_label_of_a_record_that_one_may_not_see_is_not_even_selected(
    desk: Session,
    add_book: Callable[..., Book],
    policy_of_job: Callable[[str], Any],
    people: SimpleNamespace,
    places: SimpleNamespace,
) -> None:
    hidden = add_book("Hidden", department=places.east)
    own = add_book("Mine", owner=people.own, parent=hidden)
    with acting(desk, policy_of_job("own")):
        plan = Plan(BOOK, ("parent", "shelf"))
        row = desk.execute(plan.statement()).one()
        assert plan.key(row) == str(own.id)
        assert "Hidden" not in row
        cell = plan.cell(row, "parent")
        assert (cell.text, cell.url) == ("Not visible to you", None)
        assert plan.reference(row, "parent") == ("", "Not visible to you")
        assert plan.export(row, "parent") == "Not visible to you"
        assert plan.reference(row, "shelf") is None


def test_a_label_of_which_one_may_not_open_the_page_is_no_link(
    desk: Session, add_book: Callable[..., Book], policy_of_job: Callable[[str], Any]
) -> None:
    add_book(shelf=Shelf(code="S", name_zh="架", name_en="Shelf"))
    with acting(desk, policy_of_job("all")):
        plan = Plan(BOOK, ("shelf", "department"))
        row = desk.execute(plan.statement()).one()
        assert (plan.cell(row, "shelf").text, plan.cell(row, "shelf").url) == ("Shelf", None)
        assert str(plan.cell(row, "department").url).startswith("/department/details/")


def test_a_record_without_a_name_is_called_by_its_key(desk: Session, add_book: Callable[..., Book]) -> None:
    book = add_book("")
    child = add_book("Child", parent=book)
    plan = Plan(BOOK, ("parent",))
    rows = {row[0]: row for row in desk.execute(plan.statement())}
    assert plan.title(rows[book.id]) == f"#{book.id}"
    assert plan.code(rows[book.id]) is None
    assert plan.cell(rows[child.id], "parent").text == f"#{book.id}"
    chapter = Chapter(book=book, title="One")
    desk.add(Remark(chapter=chapter, text="x"))
    desk.flush()
    plan = Plan(entity(Remark), ("chapter",))
    row = desk.execute(plan.statement()).one()
    assert plan.cell(row, "chapter").text == "One"
    assert plan.code(row) is None


def test_a_key_of_two_columns_is_one_word(desk: Session) -> None:
    desk.add(Pair(word="a,b", number=3))
    desk.flush()
    plan = Plan(entity(Pair), ("note",))
    assert plan.key(desk.execute(plan.statement()).one()) == "a%2Cb,3"


def test_a_row_says_whether_it_is_within_rows_as_far_as_it_can(
    desk: Session, add_book: Callable[..., Book], people: SimpleNamespace, places: SimpleNamespace
) -> None:
    add_book(owner=people.own)
    plan = Plan(BOOK, ())
    row = desk.execute(plan.statement()).one()
    assert plan.within(row, Rows(owners=frozenset({people.own.id})))
    assert plan.within(row, Rows(departments=frozenset({places.west.id})))
    assert not plan.within(row, Rows(departments=frozenset({places.east.id})))
    desk.add(Pair(word="x", number=1))
    desk.flush()
    pair = Plan(entity(Pair), ())
    row = desk.execute(pair.statement()).one()
    assert pair.within(row, Rows(owners=frozenset({1})))
    assert not pair.within(row, Rows())
    assert pair.within(row, Rows(keys=frozenset({("pair", "x,1")})))
    assert not pair.within(row, Rows(keys=frozenset({("pair", "x,2")})))


def test_a_row_is_within_single_records_by_its_key_or_perhaps_by_its_whole(
    desk: Session, add_book: Callable[..., Book], people: SimpleNamespace
) -> None:
    book = add_book(owner=people.own)
    chapter = Chapter(book=book, title="One")
    desk.add(chapter)
    desk.flush()
    plan, parts = Plan(BOOK, ()), Plan(entity(Chapter), ())
    row, part = desk.execute(plan.statement()).one(), desk.execute(parts.statement()).one()
    assert plan.within(row, Rows(keys=frozenset({("book", str(book.id))})))
    assert not plan.within(row, Rows(keys=frozenset({("book", str(book.id + 1))})))
    assert parts.within(part, Rows(keys=frozenset({("chapter", str(chapter.id))})))
    assert not parts.within(part, Rows(keys=frozenset({("chapter", str(chapter.id + 1))})))
    assert parts.within(part, Rows(keys=frozenset({("book", str(book.id))})))

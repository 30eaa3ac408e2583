"""Taken back is what still stands as it was written; whatever somebody did since stays, and is named."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, true
from sqlalchemy.orm import Session

from admin_app.engine.access import acting
from admin_app.engine.change import delete_rows, update_rows
from admin_app.engine.change.chain import verify
from admin_app.engine.change.undo import UndoPlan, plan_undo, undo
from admin_app.errors import NotFound
from tests.unit.engine.change.conftest import last_set, rows_of
from tests.unit.engine.change.test_capture import KINDS
from tests.unit.engine.sample import Book, Chapter, Loan, Pair, Remark, Review, Shelf

SYSTEM_ROWS = ("book", "chapter", "remark", "review", "loan", "shelf")


def told(plan: UndoPlan) -> dict[tuple[str, str, str], int]:
    """Counts by entity, operation and state."""
    found: dict[tuple[str, str, str], int] = {}
    for each in plan.counts:
        place = each.entity, each.op, each.state
        found[place] = found.get(place, 0) + each.number
    return found


def take_back(session: Session, set_id: int, **options: Any) -> UndoPlan:
    """Preview, undo and commit; the preview has to say what the undo then does."""
    from admin_app.engine.access import SYSTEM

    foreseen = plan_undo(session, set_id, SYSTEM, **options)
    plan = undo(session, set_id, SYSTEM, **options)
    session.commit()
    assert told(foreseen) == told(plan)
    return plan


def snapshot(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the library, but for versions and times."""
    found = {}
    for model in (Book, Chapter, Remark, Review, Loan, Shelf):
        table = model.__table__
        kept = [column for column in table.columns if column.name not in ("version", "updated_at")]
        found[table.name] = [tuple(row) for row in session.execute(select(*kept).order_by(table.c.id))]
    return found


def test_a_bulk_change_goes_back_as_a_set_of_its_own(session: Session, shelf_of_books: list[int]) -> None:
    before = snapshot(session)
    update_rows(session, Book, true(), {"grade": "A", "note": "x"})
    session.commit()
    made = last_set(session).id
    plan = take_back(session, made)
    assert (plan.done, plan.total(), plan.skipped) == (6, 6, [])
    assert snapshot(session) == before
    back = last_set(session)
    assert (back.id, back.undo_of_id, back.action, back.rows) == (plan.made, made, "undo", 6)
    assert verify(session).fault is None


def test_an_undo_can_be_undone(session: Session, shelf_of_books: list[int]) -> None:
    update_rows(session, Book, true(), {"grade": "A"})
    session.commit()
    after = snapshot(session)
    take_back(session, last_set(session).id)
    take_back(session, last_set(session).id)
    assert snapshot(session) == after


def test_what_somebody_edited_since_is_left_and_listed_with_both_values(
    session: Session, shelf_of_books: list[int]
) -> None:
    update_rows(session, Book, true(), {"note": "by the run"})
    session.commit()
    made = last_set(session).id
    edited, other = (session.get(Book, key) for key in shelf_of_books[:2])
    edited.note, other.name = "by hand", "Renamed"
    session.commit()
    plan = take_back(session, made)
    assert told(plan) == {("book", "update", "done"): 5, ("book", "update", "edited"): 1}
    (skipped,) = plan.skipped
    assert (skipped.entity, skipped.record_key, skipped.state) == ("book", str(edited.id), "edited")
    assert skipped.fields == {"note": ("by the run", "by hand")}
    session.expire_all()
    assert (edited.note, other.note, other.name) == ("by hand", None, "Renamed")


def test_a_deletion_comes_back_with_its_parts_and_references(
    session: Session, shelf_of_books: list[int], add_book: Callable[..., Book], places: SimpleNamespace
) -> None:
    book = session.get(Book, shelf_of_books[0])
    chapter = Chapter(book=book, title="One")
    session.add_all([chapter, Review(book=book, title="Fine", department=places.east)])
    session.add_all(Remark(chapter=chapter, text=f"{number}") for number in range(3))
    session.get(Book, shelf_of_books[1]).parent = book
    book.cover, book.extra, book.lent_for = b"\x00", {"a": ["中"]}, KINDS["lent_for"][0]
    session.commit()
    before = snapshot(session)
    session.delete(book)
    session.commit()
    plan = take_back(session, last_set(session).id)
    assert snapshot(session) == before
    assert plan.done == plan.total() == 1 + 1 + 1 + 3 + 1


def test_a_bulk_deletion_comes_back_too(session: Session, shelf_of_books: list[int]) -> None:
    session.add_all(Chapter(book_id=key, title=str(key)) for key in shelf_of_books)
    for child, parent in zip(shelf_of_books[1:], shelf_of_books, strict=False):
        session.get(Book, child).parent_id = parent
    session.commit()
    before = snapshot(session)
    delete_rows(session, Book, Book.id.in_(shelf_of_books[:4]))
    session.commit()
    take_back(session, last_set(session).id)
    assert snapshot(session) == before


def test_what_cannot_come_back_whole_is_named(
    session: Session, shelf_of_books: list[int], people: SimpleNamespace
) -> None:
    shelf = Shelf(code="S", name_zh="架", name_en="Shelf")
    session.add(shelf)
    session.flush()
    first, second, third = (session.get(Book, key) for key in shelf_of_books[:3])
    first.shelf, second.code, third.owner = shelf, "TAKEN", people.idle
    session.add(Chapter(book=third, title="Whose book is gone"))
    session.commit()
    delete_rows(session, Book, Book.id.in_(shelf_of_books[:2]))
    session.commit()
    made = last_set(session).id
    session.delete(shelf)
    session.get(Book, shelf_of_books[4]).code = "TAKEN"
    session.commit()
    plan = take_back(session, made)
    assert told(plan) == {("book", "delete", "done"): 1, ("book", "delete", "taken"): 1}
    assert plan.emptied == {("book", "shelf_id"): 1}
    assert session.get(Book, shelf_of_books[0]).shelf_id is None
    assert session.get(Book, shelf_of_books[1]) is None
    take_back(session, made)
    assert told(plan_undo(session, made, _system()))[("book", "delete", "there")] == 1


def test_a_part_without_its_whole_stays_away(session: Session, shelf_of_books: list[int]) -> None:
    chapter = Chapter(book_id=shelf_of_books[0], title="Alone")
    session.add(chapter)
    session.commit()
    session.delete(chapter)
    session.commit()
    made = last_set(session).id
    session.delete(session.get(Book, shelf_of_books[0]))
    session.commit()
    assert told(take_back(session, made)) == {("chapter", "delete", "reference"): 1}


def test_created_records_go_where_nothing_depends_on_them(
    session: Session, add_book: Callable[..., Book]
) -> None:
    first, second, third = (add_book(name) for name in ("Alone", "With a chapter", "Edited"))
    session.add(Chapter(book=first, title="Made with it"))
    session.commit()
    made = last_set(session).id
    session.add(Chapter(book=second, title="Made later"))
    third.note = "by hand"
    session.commit()
    plan = take_back(session, made)
    assert told(plan) == {
        ("book", "create", "done"): 1,
        ("book", "create", "depends"): 1,
        ("book", "create", "edited"): 1,
        ("chapter", "create", "done"): 1,
    }
    assert session.scalars(select(Book.name).order_by(Book.id)).all() == ["With a chapter", "Edited"]


def test_a_reference_that_is_gone_and_a_value_that_is_taken_do_not_come_back(
    session: Session, shelf_of_books: list[int]
) -> None:
    shelf = Shelf(code="S", name_zh="架", name_en="Shelf")
    session.add(shelf)
    session.flush()
    first, second = (session.get(Book, key) for key in shelf_of_books[:2])
    first.shelf, second.code = shelf, "MINE"
    session.commit()
    first.shelf, second.code = None, None
    session.commit()
    made = last_set(session).id
    session.delete(shelf)
    session.get(Book, shelf_of_books[2]).code = "MINE"
    session.commit()
    assert told(take_back(session, made)) == {
        ("book", "update", "reference"): 1,
        ("book", "update", "taken"): 1,
    }


def test_undo_needs_the_right_for_each_record(
    session: Session,
    shelf_of_books: list[int],
    add_book: Callable[..., Book],
    places: SimpleNamespace,
    policy_of_job: Callable[[str], Any],
) -> None:
    theirs = add_book("Theirs", department=places.east)
    session.commit()
    update_rows(session, Book, true(), {"note": "x"})
    session.commit()
    made = last_set(session).id
    policy = policy_of_job("own")
    with acting(session, policy):
        plan = undo(session, made, policy)
        session.commit()
    # Of the record that this person may not see the plan tells nothing, and it stays.
    assert told(plan) == {("book", "update", "done"): 6}
    assert session.get(Book, theirs.id).note == "x"
    assert last_set(session).actor_id == policy.user_id
    nobody = policy_of_job("idle")
    assert undo(session, made, nobody).done == 0
    delete_rows(session, Book, true())
    session.commit()
    made = last_set(session).id
    assert told(plan_undo(session, made, policy)) == {
        ("book", "delete", "done"): 6,
    }


def test_single_rows_and_single_fields_can_be_taken_back(session: Session, shelf_of_books: list[int]) -> None:
    update_rows(session, Book, true(), {"note": "x", "pages": 50})
    session.commit()
    made = last_set(session).id
    assert take_back(session, made, numbers=[2], fields=["pages"]).done == 1
    books = session.execute(select(Book.pages, Book.note).order_by(Book.id)).all()
    assert [pages for pages, _note in books].count(50) == 5
    assert {note for _pages, note in books} == {"x"}


def test_every_kind_of_column_comes_back(session: Session, add_book: Callable[..., Book]) -> None:
    book = add_book(**{key: value for key, (value, _spelled) in KINDS.items()})
    session.commit()
    before = snapshot(session)
    update_rows(session, Book, true(), {key: None for key in KINDS if key not in ("name", "lost")})
    update_rows(session, Book, true(), {"name": "Other", "lost": False})
    session.commit()
    assert session.get(Book, book.id).cover is None
    take_back(session, last_set(session).id)
    assert snapshot(session) == before
    session.delete(session.get(Book, book.id))
    session.commit()
    take_back(session, last_set(session).id)
    assert snapshot(session) == before


def test_a_key_of_several_columns_is_not_undone_here_and_said_so(session: Session) -> None:
    session.add(Pair(word="a", number=1))
    session.commit()
    assert told(plan_undo(session, last_set(session).id, _system())) == {("pair", "create", "foreign"): 1}


def test_there_is_no_undo_of_nothing(session: Session) -> None:
    with pytest.raises(NotFound):
        plan_undo(session, 999_999, _system())


def test_a_preview_writes_nothing(session: Session, shelf_of_books: list[int]) -> None:
    update_rows(session, Book, true(), {"note": "x"})
    session.commit()
    made = last_set(session).id
    plan_undo(session, made, _system())
    session.commit()
    assert last_set(session).id == made


def _system() -> Any:
    from admin_app.engine.access import SYSTEM

    return SYSTEM


EDITS = st.lists(
    st.tuples(
        st.sampled_from(["set", "clear", "bulk", "few", "add", "drop", "drop many", "chapter", "move"]),
        st.integers(0, 7),
        st.sampled_from(["A", "B", "C"]),
    ),
    min_size=1,
    max_size=7,
)


def _edit(session: Session, edit: tuple[str, int, str], west: int) -> None:
    what, which, value = edit
    books = session.scalars(select(Book).order_by(Book.id)).all()
    book = books[which % len(books)] if books else None
    if what == "add" or book is None:
        session.add(Book(name=f"New {value}", grade=value, department_id=west, parent=book))
    elif what == "set":
        book.grade, book.pages, book.note = value, which + 1, None
    elif what == "clear":
        book.grade, book.parent = None, None
    elif what == "bulk":
        update_rows(session, Book, Book.id >= book.id, {"grade": value, "price": Book.pages})
    elif what == "few":
        update_rows(session, Book, Book.id <= book.id, {"note": value}, few=True)
    elif what == "drop":
        session.delete(book)
    elif what == "drop many":
        delete_rows(session, Book, Book.id > book.id)
    elif what == "chapter":
        chapter = Chapter(book=book, title=value)
        session.add_all([chapter, Remark(chapter=chapter, text=value)])
    elif what == "move":
        book.parent = books[(which + 1) % len(books)] if len(books) > 1 else None
    session.commit()


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=EDITS)
def test_whatever_is_done_and_undone_backwards_leaves_the_first_state(
    session: Session, places: SimpleNamespace, edits: list[tuple[str, int, str]]
) -> None:
    west = places.west.id
    if not session.scalars(select(Book.id)).first():
        session.add_all(
            Book(name=f"Book {number}", pages=number + 1, department_id=west) for number in range(4)
        )
        session.commit()
    before = snapshot(session)
    sets = []
    for edit in edits:
        last = last_set(session).id
        _edit(session, edit, west)
        if last_set(session).id != last:
            sets.append(last_set(session).id)
    for made in reversed(sets):
        plan = take_back(session, made)
        assert plan.done + plan.total("unchanged") == plan.total(), (
            rows_of(session, last_set(session)),
            plan,
        )
    assert snapshot(session) == before
    assert verify(session).fault is None

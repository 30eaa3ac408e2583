"""Many records at once: one statement, one row of history each, within one's rows, and nothing told without change."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import case, func, literal, select, true
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.change import delete_rows, insert_rows, on_bulk, update_rows
from admin_app.engine.change.writer import _LISTENERS
from models.base import AppendOnlyError
from models.change import ChangeRow, ChangeSet
from models.deed import Deed
from models.types import Money
from tests.unit.engine.change.conftest import Row, last_set, rows_of
from tests.unit.engine.change.test_capture import KINDS
from tests.unit.engine.sample import Book, Chapter, Loan, Pair, Remark, Shelf, Sticker, entity

Told = Callable[[], list[Row]]


def test_each_row_that_changes_is_told_and_no_other(
    session: Session, shelf_of_books: list[int], told: Told
) -> None:
    assert update_rows(session, entity(Book), Book.id.in_(shelf_of_books), {"grade": "A"}) == 4
    rows = told()
    assert [(key, before, after) for _entity, key, _op, before, after in rows] == [
        (str(key), {"grade": grade}, {"grade": "A"})
        for key, grade in zip(shelf_of_books, "ABCABC", strict=True)
        if grade != "A"
    ]
    assert last_set(session).rows == 4
    stored = session.execute(select(Book.grade, Book.version).order_by(Book.id)).all()
    assert [tuple(row) for row in stored] == [("A", 1), ("A", 2), ("A", 2), ("A", 1), ("A", 2), ("A", 2)]


def test_values_may_be_expressions_and_keys_a_select(
    session: Session, shelf_of_books: list[int], told: Told
) -> None:
    some = select(Book.id).where(Book.grade == "B")
    raised = {
        "pages": Book.pages * 10,
        "price": case((Book.pages > 3, literal(Decimal("5.50"), Money())), else_=None),
    }
    assert update_rows(session, Book, some, raised) == 2
    assert [after for *_rest, after in told()] == [
        {"pages": 20, "price": None},
        {"pages": 50, "price": "5.50"},
    ]


def test_values_may_come_from_other_rows(session: Session, shelf_of_books: list[int], told: Told) -> None:
    chapters = [Chapter(book_id=key, title=f"of {key}", pages=100 + key) for key in shelf_of_books[:2]]
    session.add_all(chapters)
    session.commit()
    inner = select(Chapter.book_id, func.sum(Chapter.pages).label("pages")).group_by(Chapter.book_id)
    sums = inner.subquery("sums")
    joined = (sums, Book.__table__.c.id == sums.c.book_id)
    assert update_rows(session, Book, true(), {"pages": sums.c.pages}, join=joined) == 2
    assert sorted(after["pages"] for *_rest, after in told()) == [100 + key for key in shelf_of_books[:2]]
    assert session.get(Book, shelf_of_books[0]).pages == 100 + shelf_of_books[0]


def test_only_ones_own_rows_are_written(
    session: Session,
    shelf_of_books: list[int],
    add_book: Callable[..., Book],
    places: SimpleNamespace,
    policy_of_job: Callable[[str], Any],
) -> None:
    theirs = add_book("Theirs", department=places.east, pages=1)
    session.commit()
    policy = policy_of_job("own")
    with acting(session, policy):
        assert update_rows(session, Book, true(), {"note": "mine"}) == 6
        assert delete_rows(session, Book, Book.id == theirs.id) == 0
        session.commit()
    assert last_set(session).actor_id == policy.user_id
    assert session.get(Book, theirs.id).note is None
    with acting(session, policy_of_job("tree")):
        assert update_rows(session, Book, true(), {"note": "tree"}) == 6
    assert update_rows(session, Book, true(), {"note": "x"}, policy=policy_of_job("idle")) == 0


def test_every_kind_of_column_is_spelled_in_sql_as_in_python(
    session: Session, add_book: Callable[..., Book], told: Told
) -> None:
    values = {key: value for key, (value, _spelled) in KINDS.items()}
    spelled = {key: text for key, (_value, text) in KINDS.items()}
    add_book("Plain")
    session.commit()
    update_rows(session, Book, true(), values)
    ((_entity, _key, _op, before, after),) = told()
    assert after == spelled
    assert before["name"] == "Plain" and before["cover"] is None and before["lost"] is False
    update_rows(session, Book, true(), {key: None for key in values if key not in ("name", "lost")})
    ((_entity, _key, _op, before, _after),) = told()
    assert before == {key: text for key, text in spelled.items() if key not in ("name", "lost")}


def test_derived_facts_move_neither_version_nor_time(
    session: Session, shelf_of_books: list[int], told: Told
) -> None:
    before = session.execute(select(Book.version, Book.updated_at).order_by(Book.id)).all()
    assert update_rows(session, Book, true(), {"words": 5}, touch=False) == 6
    assert session.execute(select(Book.version, Book.updated_at).order_by(Book.id)).all() == before
    assert update_rows(session, Book, true(), {"words": 6}, touch=False, few=True) == 6
    assert session.execute(select(Book.version, Book.updated_at).order_by(Book.id)).all() == before
    assert len(told()) == 12


def test_a_few_are_noted_in_memory_and_look_the_same(session: Session, shelf_of_books: list[int]) -> None:
    update_rows(session, Book, Book.grade == "A", {"note": "x"}, few=True)
    session.commit()
    few = rows_of(session, last_set(session))
    update_rows(session, Book, Book.grade == "A", {"note": "y"})
    session.commit()
    many = rows_of(session, last_set(session))
    assert [row[:3] for row in few] == [row[:3] for row in many]
    assert [row[4] for row in few] == [{"note": "x"}] * 2


def test_a_deletion_takes_its_parts_along_each_with_its_row(
    session: Session, shelf_of_books: list[int], told: Told
) -> None:
    first, second = shelf_of_books[:2]
    chapters = [Chapter(book_id=key, title=str(key)) for key in (first, second)]
    session.add_all(chapters)
    session.flush()
    session.add_all(Remark(chapter=each, text="x") for each in chapters)
    session.get(Book, second).parent_id = first
    session.get(Book, shelf_of_books[2]).parent_id = first
    session.commit()
    assert delete_rows(session, Book, Book.id.in_([first, second])) == 2
    rows = told()
    assert sorted((entity, op) for entity, _key, op, *_rest in rows) == [
        ("book", "delete"),
        ("book", "delete"),
        ("book", "update"),
        ("chapter", "delete"),
        ("chapter", "delete"),
        ("remark", "delete"),
        ("remark", "delete"),
    ]
    assert session.get(Book, shelf_of_books[2]).parent_id is None


def test_what_stands_in_the_way_refuses_the_whole_deletion(
    session: Session, shelf_of_books: list[int]
) -> None:
    session.add(Loan(book_id=shelf_of_books[3], reader="Mo"))
    session.commit()
    before = last_set(session).id
    with pytest.raises(IntegrityError), session.begin_nested():
        delete_rows(session, Book, true())
    session.commit()
    assert last_set(session).id == before
    assert session.scalar(select(func.count()).select_from(ChangeRow).where(ChangeRow.set_id > before)) == 0


def test_a_key_of_several_columns_is_written_one_by_one(session: Session, told: Told) -> None:
    session.add_all([Pair(word="a", number=1), Pair(word="b", number=2)])
    session.flush()
    session.add(Sticker(text="on a", word="a", number=1))
    session.commit()
    assert update_rows(session, Pair, Pair.number > 0, {"note": "x"}) == 2
    assert [key for _entity, key, *_rest in told()] == ["a,1", "b,2"]
    assert delete_rows(session, Pair, Pair.word == "a") == 1
    assert {(entity, op) for entity, _key, op, *_rest in told()} == {
        ("pair", "delete"),
        ("sticker", "delete"),
    }


def test_rows_made_of_a_select_are_told_with_their_keys_and_defaults(
    session: Session, shelf_of_books: list[int], told: Told
) -> None:
    rows = select(Book.id.label("book_id"), literal("Preface").label("title")).where(Book.grade == "A")
    assert insert_rows(session, Chapter, rows) == 2
    stored = {str(each.id): each for each in session.scalars(select(Chapter))}
    told_rows = told()
    assert {key for _entity, key, *_rest in told_rows} == set(stored)
    assert all(after["book_id"] == stored[key].book_id for _entity, key, _op, _before, after in told_rows)
    shelves = select(Book.name.label("code"), Book.name.label("name_zh"), Book.name.label("name_en"))
    assert insert_rows(session, Shelf, shelves) == 6
    after = told()[0][4]
    assert after["version"] == 1 and after["created_at"] and after["name_en"] == after["code"]


def test_what_the_session_has_loaded_is_read_again(session: Session, shelf_of_books: list[int]) -> None:
    book = session.get(Book, shelf_of_books[1])
    assert (book.grade, book.version) == ("B", 1)
    update_rows(session, Book, true(), {"grade": "C"})
    assert (book.grade, book.version) == ("C", 2)


def test_an_append_only_class_is_never_updated(session: Session) -> None:
    with pytest.raises(AppendOnlyError):
        update_rows(session, Deed, true(), {"action": "none"})


def test_a_class_without_history_is_no_matter_for_bulk_writes(session: Session) -> None:
    with pytest.raises(TypeError):
        update_rows(session, ChangeSet, true(), {"reason": "x"})


def test_a_savepoint_rolled_back_leaves_the_numbers_without_a_gap(
    session: Session, shelf_of_books: list[int]
) -> None:
    update_rows(session, Book, Book.grade == "A", {"note": "kept"})
    with pytest.raises(ZeroDivisionError), session.begin_nested():
        update_rows(session, Book, true(), {"note": "dropped"})
        raise ZeroDivisionError
    update_rows(session, Book, Book.grade == "B", {"note": "kept"})
    session.commit()
    made = last_set(session)
    numbers = session.scalars(select(ChangeRow.number).where(ChangeRow.set_id == made.id))
    assert sorted(numbers) == [1, 2, 3, 4] and made.rows == 4


def test_listeners_learn_which_records_were_written(session: Session, shelf_of_books: list[int]) -> None:
    heard: list[Any] = []

    def listen(heard_in: Session, model: type[Any], op: str, keys: Any, columns: Any) -> None:
        with acting(heard_in, SYSTEM):
            heard.append((model, op, sorted(heard_in.scalars(keys)), set(columns)))

    on_bulk(listen)
    try:
        update_rows(session, Book, Book.grade == "A", {"note": "x"})
        update_rows(session, Book, Book.grade == "A", {"note": "y"}, few=True, touch=False)
        delete_rows(session, Book, Book.id == shelf_of_books[0])
    finally:
        _LISTENERS.remove(listen)
    first, fourth = shelf_of_books[0], shelf_of_books[3]
    assert heard[0] == (Book, "update", [first, fourth], {"note", "version", "updated_at"})
    assert heard[1] == (Book, "update", [first, fourth], {"note"})
    assert heard[2][:3] == (Book, "delete", [first])

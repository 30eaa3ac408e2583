"""Guards: which rows a right on one entity opens on another."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.engine.access import NOBODY, SYSTEM, AccessMap, Guard, Policy, Rows
from admin_app.engine.access.policy import EVERYTHING, NOTHING
from models.organisation import Department, User
from tests.unit.engine.sample import SITE, Book, Chapter, Loan, Pair, Remark, Shelf

ACCESS = SITE.access
MINE = Rows(owners=frozenset({1}))
WEST = Rows(departments=frozenset({2}))


def policy(**grants: Rows) -> Policy:
    """A person with these grants: book__view=rows."""
    table = {tuple(name.split("__")): rows for name, rows in grants.items()}
    return Policy("ada", 1, grants=table)  # type: ignore[arg-type]


def test_rows_are_what_the_policy_gives() -> None:
    assert ACCESS.rows(policy(book__view=MINE), "view", "book") == MINE
    assert ACCESS.rows(policy(book__view=MINE), "edit", "book") == NOTHING
    assert ACCESS.rows(policy(), "view", "unheard") == NOTHING
    assert ACCESS.rows(SYSTEM, "delete", "book") is EVERYTHING
    assert ACCESS.rows(NOBODY, "view", "department") == NOTHING


@pytest.mark.parametrize("action", ["create", "edit", "delete", "assign"])
def test_whoever_may_edit_the_whole_may_change_its_parts(action: str) -> None:
    who = policy(book__edit=MINE)
    assert ACCESS.rows(who, action, "chapter") == MINE
    assert ACCESS.rows(who, action, "remark") == MINE
    assert ACCESS.rows(policy(book__view=EVERYTHING), action, "chapter") == NOTHING


@pytest.mark.parametrize("action", ["view", "export", "report"])
def test_looking_at_the_whole_is_looking_at_its_parts(action: str) -> None:
    who = policy(**{f"book__{action}": MINE, f"chapter__{action}": WEST})
    assert ACCESS.rows(who, action, "remark") == MINE | WEST


def test_an_open_entity_is_viewed_by_everybody_and_changed_by_nobody() -> None:
    assert ACCESS.rows(policy(), "view", "department") is EVERYTHING
    assert ACCESS.rows(policy(), "export", "department") == NOTHING
    assert ACCESS.visible(policy(), "department") is EVERYTHING


def test_a_directory_is_seen_in_labels_but_not_opened() -> None:
    assert ACCESS.visible(policy(), "user") is EVERYTHING
    assert ACCESS.rows(policy(), "view", "user") == NOTHING
    assert ACCESS.visible(NOBODY, "user") == NOTHING
    assert ACCESS.visible(policy(book__view=MINE), "book") == MINE


def test_a_record_is_judged_by_its_owner_and_department(room: Session) -> None:
    book = Book(name="x", owner_id=1, department_id=2)
    assert ACCESS.holds(policy(book__edit=MINE), "edit", book)
    assert ACCESS.holds(policy(book__edit=WEST), "edit", book)
    assert not ACCESS.holds(policy(book__edit=Rows(owners=frozenset({3}))), "edit", book)
    assert not ACCESS.holds(policy(book__view=MINE), "edit", book)
    assert ACCESS.holds(SYSTEM, "edit", book)


def test_a_part_is_judged_by_its_whole(room: Session) -> None:
    chapter = Chapter(title="x", book=Book(name="x", owner_id=1, department_id=2))
    remark = Remark(text="x", chapter=chapter)
    assert ACCESS.holds(policy(book__edit=MINE), "delete", remark)
    assert not ACCESS.holds(policy(book__edit=Rows(owners=frozenset({3}))), "delete", remark)
    assert not ACCESS.holds(policy(book__edit=MINE), "delete", Remark(text="lost"))


def test_what_nobody_owns_singly_is_held_as_a_whole() -> None:
    assert ACCESS.holds(policy(loan__edit=MINE), "edit", Loan(reader="x"))
    assert not ACCESS.holds(policy(), "edit", Loan(reader="x"))


def test_a_class_without_a_guard_is_the_systems_alone() -> None:
    bare = AccessMap([])
    assert bare.holds(SYSTEM, "view", Shelf())
    assert not bare.holds(policy(shelf__view=EVERYTHING), "view", Shelf())
    assert str(bare.criterion(Shelf, MINE)) == "false"


def test_a_criterion_keeps_a_statement_within_rows(room: Session) -> None:
    assert str(ACCESS.criterion(Book, EVERYTHING)) == "true"
    assert str(ACCESS.criterion(Book, NOTHING)) == "false"
    assert str(ACCESS.criterion(Loan, MINE)) == "true"


@pytest.fixture
def books(room: Session) -> SimpleNamespace:
    """Two books of different owners and departments, each with a chapter and a remark."""
    places = [Department(code=code, name_zh=code, name_en=code) for code in ("a", "b")]
    people = [User(username=name, name=name) for name in ("ada", "bob")]
    room.add_all([*places, *people])
    made = []
    for place, person in zip(places, people, strict=True):
        book = Book(name=person.name, owner=person, department=place)
        room.add(Remark(text=person.name, chapter=Chapter(title=person.name, book=book)))
        made.append(book)
    room.flush()
    return SimpleNamespace(places=places, people=people, books=made)


@pytest.mark.parametrize("by", ["owners", "departments"])
@pytest.mark.parametrize(("model", "label"), [(Book, "name"), (Chapter, "title"), (Remark, "text")])
def test_children_of_children_follow_the_same_rows(
    room: Session, books: SimpleNamespace, by: str, model: Any, label: str
) -> None:
    source = books.people[0] if by == "owners" else books.places[0]
    rows = Rows(**{by: frozenset({source.id})})
    found = room.scalars(select(getattr(model, label)).where(ACCESS.criterion(model, rows))).all()
    assert found == ["ada"]


def test_a_guard_knows_its_parent() -> None:
    assert Guard("remark", Remark, follows="chapter").parent is Chapter
    assert Guard("book", Book).parent is None


def one(name: str, record: Any) -> Rows:
    """The set of a single record."""
    return Rows(keys=frozenset({(name, str(record.id))}))


def test_one_record_is_held_with_its_parts_and_no_other(room: Session, books: SimpleNamespace) -> None:
    ada, bob = books.books
    chapters = {chapter.book_id: chapter for chapter in room.scalars(select(Chapter))}
    remarks = {remark.chapter.book_id: remark for remark in room.scalars(select(Remark))}
    for rows, held in (
        (one("book", ada), [ada, chapters[ada.id], remarks[ada.id]]),
        (one("chapter", chapters[bob.id]), [chapters[bob.id], remarks[bob.id]]),
        (one("book", ada) | one("remark", remarks[bob.id]), [ada, chapters[ada.id], *remarks.values()]),
    ):
        for model in (Book, Chapter, Remark):
            wanted = {record.id for record in held if isinstance(record, model)}
            found = set(room.scalars(select(model.id).where(ACCESS.criterion(model, rows))))
            assert found == wanted, (rows, model)
            for record in room.scalars(select(model)):
                assert ACCESS.contains(rows, record) is (record.id in wanted), (rows, model)


def test_one_record_of_what_nobody_owns_is_one(room: Session, books: SimpleNamespace) -> None:
    room.add_all(Loan(reader=name, book=books.books[0]) for name in ("ada", "bob"))
    room.flush()
    ada, bob = room.scalars(select(Loan).order_by(Loan.reader))
    rows = one("loan", ada)
    assert room.scalars(select(Loan.reader).where(ACCESS.criterion(Loan, rows))).all() == ["ada"]
    assert ACCESS.contains(rows, ada) and not ACCESS.contains(rows, bob)
    assert ACCESS.contains(rows | MINE, bob)
    assert ACCESS.contains(one("book", ada) | MINE, bob) and not ACCESS.contains(one("book", ada), ada)


def test_a_key_of_two_columns_names_one_record(room: Session) -> None:
    room.add_all(Pair(word=word, number=number) for word in ("a,b", "c") for number in (1, 2))
    room.flush()
    rows = Rows(keys=frozenset({("pair", "a%2Cb,2"), ("pair", "c"), ("pair", "c,x"), ("pair", "c,9")}))
    found = room.execute(select(Pair.word, Pair.number).where(ACCESS.criterion(Pair, rows))).all()
    assert [tuple(each) for each in found] == [("a,b", 2)]
    held = [
        ACCESS.contains(rows, each) for each in room.scalars(select(Pair).order_by(Pair.word, Pair.number))
    ]
    assert held == [False, True, False, False]


def test_a_new_record_is_none_of_those_that_were_granted(room: Session) -> None:
    assert not ACCESS.contains(Rows(keys=frozenset({("loan", "1")})), Loan(reader="x"))

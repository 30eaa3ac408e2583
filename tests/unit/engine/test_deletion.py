"""What a deletion takes along, counted before it happens, and refused where it must be."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from admin_app.engine import deletion
from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.deletion import DeletionPlan, plan_deletion
from admin_app.errors import Conflict, Forbidden
from tests.unit.engine.sample import (
    Book,
    Branch,
    Chapter,
    Egg,
    Hen,
    Loan,
    Pair,
    Remark,
    Review,
    Shelf,
    Sticker,
    entity,
)


def plan(session: Session, *records: Any, policy: Any = SYSTEM) -> DeletionPlan:
    """The plan for deleting these records, all of one class."""
    keys = [(record.id,) for record in records]
    with acting(session, policy):
        return plan_deletion(session, entity(type(records[0])), policy, keys)


def told(dependents: Any) -> dict[str, str]:
    """Counts by label."""
    return {each.label: each.count for each in dependents}


def delete(session: Session, policy: Any, *records: Any) -> None:
    """Delete the records as `policy`."""
    with acting(session, policy):
        deletion.delete(session, entity(type(records[0])), policy, records)


@pytest.fixture
def library(desk: Session, add_book: Callable[..., Book], places: SimpleNamespace) -> SimpleNamespace:
    """A book with two chapters of three remarks each, a review, a sequel, and another book with a chapter."""
    book, other = add_book("Book"), add_book("Other")
    sequel = add_book("Sequel", parent=book)
    chapters = [Chapter(book=book, title=title) for title in ("One", "Two")]
    desk.add_all(chapters)
    desk.add_all(Remark(chapter=chapter, text="x") for chapter in chapters for _ in range(3))
    desk.add(Chapter(book=other, title="Other"))
    desk.add(Review(book=book, title="Fine", department=places.east))
    desk.flush()
    return SimpleNamespace(book=book, other=other, sequel=sequel)


def test_a_record_on_which_nothing_hangs_goes_alone(desk: Session, add_book: Callable[..., Book]) -> None:
    made = plan(desk, add_book())
    assert (made.goes, made.unlinks, made.blocks, made.allowed) == ([], [], [], True)


def test_parts_and_their_parts_are_counted(desk: Session, library: SimpleNamespace) -> None:
    made = plan(desk, library.book)
    assert told(made.goes) == {"Chapters": "2", "Remarks": "6", "Reviews": "1"}
    assert told(made.unlinks) == {"Books": "1"}
    assert made.allowed
    assert told(plan(desk, library.book, library.other).goes)["Chapters"] == "3"


def test_the_plan_says_what_then_happens(desk: Session, library: SimpleNamespace) -> None:
    delete(desk, SYSTEM, library.book)
    desk.expire_all()
    left = {
        model: desk.scalar(select(func.count()).select_from(model))
        for model in (Book, Chapter, Remark, Review)
    }
    assert left == {Book: 2, Chapter: 1, Remark: 0, Review: 0}
    assert library.sequel.parent_id is None


def test_what_is_protected_stands_in_the_way(desk: Session, library: SimpleNamespace) -> None:
    desk.add(Loan(book=library.book, reader="Ada"))
    desk.flush()
    made = plan(desk, library.book)
    assert told(made.blocks) == {"Loans": "1"}
    assert made.blocks[0].reason == "They have to be deleted or moved first."
    assert not made.allowed
    with pytest.raises(Conflict, match="Something still refers to this record"):
        delete(desk, SYSTEM, library.book)
    assert desk.scalar(select(func.count()).select_from(Book)) == 3


def test_a_protected_dependent_deep_down_stands_in_the_way(
    desk: Session, add_book: Callable[..., Book]
) -> None:
    shelf = Shelf(code="S", name_zh="架", name_en="Shelf")
    add_book(shelf=shelf)
    assert told(plan(desk, shelf).blocks) == {"Books": "1"}


def test_records_that_only_hold_each_other_go_together(desk: Session, add_book: Callable[..., Book]) -> None:
    parent = add_book("Parent")
    child = add_book("Child", parent=parent)
    assert told(plan(desk, parent).unlinks) == {"Books": "1"}
    assert plan(desk, parent, child).unlinks == []


def test_a_tree_goes_with_its_root_down_to_its_leaves(desk: Session) -> None:
    root = Branch(name="root")
    limb = Branch(name="limb", parent=root)
    twigs = [Branch(name=f"twig {number}", parent=limb) for number in range(3)]
    desk.add_all([root, limb, *twigs, Branch(name="other")])
    desk.flush()
    assert told(plan(desk, root).goes) == {"Branchs": "4"}
    assert told(plan(desk, limb).goes) == {"Branchs": "3"}
    assert told(plan(desk, root, twigs[0]).goes) == {"Branchs": "3"}
    delete(desk, SYSTEM, root)
    assert desk.scalar(select(func.count()).select_from(Branch)) == 1


def test_a_tree_that_bites_its_tail_ends_the_walk(desk: Session) -> None:
    root, limb = Branch(name="root"), Branch(name="limb")
    desk.add_all([root, limb])
    desk.flush()
    root.parent_id, limb.parent_id = limb.id, root.id
    desk.flush()
    assert told(plan(desk, root).goes) == {"Branchs": "1"}


def test_a_circle_of_cascades_counts_each_record_once(desk: Session) -> None:
    hen, other = Hen(name="hen"), Hen(name="other")
    desk.add_all([hen, other])
    desk.flush()
    eggs = [Egg(name=f"egg {number}", hen=hen) for number in range(2)]
    desk.add_all(eggs)
    desk.flush()
    hen.egg_id, other.egg_id = eggs[0].id, eggs[1].id
    desk.flush()
    assert told(plan(desk, hen).goes) == {"Eggs": "2", "Hens": "1"}


def test_references_to_two_columns_and_to_no_key_are_followed_too(desk: Session) -> None:
    pair, other = Pair(word="a", number=1), Pair(word="a", number=2)
    shelf, empty = (Shelf(code=code, name_zh="架", name_en="Shelf") for code in ("S", "E"))
    desk.add_all([pair, other, shelf, empty])
    desk.flush()
    desk.add_all(Sticker(text=text, word="a", number=1, shelf_code="S") for text in ("x", "y"))
    desk.flush()
    assert told(plan_deletion(desk, entity(Pair), SYSTEM, [("a", 1)]).goes) == {"Stickers": "2"}
    assert plan_deletion(desk, entity(Pair), SYSTEM, [("a", 2)]).goes == []
    assert told(plan(desk, shelf).blocks) == {"Stickers": "2"}
    assert plan(desk, empty).allowed


def test_counts_stop_at_a_thousand(desk: Session, add_book: Callable[..., Book]) -> None:
    book = add_book()
    desk.add_all(Chapter(book=book, title="x") for _ in range(deletion.CAP + 1))
    desk.flush()
    assert told(plan(desk, book).goes) == {"Chapters": "1,000+"}


def test_rows_that_one_may_not_see_are_counted_and_stand_in_the_way(
    desk: Session, library: SimpleNamespace, policy_of_job: Callable[[str], Any]
) -> None:
    made = plan(desk, library.book, policy=policy_of_job("dept"))
    assert told(made.goes) == {"Chapters": "2", "Remarks": "6"}
    assert told(made.blocks) == {"Reviews": "1"}
    assert made.blocks[0].reason == "None of your positions lets you delete them."
    assert plan(desk, library.book, policy=policy_of_job("all")).allowed


def test_dependents_of_ones_own_may_go(
    desk: Session, library: SimpleNamespace, places: SimpleNamespace, policy_of_job: Callable[[str], Any]
) -> None:
    desk.scalars(select(Review)).one().department = places.west
    desk.flush()
    assert plan(desk, library.book, policy=policy_of_job("dept")).allowed


def test_foreign_branches_deep_in_a_tree_stand_in_the_way(
    desk: Session, policy_of_job: Callable[[str], Any]
) -> None:
    root = Branch(name="root")
    desk.add_all([root, Branch(name="leaf", parent=Branch(name="limb", parent=root))])
    desk.flush()
    assert plan(desk, root, policy=policy_of_job("dept")).allowed
    assert told(plan(desk, root, policy=policy_of_job("idle")).blocks) == {"Branchs": "2"}


def test_nobody_deletes_what_is_not_his_to_delete(
    desk: Session, library: SimpleNamespace, people: SimpleNamespace, policy_of_job: Callable[[str], Any]
) -> None:
    library.other.owner = people.own
    desk.flush()
    with pytest.raises(Forbidden, match="lets you delete this record"):
        delete(desk, policy_of_job("own"), library.other, library.sequel)
    assert desk.scalar(select(func.count()).select_from(Book)) == 3
    delete(desk, policy_of_job("own"), library.other)
    assert desk.scalar(select(func.count()).select_from(Book)) == 2


def test_all_go_or_none(desk: Session, library: SimpleNamespace) -> None:
    desk.add(Loan(book=library.book, reader="Ada"))
    desk.flush()
    with pytest.raises(Conflict):
        delete(desk, SYSTEM, library.other, library.book)
    assert desk.scalar(select(func.count()).select_from(Book)) == 3


def test_the_hook_runs_when_they_are_gone(desk: Session, add_book: Callable[..., Book]) -> None:
    seen = []

    def after(session: Session, _policy: Any, record: Book) -> None:
        seen.append((record.name, session.scalar(select(func.count()).select_from(Book))))

    declared = dataclasses.replace(entity(Book), after_delete=after)
    deletion.delete(desk, declared, SYSTEM, [add_book("One"), add_book("Two")])
    assert seen == [("One", 0), ("Two", 0)]

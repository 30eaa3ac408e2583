"""History is read within one's rows and fields: what one may not see of a record now, one does not see of its past."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, true
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.change import delete_rows, update_rows
from admin_app.engine.change.past import as_it_was, restore_deleted, restore_fields
from admin_app.engine.change.reading import change_sets, set_counts, set_rows, timeline, trash
from models.change import ChangeSet
from models.types import utc_now
from tests.unit.engine.change.conftest import last_set
from tests.unit.engine.sample import Book, Chapter, Remark, entity

BOOK = entity(Book)


@pytest.fixture
def story(
    desk: Session, add_book: Callable[..., Book], people: SimpleNamespace, places: SimpleNamespace
) -> SimpleNamespace:
    """A book of `own` that was made, renamed, regraded in bulk and given a chapter; another department's book."""
    mine = add_book("First name", grade="A", owner=people.own)
    theirs = add_book("Theirs", grade="A", department=places.east)
    desk.commit()
    made = last_set(desk).id
    mine.name = "Second name"
    desk.commit()
    named = last_set(desk)
    update_rows(desk, Book, true(), {"grade": "C"})
    desk.commit()
    graded = last_set(desk).id
    desk.add(Chapter(book_id=mine.id, title="Late"))
    desk.commit()
    return SimpleNamespace(
        mine=mine.id, theirs=theirs.id, made=made, named=named.id, at=named.at, graded=graded
    )


def test_a_timeline_tells_one_record_newest_first_page_by_page(
    desk: Session, story: Any, policy_of_job: Callable[[str], Any]
) -> None:
    policy = policy_of_job("own")
    entries = timeline(desk, BOOK, str(story.mine), policy)
    assert [(entry.op, entry.change_set.id) for entry in entries] == [
        ("update", story.graded),
        ("update", story.named),
        ("create", story.made),
    ]
    (regraded,) = entries[0].changes
    assert (regraded.field, regraded.old, regraded.new) == ("grade", "A", "C")
    assert (regraded.old_text, regraded.new_text) == ("grade A", "grade C")
    created = {change.field: change.new_text for change in entries[2].changes}
    assert created["owner"] == "Own" and created["name"] == "First name"
    assert "pin" not in created and "version" not in created
    first = timeline(desk, BOOK, str(story.mine), policy, limit=2)
    rest = timeline(desk, BOOK, str(story.mine), policy, before=first[-1].place, limit=2)
    assert [entry.place for entry in (*first, *rest)] == [entry.place for entry in entries]


def test_nobody_reads_the_past_of_a_record_that_they_may_not_see(
    desk: Session, story: Any, policy_of_job: Callable[[str], Any]
) -> None:
    policy = policy_of_job("own")
    assert timeline(desk, BOOK, str(story.theirs), policy) == []
    assert as_it_was(desk, BOOK, str(story.theirs), utc_now(), policy) is None
    assert {entry.record_key for entry in set_rows(desk, story.graded, policy)} == {str(story.mine)}
    assert set_counts(desk, story.graded, policy) == {("book", "update"): 1}
    assert set_counts(desk, story.graded, SYSTEM) == {("book", "update"): 2}
    assert timeline(desk, BOOK, str(story.mine), policy_of_job("idle")) == []
    assert change_sets(desk, policy_of_job("idle"), entity="book") == []


def test_the_log_shows_sets_with_something_to_see_and_filters_them(
    desk: Session, story: Any, policy_of_job: Callable[[str], Any]
) -> None:
    own, everything = policy_of_job("own"), policy_of_job("all")
    found = [each.id for each in change_sets(desk, own, entity="book")]
    assert found == [story.graded, story.named, story.made]
    desk.get(Book, story.theirs).name = "Renamed by all"
    with acting(desk, everything):
        desk.commit()
    foreign = last_set(desk).id
    assert foreign not in [each.id for each in change_sets(desk, own)]
    assert [each.id for each in change_sets(desk, SYSTEM, people=[everything.user_id])] == [foreign]
    position = change_sets(desk, own, entity="book")[0].position
    assert [each.id for each in change_sets(desk, own, entity="book", before=position)] == found[1:]
    assert [each.id for each in change_sets(desk, own, entity="book", until=story.at)] == [story.made]
    assert change_sets(desk, own, since=utc_now() + timedelta(days=1)) == []
    assert change_sets(desk, own, action="undo") == []


def test_a_record_is_shown_as_it_was_with_what_referred_to_it(
    desk: Session, story: Any, policy_of_job: Callable[[str], Any]
) -> None:
    with acting(desk, SYSTEM):
        later = desk.scalars(select(ChangeSet.at).where(ChangeSet.id == story.named)).one()
    then = as_it_was(desk, BOOK, str(story.mine), later, policy_of_job("own"))
    assert then is not None and then.existed and then.exists and then.label == "Second name"
    values = {each.field: (each.old, each.new) for each in then.fields}
    assert values["grade"] == ("A", "C") and values["name"] == ("Second name", "Second name")
    assert then.related == []
    now = as_it_was(desk, BOOK, str(story.mine), utc_now(), policy_of_job("own"))
    assert now is not None and [(each.entity, each.field) for each in now.related] == [("chapter", "book")]
    before = as_it_was(desk, BOOK, str(story.mine), later - timedelta(days=1), SYSTEM)
    assert before is not None and not before.existed
    chapter = desk.scalars(select(Chapter)).one()
    moment = utc_now()
    desk.delete(chapter)
    desk.get(Book, story.mine).name = "Third name"
    desk.commit()
    then = as_it_was(desk, BOOK, str(story.mine), moment, SYSTEM)
    assert then is not None and then.label == "Second name"
    assert [each.records for each in then.related] == [[(str(chapter.id), "Late")]]


def test_the_trash_holds_what_is_gone_and_may_be_seen(
    desk: Session, story: Any, policy_of_job: Callable[[str], Any]
) -> None:
    delete_rows(desk, Book, true())
    desk.commit()
    (entry,) = trash(desk, BOOK, policy_of_job("own"))
    assert (entry.record_key, entry.op, entry.label) == (str(story.mine), "delete", "Second name")
    assert {each.record_key for each in trash(desk, BOOK, SYSTEM)} == {str(story.mine), str(story.theirs)}
    assert timeline(desk, BOOK, str(story.mine), policy_of_job("own"))[0].op == "delete"
    restore_deleted(desk, entry.change_set.id, entry.number, policy_of_job("own"))
    desk.commit()
    assert trash(desk, BOOK, policy_of_job("own")) == []
    assert [each.record_key for each in trash(desk, BOOK, SYSTEM)] == [str(story.theirs)]
    assert desk.scalars(select(Chapter.title)).all() == ["Late"]


def test_one_of_several_deleted_records_comes_back_with_its_own_parts(
    desk: Session, add_book: Callable[..., Book]
) -> None:
    books = [add_book(name) for name in ("One", "Two")]
    chapters = [Chapter(book=book, title=book.name) for book in books]
    desk.add_all([*chapters, *(Remark(chapter=each, text=each.title) for each in chapters)])
    desk.commit()
    keys = [book.id for book in books]
    delete_rows(desk, Book, Book.id.in_(keys))
    desk.commit()
    made = last_set(desk).id
    entry = next(each for each in trash(desk, BOOK, SYSTEM) if each.record_key == str(keys[1]))
    plan = restore_deleted(desk, made, entry.number, SYSTEM)
    desk.commit()
    assert plan.done == 3
    assert desk.scalars(select(Remark.text)).all() == ["Two"]


def test_one_field_goes_back_and_the_rest_stays(desk: Session, story: Any) -> None:
    book = desk.get(Book, story.mine)
    book.note, book.pages = "n", 5
    desk.commit()
    made = last_set(desk).id
    plan = restore_fields(desk, made, 1, SYSTEM, ["pages"])
    desk.commit()
    assert plan.done == 1
    assert (book.pages, book.note) == (None, "n")


def test_hidden_fields_are_absent_and_masked_ones_masked(
    desk: Session, story: Any, policy_of_job: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from admin_app.engine.access.policy import EVERYTHING, NOTHING

    class Levels:
        """As if `note` were hidden from this reader, and `name` masked."""

        def rows(self, key: str, level: str) -> Any:
            return NOTHING if key == "note" or (key == "name" and level == "read") else EVERYTHING

    policy = policy_of_job("own")
    from admin_app.engine.site import Site

    monkeypatch.setattr(Site, "fields", lambda self, policy, entity: Levels())
    desk.get(Book, story.mine).note = "secret"
    desk.commit()
    entries = timeline(desk, BOOK, str(story.mine), policy)
    assert entries[0].changes == []
    named = next(entry for entry in entries if entry.change_set.id == story.named)
    (change,) = named.changes
    assert change.masked and (change.old, change.new) == (None, None)
    assert change.old_text == "F****" and change.new_text == "S****"

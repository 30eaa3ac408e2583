"""Whatever a flush writes is told, in the transaction that writes it: keys, defaults, references, what goes along."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from admin_app.engine.access import acting
from admin_app.engine.change import context, current_set
from admin_app.engine.change.values import codec
from models.change import ChangeRow, ChangeSet
from models.organisation import User
from tests.unit.engine.change.conftest import Row, last_set, rows_of
from tests.unit.engine.sample import Binding, Book, Branch, Chapter, Egg, Hen, Pair, Remark, Review, Shelf

Told = Callable[[], list[Row]]

#: A value for each kind of column, and how history spells it.
KINDS: dict[str, tuple[Any, Any]] = {
    "name": ('say "中文" \\ /', 'say "中文" \\ /'),
    "grade": ("A", "A"),
    "binding": (Binding.hard, "hard"),
    "pages": (7, 7),
    "price": (Decimal("-12.05"), "-12.05"),
    "ratio": (Decimal("1.500"), "1.500"),
    "weight": (0.1, 0.1),
    "starts_on": (date(2026, 2, 28), "2026-02-28"),
    "printed_at": (datetime(2026, 3, 1, 12, 0, 0, 5, UTC), "2026-03-01T12:00:00.000005Z"),
    "opens": (time(8, 30), "08:30:00.000000"),
    "lent_for": (timedelta(days=1, seconds=5), 86_405_000_000),
    "isbn": (uuid.UUID(int=5), "0" * 31 + "5"),
    "extra": ({"b": [1, None], "a": "中"}, {"a": "中", "b": [1, None]}),
    "note": ("line\none\ttwo\x01", "line\none\ttwo\x01"),
    "lost": (True, True),
    "cover": (b"\x00\xff", base64.b64encode(b"\x00\xff").decode()),
}


def test_a_new_record_is_told_with_all_its_columns(
    session: Session, add_book: Callable[..., Book], told: Told
) -> None:
    book = add_book(**{key: value for key, (value, _spelled) in KINDS.items()})
    ((entity, key, op, before, after),) = told()
    assert (entity, key, op, before) == ("book", str(book.id), "create", None)
    assert set(after) == {column.key for column in Book.__table__.columns}
    assert {key: after[key] for key in KINDS} == {key: spelled for key, (_value, spelled) in KINDS.items()}
    assert (after["id"], after["version"], after["motto"], after["parent_id"]) == (book.id, 1, "", None)


def test_what_is_spelled_can_be_read_back() -> None:
    for key, (value, spelled) in KINDS.items():
        column = Book.__table__.c[key]
        assert codec(column).plain(value) == spelled, key
        assert codec(column).restore(spelled) == value, key
        assert codec(column).restore(None) is None


def test_an_update_tells_what_changed_and_nothing_else(
    session: Session, add_book: Callable[..., Book], people: SimpleNamespace, told: Told
) -> None:
    book = add_book("Old", pages=3, grade="A")
    session.commit()
    book.name, book.owner, book.pages = "New", people.own, 3
    assert told() == [
        (
            "book",
            str(book.id),
            "update",
            {"name": "Old", "owner_id": None},
            {"name": "New", "owner_id": people.own.id},
        )
    ]


def test_a_value_that_the_session_never_loaded_is_read_before_it_is_overwritten(
    session: Session, add_book: Callable[..., Book], people: SimpleNamespace, told: Told
) -> None:
    book = add_book("Old", pages=3, owner=people.own)
    session.commit()
    session.expire(book)
    book.pages = Book.pages + 1
    book.owner = people.all
    ((_entity, _key, _op, before, after),) = told()
    assert before == {"pages": 3, "owner_id": people.own.id}
    assert after == {"pages": 4, "owner_id": people.all.id}


def test_a_save_that_changes_nothing_leaves_no_change_set(
    session: Session, add_book: Callable[..., Book]
) -> None:
    book = add_book("Same")
    session.commit()
    before = last_set(session).id
    book.name = "Same"
    session.commit()
    session.commit()
    assert last_set(session).id == before


def test_a_deletion_tells_what_goes_along_and_what_loses_its_link(
    session: Session, add_book: Callable[..., Book], places: SimpleNamespace, told: Told
) -> None:
    book = add_book("Whole")
    sequel = add_book("Sequel", parent=book)
    chapter = Chapter(book=book, title="One")
    remark = Remark(chapter=chapter, text="x")
    review = Review(book=book, title="Fine", department=places.east)
    session.add_all([chapter, remark, review])
    session.commit()
    numbers = {"chapter": chapter.id, "remark": remark.id, "review": review.id, "book": book.id}
    session.delete(book)
    rows = told()
    assert {(entity, key): op for entity, key, op, _before, _after in rows} == {
        **{(name, str(key)): "delete" for name, key in numbers.items()},
        ("book", str(sequel.id)): "update",
    }
    gone = {entity: before for entity, _key, op, before, _after in rows if op == "delete"}
    assert (gone["book"]["name"], gone["chapter"]["title"], gone["remark"]["text"]) == ("Whole", "One", "x")
    assert ("book", str(sequel.id), "update", {"parent_id": book.id}, {"parent_id": None}) in rows


def test_a_tree_a_circle_and_what_is_deleted_beside_are_told_once(
    session: Session, told: Told, add_book: Callable[..., Book]
) -> None:
    root = Branch(name="root")
    session.add(root)
    below = root
    for depth in range(12):
        below = Branch(name=f"depth {depth}", parent=below)
        session.add(below)
    hen, egg = Hen(name="hen"), Egg(name="egg")
    session.add_all([hen, egg])
    session.flush()
    hen.egg_id, egg.hen_id = egg.id, hen.id
    book = add_book("With")
    chapter = Chapter(book=book, title="Deleted beside")
    session.add(chapter)
    session.commit()
    for gone in (root, hen, book, chapter):
        session.delete(gone)
    found = [(entity, key) for entity, key, op, _before, _after in told() if op == "delete"]
    assert len(found) == len(set(found)) == 13 + 2 + 2


def test_a_key_of_a_text_and_a_number_stands_as_in_addresses(session: Session, told: Told) -> None:
    session.add(Pair(word="a,b", number=3, note="x"))
    ((entity, key, _op, _before, after),) = told()
    assert (entity, key, after) == ("pair", "a%2Cb,3", {"word": "a,b", "number": 3, "note": "x"})


def test_a_secret_is_told_as_set_never_as_it_is(
    session: Session, add_book: Callable[..., Book], told: Told
) -> None:
    book = add_book(pin="1234")
    assert told()[0][4]["pin"] == "****"
    book.pin = "5678"
    assert told() == [("book", str(book.id), "update", {"pin": "****"}, {"pin": "****"})]


def test_who_why_and_from_where(
    app: Any, session: Session, add_book: Callable[..., Book], policy_of_job: Callable[[str], Any]
) -> None:
    policy = policy_of_job("all")
    with acting(session, policy):
        context(session, reason="Because", action="tidy")
        add_book("Told")
        number = current_set(session)
        session.commit()
    made = last_set(session)
    assert (made.id, made.actor_id, made.actor_name) == (number, policy.user_id, "All")
    assert (made.reason, made.action, made.source, made.rows) == ("Because", "tidy", "system", 1)
    with app.test_request_context(), acting(session, policy):
        add_book("From a screen")
        session.commit()
    made = last_set(session)
    assert (made.source, made.action, made.reason, made.actor_id) == (
        "screen",
        "create",
        None,
        policy.user_id,
    )
    add_book("By the system")
    session.commit()
    assert (last_set(session).actor_name, last_set(session).actor_id) == ("system", None)


def test_a_service_that_acts_as_the_system_writes_in_the_persons_name(
    session: Session, add_book: Callable[..., Book], policy_of_job: Callable[[str], Any]
) -> None:
    from admin_app.engine.access import SYSTEM

    with acting(session, policy_of_job("own")), acting(session, SYSTEM):
        add_book("Inside")
    with acting(session, policy_of_job("own")):
        session.commit()
    assert last_set(session).actor_name == "Own"


def test_a_savepoint_that_is_rolled_back_takes_its_rows_along(
    session: Session, add_book: Callable[..., Book], told: Told
) -> None:
    kept = add_book("Kept")
    with pytest.raises(ZeroDivisionError), session.begin_nested():
        add_book("Dropped")
        raise ZeroDivisionError
    with session.begin_nested():
        inner = add_book("Inner")
    assert [key for _entity, key, *_rest in told()] == [str(kept.id), str(inner.id)]
    numbers = select(ChangeRow.number).where(ChangeRow.set_id == last_set(session).id)
    assert list(session.scalars(numbers)) == [1, 2]


def test_what_is_rolled_back_leaves_neither_rows_nor_words(
    session: Session, add_book: Callable[..., Book]
) -> None:
    before = session.scalar(select(func.count()).select_from(ChangeSet))
    context(session, reason="Lost")
    add_book("Lost")
    session.rollback()
    assert session.scalar(select(func.count()).select_from(ChangeSet)) == before
    session.add(Shelf(code="S", name_zh="架", name_en="Shelf"))
    session.commit()
    assert last_set(session).reason is None


def test_very_many_records_are_written_out_before_the_commit(
    session: Session, monkeypatch: pytest.MonkeyPatch, add_book: Callable[..., Book]
) -> None:
    monkeypatch.setattr("admin_app.engine.change.recorder.LIMIT", 4)
    book = add_book()
    for number in range(3):
        session.add_all(Chapter(book=book, title=f"{number}.{each}") for each in range(3))
        session.flush()
    with pytest.raises(ZeroDivisionError), session.begin_nested():
        session.add_all(Chapter(book=book, title="Dropped") for _ in range(9))
        session.flush()
        raise ZeroDivisionError
    session.add(Chapter(book=book, title="Last"))
    session.commit()
    rows = rows_of(session, last_set(session))
    assert len(rows) == last_set(session).rows == 11
    assert rows[-1][4]["title"] == "Last"


def test_a_save_costs_three_statements_more(
    app: Any, session: Session, add_book: Callable[..., Book]
) -> None:
    book = add_book("Old")
    session.commit()
    assert book.name == "Old"
    sent: list[str] = []
    engine = session.get_bind().engine
    event.listen(engine, "before_cursor_execute", lambda *given: sent.append(given[2].split()[0:3]))
    book.name = "New"
    session.commit()
    writes = [words for words in sent if words[0] in ("SELECT", "INSERT", "UPDATE", "DELETE")]
    assert [" ".join(words[:2]) for words in writes] == [
        "UPDATE book",
        "UPDATE change_head",
        "INSERT INTO",
        "INSERT INTO",
    ]


def test_classes_without_history_are_not_told(session: Session, add_book: Callable[..., Book]) -> None:
    from models.access import AccessStamp

    before = last_set(session).id
    stamp = session.get(AccessStamp, 1)
    assert stamp is not None
    stamp.value += 1
    session.commit()
    assert last_set(session).id == before
    assert session.scalar(select(func.count()).select_from(User))

"""Nothing in the history can be altered, removed or put in unseen, and what goes by retention breaks nothing."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.change import update_rows, without_rows
from admin_app.engine.change.chain import prune, verify
from admin_app.engine.change.export import COLUMNS, lines
from models.change import ChangeRow, ChangeSet
from models.types import utc_now
from tests.unit.engine.change.conftest import last_set
from tests.unit.engine.sample import Book, Shelf

Tamper = Callable[..., None]


@pytest.fixture
def history(session: Session, shelf_of_books: list[int]) -> SimpleNamespace:
    """Three change sets: six new books, four regraded in bulk, one renamed."""
    made = [last_set(session).id]
    update_rows(session, Book, Book.grade != "A", {"grade": "A"})
    session.commit()
    made.append(last_set(session).id)
    book = session.get(Book, shelf_of_books[0])
    assert book is not None
    book.name = "Renamed"
    session.commit()
    made.append(last_set(session).id)
    return SimpleNamespace(books=made[0], bulk=made[1], last=made[2], keys=shelf_of_books)


@pytest.fixture
def tamper(session: Session) -> Tamper:
    """Call it with a statement and its values: somebody with the database's password writes past everything."""

    def write(statement: str, **values: Any) -> None:
        with without_rows(session, {}, "tampering"):
            session.execute(text(statement), values)
        session.commit()

    return write


def test_an_untouched_history_is_whole_whatever_wrote_it(session: Session, history: Any) -> None:
    verdict = verify(session)
    assert (verdict.fault, verdict.hash) == (None, last_set(session).hash)
    assert verdict.sets == last_set(session).position
    assert verify(session, anchor=verdict.hash).fault is None


ATTACKS = {
    "a value after": (
        'UPDATE change_row SET after = \'{"grade":"B"}\' WHERE set_id = :bulk AND number = 2',
        ("altered", "bulk", 2, "book"),
    ),
    "a value before": (
        "UPDATE change_row SET before = NULL WHERE set_id = :last",
        ("altered", "last", 1, "book"),
    ),
    "whose record": (
        "UPDATE change_row SET record_key = '77' WHERE set_id = :bulk AND number = 4",
        ("altered", "bulk", 4, "book"),
    ),
    "a row's hash": (
        "UPDATE change_row SET hash = (SELECT hash FROM change_row WHERE set_id = :bulk AND number = 1)"
        " WHERE set_id = :bulk AND number = 3",
        ("altered", "bulk", 3, "book"),
    ),
    "a row in the middle": (
        "DELETE FROM change_row WHERE set_id = :books AND number = 3",
        ("removed", "books", 3, None),
    ),
    "the last row of a set": (
        "DELETE FROM change_row WHERE set_id = :bulk AND number = 4",
        ("removed", "bulk", 4, None),
    ),
    "the author": (
        "UPDATE change_set SET actor_name = 'nobody' WHERE id = :bulk",
        ("altered", "bulk", None, None),
    ),
    "the reason": (
        "UPDATE change_set SET reason = 'better' WHERE id = :last",
        ("altered", "last", None, None),
    ),
    "the number of rows": (
        "UPDATE change_set SET rows = 3 WHERE id = :bulk",
        ("inserted", "bulk", 4, "book"),
    ),
    "a row too many": (
        "INSERT INTO change_row (set_id, number, entity, record_key, op, hash)"
        " VALUES (:bulk, 9, 'book', '1', 'delete', :digest)",
        ("removed", "bulk", 5, None),
    ),
    "the newest set": (
        "DELETE FROM change_set WHERE id = :last",
        ("removed", None, None, None),
    ),
    "the end of the chain": (
        "UPDATE change_head SET hash = previous",
        ("altered", None, None, None),
    ),
    "a row of no set": (
        "INSERT INTO change_row (set_id, number, entity, record_key, op, hash)"
        " VALUES (999999, 1, 'book', '1', 'delete', :digest)",
        ("inserted", 999_999, 1, "book"),
    ),
    "when": (
        "UPDATE change_set SET at = (SELECT min(at) FROM change_set) WHERE id = :last",
        ("altered", "last", None, None),
    ),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=list(ATTACKS))
def test_each_attack_is_found_and_named(session: Session, history: Any, tamper: Tamper, attack: Any) -> None:
    statement, (what, set_name, number, name) = attack
    known = {"books": history.books, "bulk": history.bulk, "last": history.last, "digest": b"\x00" * 32}
    with acting(session, SYSTEM):
        rows = select(ChangeRow.record_key).where(ChangeRow.set_id == known.get(set_name, 0))
        keys = session.scalars(rows.order_by(ChangeRow.number)).all()
    tamper(statement, **{key: value for key, value in known.items() if f":{key}" in statement})
    fault = verify(session).fault
    assert fault is not None
    set_id = known.get(set_name, set_name) if set_name is not None else None
    assert (fault.what, fault.set_id, fault.number, fault.entity) == (what, set_id, number, name)
    if name is not None and keys and "record_key = " not in statement:
        assert fault.key == keys[number - 1]
    assert what in str(fault)


def test_a_set_in_the_middle_is_missed(session: Session, history: Any, tamper: Tamper) -> None:
    tamper("DELETE FROM change_row WHERE set_id = :bulk", bulk=history.bulk)
    tamper("DELETE FROM change_set WHERE id = :bulk", bulk=history.bulk)
    fault = verify(session).fault
    assert fault is not None and fault.what == "removed"


def test_a_chain_that_was_cut_and_tied_up_again_is_found_by_an_anchor(
    session: Session, history: Any, tamper: Tamper
) -> None:
    anchor = verify(session).hash
    with acting(session, SYSTEM):
        bulk = session.get(ChangeSet, history.bulk)
        last = session.get(ChangeSet, history.last)
    assert bulk is not None and last is not None
    position, digest, previous = bulk.position, bulk.hash, bulk.previous
    tamper("DELETE FROM change_row WHERE set_id = :last", last=history.last)
    tamper("DELETE FROM change_set WHERE id = :last", last=history.last)
    tamper(
        "UPDATE change_head SET position = :position, hash = :hash, previous = :previous",
        position=position,
        hash=digest,
        previous=previous,
    )
    assert verify(session).fault is None
    fault = verify(session, anchor=anchor).fault
    assert fault is not None and "anchor" in str(fault)


def test_what_retention_removes_leaves_a_chain_that_still_holds(session: Session, history: Any) -> None:
    anchor = verify(session).hash
    newest = last_set(session).position
    assert prune(session, utc_now() + timedelta(days=1)) == newest - 1
    session.commit()
    made = last_set(session)
    assert (made.action, made.tally) == ("prune", {"change_set": newest - 1})
    assert verify(session).fault is None
    assert verify(session, anchor=anchor).fault is None
    with acting(session, SYSTEM):
        assert len(session.scalars(select(ChangeRow)).all()) == 1
    session.add(Shelf(code="S", name_zh="架", name_en="Shelf"))
    session.commit()
    assert verify(session).fault is None
    assert prune(session, made.at - timedelta(days=9)) == 0


def test_a_false_retention_is_found(session: Session, history: Any, tamper: Tamper) -> None:
    with acting(session, SYSTEM):
        bulk = session.get(ChangeSet, history.bulk)
    assert bulk is not None
    position, digest = bulk.position, bulk.hash
    tamper("DELETE FROM change_row WHERE set_id <= :bulk", bulk=history.bulk)
    tamper("DELETE FROM change_set WHERE id <= :bulk", bulk=history.bulk)
    tamper(
        "UPDATE change_head SET base_position = :position, base_hash = :hash", position=position, hash=digest
    )
    fault = verify(session).fault
    assert fault is not None and fault.what == "removed"


def test_the_file_holds_every_row_once(session: Session, history: Any) -> None:
    records = [json.loads(line) for line in lines(session, "jsonl")]
    with acting(session, SYSTEM):
        assert len(records) == len(session.scalars(select(ChangeRow)).all())
    renamed = records[-1]
    assert list(renamed) == sorted(COLUMNS)
    assert (renamed["set_id"], renamed["entity"], renamed["after"]) == (
        history.last,
        "book",
        {"name": "Renamed"},
    )
    table = list(csv.DictReader(io.StringIO("".join(lines(session, "csv")))))
    assert len(table) == len(records)
    assert table[-1]["after"] == '{"name":"Renamed"}' and table[-1]["row_hash"] == renamed["row_hash"]
    later = last_set(session).at + timedelta(seconds=1)
    assert list(lines(session, "jsonl", since=later)) == []
    assert len(list(lines(session, "jsonl", until=later))) == len(records)


def test_two_writers_at_once_keep_one_chain(
    app: Flask, database_kind: str, tmp_path: Path, makers: Callable[[str], Any]
) -> None:
    from tests.conftest import make_app

    worker = make_app(makers(database_kind).clone(), tmp_path)
    start = threading.Barrier(4)

    def write(number: int) -> None:
        from models.organisation import Department

        with worker.app_context(), acting(db.session(), SYSTEM) as session:
            start.wait()
            for turn in range(8):
                session.add(Department(code=f"{number}.{turn}", name_zh="部", name_en="Department"))
                if turn % 3 == 2:
                    session.flush()
                    update_rows(
                        session,
                        Department,
                        Department.code.startswith(f"{number}."),
                        {"name_en": f"Of {turn}"},
                    )
                session.commit()
            db.session.remove()

    threads = [threading.Thread(target=write, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with worker.app_context(), acting(db.session(), SYSTEM) as session:
        verdict = verify(session)
        assert (verdict.fault, verdict.sets) == (None, 32)
        db.session.remove()
        db.engine.dispose()

"""Keeping the index true: every write of a record writes its document, in the same transaction.

What a flush writes is seen here, and so is what `engine.change.bulk` writes at once. Records that go, in whatever way,
take their documents along by a trigger (SQLite) or a foreign key (PostgreSQL).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import event, inspect, select
from sqlalchemy.orm import Session, UOWTransaction

from admin_app.engine.change import on_bulk
from admin_app.engine.search.building import reindex
from admin_app.engine.search.index import Index, indexes
from models.organisation import User

_LEFT = "search_left"


def install_search(session_class: Any) -> None:
    """Hook the index into a session class, once, however many apps share it."""
    if getattr(session_class, "_keeps_search", False):
        return
    session_class._keeps_search = True
    event.listen(session_class, "before_flush", _note_left)
    event.listen(session_class, "after_flush", _after_flush)
    on_bulk(_after_bulk)


def _note_left(session: Session, _context: UOWTransaction, _instances: Any) -> None:
    """Whose owner goes stays without one: the database does that, and says nothing."""
    leaving = [each.id for each in session.deleted if isinstance(each, User)]
    if not leaving:
        return
    left = session.info.setdefault(_LEFT, [])
    for index in indexes().by_model.values():
        if index.entity.is_owned:
            owned = select(index.key).where(index.entity.table.c.owner_id.in_(leaving))
            left.append((index, list(session.connection().scalars(owned))))


def _after_flush(session: Session, _context: UOWTransaction) -> None:
    known = indexes().by_model
    changed: defaultdict[Index, list[int]] = defaultdict(list)
    for record in session.new:
        if index := known.get(type(record)):
            changed[index].append(index.entity.mapper.primary_key_from_instance(record)[0])
    for record in session.dirty:
        index = known.get(type(record))
        if index and _matters(record, index):
            changed[index].append(index.entity.mapper.primary_key_from_instance(record)[0])
    for index, keys in session.info.pop(_LEFT, ()):
        changed[index] += keys
    for index, keys in changed.items():
        reindex(session, index, keys)


def _matters(record: Any, index: Index) -> bool:
    attributes = inspect(record).attrs
    return any(attributes[key].history.has_changes() for key in index.attributes)


def _after_bulk(session: Session, model: type[Any], op: str, keys: Any, written: Sequence[str]) -> None:
    index = indexes().by_model.get(model)
    if index is not None and (
        op == "create" or (op == "update" and not index.attributes.isdisjoint(written))
    ):
        reindex(session, index, list(session.connection().scalars(keys)))

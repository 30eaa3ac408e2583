"""Filling an index from the records, and holding it against them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple, cast
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, Table, delete, func, insert, inspect, select
from sqlalchemy.orm import Session

from admin_app.engine.search.index import Document, Index, indexes
from admin_app.engine.search.keeper import keeper_of
from models.search import SearchState

#: Records a chunk: while one is written anew in a running house, and while an index is filled by nobody but us.
_CHUNK: Final = 500
_FILLING: Final = 5_000
Progress = Callable[[int, int], None]
_STATE = cast(Table, SearchState.__table__)
#: What is known of each database: (index, its making) that are filled, (index, "") that are there at all.
_known: WeakKeyDictionary[Engine, set[tuple[str, str]]] = WeakKeyDictionary()


class Found(NamedTuple):
    """How many records `check` found without a document, with another one, and documents without a record."""

    missing: int
    differing: int
    superfluous: int


def is_filled(connection: Connection, index: Index) -> bool:
    """Whether the index was filled by the rules that hold now: only then may it be asked."""
    known = _known.setdefault(connection.engine, set())
    mark = (index.name, index.making)
    if mark in known:
        return True
    if not _is_there(connection, index):
        return False
    made = connection.scalar(select(_STATE.c.making).where(_STATE.c.name == index.name))
    if made == index.making:
        known.add(mark)
    return made == index.making


def _is_there(connection: Connection, index: Index) -> bool:
    """Whether a migration has made the index: a schema that came about in another way has none."""
    known = _known.setdefault(connection.engine, set())
    if (index.name, "") not in known and inspect(connection).has_table(index.name):
        known.add((index.name, ""))
    return (index.name, "") in known


def fill(session: Session) -> None:
    """Fill all indexes anew in the session's transaction: after starting data were written in bulk."""
    session.flush()
    connection = session.connection()
    keeper = keeper_of(connection)
    for index in indexes().by_model.values():
        if not _is_there(connection, index):
            continue
        keeper.clear(connection, index)
        with keeper.filling(connection, index):
            for documents in _documents(connection, index, _FILLING):
                keeper.write(connection, index, documents)
        _mark(connection, index)


def rebuild(session: Session, index: Index, progress: Progress) -> int:
    """Write every document of an index anew, a chunk a transaction; returns how many. It may be asked meanwhile."""
    total, done, last = _number(session.connection(), index), 0, 0
    session.commit()
    while True:
        connection = session.connection()
        keeper = keeper_of(connection)
        documents = _chunk(connection, index, last, _CHUNK)
        up_to = documents[-1].key if len(documents) == _CHUNK else None
        stored = keeper.keys(connection, index, last, up_to)
        gone = sorted(set(stored) - {each.key for each in documents})
        if gone:
            keeper.forget(connection, index, gone)
        if documents:
            keeper.write(connection, index, documents)
        session.commit()
        done += len(documents)
        progress(done, max(total, done))
        if up_to is None:
            break
        last = up_to
    more = True
    while more:
        more = keeper_of(session.connection()).settle(session.connection(), index)
        session.commit()
    _mark(session.connection(), index)
    session.commit()
    return done


def check(session: Session, index: Index, progress: Progress) -> Found:
    """Hold an index against the records; it changes nothing."""
    connection = session.connection()
    keeper = keeper_of(connection)
    total, done, last = _number(connection, index), 0, 0
    missing = differing = superfluous = 0
    while True:
        documents = _chunk(connection, index, last, _CHUNK)
        up_to = documents[-1].key if len(documents) == _CHUNK else None
        stored = set(keeper.keys(connection, index, last, up_to))
        there = {each.key for each in documents}
        missing += len(there - stored)
        superfluous += len(stored - there)
        if documents:
            differing += len(keeper.differing(connection, index, documents) & stored)
        done += len(documents)
        progress(done, max(total, done))
        if up_to is None:
            return Found(missing, differing, superfluous)
        last = up_to


def ensure(session: Session) -> None:
    """Rebuild the indexes that were not filled by the rules that hold now."""
    for index in indexes().by_model.values():
        if not is_filled(session.connection(), index):
            logging.getLogger(__name__).info("filling the search index of %s", index.entity.name)
            rebuild(session, index, lambda done, total: None)


def reindex(session: Session, index: Index, keys: Sequence[int]) -> None:
    """Write the documents of these records anew, in the session's transaction."""
    connection = session.connection()
    if not _is_there(connection, index):
        return
    keeper = keeper_of(connection)
    for start in range(0, len(keys), _CHUNK):
        wanted = keys[start : start + _CHUNK]
        rows = connection.execute(index.records().where(index.key.in_(wanted)))
        documents = [index.document(row) for row in rows]
        if documents:
            keeper.write(connection, index, documents)


def _documents(connection: Connection, index: Index, size: int) -> Iterator[list[Document]]:
    last = 0
    while documents := _chunk(connection, index, last, size):
        yield documents
        last = documents[-1].key


def _chunk(connection: Connection, index: Index, after: int, size: int) -> list[Document]:
    rows = connection.execute(index.records().where(index.key > after).limit(size))
    return [index.document(row) for row in rows]


def _number(connection: Connection, index: Index) -> int:
    return connection.scalar(select(func.count()).select_from(index.entity.table)) or 0


def _mark(connection: Connection, index: Index) -> None:
    connection.execute(delete(_STATE).where(_STATE.c.name == index.name))
    connection.execute(insert(_STATE).values(name=index.name, making=index.making))

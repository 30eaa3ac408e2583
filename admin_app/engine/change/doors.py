"""Which statements may write: flushes and the doors of this package. Any other write of a captured table is refused.

The guard sits on the connections of sessions, so it sees ORM statements, bare tables, `WITH` clauses and text alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, Final
from weakref import ref

from sqlalchemy import Connection, CursorResult, TextClause, event
from sqlalchemy.orm import Mapper, Session, class_mapper
from sqlalchemy.sql.dml import UpdateBase

from models.change import ChangeRow

#: Execution options of the statements that this package sends itself.
_OPEN: Final = {"writes_history": True, "preserve_rowcount": True}
FLUSHING: Final = "history_flushing"
_LOADING: Final = "history_loading"
#: In the `info` of sessions whose writes are told.
HOOKED: Final = "history_hooked"
_GAP: Final = r"(?:\s|/\*.*?\*/)+"
_WRITES: Final = re.compile(
    rf"\b(?:insert{_GAP}into|replace{_GAP}into|merge{_GAP}into|delete{_GAP}from|update|truncate(?:{_GAP}table)?|copy)"
    rf"{_GAP}(?:only{_GAP})?(?:[\"`\[]?\w+[\"`\]]?\.)?[\"`\[]?(\w+)",
    re.IGNORECASE | re.DOTALL,
)


def send(
    session: Session, statement: UpdateBase, parameters: Any = None, mapper: Mapper[Any] | None = None
) -> CursorResult[*tuple[Any, ...]]:
    """Send a statement of this package past the guard; `mapper` tells in which database."""
    bound = {"mapper": class_mapper(ChangeRow) if mapper is None else mapper}
    # Straight to the connection: the session's own way costs as much again, and narrows nothing here.
    return session.connection(bind_arguments=bound).execute(statement, parameters, execution_options=_OPEN)


class UnrecordedWrite(RuntimeError):
    """Somebody wrote in bulk past the history: a mistake in the code. `engine/change/bulk.py` has the doors."""


@contextmanager
def without_rows(session: Session, tally: MutableMapping[str, int], reason: str) -> Iterator[None]:
    """Let the block write in bulk as it likes, for starting data. History gets a change set with a count per entity.

    Args:
        tally: entity -> rows, filled by the block at the latest.
        reason: what the change set says.
    """
    from admin_app.engine.change.recorder import context, recorder_of

    session.flush()
    before = session.info.get(_LOADING, False)
    session.info[_LOADING] = True
    try:
        yield
    finally:
        session.info[_LOADING] = before
    recorder = recorder_of(session)
    assert recorder is not None
    recorder.note_actor()
    for entity, number in tally.items():
        if number:
            recorder.tally[entity] = recorder.tally.get(entity, 0) + number
    context(session, reason=reason)


def guard(session: Session, connection: Connection, tables: frozenset[str]) -> None:
    """Let the connection know which session uses it and what it may not write, and watch its engine."""
    if not event.contains(connection.engine, "before_cursor_execute", _refuse):
        event.listen(connection.engine, "before_cursor_execute", _refuse)
    connection.execution_options(history_session=ref(session), history_tables=tables)


def _refuse(
    _connection: Connection,
    _cursor: Any,
    text: str,
    _parameters: Any,
    execution: Any,
    _many: bool,
) -> None:
    options = execution.execution_options
    known = options.get("history_session")
    if known is None or options.get("writes_history"):
        return
    session: Session | None = known()
    if session is None or not session.in_transaction():
        return
    info = session.info
    if info.get(FLUSHING) or info.get(_LOADING):
        return
    tables = options["history_tables"]
    for name in _written(execution.compiled, text):
        if name in tables:
            raise UnrecordedWrite(f"{name} is written past the history: {text.split(maxsplit=1)[0]} in bulk")


def _written(compiled: Any, text: str) -> Iterable[str]:
    """The names of the tables that a statement writes."""
    statement = getattr(compiled, "statement", None)
    if statement is None or isinstance(statement, TextClause):
        return [name.lower() for name in _WRITES.findall(text)]
    found = [statement, *(cte.element for cte in getattr(compiled, "ctes", None) or ())]
    return [str(getattr(each.table, "name", "")).lower() for each in found if isinstance(each, UpdateBase)]

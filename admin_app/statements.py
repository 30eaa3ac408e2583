"""Statements as they go to the database: the slow ones in the log, and those of a page for whoever looks at it.

The log has a statement's text, in which values are placeholders, never the values: they may be anybody's data.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any, Final

from flask import Flask, g, has_request_context
from sqlalchemy import Connection, event

from admin_app.db import db

#: Characters of a statement that the log keeps.
LOGGED: Final = 2000

_log = logging.getLogger("dutybook.slow")


@dataclass
class Statement:
    """One statement of a request; `rows` are those that were fetched, or changed."""

    text: str
    parameters: Any
    seconds: float
    rows: int


class _Counting:
    """A cursor that counts what is fetched from it: drivers do not tell how many rows a query gave."""

    def __init__(self, cursor: Any, entry: Statement) -> None:
        self._cursor, self._entry = cursor, entry

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def fetchone(self) -> Any:
        row = self._cursor.fetchone()
        self._entry.rows += row is not None
        return row

    def fetchmany(self, *size: int) -> Any:
        rows = self._cursor.fetchmany(*size)
        self._entry.rows += len(rows)
        return rows

    def fetchall(self) -> Any:
        rows = self._cursor.fetchall()
        self._entry.rows += len(rows)
        return rows


def recorded() -> list[Statement]:
    """The statements of the request under way, which are noted in debug mode alone."""
    found: list[Statement] = g.setdefault("statements", [])
    return found


def _begin(
    _connection: Connection, _cursor: Any, _text: str, _values: Any, context: Any, _many: bool
) -> None:
    context.dutybook_began = time.perf_counter()


def init_statements(app: Flask) -> None:
    """Watch the statements of `app`; call it after `init_db`."""

    def end(_connection: Connection, cursor: Any, text: str, values: Any, context: Any, many: bool) -> None:
        taken = time.perf_counter() - context.dutybook_began
        limit = app.config["SLOW_QUERY_MS"]
        if limit and taken * 1000 >= limit:
            _log.warning("%.0f ms: %s", taken * 1000, " ".join(text.split())[:LOGGED])
        if app.debug and has_request_context():
            one = values[0] if many and isinstance(values, list) else values
            entry = Statement(text, one, taken, 0)
            if cursor.description is None:
                entry.rows = max(0, cursor.rowcount)
            else:
                context.cursor = _Counting(cursor, entry)
            recorded().append(entry)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", _begin)
    event.listen(engine, "after_cursor_execute", end)

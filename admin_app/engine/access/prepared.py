"""A statement compiled once for one actor, the row scope in it, and run again with other values.

The ORM spends more on narrowing and recognising a statement that it has seen before than the database spends on a
page of rows. What is prepared here is the text that the ORM itself makes of it, scope included.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Session, class_mapper


class Prepared:
    """SQL, its parameters' way in and its columns' way out.

    Args:
        statement: a select of plain columns, narrowed already; what changes from run to run is a named bind parameter.
        dialect: of the connection that will run it.
        model: a class that it reads, by which the session finds that connection.
    """

    def __init__(self, statement: Select[Any], dialect: Dialect, model: type[Any]) -> None:
        compiled: Any = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        self.sql: str = compiled.string
        self._dialect = dialect
        self._bind = {"mapper": class_mapper(model)}
        self._types = [entry.type for entry in compiled._result_columns]
        self._order: list[str] | None = list(compiled.positiontup) if compiled.positional else None
        # Each value of an IN has become a parameter of its own, which goes in the same way.
        expanded = compiled._post_compile_expanded_state
        self._into: Mapping[str, Any] = {
            **compiled._bind_processors,
            **(expanded.processors if expanded is not None else {}),
        }
        given = compiled.construct_params(_check=False)
        self._values = {name: self._bound(name, value) for name, value in given.items()}
        self._out: list[tuple[int, Any]] | None = None

    def _bound(self, name: str, value: Any) -> Any:
        into = self._into.get(name)
        return into(value) if into is not None else value

    def rows(self, session: Session, **values: Any) -> list[tuple[Any, ...]]:
        """Run it with these values for its named parameters, after what the session has not written yet."""
        session.flush()
        found = self._values
        if values:
            found = found | {name: self._bound(name, value) for name, value in values.items()}
        given: Any = found if self._order is None else tuple([found[name] for name in self._order])
        result = session.connection(bind_arguments=self._bind).exec_driver_sql(self.sql, given)
        if self._out is None:
            self._out = self._ways_out(result.cursor)
        rows = result.fetchall()
        if not self._out:
            return [tuple(row) for row in rows]
        shown = []
        for row in rows:
            each = list(row)
            for at, out in self._out:
                each[at] = out(each[at])
            shown.append(tuple(each))
        return shown

    def _ways_out(self, cursor: Any) -> list[tuple[int, Any]]:
        codes = [column[1] for column in cursor.description]
        found = []
        for at, (type_, code) in enumerate(zip(self._types, codes, strict=True)):
            # As the library does it: a type decorator's own conversion comes with that of what it wraps.
            out = type_.dialect_impl(self._dialect).result_processor(self._dialect, code)
            if out is not None:
                found.append((at, out))
        return found

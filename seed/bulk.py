"""Writing many rows fast, on SQLite and on PostgreSQL, without holding more than one chunk in memory.

Rows are dicts in the terms of the models (Decimal, date, aware datetime, enumeration code). Each column's own type
encodes its values once per distinct value; then SQLite takes one ``executemany`` and PostgreSQL one ``COPY``.
Building an index over all rows at the end is several times cheaper than keeping it right row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, FromClause, Index, Table, func, insert, inspect, select, text

Row = dict[str, Any]
_MEMO_LIMIT = 50_000


class _Memo(dict[Any, Any]):
    """Values as the driver takes them; each distinct value is encoded (and thereby checked) once."""

    def __init__(self, encode: Callable[[Any], Any]) -> None:
        super().__init__()
        self._encode = encode

    def __missing__(self, value: Any) -> Any:
        if len(self) >= _MEMO_LIMIT:
            self.clear()
        encoded = self[value] = self._encode(value)
        return encoded


class Loader:
    """Gives out keys and writes rows on one connection, in the caller's transaction.

    ``moment`` is what rows without a history get as ``created_at``.
    """

    def __init__(self, connection: Connection, moment: datetime) -> None:
        self.connection = connection
        self.moment = moment
        self.counts: dict[str, int] = {}
        self._first: dict[str, int] = {}
        self._last: dict[str, int] = {}
        self._writers: dict[str, _Writer] = {}

    def keys(self, table: FromClause, count: int) -> range:
        """The next `count` free primary keys of `table`."""
        name = _table(table).name
        if name not in self._last:
            self._last[name] = self.connection.scalar(select(func.max(table.c.id))) or 0
            self._first[name] = self._last[name] + 1
        start = self._last[name] + 1
        self._last[name] += count
        return range(start, start + count)

    def written(self, table: FromClause) -> range:
        """The keys of `table` given out so far."""
        start = self.keys(table, 0).start
        return range(self._first[_table(table).name], start)

    def write(self, table: FromClause, rows: Sequence[Row]) -> None:
        """Insert `rows`, which all have the same keys, `id` among them. A wrong value raises as its type does."""
        if not rows:
            return
        target = _table(table)
        writer = self._writers.get(target.name)
        if writer is None:
            names = tuple(column.name for column in target.columns if column.name in rows[0])
            writer = self._writers[target.name] = _Writer(self.connection, target, names)
        writer.write(rows)
        self.counts[target.name] = self.counts.get(target.name, 0) + len(rows)

    def finish(self) -> None:
        """Let PostgreSQL's sequences go on after the keys that were given out, and tell the planner what is there."""
        postgresql = self.connection.dialect.name == "postgresql"
        if not postgresql:
            # Enough for the planner, and over in a moment on a million rows.
            self.connection.execute(text("PRAGMA analysis_limit = 1000"))
        for name, last in self._last.items():
            quoted = self.connection.dialect.identifier_preparer.quote(name)
            if postgresql and last:
                self.connection.execute(
                    text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :last)"),
                    {"name": quoted, "last": last},
                )
            self.connection.execute(text(f"ANALYZE {quoted}"))


class _Writer:
    def __init__(self, connection: Connection, table: Table, names: tuple[str, ...]) -> None:
        dialect = connection.dialect
        self._connection = connection
        self._values = itemgetter(*names)
        self._memos = [
            _memo(table.c[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in names
        ]
        if dialect.name == "postgresql":
            quote = dialect.identifier_preparer.quote
            self._copy: str | None = f"COPY {quote(table.name)} ({', '.join(map(quote, names))}) FROM STDIN"
        else:
            self._copy = None
            self._insert = str(insert(table).compile(dialect=dialect, column_keys=list(names)))

    def write(self, rows: Sequence[Row]) -> None:
        columns = zip(*map(self._values, rows), strict=True)
        encoded: Iterable[tuple[Any, ...]] = zip(
            *(
                column if memo is None else map(memo.__getitem__, column)
                for column, memo in zip(columns, self._memos, strict=True)
            ),
            strict=True,
        )
        if self._copy is None:
            self._connection.exec_driver_sql(self._insert, list(encoded))
            return
        driver = self._connection.connection.driver_connection
        assert driver is not None
        with driver.cursor() as cursor, cursor.copy(self._copy) as copy:
            for values in encoded:
                copy.write_row(values)


def _memo(encode: Callable[[Any], Any] | None) -> _Memo | None:
    return None if encode is None else _Memo(encode)


def _table(table: FromClause) -> Table:
    # A mapped class types its __table__ as FromClause; every one here is a Table.
    assert isinstance(table, Table)
    return table


@contextmanager
def indexes_built_last(connection: Connection, tables: Iterable[FromClause]) -> Iterator[None]:
    """Drop the plain indexes of `tables`, and build them again at the end.

    Unique constraints stay. Everything belongs to the caller's transaction: after a failure nothing is built here,
    for the rollback brings the indexes back.
    """
    inspector = inspect(connection)
    dropped: list[Index] = []
    for table in map(_table, tables):
        stored = {index["name"] for index in inspector.get_indexes(table.name)}
        dropped += [index for index in table.indexes if index.name in stored]
    for index in dropped:
        index.drop(connection)
    yield
    for index in sorted(dropped, key=lambda index: str(index.name)):
        index.create(connection)

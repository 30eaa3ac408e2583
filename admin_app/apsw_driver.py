"""The part of DB-API 2.0 that SQLAlchemy needs, over apsw, for machines that have no pysqlite3 (Linux on ARM).

It behaves like pysqlite3 with `isolation_level = None`: the driver never begins a transaction by itself. The names
and messages of the errors are those of sqlite3, because IntegrityErrors are traced to columns by their message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import apsw

apilevel = "2.0"
paramstyle = "qmark"
threadsafety = 1
sqlite_version: str = apsw.sqlite_lib_version()
sqlite_version_info: tuple[int, ...] = tuple(map(int, sqlite_version.split(".")))
version = apsw.apsw_version()
Binary = memoryview
PARSE_DECLTYPES = 1
PARSE_COLNAMES = 2


class Error(Exception):
    """Root of the driver's errors; `sqlite_errorcode` is SQLite's result code, 0 where there is none."""

    sqlite_errorcode: int = 0


class Warning(Exception):
    """Never raised; DB-API wants it."""


class InterfaceError(Error):
    """The driver was misused."""


class DatabaseError(Error):
    """Anything that the database reports."""


class DataError(DatabaseError):
    """A value is too large."""


class OperationalError(DatabaseError):
    """Locks, missing tables, a full disk, wrong SQL."""


class IntegrityError(DatabaseError):
    """A constraint refused."""


class InternalError(DatabaseError):
    """SQLite's own fault."""


class ProgrammingError(DatabaseError):
    """Wrong parameters, or a closed connection."""


class NotSupportedError(DatabaseError):
    """Something SQLite cannot do."""


_KINDS: tuple[tuple[type[Exception], type[Error]], ...] = (
    (apsw.ConstraintError, IntegrityError),
    (apsw.MismatchError, IntegrityError),
    (apsw.TooBigError, DataError),
    (apsw.InternalError, InternalError),
    (apsw.NotFoundError, InternalError),
    (apsw.CorruptError, DatabaseError),
    (apsw.NotADBError, DatabaseError),
    (apsw.BindingsError, ProgrammingError),
    (apsw.ConnectionClosedError, ProgrammingError),
    (apsw.CursorClosedError, ProgrammingError),
    (apsw.MisuseError, InterfaceError),
)


def _translated(error: Exception) -> Error:
    if isinstance(error, TypeError):
        # How apsw says that SQLite has no such type.
        return InterfaceError(str(error))
    kind = next((ours for theirs, ours in _KINDS if isinstance(error, theirs)), OperationalError)
    text = str(error)
    if isinstance(error, apsw.ConnectionClosedError):
        # SQLAlchemy knows a lost connection by this sentence.
        text = "Cannot operate on a closed database."
    found = kind(text)
    found.sqlite_errorcode = getattr(error, "result", 0)
    return found


class Cursor(apsw.Cursor):
    """One statement at a time, with what DB-API adds to apsw: description, rowcount, lastrowid.

    The ignored types are where DB-API's signatures are not apsw's.
    """

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.columns: tuple[tuple[Any, ...], ...] | None = None
        self.rowcount = -1
        # Asked before the first step: afterwards apsw no longer tells the columns of a result without rows.
        # A function and no method: a cycle would keep the statement, and its lock, until the garbage collector comes.
        self.exec_trace = _note_columns

    @property
    def description(self) -> tuple[tuple[Any, ...], ...] | None:  # type: ignore[override]
        """Seven values per column, of which the name is the only one; None for statements without a result."""
        return self.columns

    @property
    def lastrowid(self) -> int:
        """Row id of the connection's last insert."""
        return self.connection.last_insert_rowid()

    def execute(self, statement: str, parameters: Any = ()) -> Cursor:  # type: ignore[override]
        """Run one statement; returns the cursor."""
        self.columns = None
        before = self.connection.total_changes()
        try:
            super().execute(statement, parameters or None)
        except (apsw.Error, TypeError) as error:
            raise _translated(error) from None
        # changes() keeps the number of the last statement that changed something: it counts only for one that did.
        changed = self.connection.total_changes() != before
        self.rowcount = -1 if self.columns else self.connection.changes() if changed else 0
        return self

    def executemany(self, statement: str, parameters: Iterable[Any]) -> Cursor:  # type: ignore[override]
        """Run one statement for each of the parameters; `rowcount` is the sum."""
        self.columns = None
        total = 0
        if statement.lstrip()[:6].upper() in ("INSERT", "REPLAC"):
            before = self.connection.total_changes()
            try:
                super().executemany(statement, parameters)
            except (apsw.Error, TypeError) as error:
                raise _translated(error) from None
            total = self.connection.total_changes() - before
        else:
            # total_changes() also counts what cascades, and the ORM compares rows with rows.
            for each in parameters:
                total += max(self.execute(statement, each).rowcount, 0)
        self.rowcount = total
        return self

    def fetchone(self) -> Any:
        """The next row as a tuple, or None."""
        try:
            return super().fetchone()
        except apsw.Error as error:
            raise _translated(error) from None

    def fetchall(self) -> list[Any]:
        """The rows that are left."""
        try:
            return super().fetchall()
        except apsw.Error as error:
            raise _translated(error) from None

    def fetchmany(self, size: int | None = None) -> list[Any]:
        """At most `size` rows."""
        rows: list[Any] = []
        while len(rows) < (size or self.arraysize) and (row := self.fetchone()) is not None:
            rows.append(row)
        return rows


def _note_columns(cursor: Any, statement: str, bindings: object) -> bool:
    columns = apsw.Cursor.get_description(cursor)
    cursor.columns = tuple((name, None, None, None, None, None, None) for name, _ in columns) or None
    return True


class Connection(apsw.Connection):
    """A connection that begins nothing by itself; `isolation_level` is there to be set, and does nothing."""

    isolation_level: str | None = None

    def __init__(self, database: str, timeout: float, uri: bool) -> None:
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | (apsw.SQLITE_OPEN_URI if uri else 0)
        try:
            super().__init__(database, flags=flags)
        except apsw.Error as error:
            raise _translated(error) from None
        self.cursor_factory = cast(Any, Cursor)
        self.set_busy_timeout(round(timeout * 1000))

    def cursor(self) -> Cursor:
        """A new cursor."""
        try:
            return cast(Cursor, super().cursor())
        except apsw.Error as error:
            raise _translated(error) from None

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Cursor:  # type: ignore[override]
        """Run one statement with a cursor of its own."""
        return self.cursor().execute(statement, parameters)

    def close(self, force: bool = True) -> None:
        """Close it, also when a result was not read to its end."""
        super().close(force)

    def commit(self) -> None:
        """End the transaction, if there is one."""
        if self.in_transaction:
            self.execute("COMMIT")

    def rollback(self) -> None:
        """Undo the transaction, if there is one."""
        if self.in_transaction:
            self.execute("ROLLBACK")

    def create_function(
        self, name: str, narg: int, func: Callable[..., Any] | None, *, deterministic: bool = False
    ) -> None:
        """Give SQL a function of Python's; `narg` -1 takes any number of arguments."""
        self.create_scalar_function(name, func, narg, deterministic=deterministic)


def connect(database: str, timeout: float = 5.0, uri: bool = False, **_ignored: object) -> Connection:
    """Open a database; other arguments of sqlite3.connect are taken and ignored."""
    return Connection(database, timeout, uri)

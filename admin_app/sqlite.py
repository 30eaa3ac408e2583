"""How SQLite is driven here: which driver, which pragmas, and how transactions begin.

The system's SQLite is often older than the fix of a race that corrupts databases in WAL mode, so a driver
that brings its own is used; docs/adr/0002-sqlite-driver.md compares them.
"""

from __future__ import annotations

import importlib
from typing import Any

from flask import has_request_context, request
from sqlalchemy import Connection, Engine, event

from admin_app.config import ConfigurationError
from admin_app.engine.change.functions import add_functions
from admin_app.engine.search.folding import literal_of

#: First release without the WAL-reset race.
OLDEST = (3, 51, 3)
#: In order of preference: with an SQLite of its own, Python's where it is new enough, and a shim for Linux on ARM.
DRIVERS = ("pysqlite3.dbapi2", "sqlite3", "admin_app.apsw_driver")
#: How long a writer waits for another one, in milliseconds.
BUSY_TIMEOUT_MS = 10_000
#: Page cache of one connection, in kibibytes. The system caches the file too, for all processes: more than the pages
#: of some requests is only paid for twice.
CACHE_KIB = 4_096
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def find_driver() -> Any:
    """The first DB-API module of DRIVERS whose SQLite is new enough; ConfigurationError if there is none."""
    found = []
    for name in DRIVERS:
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        if module.sqlite_version_info >= OLDEST:
            return module
        found.append(module.sqlite_version)
    wanted = ".".join(map(str, OLDEST))
    raise ConfigurationError(
        f"SQLite {wanted} or newer is needed, found {' and '.join(found) or 'none'}: "
        "install the locked requirements, or set DUTYBOOK_DATABASE_URL to a PostgreSQL database."
    )


def engine_options() -> dict[str, Any]:
    """What create_engine gets for an SQLite database."""
    return {"module": find_driver()}


def configure(engine: Engine) -> None:
    """Set each new connection up and begin transactions ourselves."""
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)


def _on_connect(connection: Any, record: object) -> None:
    # The driver must not begin transactions by itself: it begins them at the first write, too late for what
    # was read before, so that two who read the same row lose one of their updates.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        # NORMAL would lose the last commits in a power cut.
        "synchronous = FULL",
        "foreign_keys = ON",
        f"cache_size = -{CACHE_KIB}",
        "temp_store = MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
    add_functions(connection)
    connection.create_function("search_literal", 1, literal_of, deterministic=True)


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes(connection) else "BEGIN")


def writes(connection: Connection) -> bool:
    """Whether the transaction that begins takes the write lock at once.

    A transaction that reads first and writes later fails when somebody wrote in between, and no time-out
    helps. So everything counts as a writer (commands, jobs, POST requests) but a request that only reads. A
    reading request that must write after all says so before its first statement:
    `session.connection(execution_options={"writes": True})`; `False` marks a reader outside of requests.
    """
    said = connection.get_execution_options().get("writes")
    if said is not None:
        return bool(said)
    return not (has_request_context() and request.method in SAFE_METHODS)

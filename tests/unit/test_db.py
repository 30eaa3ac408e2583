"""The database layer: transactions that lose nothing, pragmas, and migrations that run once."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from admin_app import sqlite
from admin_app.config import ConfigurationError
from admin_app.db import check_postgresql, current_revision, db, upgrade_database
from admin_app.engine.access import SYSTEM, acting
from models.search import INDEXED, index_name
from tests.databases import KINDS, Maker, bare_app


@pytest.fixture
def bare(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """An app over a migrated, empty database of either kind, with one table to count in."""
    app = bare_app(database_url, tmp_path)
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("CREATE TABLE tally (n INTEGER)"))
        connection.execute(text("INSERT INTO tally VALUES (0)"))
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def sqlite_app(makers: Callable[[str], Maker], tmp_path: Path) -> Iterator[Flask]:
    app = bare_app(makers("sqlite").clone(), tmp_path)
    yield app
    with app.app_context():
        db.engine.dispose()


def begun(app: Flask, method: str | None = None, **options: bool) -> str:
    """The statement that began a transaction in a request of that method, or outside of one."""
    seen: list[str] = []
    context = app.test_request_context("/", method=method) if method else app.app_context()
    with context:
        event.listen(db.engine, "before_cursor_execute", lambda *arguments: seen.append(arguments[2]))
        db.session.connection(execution_options=options)
        db.session.rollback()
    return seen[0]


@pytest.mark.parametrize(
    ("method", "statement"),
    [
        ("GET", "BEGIN"),
        ("HEAD", "BEGIN"),
        ("POST", "BEGIN IMMEDIATE"),
        (None, "BEGIN IMMEDIATE"),
    ],
)
def test_only_reading_requests_begin_without_the_write_lock(
    sqlite_app: Flask, method: str | None, statement: str
) -> None:
    assert begun(sqlite_app, method) == statement


def test_a_transaction_may_say_what_it_is(sqlite_app: Flask) -> None:
    assert begun(sqlite_app, "GET", writes=True) == "BEGIN IMMEDIATE"
    assert begun(sqlite_app, None, writes=False) == "BEGIN"


def test_sqlite_connections_are_safe_and_patient(sqlite_app: Flask) -> None:
    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": sqlite.BUSY_TIMEOUT_MS,
        "cache_size": -sqlite.CACHE_KIB,
    }
    with sqlite_app.app_context(), db.engine.connect() as connection:
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in wanted}
        version = connection.exec_driver_sql("SELECT sqlite_version()").scalar_one()
    assert found == wanted
    assert tuple(map(int, version.split("."))) >= sqlite.OLDEST


def test_concurrent_writers_lose_no_update(bare: Flask) -> None:
    failures: list[Exception] = []

    def count() -> None:
        try:
            for _ in range(25):
                with bare.app_context(), acting(db.session(), SYSTEM):
                    # FOR UPDATE is what SQLite does with its write lock; PostgreSQL has to be told.
                    lock = "" if db.engine.dialect.name == "sqlite" else " FOR UPDATE"
                    n = db.session.execute(text(f"SELECT n FROM tally{lock}")).scalar_one()
                    db.session.execute(text("UPDATE tally SET n = :n"), {"n": n + 1})
                    db.session.commit()
        except OperationalError as error:
            failures.append(error)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with bare.app_context(), acting(db.session(), SYSTEM):
        assert db.session.execute(text("SELECT n FROM tally")).scalar_one() == 100


def test_times_come_back_in_utc(bare: Flask) -> None:
    with bare.app_context(), acting(db.session(), SYSTEM):
        if db.engine.dialect.name == "postgresql":
            assert db.session.execute(text("SHOW timezone")).scalar_one().lower() == "utc"
        else:
            # SQLite has no time zone of its own: its clock is UTC.
            assert (
                db.session.execute(text("SELECT datetime(0, 'unixepoch')")).scalar_one()
                == "1970-01-01 00:00:00"
            )


def test_the_schema_is_migrated_once(bare: Flask) -> None:
    with bare.app_context():
        revision = current_revision(db.engine)
    assert revision is not None
    assert upgrade_database(bare) is False


@pytest.mark.parametrize("kind", KINDS)
def test_processes_that_start_at_once_migrate_once(
    kind: str, makers: Callable[[str], Maker], tmp_path: Path
) -> None:
    url = makers(kind).clone()
    apps = [bare_app(url, tmp_path) for _ in range(3)]
    with apps[0].app_context():
        with db.engine.begin() as connection:
            for table in INDEXED:
                connection.execute(text(f"DROP TABLE {index_name(table)}"))
        db.metadata.drop_all(db.engine)
        with db.engine.begin() as connection:
            connection.execute(text("DROP TABLE alembic_version"))
    migrated: list[bool] = []
    threads = [
        threading.Thread(target=lambda app: migrated.append(upgrade_database(app)), args=[app])
        for app in apps
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(migrated) == [False, False, True]
    for app in apps:
        with app.app_context():
            db.engine.dispose()


def test_an_old_sqlite_is_refused_with_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    old = SimpleNamespace(sqlite_version="3.40.1", sqlite_version_info=(3, 40, 1))
    monkeypatch.setattr(sqlite.importlib, "import_module", lambda name: old)
    with pytest.raises(ConfigurationError, match=r"SQLite 3\.51\.3 or newer is needed, found 3\.40\.1"):
        sqlite.find_driver()


def test_python_s_own_sqlite_serves_where_it_is_new_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    def import_module(name: str) -> object:
        if name != "sqlite3":
            raise ImportError(name)
        return sqlite3

    monkeypatch.setattr(sqlite.importlib, "import_module", import_module)
    monkeypatch.setattr(sqlite, "OLDEST", sqlite3.sqlite_version_info)
    assert sqlite.find_driver() is sqlite3


def test_a_postgresql_database_without_utf_8_is_refused(
    makers: Callable[[str], Maker], tmp_path: Path
) -> None:
    app = bare_app(makers("postgresql").clone(), tmp_path)
    with app.app_context():
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            how = "TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"
            connection.execute(text(f"CREATE DATABASE latin {how}"))
        check_postgresql(db.engine)
        latin = bare_app(db.engine.url.set(database="latin").render_as_string(hide_password=False), tmp_path)
        db.engine.dispose()
    with latin.app_context():
        with pytest.raises(ConfigurationError, match="Database latin has encoding SQL_ASCII and ctype C"):
            check_postgresql(db.engine)
        db.engine.dispose()

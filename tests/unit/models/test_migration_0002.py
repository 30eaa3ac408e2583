"""The second migration finds an organisation at work, and neither gives nor takes anything."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic import command
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from admin_app.db import db, init_db
from admin_app.db import migrate as flask_migrate
from models.access import AccessStamp, LetterProfile
from models.duty import PositionDuty
from models.matrix import MatrixVersion

STAMPS = "1, '2026-03-01 00:00:00', '2026-03-01 00:00:00'"
#: A cell and three letters of the first schema.
ORGANISATION = (
    "INSERT INTO position (id, code, name_zh, name_en, overlay, version, created_at, updated_at)"
    f" VALUES (1, 'CMS', '专员', 'Specialist', false, {STAMPS})",
    "INSERT INTO duty (id, code, name_zh, name_en, category, category_zh, category_en, version, created_at,"
    f" updated_at) VALUES (1, 'INF1', '采集', 'Capture', 'inf', '信息', 'Information', {STAMPS})",
    "INSERT INTO position_duty (position_id, duty_id, letter, version, created_at, updated_at)"
    f" VALUES (1, 1, 'C', {STAMPS})",
    *(
        "INSERT INTO letter_profile (letter, actions, rows, version, created_at, updated_at)"
        f" VALUES ('{letter}', 'view', 'own', {STAMPS})"
        for letter in "ASV"
    ),
)


@pytest.fixture
def older(database_url: str) -> Iterator[Flask]:
    """An app context over a database of the first schema."""
    app = Flask("older")
    app.config.update(SQLALCHEMY_DATABASE_URI=database_url)
    init_db(app)
    with app.app_context():
        command.downgrade(flask_migrate.get_config(), "0001")
        yield app
        db.engine.dispose()


def load_organisation() -> None:
    with db.engine.begin() as connection:
        for statement in ORGANISATION:
            connection.execute(text(statement))


@pytest.mark.usefixtures("older")
def test_cells_and_profiles_keep_what_they_gave() -> None:
    load_organisation()
    command.upgrade(flask_migrate.get_config(), "0002")
    with Session(db.engine) as session:
        cell = session.scalars(select(PositionDuty)).one()
        assert (cell.letter, cell.rows, cell.field_levels) == ("C", None, None)
        levels = {each.letter: each.field_level for each in session.scalars(select(LetterProfile))}
        assert levels == {"A": "write", "S": "write", "V": "read", "I": "read"}
        assert session.scalars(select(AccessStamp.value)).all() == [1]
        assert session.scalars(select(MatrixVersion.id)).all() == []


@pytest.mark.usefixtures("older")
def test_an_empty_database_leaves_the_letters_to_the_starting_data() -> None:
    command.upgrade(flask_migrate.get_config(), "0002")
    with Session(db.engine) as session:
        assert session.scalars(select(LetterProfile)).all() == []
        assert session.scalars(select(AccessStamp.value)).all() == [1]


@pytest.mark.usefixtures("older")
def test_going_back_drops_the_letter_that_the_first_schema_does_not_know() -> None:
    load_organisation()
    command.upgrade(flask_migrate.get_config(), "0002")
    with Session(db.engine) as session:
        session.scalars(select(PositionDuty)).one().letter = "I"
        session.commit()
    command.downgrade(flask_migrate.get_config(), "0001")
    with db.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM position_duty")) == 0
        letters = connection.scalars(text("SELECT letter FROM letter_profile ORDER BY letter"))
        assert letters.all() == ["A", "S", "V"]

"""The starting organisation, counted in the database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session

import models  # noqa: F401 - fills the metadata
from admin_app.sqlite import find_driver
from models.access import DutyAccess, LetterProfile
from models.base import Base
from models.conflict import DutyConflict
from models.duty import Duty, PositionDuty
from models.grading import GradeBand, GradeDimension, GradeRate, GradeRule, GradeStep
from models.organisation import Department, Position
from seed.organisation import load_organisation


@pytest.fixture
def loaded() -> Iterator[Session]:
    engine = create_engine("sqlite://", module=find_driver())
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        load_organisation(session)
        yield session
    engine.dispose()


def count(session: Session, table: type[Base]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def test_all_departments_positions_duties_and_cells_are_there(loaded: Session) -> None:
    tables = (Department, Position, Duty, PositionDuty)
    assert [count(loaded, table) for table in tables] == [13, 29, 63, 184]


def test_the_matrix_has_the_gaps_that_it_is_known_to_have(loaded: Session) -> None:
    owners = (
        select(Duty.code, func.count(PositionDuty.id).label("owners"))
        .outerjoin(PositionDuty, (PositionDuty.duty_id == Duty.id) & (PositionDuty.letter == "A"))
        .group_by(Duty.id)
        .subquery()
    )
    having = select(func.count()).select_from(owners)
    assert loaded.scalar(having.where(owners.c.owners == 0)) == 37
    assert loaded.scalar(having.where(owners.c.owners >= 2)) == 12
    unheld = select(Duty.code).where(~select(PositionDuty.id).where(PositionDuty.duty_id == Duty.id).exists())
    assert loaded.scalars(unheld).all() == []


def test_the_departments_are_one_tree_under_the_executive(loaded: Session) -> None:
    root = loaded.scalars(select(Department).where(Department.parent_id.is_(None))).one()
    assert root.code == "EXE"
    assert loaded.scalar(select(func.count()).where(Department.parent_id == root.id)) == 12


def test_overlays_may_belong_to_no_department(loaded: Session) -> None:
    homeless = select(Position).where(Position.department_id.is_(None)).order_by(Position.code)
    assert [(position.code, position.overlay) for position in loaded.scalars(homeless)] == [
        ("AM", True),
        ("DPM", True),
        ("MGR", True),
    ]
    floor = loaded.scalars(select(Position).where(Position.code == "FLR")).one()
    assert floor.overlay
    assert floor.department is not None
    assert floor.department.code == "MAL"


def test_a_duty_names_the_entities_that_it_needs(loaded: Session) -> None:
    entities = (
        select(DutyAccess.entity).join(DutyAccess.duty).where(Duty.code == "INF2").order_by(DutyAccess.entity)
    )
    assert loaded.scalars(entities).all() == ["contact", "customer", "tag"]
    technical = select(func.count()).select_from(DutyAccess).join(DutyAccess.duty).where(Duty.code == "TEC1")
    assert loaded.scalar(technical) == 0


def test_letters_give_what_the_design_says(loaded: Session) -> None:
    profiles = {profile.letter: profile for profile in loaded.scalars(select(LetterProfile))}
    actions = {letter: set(profile.actions.split()) for letter, profile in profiles.items()}
    assert actions["R"] == {"view", "create", "edit", "work", "reveal"}
    assert actions["A"] - actions["R"] == {"delete", "assign", "approve", "configure", "export", "bulk"}
    assert actions["A"] > actions["R"]
    assert actions["V"] == {"view", "assign", "report", "export", "reveal"}
    assert actions["C"] == {"view", "comment", "reveal"}
    assert actions["S"] == {"view", "create"}
    assert {letter: profile.rows for letter, profile in profiles.items()} == {
        "R": "department",
        "A": "department_tree",
        "V": "department_tree",
        "C": "department",
        "S": "own",
        "I": "department",
    }
    assert actions["I"] == {"view"}
    assert {letter: profile.field_level for letter, profile in profiles.items()} == {
        "R": "write",
        "A": "write",
        "V": "read",
        "C": "masked",
        "S": "write",
        "I": "masked",
    }


def test_cells_keep_their_wording_in_both_languages(loaded: Session) -> None:
    cell = (
        select(PositionDuty)
        .join(PositionDuty.position)
        .join(PositionDuty.duty)
        .where(Position.code == "CRS", Duty.code == "REL1")
    )
    found = loaded.scalars(cell).one()
    assert (found.letter, found.detail_zh) == ("R", "维护客情；稳定存量")
    assert found.detail_en == "keep relationships; secure existing business"


def test_loading_again_adds_nothing_and_gives_back_no_access(loaded: Session) -> None:
    removed = loaded.scalars(select(PositionDuty).limit(1)).one()
    loaded.delete(removed)
    loaded.flush()
    assert set(load_organisation(loaded).values()) == {0}
    assert count(loaded, PositionDuty) == 183


def test_the_counts_are_reported() -> None:
    engine = create_engine("sqlite://", module=find_driver())
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        counts = load_organisation(session)
        assert counts == {
            table.__tablename__: count(session, table)
            for table in (
                *(Department, Position, Duty, PositionDuty, DutyAccess, LetterProfile, DutyConflict),
                *(GradeRule, GradeStep, GradeRate, GradeDimension, GradeBand),
            )
        }
    engine.dispose()

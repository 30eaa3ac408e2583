"""The starting organisation: departments, positions, duties, the matrix, and what its letters give.

The facts are CSV files in ``seed/organisation/``. They are loaded once, into a database without duties:
afterwards the company edits them in the product, and a second load would bring back cells, and with them
access, that somebody took away.
"""

from __future__ import annotations

import csv
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.services import clock
from models.access import DutyAccess, LetterProfile
from models.base import Base
from models.conflict import DutyConflict
from models.duty import Duty, PositionDuty
from models.organisation import Department, Position
from seed.grading import load_rules

_FOLDER = Path(__file__).with_suffix("")


def load_organisation(session: Session) -> dict[str, int]:
    """Load the starting organisation, unless duties are there already, and flush; committing is the caller's.

    Returns the number of rows added, by table name: all 0 when nothing was to do. The session must be allowed
    to see every duty. A database that has departments or positions of the same codes, but no duties, raises
    ``IntegrityError``.
    """
    if session.scalar(select(Duty.id).limit(1)) is not None:
        return dict.fromkeys(
            (
                "department",
                "position",
                "duty",
                "position_duty",
                "duty_access",
                "letter_profile",
                "duty_conflict",
                "grade_rule",
                "grade_step",
                "grade_rate",
                "grade_dimension",
                "grade_band",
            ),
            0,
        )
    departments = _departments()
    positions = _positions(departments)
    duties = _duties()
    loaded: dict[str, list[Base]] = {
        "department": [*departments.values()],
        "position": [*positions.values()],
        "duty": [*duties.values()],
        "position_duty": [*_cells(positions, duties)],
        "duty_access": [*_accesses(duties)],
        "letter_profile": [LetterProfile(**fact) for fact in _facts("letter_profiles")],
        "duty_conflict": [*_conflicts(duties)],
        **load_rules(session, clock.today()),
    }
    for records in loaded.values():
        session.add_all(records)
    session.flush()
    return {table: len(records) for table, records in loaded.items()}


def _facts(name: str) -> list[dict[str, str]]:
    with (_FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _departments() -> dict[str, Department]:
    facts = _facts("departments")
    departments = {
        fact["code"]: Department(code=fact["code"], name_zh=fact["name_zh"], name_en=fact["name_en"])
        for fact in facts
    }
    for fact in facts:
        if fact["parent"]:
            departments[fact["code"]].parent = departments[fact["parent"]]
    return departments


def _positions(departments: dict[str, Department]) -> dict[str, Position]:
    return {
        fact["code"]: Position(
            code=fact["code"],
            name_zh=fact["name_zh"],
            name_en=fact["name_en"],
            department=departments[fact["department"]] if fact["department"] else None,
            overlay=fact["overlay"] == "yes",
        )
        for fact in _facts("positions")
    }


def _duties() -> dict[str, Duty]:
    columns = ("code", "name_zh", "name_en", "category", "category_zh", "category_en")
    return {fact["code"]: Duty(**{column: fact[column] for column in columns}) for fact in _facts("duties")}


def _cells(positions: dict[str, Position], duties: dict[str, Duty]) -> list[PositionDuty]:
    return [
        PositionDuty(
            position=positions[fact["position"]],
            duty=duties[fact["duty"]],
            letter=fact["letter"],
            detail_zh=fact["detail_zh"] or None,
            detail_en=fact["detail_en"] or None,
        )
        for fact in _facts("position_duties")
    ]


def _accesses(duties: dict[str, Duty]) -> list[DutyAccess]:
    return [
        DutyAccess(duty=duties[fact["code"]], entity=entity)
        for fact in _facts("duties")
        for entity in fact["entities"].split()
    ]


def _conflicts(duties: dict[str, Duty]) -> list[DutyConflict]:
    return [
        DutyConflict(
            name_zh=fact["name_zh"],
            name_en=fact["name_en"],
            reach=fact["reach"],
            duty=duties[fact["duty"]] if fact["duty"] else None,
            other_duty=duties[fact["other_duty"]] if fact["other_duty"] else None,
            entity=fact["entity"] or None,
            action=fact["action"] or None,
            other_action=fact["other_action"] or None,
        )
        for fact in _facts("duty_conflicts")
    ]

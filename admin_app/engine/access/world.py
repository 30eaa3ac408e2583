"""What everybody's rights rest on, read once and shared until it changes: matrix, letters, duties, departments.

`access_stamp` holds a random number that changes in the same transaction as anything here. A request compares it
with the one that the cached world was read under; so a change is seen by the next request of every worker, and a
transaction that was rolled back leaves nothing wrong behind.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from admin_app.engine.access.policy import SYSTEM
from admin_app.engine.access.scope import acting
from models.access import AccessStamp, DutyAccess, LetterProfile
from models.duty import Duty, PositionDuty
from models.organisation import Department, Position


@dataclass(frozen=True, slots=True)
class Named:
    """A department, position or duty: its code, its name by language, and what it belongs to."""

    id: int
    code: str
    names: Mapping[str, str]
    parent: int | None = None
    group: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A letter in the matrix. `rows` and `levels` are the cell's own narrowing or widening, if any."""

    letter: str
    rows: str | None = None
    levels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Profile:
    """What a letter gives: action words, a reach, and the level of fields that no cell says otherwise about."""

    actions: frozenset[str]
    rows: str
    level: str


Cells = Mapping[tuple[int, int], Cell]


@dataclass(frozen=True, eq=False)
class World:
    """The company's rules at one moment. `cells` is keyed by (position id, duty id)."""

    stamp: int
    cells: Cells
    profiles: Mapping[str, Profile]
    entities: Mapping[int, frozenset[str]]
    positions: Mapping[int, Named]
    duties: Mapping[int, Named]
    departments: Mapping[int, Named]

    @property
    def parents(self) -> dict[int, int | None]:
        """Each department's parent."""
        return {key: each.parent for key, each in self.departments.items()}

    def with_cells(self, cells: Cells) -> World:
        """The same company with another matrix, to see what it would mean."""
        return replace(self, stamp=-1, cells=cells)

    def duties_of(self, position: int) -> list[tuple[int, Cell]]:
        """(duty id, cell) of one position."""
        return [(duty, cell) for (holder, duty), cell in self.cells.items() if holder == position]


def read_stamp(session: Session) -> int:
    """The number that the rules stand under at this moment; one statement."""
    with acting(session, SYSTEM):
        return session.scalar(select(AccessStamp.value).where(AccessStamp.id == 1)) or 0


def touch(session: Session) -> None:
    """Tell every worker, as of this transaction's commit, to read the rules again."""
    with acting(session, SYSTEM):
        statement = update(AccessStamp).where(AccessStamp.id == 1).values(value=secrets.randbits(62) | 1)
        session.execute(statement, execution_options={"synchronize_session": False})


def read_world(session: Session, stamp: int | None = None) -> World:
    """Read all rules; six statements, and one more where the stamp is not known yet."""
    if stamp is None:
        stamp = read_stamp(session)
    with acting(session, SYSTEM):
        return World(
            stamp=stamp,
            cells={
                (row.position_id, row.duty_id): Cell(row.letter, row.rows, row.field_levels or {})
                for row in session.execute(
                    select(
                        PositionDuty.position_id,
                        PositionDuty.duty_id,
                        PositionDuty.letter,
                        PositionDuty.rows,
                        PositionDuty.field_levels,
                    )
                )
            },
            profiles={
                row.letter: Profile(frozenset(row.actions.split()), row.rows, row.field_level)
                for row in session.execute(
                    select(
                        LetterProfile.letter,
                        LetterProfile.actions,
                        LetterProfile.rows,
                        LetterProfile.field_level,
                    )
                )
            },
            entities=_gather(session.execute(select(DutyAccess.duty_id, DutyAccess.entity)).all()),
            positions=_named(session, Position, Position.department_id),
            duties=_named(session, Duty, None, Duty.category),
            departments=_named(session, Department, Department.parent_id),
        )


def _gather(pairs: Iterable[Any]) -> dict[int, frozenset[str]]:
    found: dict[int, set[str]] = {}
    for duty, entity in pairs:
        found.setdefault(duty, set()).add(entity)
    return {duty: frozenset(entities) for duty, entities in found.items()}


def _named(session: Session, model: Any, parent: Any, group: Any = None) -> dict[int, Named]:
    columns: Sequence[Any] = [model.id, model.code, model.name_zh, model.name_en]
    extra = [column for column in (parent, group) if column is not None]
    found = {}
    for row in session.execute(select(*columns, *extra).order_by(model.id)):
        rest = list(row[4:])
        found[row[0]] = Named(
            row[0],
            row[1],
            {"zh": row[2], "en": row[3]},
            rest.pop(0) if parent is not None else None,
            rest.pop(0) if group is not None else "",
        )
    return found


__all__ = ["Cell", "Named", "Profile", "World", "read_stamp", "read_world", "touch"]

"""The versions of the matrix: who changed what, when and why; compared, and brought back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import lazy_gettext
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from admin_app.engine.access import SYSTEM, AccessMap, Policy, acting
from admin_app.engine.access.world import Cell, World, read_world
from admin_app.errors import Forbidden, NotFound
from admin_app.services.matrix_documents import Edit, as_document, edits_from
from admin_app.services.matrix_editing import Checked, judge, save
from models.matrix import MatrixVersion

#: Versions that a page lists.
PAGE = 100


@dataclass(frozen=True)
class Difference:
    """One cell in which two versions differ, by codes; None is an empty cell."""

    position: str
    duty: str
    before: Cell | None
    after: Cell | None


def versions(session: Session, before: int | None = None) -> Sequence[MatrixVersion]:
    """The newest PAGE versions, or those below number `before`, each with its author; one statement.

    Everybody who is signed in may read them, as the matrix itself.
    """
    statement = select(MatrixVersion).options(
        joinedload(MatrixVersion.author), joinedload(MatrixVersion.acting_for)
    )
    if before is not None:
        statement = statement.where(MatrixVersion.number < before)
    with acting(session, SYSTEM):
        return session.scalars(statement.order_by(MatrixVersion.number.desc()).limit(PAGE)).all()


def version(session: Session, number: int) -> MatrixVersion:
    """One version with its author; NotFound when there is none of this number."""
    statement = select(MatrixVersion).options(
        joinedload(MatrixVersion.author), joinedload(MatrixVersion.acting_for)
    )
    with acting(session, SYSTEM):
        found = session.scalars(statement.where(MatrixVersion.number == number)).one_or_none()
    if found is None:
        raise NotFound(lazy_gettext("The matrix has no version %(number)s.", number=number))
    return found


Keyed = dict[tuple[str, str], Cell]


def cells(stored: Sequence[Sequence[Any]]) -> Keyed:
    """A version's cells by (position code, duty code)."""
    return {
        (position, duty): Cell(letter, rows or None, levels or {})
        for position, duty, letter, rows, levels in stored
    }


def current(world: World) -> Keyed:
    """The matrix as it stands, by codes."""
    return {
        (world.positions[position].code, world.duties[duty].code): cell
        for (position, duty), cell in world.cells.items()
    }


def compare(before: Keyed, after: Keyed) -> list[Difference]:
    """The cells in which two states of the matrix differ, by position and duty code."""
    return [
        Difference(*key, before.get(key), after.get(key))
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    ]


def to_restore(
    session: Session, policy: Policy, world: World, access: AccessMap, kept: MatrixVersion, today: date
) -> Checked:
    """The edits that would bring a version back, parted into those that this person may make and the rest."""
    changes = [
        {
            "position": each.position,
            "duty": each.duty,
            "before": as_document(each.before),
            "after": as_document(each.after),
        }
        for each in compare(current(world), cells(kept.cells))
    ]
    edits: list[Edit] = edits_from(world, changes)
    return judge(session, policy, world, access, edits, today)


def restore(
    session: Session, policy: Policy, access: AccessMap, number: int, reason: str, today: date
) -> tuple[MatrixVersion, int]:
    """Bring back a version where this person may, as a new version; flushes.

    Returns the new version and how many cells stay as they are because they are beyond this person.

    Raises:
        NotFound: no such version.
        Forbidden: none of the cells is this person's to change.
        BadInput: no reason, or the matrix is the same already.
    """
    kept = version(session, number)
    checked = to_restore(session, policy, read_world(session), access, kept, today)
    if checked.refused and not checked.allowed:
        raise Forbidden(lazy_gettext("None of the cells that this version would change is yours to change."))
    made = save(session, policy, access, checked.allowed, reason, today, restored_from=number)
    return made, len(checked.refused)

"""Changing the matrix: what one may change, what becomes of a change, and the version that keeps it.

A head changes the positions of the departments that the head leads, and gives nothing that the head does not hold;
taking away is always allowed there. Whoever changes a position of their own counts only with what they have for
good: neither a grant by hand nor an acting post can be made permanent by its holder.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from flask_babel import lazy_gettext
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, AccessMap, Policy, acting
from admin_app.engine.access.compile import Held, add_up, cell_sources
from admin_app.engine.access.policy import LEVELS, REACHES
from admin_app.engine.access.world import World, read_world, touch
from admin_app.errors import BadInput, Conflict, Forbidden
from admin_app.services.conflicts import Rule, new_conflicts
from admin_app.services.heads import Beyond, beyond, editable_positions, leads_for
from admin_app.services.matrix_documents import Edit, cells_of, changes_of
from models.duty import PositionDuty
from models.matrix import MatrixVersion

LETTERS = ("R", "A", "V", "C", "S", "I")
#: More than anybody changes at once; an imported matrix is within it.
LIMIT = 20_000
#: The reason of version 1, which the system keeps before the first change; it is read in both languages.
FIRST = "第一次修改前的矩阵 · The matrix before its first change"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An edit that its author may not make, and why.

    `beyond` are the rights that it would give beyond the author's own, `rules` the rules that keep duties apart and
    that it would break.
    """

    edit: Edit
    reason: Literal["department", "beyond", "conflict"]
    beyond: tuple[Beyond, ...] = ()
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Checked:
    """Edits parted into those that may be saved and those that may not."""

    allowed: tuple[Edit, ...]
    refused: tuple[Refusal, ...]


class StaleMatrix(Conflict):
    """Somebody else has changed cells in between; `edits` are those whose cell looks different by now."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        super().__init__(
            lazy_gettext(
                "Somebody else has changed these cells in between. Load the matrix again and compare."
            )
        )
        self.edits = tuple(edits)


def editable(policy: Policy, world: World) -> frozenset[int]:
    """The positions (ids) whose cells this person may change."""
    return editable_positions(policy, world)


def check(policy: Policy, world: World, access: AccessMap, edits: Iterable[Edit]) -> Checked:
    """Which of `edits` this person may make, one by one.

    Raises:
        BadInput: an edit names a position, duty, letter, reach or level that there is not.
    """
    mine = editable(policy, world)
    lasting = _lasting(policy)
    own = frozenset(source.position for source in policy.sources if source.position is not None)
    allowed, refused = [], []
    for edit in edits:
        _understand(edit, world)
        if edit.position not in mine:
            refused.append(Refusal(edit, "department"))
            continue
        judge = lasting if edit.position in own else policy
        found = _beyond(judge, world, access, edit)
        if found:
            refused.append(Refusal(edit, "beyond", tuple(found)))
        else:
            allowed.append(edit)
    return Checked(tuple(allowed), tuple(refused))


def judge(
    session: Session, policy: Policy, world: World, access: AccessMap, edits: Iterable[Edit], today: date
) -> Checked:
    """As `check`, and of what is left all edits are refused that together would bring duties to clash.

    Raises BadInput as `check` does.
    """
    checked = check(policy, world, access, edits)
    allowed, refused = list(checked.allowed), list(checked.refused)
    while clashes := new_conflicts(session, world, merged(world, allowed), today):
        broken: dict[tuple[int, int], list[Rule]] = {}
        for clash in clashes:
            for cell in clash.cells:
                broken.setdefault(cell, []).append(clash.rule)
        hit = [edit for edit in allowed if (edit.position, edit.duty) in broken]
        if not hit:
            break
        refused += [Refusal(edit, "conflict", rules=tuple(broken[edit.position, edit.duty])) for edit in hit]
        allowed = [edit for edit in allowed if edit not in hit]
    return Checked(tuple(allowed), tuple(refused))


def _lasting(policy: Policy) -> Policy:
    """The same person with nothing but what posts without a last day give."""
    if policy.unlimited:
        return policy
    kept = tuple(
        source
        for source in policy.sources
        if source.grant is None and not source.acting and source.until is None
    )
    return Policy(policy.actor, policy.user_id, False, policy.home_department, {}, add_up(kept), kept)


def _beyond(policy: Policy, world: World, access: AccessMap, edit: Edit) -> list[Beyond]:
    department = world.positions[edit.position].parent
    if edit.cell is None or policy.unlimited:
        return []
    before = world.cells.get((edit.position, edit.duty))
    if before is not None and department is not None:
        # What the cell gives already is not given anew: narrowing it takes nothing that one would have to hold.
        alone = world.with_cells({(edit.position, edit.duty): before})
        post = Held(0, edit.position, department, False, None)
        held = (*policy.sources, *cell_sources(alone, [post]))
        policy = Policy(policy.actor, policy.user_id, False, policy.home_department, {}, add_up(held), held)
    return beyond(policy, world, access, department, edit.duty, edit.cell)


def _understand(edit: Edit, world: World) -> None:
    cell = edit.cell
    if edit.position not in world.positions or edit.duty not in world.duties:
        raise BadInput(lazy_gettext("There is no such position or duty. Load the matrix again."))
    if cell is None:
        return
    if cell.letter not in LETTERS or cell.rows not in (None, *REACHES):
        raise BadInput(lazy_gettext("“%(letter)s” is no letter of the matrix.", letter=cell.letter))
    if not all(isinstance(group, str) and level in LEVELS for group, level in cell.levels.items()):
        raise BadInput(lazy_gettext("A cell's levels are hidden, masked, read or write."))


def merged(world: World, edits: Iterable[Edit]) -> World:
    """The company with these edits made."""
    cells = dict(world.cells)
    for edit in edits:
        if edit.cell is None:
            cells.pop((edit.position, edit.duty), None)
        else:
            cells[edit.position, edit.duty] = edit.cell
    return world.with_cells(cells)


def fresh(world: World, edits: Iterable[Edit]) -> list[Edit]:
    """The edits that change something; StaleMatrix when a cell is not what its author saw."""
    unlike = [edit for edit in edits if world.cells.get((edit.position, edit.duty)) != edit.seen]
    if unlike:
        raise StaleMatrix(unlike)
    return [edit for edit in edits if edit.cell != edit.seen]


def save(
    session: Session,
    policy: Policy,
    access: AccessMap,
    edits: Sequence[Edit],
    reason: str,
    today: date,
    restored_from: int | None = None,
) -> MatrixVersion:
    """Make all of `edits`, or none, and keep the matrix as a new version; flushes.

    The first save keeps the matrix as it was before as version 1.

    Raises:
        BadInput: no reason, nothing changed, or more than LIMIT edits.
        StaleMatrix: somebody else has changed one of the cells.
        Forbidden: one of the edits is beyond this person, or brings duties together that must stay apart.
    """
    reason = reason.strip()
    if not reason:
        raise BadInput(lazy_gettext("Write the reason: it goes into the history."))
    if len(edits) > LIMIT:
        raise BadInput(lazy_gettext("These are too many changes at once. Save them in parts."))
    # First of all: it also keeps whoever else saves waiting, so that what is read now stays true until the commit.
    touch(session)
    world = read_world(session)
    edits = fresh(world, edits)
    if not edits:
        raise BadInput(lazy_gettext("Nothing is changed."))
    checked = judge(session, policy, world, access, edits, today)
    if checked.refused:
        raise Forbidden(
            lazy_gettext(
                "%(count)s of these changes are beyond you: nothing was saved.", count=len(checked.refused)
            )
        )
    after = merged(world, edits)
    with acting(session, SYSTEM):
        number = session.scalar(select(func.max(MatrixVersion.number))) or 0
        if not number:
            number = 1
            session.add(MatrixVersion(number=1, reason=FIRST, changes=[], cells=cells_of(world)))
        version = MatrixVersion(
            number=number + 1,
            author_id=policy.user_id,
            acting_for_id=leads_for(policy, [world.positions[edit.position].parent for edit in edits]),
            reason=reason,
            changes=changes_of(world, edits),
            cells=cells_of(after),
            restored_from=restored_from,
        )
        session.add(version)
        _write(session, edits)
        session.flush()
    return version


def _write(session: Session, edits: Sequence[Edit]) -> None:
    stored = {
        (cell.position_id, cell.duty_id): cell
        for cell in session.scalars(
            select(PositionDuty).where(PositionDuty.position_id.in_({edit.position for edit in edits}))
        )
    }
    for edit in edits:
        record = stored.get((edit.position, edit.duty))
        if edit.cell is None:
            if record is not None:
                session.delete(record)
            continue
        if record is None:
            record = PositionDuty(position_id=edit.position, duty_id=edit.duty)
            session.add(record)
        record.letter, record.rows = edit.cell.letter, edit.cell.rows
        record.field_levels = dict(edit.cell.levels) or None

"""Cells of the matrix that come one by one, through the form of a cell or the import of such a list.

They keep the same rules as the grid, and leave a version behind as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from flask_babel import gettext as _
from sqlalchemy import func, inspect, select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.access.world import Cell, World, read_world
from admin_app.engine.site import site
from admin_app.errors import Refused
from admin_app.services import clock
from admin_app.services.conflicts import RULES
from admin_app.services.heads import leads_for
from admin_app.services.matrix_documents import Edit, cells_of, changes_of
from admin_app.services.matrix_editing import FIRST, judge, merged
from models.duty import PositionDuty
from models.matrix import MatrixVersion

_BEFORE: Final = "matrix_before"
_NOW: Final = "matrix_with_cells_so_far"
#: The reason of such a version, which is read in both languages.
REASON: Final = "在单元格表单中修改 · Changed in the form of single cells"


def before_cell_saved(session: Session, policy: Policy, record: PositionDuty) -> None:
    """Raise Refused, at the field "letter", where this person may not let the cell be like this."""
    with session.no_autoflush, acting(session, SYSTEM):
        position = record.position.id if record.position else record.position_id
        duty = record.duty.id if record.duty else record.duty_id
        before: World = session.info.get(_BEFORE) or read_world(session)
        session.info[_BEFORE] = before
        # Several cells of one import are looked at together.
        now: World = session.info.get(_NOW) or before
        edits = []
        if inspect(record).persistent:
            columns = (PositionDuty.position_id, PositionDuty.duty_id)
            was = session.execute(select(*columns).where(PositionDuty.id == record.id)).one()
            if (was[0], was[1]) != (position, duty):
                edits.append(Edit(was[0], was[1], None, now.cells.get((was[0], was[1]))))
    if position not in before.positions or duty not in before.duties or not record.letter:
        # A required field is empty: that is for the form and the database to say.
        return
    cell = Cell(record.letter, record.rows, record.field_levels or {})
    seen = now.cells.get((position, duty))
    if cell != seen:
        edits.append(Edit(position, duty, cell, seen))
    refused = judge(session, policy, now, site().access, edits, clock.today()).refused
    if not refused:
        session.info[_NOW] = merged(now, edits)
        return
    rules = {rule.id: rule.name for refusal in refused for rule in refusal.rules}
    if rules:
        names = dict.fromkeys(rules.values())
        words = _("Duties that must stay apart would come together: %(rules)s.", rules="; ".join(names))
    else:
        words = _("You do not lead this position, or would give more than you hold.")
    raise Refused(words, "letter", [(RULES, rule) for rule in rules])


def after_cell_saved(session: Session, policy: Policy, record: PositionDuty) -> None:
    """Keep the version that a changed cell makes."""
    before = session.info.pop(_BEFORE, None)
    session.info.pop(_NOW, None)
    if before is not None:
        _keep(session, policy, before, read_world(session))


def after_cells_imported(session: Session, policy: Policy, records: Sequence[PositionDuty]) -> None:
    """Keep the one version that many cells make."""
    session.flush()
    before = session.info.pop(_BEFORE, None)
    session.info.pop(_NOW, None)
    if before is not None:
        _keep(session, policy, before, read_world(session))


def after_cell_deleted(session: Session, policy: Policy, record: PositionDuty) -> None:
    """Keep the version that a cell's absence makes; taking away needs no more than the right to delete."""
    after = read_world(session)
    gone = Cell(record.letter, record.rows, record.field_levels or {})
    place = record.position_id, record.duty_id
    _keep(session, policy, after.with_cells({**after.cells, place: gone}), after)


def _keep(session: Session, policy: Policy, before: World, after: World) -> None:
    places = sorted({*before.cells, *after.cells})
    edits = [
        Edit(*place, after.cells.get(place), before.cells.get(place))
        for place in places
        if after.cells.get(place) != before.cells.get(place)
    ]
    if not edits:
        return
    with acting(session, SYSTEM):
        number = session.scalar(select(func.max(MatrixVersion.number))) or 0
        if not number:
            number = 1
            session.add(MatrixVersion(number=1, reason=FIRST, changes=[], cells=cells_of(before)))
        session.add(
            MatrixVersion(
                number=number + 1,
                author_id=policy.user_id,
                acting_for_id=leads_for(policy, [after.positions[edit.position].parent for edit in edits]),
                reason=REASON,
                changes=changes_of(before, edits),
                cells=cells_of(after),
            )
        )
        session.flush()

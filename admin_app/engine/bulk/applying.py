"""Applying a run: in one transaction or chunk by chunk, with the rights of the moment, on records as they were seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.bulk.action import Action, Plan
from admin_app.engine.bulk.classify import barriers_of, tally
from admin_app.engine.bulk.computing import as_seen, verdict
from admin_app.engine.bulk.selection import Selection, key_of, version_of
from admin_app.engine.bulk.shipped import action_of
from admin_app.engine.change import context, current_set
from admin_app.engine.entity import Entity
from admin_app.engine.site import site
from admin_app.errors import Conflict
from models.bulk import BulkItem, BulkRun

_QUIET: Final = {"synchronize_session": False}


@dataclass(frozen=True)
class Opened:
    """A run with what it was made of, for one policy."""

    run: BulkRun
    policy: Policy
    entity: Entity
    action: Action
    selection: Selection
    form: Any
    plan: Plan


def open_run(session: Session, policy: Policy, run: BulkRun) -> Opened:
    """The run's parts anew, with the rights that `policy` has now. Conflict where this release knows it no more."""
    entity = site().by_name.get(run.entity)
    action = action_of(entity, run.action) if entity is not None else None
    if entity is None or action is None:
        raise Conflict(_("This release does not know how to do it."))
    sent = MultiDict([(str(name), str(text)) for name, text in run.values])
    form = action.form(entity, session, policy, sent)
    if not form.validate():
        raise Conflict(_("What was typed can no longer be used. Make the change anew."))
    selection = Selection.from_document(run.selection)
    plan = action.plan(session, policy, entity, form)
    if plan.computed is not None:
        plan = as_seen(session, entity, plan, run.id)
    return Opened(run, policy, entity, action, selection, form, plan)


def counted(found: Sequence[Any]) -> dict[str, int]:
    """Numbers of records by outcome."""
    counts: dict[str, int] = {}
    for each in found:
        counts[each.outcome] = counts.get(each.outcome, 0) + each.count
    return counts


def chunk_size() -> int:
    """How many records one transaction changes: a small run as a whole, a large one in chunks."""
    return int(current_app.config["BULK_AT_ONCE"])


def part_after(session: Session, run: BulkRun) -> int | None:
    """The number of the last record of the next chunk; None where nothing is left. The session acts as the system."""
    left = (
        select(BulkItem.record_id)
        .where(BulkItem.run_id == run.id, BulkItem.outcome == "change", BulkItem.record_id > run.cursor)
        .order_by(BulkItem.record_id)
        .limit(chunk_size())
        .subquery()
    )
    last = session.scalar(select(func.max(left.c.record_id)))
    return None if last is None else int(last)


def apply_part(
    session: Session, policy: Policy, run: BulkRun, until: int | None, source: str | None = None
) -> int:
    """Change the records up to number `until` (None: all), in one change set; returns how many. Flushes.

    What changed since the preview, or is this person's no more, is left alone and marked in its item.
    """
    opened = open_run(session, policy, run)
    entity = opened.entity
    part = [BulkItem.run_id == run.id, BulkItem.outcome == "change", BulkItem.record_id > run.cursor]
    if until is not None:
        part.append(BulkItem.record_id <= until)
    with acting(session, SYSTEM):
        # The items say which records; the bounds say where they lie, so that a chunk reads no other ones.
        key = key_of(entity)
        within = [key > run.cursor] if until is None else [key > run.cursor, key <= until]
        which = and_(key.in_(select(BulkItem.record_id).where(*part)), *within)
        _lock(session, entity, which)
        _leave_alone(session, policy, opened, part, within)
        context(session, reason=run.reason, action=run.action, source=source)
    changed = opened.plan.write(session, policy, which)
    run.applied += changed
    if changed:
        run.sets = [*run.sets, current_set(session)]
    if until is not None:
        run.cursor = until
    session.flush()
    return changed


def _lock(session: Session, entity: Entity, which: ColumnElement[bool]) -> None:
    """On PostgreSQL, let nobody change the records between the look at their versions and the write."""
    if session.get_bind(entity.mapper).dialect.name == "sqlite":
        return
    key = key_of(entity)
    held = select(key).where(which).order_by(key).with_for_update()
    session.execute(select(func.count()).select_from(held.subquery()))


def _leave_alone(
    session: Session,
    policy: Policy,
    opened: Opened,
    part: Sequence[ColumnElement[bool]],
    within: Sequence[ColumnElement[bool]],
) -> None:
    entity, run = opened.entity, opened.run
    key, version = key_of(entity), version_of(entity)
    as_seen = exists().where(key == BulkItem.record_id, version == BulkItem.version, *within)
    mark = update(BulkItem).where(*part, ~as_seen).values(outcome="moved", why="version")
    moved = session.execute(mark, execution_options=_QUIET).rowcount  # type: ignore[attr-defined]
    barriers = barriers_of(policy, entity, opened.action, opened.plan, opened.selection.single is None)
    visible = site().access.criterion(entity.model, site().access.visible(policy, entity.name))
    denied = [visible.is_distinct_from(True), *(each.holds for each in barriers if each.outcome == "denied")]
    if not policy.unlimited:
        lost = exists().where(key == BulkItem.record_id, or_(*denied))
        mark = update(BulkItem).where(*part, lost).values(outcome="denied", why="action")
        moved += session.execute(mark, execution_options=_QUIET).rowcount  # type: ignore[attr-defined]
    others = [each for each in barriers if each.outcome != "denied"]
    if others:
        outcome, why = verdict(others, opened.plan.same)
        blocked = exists().where(key == BulkItem.record_id, or_(*(each.holds for each in others)))
        told = select(outcome).where(key == BulkItem.record_id).scalar_subquery()
        because = select(why).where(key == BulkItem.record_id).scalar_subquery()
        mark = update(BulkItem).where(*part, blocked).values(outcome=told, why=because)
        moved += session.execute(mark, execution_options=_QUIET).rowcount  # type: ignore[attr-defined]
    if moved:
        run.counts = counted(tally(session, run.id))


def finish(session: Session, run: BulkRun) -> None:
    """The last chunk is done."""
    run.state = "done"
    session.flush()

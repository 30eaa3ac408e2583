"""The story of one bulk change: previewed, perhaps approved by a second person, applied at once or chunk by chunk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.bulk.action import Action, Plan, may_use
from admin_app.engine.bulk.classify import barriers_of, classify, tally, verdict
from admin_app.engine.bulk.selection import Selection, key_of, version_of
from admin_app.engine.bulk.shipped import action_of
from admin_app.engine.change import context, current_set
from admin_app.engine.entity import Entity
from admin_app.engine.site import site
from admin_app.errors import BadInput, Conflict, Forbidden, NotFound
from models.bulk import BulkItem, BulkRun
from models.job import Job
from models.types import utc_now

#: How a job ends without having done everything.
STOPPED: Final = ("failed", "cancelled")
#: How long a preview waits to be applied.
KEPT: Final = timedelta(days=7)
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


def preview(
    session: Session,
    policy: Policy,
    entity: Entity,
    action: Action,
    selection: Selection,
    sent: MultiDict[str, Any],
    reason: str,
) -> BulkRun | Any:
    """A new run with its items, flushed; the form instead, where it is not valid.

    Raises:
        Forbidden: the action is not this person's.
    """
    check_use(policy, action, entity, selection.single is None)
    form = action.form(entity, session, policy, sent)
    refused = getattr(form, "form_errors", ())
    if list(refused) or not form.validate():
        return form
    plan = action.plan(session, policy, entity, form)
    run = BulkRun(
        entity=entity.name,
        action=action.name,
        selection=selection.document(),
        values=[list(pair) for pair in sent.items(multi=True)],
        reason=reason or None,
        actor_id=policy.user_id,
    )
    session.add(run)
    session.flush()
    found = classify(session, policy, entity, action, selection, plan, run.id)
    run.counts = counted(found)
    session.flush()
    return run


def check_use(policy: Policy, action: Action, entity: Entity, many: bool) -> None:
    """Raise Forbidden where the action is not this person's."""
    if not may_use(policy, action, entity, many):
        word = "bulk" if many and may_use(policy, action, entity, False) else action.word
        raise Forbidden(_("None of your positions lets you do this."), word, entity.name)


def counted(found: Sequence[Any]) -> dict[str, int]:
    """Numbers of records by outcome."""
    counts: dict[str, int] = {}
    for each in found:
        counts[each.outcome] = counts.get(each.outcome, 0) + each.count
    return counts


def find_run(session: Session, policy: Policy, run_id: int) -> BulkRun:
    """One's own run, or one that waits for one's approval or got it; NotFound for any other."""
    with acting(session, SYSTEM):
        run = session.get(BulkRun, run_id)
    if run is None or not (is_own(policy, run) or may_approve(policy, run)):
        raise NotFound(_("There is no such change, or it is not yours to see."))
    return run


def is_own(policy: Policy, run: BulkRun) -> bool:
    """Whether this person made it; what the system made is an administrator's."""
    return run.actor_id == policy.user_id if run.actor_id is not None else policy.unlimited


def may_approve(policy: Policy, run: BulkRun) -> bool:
    """Whether this person may say yes to it: holds `approve` on the entity, or is an administrator; never one's own."""
    entity = site().by_name.get(run.entity)
    asked = run.state in ("waiting", "refused") or run.decided_by_id is not None
    if entity is None or not asked or policy.user_id is None or run.actor_id == policy.user_id:
        return False
    return site().may(policy, "approve", entity)


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
    return Opened(run, policy, entity, action, selection, form, action.plan(session, policy, entity, form))


def needs_approval(run: BulkRun) -> bool:
    """Whether it is so large that a second person decides."""
    return int(run.counts.get("change", 0)) > int(current_app.config["BULK_APPROVAL"])


def chunk_size() -> int:
    """How many records one transaction changes: a small run as a whole, a large one in chunks."""
    return int(current_app.config["BULK_AT_ONCE"])


def submit(session: Session, policy: Policy, run: BulkRun) -> None:
    """Apply a previewed run: now, as a job, or by asking for approval first; flushes.

    Raises:
        Conflict: it is under way or done already, or there is nothing to change.
    """
    if not is_own(policy, run):
        raise Forbidden(_("Only who made this change applies it."))
    _must_be(session, run, "previewed")
    if not run.counts.get("change"):
        raise Conflict(_("There is nothing to change."))
    if needs_approval(run):
        run.state = "waiting"
        session.flush()
        return
    _go(session, policy, run)


def decide(session: Session, policy: Policy, run: BulkRun, accept: bool, answer: str) -> None:
    """Say yes or no to a large run of somebody else; a no needs a word. Raises Forbidden, Conflict, BadInput."""
    if not may_approve(policy, run):
        raise Forbidden(_("Nobody approves their own change."))
    _must_be(session, run, "waiting")
    if not accept and not answer.strip():
        raise BadInput(_("Write why not: the answer goes to whoever asked."))
    run.decided_by_id, run.decided_at, run.answer = policy.user_id, utc_now(), answer.strip() or None
    run.state = "ordered" if accept else "refused"
    session.flush()
    if accept:
        _order(session, run)


def _must_be(session: Session, run: BulkRun, state: str) -> None:
    # Two clicks at once: the second waits here, and finds another state.
    with acting(session, SYSTEM):
        stored = session.scalar(select(BulkRun.state).where(BulkRun.id == run.id).with_for_update())
    if stored != state:
        raise Conflict(_("This change has been decided already. Load the page again."))


def _go(session: Session, policy: Policy, run: BulkRun) -> None:
    run.state = "ordered"
    session.flush()
    if int(run.counts.get("change", 0)) <= chunk_size():
        apply_part(session, policy, run, None)
        finish(session, run)
    else:
        _order(session, run)


def resume(session: Session, policy: Policy, run: BulkRun) -> None:
    """Go on with a run whose job failed or was cancelled; what is done stays done.

    Raises:
        Conflict: its job is under way, or there is nothing left.
    """
    if not is_own(policy, run):
        raise Forbidden(_("Only who made this change applies it."))
    _must_be(session, run, "ordered")
    with acting(session, SYSTEM):
        state = session.scalar(select(Job.state).where(Job.id == run.job_id))
    if state not in STOPPED:
        raise Conflict(_("This change is under way. Load the page again."))
    _order(session, run)


def _order(session: Session, run: BulkRun) -> None:
    total = int(run.counts.get("change", 0))
    order = current_app.extensions["dutybook_jobs"].order
    # One job follows another only where that one has ended.
    key = f"bulk {run.id} after {run.job_id or 0}"
    run.job_id = order(session, "bulk", {"run": run.id}, run.actor_id, total=total, key=key).id
    session.flush()


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


def items(run: BulkRun, outcome: str | None = None) -> Select[Any]:
    """The items of a run, in the order of their records."""
    found = select(BulkItem).where(BulkItem.run_id == run.id).order_by(BulkItem.record_id)
    return found if outcome is None else found.where(BulkItem.outcome == outcome)


def forget_previews(session: Session) -> int:
    """Delete previews that nobody applied within a week; returns how many. The session acts as the system."""
    old = select(BulkRun.id).where(BulkRun.state == "previewed", BulkRun.at < utc_now() - KEPT)
    session.execute(delete(BulkItem).where(BulkItem.run_id.in_(old)), execution_options=_QUIET)
    gone = delete(BulkRun).where(BulkRun.id.in_(old))
    return int(session.execute(gone, execution_options=_QUIET).rowcount)  # type: ignore[attr-defined]

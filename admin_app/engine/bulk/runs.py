"""The story of one bulk change: previewed, perhaps approved by a second person, applied at once or chunk by chunk."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.bulk.action import Action, may_use
from admin_app.engine.bulk.applying import apply_part, chunk_size, counted, finish
from admin_app.engine.bulk.classify import classify
from admin_app.engine.bulk.selection import Selection
from admin_app.engine.bulk.shipped import action_of
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
        word = action.many if many and may_use(policy, action, entity, False) else action.word
        raise Forbidden(_("None of your positions lets you do this."), word, entity.name)


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


def needs_approval(run: BulkRun) -> bool:
    """Whether it is so large that a second person decides."""
    entity = site().by_name.get(run.entity)
    action = action_of(entity, run.action) if entity is not None else None
    limit = current_app.config[action.approval if action is not None else "BULK_APPROVAL"]
    return int(run.counts.get("change", 0)) > int(limit)


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


def forget_previews(session: Session) -> int:
    """Delete previews that nobody applied within a week; returns how many. The session acts as the system."""
    old = select(BulkRun.id).where(BulkRun.state == "previewed", BulkRun.at < utc_now() - KEPT)
    session.execute(delete(BulkItem).where(BulkItem.run_id.in_(old)), execution_options=_QUIET)
    gone = delete(BulkRun).where(BulkRun.id.in_(old))
    return int(session.execute(gone, execution_options=_QUIET).rowcount)  # type: ignore[attr-defined]

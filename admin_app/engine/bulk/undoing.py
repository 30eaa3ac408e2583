"""Taking a run back: each of its change sets, the last one first; what somebody edited since stays and is listed."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.bulk.applying import chunk_size
from admin_app.engine.bulk.runs import STOPPED, is_own
from admin_app.engine.change.undo import SAMPLES, Skipped, plan_undo, undo
from admin_app.errors import Conflict, Forbidden
from models.bulk import BulkRun
from models.job import Job


@dataclass
class Undoing:
    """What taking a run back comes to: records that go back, records that stay by state, the first of these."""

    back: int = 0
    stay: dict[str, int] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)


def preview_undo(session: Session, policy: Policy, run: BulkRun) -> Undoing:
    """What undoing would do now; after it was undone, what was left alone."""
    found = Undoing()
    for set_id in reversed(run.sets):
        plan = plan_undo(session, set_id, policy, samples=max(SAMPLES - len(found.skipped), 0))
        found.back += plan.done
        for each in plan.counts:
            if each.state not in ("done", "unchanged"):
                found.stay[each.state] = found.stay.get(each.state, 0) + each.number
        found.skipped += plan.skipped
    return found


def may_undo(session: Session, policy: Policy, run: BulkRun) -> bool:
    """Whether this person may take it back now: it is one's own, wrote something, and nothing of it is under way."""
    if not is_own(policy, run) or not run.sets or run.state not in ("done", "ordered"):
        return False
    if run.state == "done":
        return True
    with acting(session, SYSTEM):
        return session.scalar(select(Job.state).where(Job.id == run.job_id)) in STOPPED


def undo_run(session: Session, policy: Policy, run: BulkRun, reason: str) -> None:
    """Take it back: now, or as a job where it was one; flushes.

    Raises:
        Forbidden: it is somebody else's.
        Conflict: it is under way, or was taken back already.
    """
    if not is_own(policy, run):
        raise Forbidden(_("Only who made this change takes it back."))
    with acting(session, SYSTEM):
        session.execute(select(BulkRun.id).where(BulkRun.id == run.id).with_for_update())
        session.refresh(run)
    if not may_undo(session, policy, run):
        raise Conflict(_("This change is under way or undone already. Load the page again."))
    run.state = "undone"
    run.counts = {**run.counts, "undone": 0}
    session.flush()
    if len(run.sets) == 1 and run.applied <= chunk_size():
        undo_part(session, policy, run, 0, reason)
        return
    order = current_app.extensions["dutybook_jobs"].order
    arguments = {"run": run.id, "reason": reason}
    key = f"undo {run.id}"
    run.job_id = order(session, "bulk_undo", arguments, policy.user_id, total=run.applied, key=key).id
    session.flush()


def undo_part(session: Session, policy: Policy, run: BulkRun, part: int, reason: str) -> bool:
    """Take back the change set in place `part`, counted from the last one; False where there is none."""
    if part >= len(run.sets):
        return False
    plan = undo(session, run.sets[-1 - part], policy, reason=reason or None)
    run.counts = {**run.counts, "undone": int(run.counts.get("undone", 0)) + plan.done}
    session.flush()
    return True

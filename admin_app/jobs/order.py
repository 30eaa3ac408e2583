"""Ordering a job, and taking the order back. Both write rows and never commit: an order stands with its reason."""

from __future__ import annotations

from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.job import JobKind
from admin_app.errors import NotFound
from models.job import Job
from models.types import utc_now

#: Jobs that workers are told of once their transaction is committed.
ORDERED = "jobs_ordered"


def kinds() -> dict[str, JobKind]:
    """The kinds that the running app knows, by name."""
    found: dict[str, JobKind] = current_app.extensions["dutybook_jobs"].kinds
    return found


def order(
    session: Session, kind: str, arguments: Any, actor_id: int | None, total: int = 0, key: str | None = None
) -> Job:
    """Put a job into the queue and flush; a worker takes it after the commit.

    Args:
        actor_id: whose rights it runs with; None for the system's.
        total: how much there is to do, where that is known.
        key: of several orders with one key only the first counts, and is returned by the others.
    """
    assert kind in kinds(), f"no job of kind {kind} is declared"
    with acting(session, SYSTEM):
        if key is not None and (found := _by_key(session, key)) is not None:
            return found
        job = Job(kind=kind, arguments=arguments, actor_id=actor_id, total=total, idempotency_key=key)
        try:
            with session.begin_nested():
                session.add(job)
                session.flush()
        except IntegrityError:
            # Somebody ordered it in the same moment.
            if key is None or (found := _by_key(session, key)) is None:
                raise
            return found
    session.info.setdefault(ORDERED, []).append(job.id)
    return job


def _by_key(session: Session, key: str) -> Job | None:
    return session.scalar(select(Job).where(Job.idempotency_key == key))


def cancel(session: Session, policy: Policy, job_id: int) -> None:
    """Take a job back: at once where it waits, after the chunk under way where it runs; a finished one stays.

    Raises:
        NotFound: there is no such job, or it is somebody else's.
    """
    with acting(session, SYSTEM):
        mine = select(Job.id).where(Job.id == job_id, *own(policy))
        if session.scalar(mine) is None:
            raise NotFound(_("There is no such job."))
        quiet = {"synchronize_session": False}
        waiting = update(Job).where(Job.id == job_id, Job.state == "queued")
        session.execute(waiting.values(state="cancelled", finished_at=utc_now()), execution_options=quiet)
        running = update(Job).where(Job.id == job_id, Job.state == "running")
        session.execute(running.values(cancel_requested=True), execution_options=quiet)


def own(policy: Policy) -> list[Any]:
    """The conditions on jobs that this person may see: one's own, all for an administrator."""
    return [] if policy.unlimited else [Job.actor_id == policy.user_id, Job.actor_id.is_not(None)]

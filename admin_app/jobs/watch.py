"""The watch of a worker: what a dead one left goes back into the queue, what is due today is ordered."""

from __future__ import annotations

import logging
from datetime import timedelta
from threading import Event
from typing import Final

from flask import Flask, current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from admin_app.actor import company_today
from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from admin_app.jobs.order import kinds, order
from admin_app.jobs.queue import Jobs
from admin_app.jobs.run import MAX_ATTEMPTS, is_dead
from models.job import Job
from models.types import utc_now

#: Seconds between two rounds.
EVERY: Final = 3
#: A waiting job that is this old, while the queue is empty, was lost on the way.
LOST_AFTER: Final = timedelta(seconds=5)

_log = logging.getLogger(__name__)


def watch(app: Flask, stop: Event) -> None:
    """Look around until `stop` is set; a round that fails is logged, and the next one tries again."""
    while True:
        try:
            with app.app_context():
                look_around(db.session())
        except Exception:
            _log.warning("the watch over the jobs failed", exc_info=True)
        if stop.wait(EVERY):
            return


def look_around(session: Session) -> None:
    """One round: reap, wake, order the daily work; commits. Writes only where there is something to write."""
    jobs: Jobs = current_app.extensions["dutybook_jobs"]
    session.rollback()
    session.connection(execution_options={"writes": False})
    with acting(session, SYSTEM):
        running = session.execute(
            select(Job.id, Job.worker, Job.lease_until).where(Job.state == "running")
        ).all()
        lost = list(
            session.scalars(
                select(Job.id).where(Job.state == "queued", Job.queued_at < utc_now() - LOST_AFTER)
            )
        )
        due = _due(session)
        session.rollback()
        left = [row for row in running if row.lease_until < utc_now() or (row.worker and is_dead(row.worker))]
        freed = [row.id for row in left if _free(session, row.id, row.worker)]
        forgotten = bool(lost) and jobs.is_empty()
        for name in due:
            _order_daily(session, name)
    jobs.wake({*freed, *(lost if forgotten else ())})


def _free(session: Session, job_id: int, worker: str) -> bool:
    """Give a job back to the queue, or up where it went wrong too often; whether it waits again."""
    quiet = {"synchronize_session": False}
    mine = Job.id == job_id, Job.worker == worker, Job.state == "running"
    again = update(Job).where(*mine, Job.attempts < MAX_ATTEMPTS)
    values = {"state": "queued", "worker": None, "lease_until": None, "queued_at": utc_now()}
    freed = session.execute(again.values(values).returning(Job.id), execution_options=quiet).one_or_none()
    with force_locale("en"):
        error = _("It ended its worker %(num)s times without any progress.", num=MAX_ATTEMPTS)
    given_up = update(Job).where(*mine, Job.attempts >= MAX_ATTEMPTS)
    session.execute(
        given_up.values(state="failed", error=error, finished_at=utc_now(), lease_until=None),
        execution_options=quiet,
    )
    session.commit()
    _log.warning("job %s lost its worker %s", job_id, worker)
    return freed is not None


def _key(name: str) -> str:
    return f"daily {name} {company_today().date().isoformat()}"


def _due(session: Session) -> list[str]:
    keys = {_key(kind.name): kind.name for kind in kinds().values() if kind.daily}
    if not keys:
        return []
    ordered = set(session.scalars(select(Job.idempotency_key).where(Job.idempotency_key.in_(keys))))
    return [name for key, name in keys.items() if key not in ordered]


def _order_daily(session: Session, name: str) -> None:
    try:
        order(session, name, {}, None, key=_key(name))
        session.commit()
    except SQLAlchemyError:
        session.rollback()
        raise

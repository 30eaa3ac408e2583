"""Running one job: by one worker at a time, chunk by chunk, so that another one can go on where it ended.

Whoever runs a job holds its lease, named by `worker`. Each chunk ends by moving the lease on in its own transaction:
a worker that was taken for dead and comes back loses its chunk there, so none is done twice.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from threading import Event, Thread
from typing import Any, Final

from flask import Flask, current_app, g
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from admin_app.actor import company_today
from admin_app.db import db
from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.access.cache import PolicyCache
from admin_app.engine.language import LOCALES, known
from admin_app.errors import DutybookError
from admin_app.jobs.order import kinds
from models.job import Job
from models.organisation import User
from models.types import utc_now

#: How long a worker may be silent before another one goes on with its job.
LEASE: Final = timedelta(seconds=30)
#: Starts without any progress after which a job is given up: it kills whoever tries it.
MAX_ATTEMPTS: Final = 5
_QUIET: Final = {"synchronize_session": False}

_log = logging.getLogger(__name__)


class Cancelled(Exception):
    """Somebody took the order back."""


class LostLease(Exception):
    """Another worker has the job by now."""


@dataclass
class _Step:
    session: Session
    cursor: Any
    done: int


class _Run:
    """What the code of a kind gets (`kinds.Running`)."""

    def __init__(self, job: Job, worker: str) -> None:
        self.job_id = job.id
        self.arguments = job.arguments
        self._actor_id = job.actor_id
        self._worker = worker

    @contextmanager
    def chunk(self, total: int | None = None) -> Iterator[_Step]:
        session = db.session()
        session.rollback()
        with acting(session, SYSTEM):
            # Anew for each chunk: a right that ended meanwhile ends the job.
            policy = self._policy(session)
            held = select(Job.cursor, Job.done, Job.cancel_requested).where(*self._mine())
            found = session.execute(held).one_or_none()
        if found is None:
            raise LostLease
        if found.cancel_requested:
            raise Cancelled
        step = _Step(session, found.cursor, found.done)
        with acting(session, policy):
            yield step
            session.flush()
        with acting(session, SYSTEM):
            values: dict[str, Any] = {"cursor": step.cursor, "done": step.done, "attempts": 0, **_alive()}
            if total is not None:
                values["total"] = total
            moved = update(Job).where(*self._mine()).values(values).returning(Job.id)
            if session.execute(moved, execution_options=_QUIET).one_or_none() is None:
                session.rollback()
                raise LostLease
            session.commit()

    def _mine(self) -> tuple[Any, ...]:
        return Job.id == self.job_id, Job.worker == self._worker, Job.state == "running"

    def _policy(self, session: Session) -> Policy:
        if self._actor_id is None:
            return SYSTEM
        cache: PolicyCache = current_app.extensions["dutybook_policies"]
        user = session.get(User, self._actor_id, populate_existing=True)
        if user is None:
            raise DutybookError(403, _("Whoever ordered this is gone."))
        return cache.policy(session, user, company_today().date())


def _alive() -> dict[str, Any]:
    now = utc_now()
    return {"heartbeat_at": now, "lease_until": now + LEASE}


def worker_name() -> str:
    """Who works here: machine, process and a number that no other run bears."""
    return f"{socket.gethostname()[:100]} {os.getpid()} {secrets.token_hex(8)}"


def is_dead(worker: str | None) -> bool:
    """Whether that run was in a process of this machine that is gone: nobody needs to wait for its lease to end."""
    host, _blank, rest = (worker or "").partition(" ")
    process = rest.partition(" ")[0]
    if host != socket.gethostname()[:100] or not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def run_job(job_id: int) -> bool:
    """Do a job to its end, whatever that is; False where there is nothing to do for this worker."""
    session = db.session()
    session.rollback()
    worker = worker_name()
    with acting(session, SYSTEM):
        job = _claim(session, job_id, worker)
    if job is None:
        return False
    run = _Run(job, worker)
    _speak(session, job.actor_id)
    kind = kinds().get(job.kind)
    _log.info("job %s (%s) begins", job_id, job.kind)
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # for the thread
    with force_locale(LOCALES[g.language]), _heart(app, job_id, worker):
        try:
            if kind is None:
                raise DutybookError(500, _("This release does not know how to do it."))
            ended = {"state": "done", "result": kind.run(run)}
        except Cancelled:
            ended = {"state": "cancelled"}
        except LostLease:
            _log.warning("job %s went to another worker", job_id)
            session.rollback()
            return False
        except DutybookError as refusal:
            ended = {"state": "failed", "error": str(refusal)}
        except Exception:
            _log.exception("job %s failed", job_id)
            ended = {"state": "failed", "error": _("It failed; the log says why.")}
    _finish(session, job_id, worker, ended)
    return True


def _claim(session: Session, job_id: int, worker: str) -> Job | None:
    now = utc_now()
    free = or_(Job.state == "queued", (Job.state == "running") & (Job.lease_until < now))
    values = {
        "state": "running",
        "worker": worker,
        "attempts": Job.attempts + 1,
        "started_at": now,
        **_alive(),
    }
    taken = update(Job).where(Job.id == job_id, free, Job.attempts < MAX_ATTEMPTS).values(values)
    got = session.execute(taken.returning(Job.id), execution_options=_QUIET).one_or_none()
    session.commit()
    return session.get(Job, job_id, populate_existing=True) if got is not None else None


def _speak(session: Session, actor_id: int | None) -> None:
    """Let messages be in the language of who will read them."""
    with acting(session, SYSTEM):
        user = session.get(User, actor_id) if actor_id is not None else None
    g.language = known(user.language if user else None) or known(current_app.config["LANGUAGE"]) or "zh"


def _finish(session: Session, job_id: int, worker: str, ended: dict[str, Any]) -> None:
    session.rollback()
    with acting(session, SYSTEM):
        statement = update(Job).where(Job.id == job_id, Job.worker == worker, Job.state == "running")
        values = {**ended, "finished_at": utc_now(), "lease_until": None}
        session.execute(statement.values(values), execution_options=_QUIET)
        session.commit()
    _log.info("job %s is %s", job_id, ended["state"])


@contextmanager
def _heart(app: Flask, job_id: int, worker: str) -> Iterator[None]:
    """Give signs of life until the block ends, from a thread of its own: a chunk may take longer than a lease."""
    stop = Event()
    thread = Thread(
        target=_beat, args=(app, job_id, worker, stop), name=f"heart of job {job_id}", daemon=True
    )
    if app.config.get("TESTING"):
        # Tests run jobs inside their own transaction, where a second connection would wait for the first.
        yield
        return
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _beat(app: Flask, job_id: int, worker: str, stop: Event) -> None:
    while not stop.wait(LEASE.total_seconds() / 4):
        with app.app_context(), acting(db.session(), SYSTEM) as session:
            mine = Job.id == job_id, Job.worker == worker, Job.state == "running"
            try:
                session.execute(update(Job).where(*mine).values(_alive()), execution_options=_QUIET)
                session.commit()
            except SQLAlchemyError as error:
                # On SQLite a long chunk holds the only write lock; then nobody can take the job either.
                session.rollback()
                _log.debug("no sign of life of job %s: %s", job_id, error)

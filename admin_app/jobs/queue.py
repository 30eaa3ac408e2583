"""Waking workers: huey carries job numbers from whoever orders to whoever works.

A queue forgets what a killed worker had taken out of it, so nothing rests on it: a number that is lost is put in again
by the watch, one that comes twice is taken once.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app, has_app_context
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from admin_app.engine.job import JobKind
from admin_app.jobs.order import ORDERED, order
from admin_app.jobs.run import run_job

if TYPE_CHECKING:
    from huey.api import Huey

NAME = "dutybook"
#: The queue's own tables in a PostgreSQL database begin with this; migrations leave them alone.
TABLE_PREFIX = "huey"

_log = logging.getLogger(__name__)


class Jobs:
    """The kinds of jobs of one app and its queue, which is opened when it is first needed."""

    #: For the engine, which knows jobs only as what the app brings.
    order = staticmethod(order)

    def __init__(self, app: Flask, kinds: Iterable[JobKind]) -> None:
        self.app = app
        self.kinds = {kind.name: kind for kind in kinds}

    @cached_property
    def huey(self) -> Huey:
        """The queue: in the data folder, or in the database where that is PostgreSQL."""
        # Only here: it brings psycopg along, and most processes never order a job.
        from huey.api import PostgresHuey, SqliteHuey

        url = make_url(self.app.config["SQLALCHEMY_DATABASE_URI"])
        if url.get_backend_name() == "postgresql":
            plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
            # prepare_threshold: a pooler in front of PostgreSQL gives each statement another connection.
            return PostgresHuey(
                NAME, results=False, dsn=plain, table_prefix=TABLE_PREFIX, prepare_threshold=None
            )
        path = Path(self.app.config["DATA_DIR"]) / "jobs.sqlite"
        # No WAL: it runs on Python's own SQLite, whose releases up to 3.51.2 can corrupt such a file.
        return SqliteHuey(NAME, results=False, filename=str(path), journal_mode="truncate")

    @cached_property
    def task(self) -> Any:
        """The one task of the queue: run the job of that number."""

        def work(number: int) -> None:
            with self.app.app_context():
                run_job(number)

        return self.huey.task(name="work")(work)

    def wake(self, numbers: Iterable[int]) -> None:
        """Tell the workers of these jobs; a queue that does not answer is left to the watch."""
        for number in numbers:
            try:
                self.task(number)
            except Exception:
                _log.warning("job %s is not in the queue; the watch will find it", number, exc_info=True)

    def close(self) -> None:
        """Let go of the queue; it opens again when it is needed."""
        if "huey" in self.__dict__:
            self.huey.storage.close()

    def is_empty(self) -> bool:
        """Whether nothing waits in the queue."""
        return bool(self.huey.storage.queue_size() == 0)


def _tell(session: Session) -> None:
    if session.in_nested_transaction() or not session.info.get(ORDERED):
        return
    numbers = session.info.pop(ORDERED)
    if has_app_context():
        current_app.extensions["dutybook_jobs"].wake(numbers)


def _forget(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info.pop(ORDERED, None)


def init_jobs(app: Flask, kinds: Iterable[JobKind], session_class: Any) -> None:
    """Give the app its jobs, and wake the workers after each commit that ordered one."""
    app.extensions["dutybook_jobs"] = Jobs(app, kinds)
    if not getattr(session_class, "_wakes_workers", False):
        session_class._wakes_workers = True
        event.listen(session_class, "after_commit", _tell)
        event.listen(session_class, "after_rollback", _forget)

"""A large run as a job: one change set a chunk, marked in the same transaction."""

from __future__ import annotations

from typing import Any, Final

from flask import current_app, url_for
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, acting, policy_of
from admin_app.engine.bulk.applying import apply_part, chunk_size, finish, part_after
from admin_app.engine.bulk.runs import forget_previews
from admin_app.engine.bulk.undoing import undo_part
from admin_app.engine.change import context
from admin_app.engine.job import JobKind, Running
from admin_app.errors import NotFound
from models.bulk import BulkRun


def _apply(job: Running) -> Any:
    # Forms build addresses of lookups, as they do in the request in which they were typed.
    with current_app.test_request_context(method="POST"):
        while True:
            with job.chunk() as step:
                run = _run(step.session, job.arguments["run"])
                policy = policy_of(step.session)
                with acting(step.session, SYSTEM):
                    until = part_after(step.session, run)
                if until is None:
                    finish(step.session, run)
                    return {"applied": run.applied}
                apply_part(step.session, policy, run, until, source="job")
                # What was left alone counts as done, too: nothing of this part comes again.
                step.done += chunk_size()


def _undo(job: Running) -> Any:
    with current_app.test_request_context(method="POST"):
        while True:
            with job.chunk() as step:
                run = _run(step.session, job.arguments["run"])
                part = int(step.cursor or 0)
                context(step.session, source="job")
                if not undo_part(step.session, policy_of(step.session), run, part, job.arguments["reason"]):
                    return {"undone": run.counts["undone"]}
                step.cursor = part + 1
                step.done += chunk_size()


def _run(session: Session, run_id: int) -> BulkRun:
    with acting(session, SYSTEM):
        run = session.get(BulkRun, run_id, populate_existing=True)
    if run is None:
        raise NotFound(lazy_gettext("There is no such change, or it is not yours to see."))
    return run


def _page(arguments: Any) -> str:
    return url_for("bulk.run", key=arguments["run"])


def _forget(job: Running) -> Any:
    with job.chunk() as step:
        return {"previews": forget_previews(step.session)}


UNDO: Final = JobKind("bulk_undo", lazy_gettext("Undoing a change of many records"), _undo, page=_page)
FORGET: Final = JobKind(
    "forget_previews", lazy_gettext("Previews that nobody applied, after a week"), _forget, daily=True
)
BULK: Final = JobKind("bulk", lazy_gettext("Change of many records"), _apply, page=_page)

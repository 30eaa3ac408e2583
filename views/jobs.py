"""Jobs: what one has ordered and how far it is; an administrator sees everybody's."""

from __future__ import annotations

from typing import Any, Final

from flask import flash, jsonify, redirect, request, url_for
from flask_admin import expose
from flask_babel import format_datetime, lazy_gettext
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting, current_policy
from admin_app.engine.site import Page
from admin_app.errors import BadInput
from admin_app.jobs.order import cancel, kinds, own
from models.job import Job
from models.organisation import User
from views.asking import AccessPage
from views.matrix import signed_in

#: The newest jobs that the page shows.
SHOWN: Final = 50
STATES: Final = {
    "queued": (lazy_gettext("Waits"), ""),
    "running": (lazy_gettext("Runs"), "is-warn"),
    "done": (lazy_gettext("Done"), "is-ok"),
    "failed": (lazy_gettext("Failed"), "is-bad"),
    "cancelled": (lazy_gettext("Cancelled"), ""),
}


class JobsView(AccessPage):
    """`/jobs/` shows them, `/jobs/data` tells the same to the page that waits, `/jobs/cancel` takes one back."""

    @expose("/")
    def index(self) -> str:
        """The newest jobs."""
        return str(self.render("admin/jobs.html", jobs=read_jobs(), everybody=current_policy().unlimited))

    @expose("/data")
    def data(self) -> Response:
        """The newest jobs as JSON."""
        answer = jsonify(jobs=read_jobs())
        assert isinstance(answer, Response)
        return answer

    @expose("/cancel", methods=("POST",))
    def cancel(self) -> Response:
        """Take a job back."""
        number = request.form.get("id", "")
        if not number.isascii() or not number.isdigit() or len(number) > 18:
            raise BadInput(_("Part of the form is missing. Open the page again."))
        cancel(db.session(), current_policy(), int(number))
        db.session.commit()
        flash(_("The job is taken back."), "success")
        return redirect(url_for("jobs.index"))


def read_jobs(job_id: int | None = None) -> list[dict[str, Any]]:
    """The jobs that the reader may see, newest first, in words; one statement. `job_id` asks for one alone."""
    statement = select(Job, User.name).outerjoin(User, User.id == Job.actor_id).where(*own(current_policy()))
    if job_id is not None:
        statement = statement.where(Job.id == job_id)
    with acting(db.session(), SYSTEM) as session:
        return [_shown(*row) for row in session.execute(statement.order_by(Job.id.desc()).limit(SHOWN))]


def _shown(job: Job, actor: str | None) -> dict[str, Any]:
    kind = kinds().get(job.kind)
    label, tone = STATES[job.state]
    stopping = job.cancel_requested and job.state == "running"
    return {
        "id": job.id,
        "label": str(kind.label) if kind else job.kind,
        "actor": actor or _("the system"),
        "state": job.state,
        "state_label": _("Stops after this part") if stopping else str(label),
        "tone": tone,
        "done": min(job.done, job.total) if job.total else job.done,
        "total": job.total,
        "progress": _progress(job),
        "at": format_datetime(job.finished_at or job.started_at or job.queued_at, "short"),
        "error": job.error or "",
        "page": kind.page(job.arguments) if kind else None,
        "open": job.state in ("queued", "running"),
        "cancellable": job.state in ("queued", "running") and not stopping,
    }


def _progress(job: Job) -> str:
    if not job.total:
        return ""
    return str(_("%(done)s of %(total)s", done=f"{min(job.done, job.total):,}", total=f"{job.total:,}"))


JOBS = Page("jobs", "data", "checklist", JobsView, signed_in)

"""Changes of many records: choose, type, preview, apply, undo; and the large ones that wait for a second person."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl

from flask import Response, flash, redirect, request, stream_with_context, url_for
from flask_admin import expose
from flask_babel import format_datetime, format_decimal, ngettext
from flask_babel import gettext as _
from sqlalchemy import func, or_, select
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from admin_app.db import db
from admin_app.engine.access import SYSTEM, Policy, acting, current_policy
from admin_app.engine.bulk import applying, preview, runs, undoing
from admin_app.engine.bulk.action import Action
from admin_app.engine.bulk.selection import Selection, supports
from admin_app.engine.bulk.shipped import CHOSEN, action_of
from admin_app.engine.change.staying import skipped_rows, stay
from admin_app.engine.deletion import plan_deletion_of
from admin_app.engine.entity import Entity
from admin_app.engine.exchange.export import csv_lines
from admin_app.engine.forms import RecordForm
from admin_app.engine.labels import labels
from admin_app.engine.listing import ListArgs, Listing
from admin_app.engine.site import Page, site
from admin_app.errors import BadInput, Conflict, NotFound
from models.bulk import BulkItem, BulkRun
from models.organisation import User
from views.asking import AccessPage
from views.bulk_words import STATES, errors, label, listed, sections, whole
from views.changes_words import whole_story
from views.jobs import read_jobs
from views.matrix import signed_in

SHOWN: Final = 50
#: A token that fits into an address: the page can be loaded again and gone back to.
SHORT: Final = 1_500
#: What is sent beside the fields of an action.
_FRAME: Final = frozenset({"csrf_token", "selection", "reason", "id", "all", "but", "query", "_url", "_step"})
Answer = str | BaseResponse


class BulkView(AccessPage):
    """`/bulk/` lists runs, `/bulk/<entity>/<action>/` is the form, `/bulk/run/<key>/` everything after it."""

    @expose("/")
    def index(self) -> str:
        """One's own runs, and those that wait for one's approval."""
        policy = current_policy()
        with acting(db.session(), SYSTEM) as session:
            newest = select(BulkRun, User.name).outerjoin(User, User.id == BulkRun.actor_id)
            own = BulkRun.actor_id == policy.user_id
            asked = or_(BulkRun.state == "waiting", BulkRun.decided_by_id == policy.user_id)
            found = session.execute(
                newest.where(or_(own, asked)).order_by(BulkRun.id.desc()).limit(4 * SHOWN)
            ).all()
        mine = [listed(run, name) for run, name in found if runs.is_own(policy, run)][:SHOWN]
        others = [listed(run, name) for run, name in found if runs.may_approve(policy, run)][:SHOWN]
        return str(self.render("admin/bulk/index.html", mine=mine, others=others))

    @expose("/<entity>/<action>/", methods=("GET", "POST"))
    def form(self, entity: str, action: str) -> Answer:
        """What the action asks for; once that is sent, the preview."""
        policy, session = current_policy(), db.session()
        declared, found = _declared(entity, action)
        if request.method == "POST" and "selection" not in request.form:
            selection = _chosen(declared, policy)
            runs.check_use(policy, found, declared, selection.single is None)
            if found.downloads:
                return _download(declared, policy, selection)
            token = selection.signed(policy)
            if len(token) <= SHORT:
                return redirect(url_for("bulk.form", entity=entity, action=action, selection=token))
            return self._ask(declared, found, selection, found.form(declared, session, policy, None))
        if "selection" in request.values:
            selection = Selection.read(request.values["selection"], declared, policy)
        else:
            selection = Selection.these(declared, request.args.getlist("id"))
        runs.check_use(policy, found, declared, selection.single is None)
        if request.method == "GET":
            if found.downloads:
                raise NotFound(_("There is no such page."))
            return self._ask(declared, found, selection, found.form(declared, session, policy, None))
        sent = MultiDict((name, text) for name, text in request.form.items(multi=True) if name not in _FRAME)
        reason = request.form.get("reason", "").strip()
        if found.needs_reason and not reason:
            form = found.form(declared, session, policy, sent)
            form.validate()
            return self._ask(declared, found, selection, form, _("Write why: the history shows it."))
        made = runs.preview(session, policy, declared, found, selection, sent, reason)
        if not isinstance(made, BulkRun):
            return self._ask(declared, found, selection, made)
        key = made.id
        # A step of one record needs no preview to be read, unless something is in its way.
        at_once = found.step and selection.single is not None and request.form.get("_step") == "now"
        if at_once and made.counts.get("change") and not runs.needs_approval(made):
            runs.submit(session, policy, made)
            session.commit()
            flash(_("Done: %(step)s.", step=found.label), "success")
            return redirect(url_for(f"{entity}.details_view", id=selection.single))
        session.commit()
        return redirect(url_for("bulk.run", key=key))

    def _ask(self, entity: Entity, action: Action, selection: Selection, form: Any, trouble: str = "") -> str:
        policy, session = current_policy(), db.session()
        if form is not None and isinstance(form, RecordForm) and action.name == "edit" and request.form:
            form = whole(entity, form)
        with acting(session, SYSTEM):
            number = session.scalar(
                select(func.count()).select_from(entity.model).where(*selection.conditions(entity, policy))
            )
        name = entity.name
        return str(
            self.render(
                "admin/bulk/form.html",
                entity={"name": name, "label": labels().entity(name), "plural": labels().plural(name)},
                action=action,
                number=number or 0,
                shown_number=format_decimal(number or 0),
                record_label=label(entity, selection),
                selection=selection.signed(policy),
                sections=sections(form),
                chosen=set(request.form.getlist(CHOSEN)),
                errors=errors(form),
                general=[*map(str, getattr(form, "form_errors", ())), *([trouble] if trouble else [])],
                reason=request.form.get("reason", ""),
                choosing=action.name == "edit",
                list_url=url_for(f"{name}.index_view"),
            )
        )

    @expose("/run/<int:key>/")
    def run(self, key: int) -> str:
        """The preview; afterwards the result."""
        policy, session = current_policy(), db.session()
        run = runs.find_run(session, policy, key)
        opened = applying.open_run(session, policy, run)
        done = run.state in ("done", "undone")
        pending = run.state in ("previewed", "waiting")
        name = opened.entity.name
        with acting(session, SYSTEM):
            asked = select(User.id, User.name).where(User.id.in_([run.actor_id, run.decided_by_id]))
            people: dict[int | None, str] = dict(session.execute(asked).all())
            stale = preview.versions_now(session, opened.entity, run.id) if pending else 0
        jobs = read_jobs(run.job_id) if run.job_id is not None and run.state in ("ordered", "undone") else []
        jobs = [job for job in jobs if job["state"] != "done"]
        left = undoing.preview_undo(session, policy, run) if run.state == "undone" and not jobs else None
        along = None
        if pending and opened.plan.goes_along:
            ids = select(BulkItem.record_id).where(BulkItem.run_id == run.id, BulkItem.outcome == "change")
            along = plan_deletion_of(session, opened.entity, policy, ids)
        return str(
            self.render(
                "admin/bulk/run.html",
                entity={"name": name, "label": labels().entity(name), "plural": labels().plural(name)},
                action=opened.action,
                run=run,
                state=STATES[run.state],
                outcomes=preview.outcomes(session, opened, done),
                distribution=preview.distribution(session, opened) if pending else [],
                samples=preview.samples(session, opened) if pending else [],
                moved=preview.left_out(session, opened) if done else [],
                along=along,
                stale=stale,
                number=int(run.counts.get("change", 0)),
                applied=format_decimal(run.applied),
                total=format_decimal(sum(run.counts.get(each, 0) for each in preview.ORDER)),
                needs_approval=runs.needs_approval(run),
                own=runs.is_own(policy, run),
                decidable=run.state == "waiting" and runs.may_approve(policy, run),
                actor=people.get(run.actor_id, _("the system")),
                decided_by=people.get(run.decided_by_id),
                at=format_datetime(run.at, "short"),
                job=jobs[0] if jobs else None,
                undoable=undoing.may_undo(session, policy, run),
                undone=format_decimal(run.counts.get("undone", 0)),
                stay=stay(left.stay) if left else [],
                skipped=skipped_rows(session, policy, left.skipped) if left else [],
                stopped=bool(jobs) and jobs[0]["state"] in runs.STOPPED,
                list_url=url_for(f"{name}.index_view"),
            )
        )

    @expose("/run/<int:key>/file")
    def file(self, key: int) -> Answer:
        """All records of the preview as CSV."""
        policy, session = current_policy(), db.session()
        run = runs.find_run(session, policy, key)
        opened = applying.open_run(session, policy, run)

        def lines() -> Any:
            # The request is over when this runs: its actor has to be named again.
            with acting(db.session(), policy) as session:
                yield from preview.csv_lines(session, opened)

        return _csv(lines(), f"{run.entity}-{run.action}-{run.id}.csv")

    @expose("/run/<int:key>/apply", methods=("POST",))
    def apply(self, key: int) -> Answer:
        """Do it, order it, or ask for approval."""
        policy, session = current_policy(), db.session()
        run = runs.find_run(session, policy, key)
        runs.submit(session, policy, run)
        state, applied = run.state, run.applied
        session.commit()
        if state == "done":
            flash(ngettext("%(num)s record changed.", "%(num)s records changed.", applied), "success")
        elif state == "waiting":
            flash(_("It waits for the approval of a second person."), "success")
        return redirect(url_for("bulk.run", key=key))

    @expose("/run/<int:key>/resume", methods=("POST",))
    def resume(self, key: int) -> Answer:
        """Go on with what was stopped."""
        policy, session = current_policy(), db.session()
        run = runs.find_run(session, policy, key)
        runs.resume(session, policy, run)
        session.commit()
        return redirect(url_for("bulk.run", key=key))

    @expose("/run/<int:key>/undo", methods=("GET", "POST"))
    def undo(self, key: int) -> Answer:
        """What undoing would do; on POST, the undoing."""
        policy, session = current_policy(), db.session()
        run = runs.find_run(session, policy, key)
        if request.method == "POST":
            undoing.undo_run(session, policy, run, request.form.get("reason", "").strip())
            session.commit()
            return redirect(url_for("bulk.run", key=key))
        if not undoing.may_undo(session, policy, run):
            raise Conflict(_("This change is under way or undone already. Load the page again."))
        found = undoing.preview_undo(session, policy, run)
        back = {"shown": format_decimal(found.back)}
        return str(
            self.render(
                "admin/history/undo.html",
                crumbs=[
                    (labels().plural(run.entity), url_for(f"{run.entity}.index_view")),
                    (_("Bulk changes"), url_for("bulk.run", key=key)),
                ],
                title=ngettext(
                    "%(shown)s record will go back", "%(shown)s records will go back", found.back, **back
                ),
                button=ngettext("Undo %(shown)s record", "Undo %(shown)s records", found.back, **back),
                story=whole_story(),
                back=found.back,
                stay=stay(found.stay),
                skipped=skipped_rows(session, policy, found.skipped),
                back_url=url_for("bulk.run", key=key),
            )
        )

    @expose("/run/<int:key>/decide", methods=("POST",))
    def decide(self, key: int) -> Answer:
        """Approve or refuse the large change of somebody else."""
        policy, session = current_policy(), db.session()
        run = runs.find_run(session, policy, key)
        accept = request.form.get("accept", "")
        if accept not in ("0", "1"):
            raise BadInput(_("Part of the form is missing. Open the page again."))
        runs.decide(session, policy, run, accept == "1", request.form.get("answer", ""))
        session.commit()
        flash(_("Approved.") if accept == "1" else _("Refused."), "success")
        return redirect(url_for("bulk.run", key=key))


def _declared(entity: str, action: str) -> tuple[Entity, Action]:
    declared = site().by_name.get(entity)
    found = action_of(declared, action) if declared is not None and supports(declared) else None
    if declared is None or found is None:
        raise NotFound(_("There is no such page."))
    return declared, found


def _chosen(entity: Entity, policy: Policy) -> Selection:
    form = request.form
    if form.get("all"):
        args = MultiDict(parse_qsl(form.get("query", ""), keep_blank_values=True))
        return Selection.all_matching(entity, args, policy, form.getlist("but"))
    return Selection.these(entity, form.getlist("id"))


def _download(entity: Entity, policy: Policy, selection: Selection) -> Response:
    args = ListArgs.parse(entity, MultiDict(list(selection.matching or ())), policy)
    within = site().access.criterion(entity.model, site().rows(policy, "export", entity))
    base = (within, *selection.conditions(entity, policy))
    listing = Listing(entity, args, policy, f"{entity.name}.index_view", base=base)

    def lines() -> Any:
        with acting(db.session(), policy) as session:
            yield from csv_lines(listing, session)

    return _csv(lines(), f"{entity.name}.csv")


def _csv(lines: Any, name: str) -> Response:
    return Response(
        stream_with_context(lines),
        mimetype="text/csv",
        headers={"Content-Disposition": f"attachment; filename={name}"},
    )


BULK_PAGE: Final = Page("bulk", "data", "forms", BulkView, signed_in)

"""The doors to the versions of the matrix, and to the requests for changes beyond somebody's reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash, redirect, request, url_for
from flask_admin import BaseView, expose
from flask_babel import format_datetime, ngettext
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from admin_app.db import db
from admin_app.engine.access import current_policy
from admin_app.engine.access.world import World
from admin_app.engine.site import site
from admin_app.errors import Forbidden
from admin_app.services import clock, matrix_editing, matrix_requests, matrix_versions
from admin_app.services.answers import signed
from admin_app.services.matrix_documents import from_document
from admin_app.services.matrix_versions import Difference
from models.matrix import MatrixRequest, MatrixVersion
from views import matrix_words as words
from views.matrix_editing import editor, world_now


class HistoryDoors(BaseView):  # type: ignore[misc]  # Flask-Admin brings no types
    """What the page knows of its past, and what waits for a decision."""

    @expose("/versions")
    def versions(self) -> str:
        """Who changed how many cells, when and why; the newest first."""
        before = request.args.get("before", type=int)
        found = matrix_versions.versions(db.session(), before)
        older = found[-1].number if len(found) == matrix_versions.PAGE else None
        return str(
            self.render(
                "admin/matrix_versions.html",
                versions=[_version(each) for each in found],
                older=url_for("matrix.versions", before=older) if older else None,
            )
        )

    @expose("/versions/<int:number>")
    def version(self, number: int) -> str:
        """One version, compared with the one before it or (`with=now`) with the matrix as it stands."""
        session, world = db.session(), world_now()
        kept = matrix_versions.version(session, number)
        cells = matrix_versions.cells(kept.cells)
        with_now = request.args.get("with") == "now"
        if with_now:
            changes = matrix_versions.compare(cells, matrix_versions.current(world))
        elif number > 1:
            earlier = matrix_versions.version(session, number - 1)
            changes = matrix_versions.compare(matrix_versions.cells(earlier.cells), cells)
        else:
            changes = []
        policy = current_policy()
        may_edit = bool(matrix_editing.editable(policy, world))
        to_do = (
            matrix_versions.to_restore(session, policy, world, site().access, kept, clock.today())
            if may_edit
            else None
        )
        return str(
            self.render(
                "admin/matrix_version.html",
                version=_version(kept),
                with_now=with_now,
                changes=[_difference(each, world) for each in changes],
                restorable=len(to_do.allowed) if to_do else 0,
                staying=len(to_do.refused) if to_do else 0,
            )
        )

    @expose("/versions/<int:number>/restore", methods=("POST",))
    def restore(self, number: int) -> Response:
        """Bring a version back, as far as one's own positions go."""
        policy = editor(world_now())
        made, left = matrix_versions.restore(
            db.session(), policy, site().access, number, request.form.get("reason", ""), clock.today()
        )
        new = made.number
        db.session.commit()
        flash(_("Version %(new)s brings back version %(number)s.", new=new, number=number), "ok")
        if left:
            flash(
                ngettext(
                    "%(num)s cell stays as it is: it is beyond you.",
                    "%(num)s cells stay as they are: they are beyond you.",
                    left,
                ),
                "warning",
            )
        return redirect(url_for("matrix.version", number=new))

    @expose("/requests")
    def requests(self) -> str:
        """The changes that one has asked for, or is asked for."""
        policy, world = current_policy(), world_now()
        found = matrix_requests.requests(db.session(), policy)
        return str(
            self.render(
                "admin/matrix_requests.html",
                requests=[
                    _request(each, world)
                    | {"decidable": each.status == "open" and matrix_requests.may_decide(policy, each)}
                    for each in found
                ],
            )
        )

    @expose("/requests/<int:key>", methods=("POST",))
    def decide(self, key: int) -> Response:
        """Apply a request (`accept=1`) or refuse it with an answer."""
        policy = current_policy()
        if policy.user_id is None:
            raise Forbidden(_("None of your positions opens this page."))
        accept = request.form.get("accept") == "1"
        version = matrix_requests.decide(
            db.session(),
            policy,
            site().access,
            key,
            accept,
            request.form.get("answer", ""),
            clock.today(),
        )
        number = version.number if version else None
        db.session.commit()
        flash(_("Applied as version %(number)s.", number=number) if number else _("Refused."), "ok")
        return redirect(url_for("matrix.requests"))


def _version(kept: MatrixVersion) -> dict[str, Any]:
    return {
        "number": kept.number,
        "at": format_datetime(kept.at, "medium"),
        "author": signed(kept.author.name, kept.acting_for) if kept.author else _("The system"),
        "reason": kept.reason,
        "changed": len(kept.changes),
        "restored_from": kept.restored_from,
        "url": url_for("matrix.version", number=kept.number),
    }


def _difference(each: Difference, world: World) -> dict[str, Any]:
    return {
        "position": _named(world, "positions", each.position),
        "duty": _named(world, "duties", each.duty),
        "before": words.cell_words(each.before),
        "after": words.cell_words(each.after),
    }


def _request(asked: MatrixRequest, world: World) -> dict[str, Any]:
    return {
        "id": asked.id,
        "author": asked.author.name,
        "asked": asked.asked.name if asked.asked else None,
        "at": format_datetime(asked.created_at, "medium"),
        "reason": asked.reason,
        "status": asked.status,
        "status_label": _status(asked.status),
        "answer": asked.answer,
        "decided_by": asked.decided_by.name if asked.decided_by else None,
        "changes": _changes(asked.changes, world),
    }


def _status(code: str) -> str:
    return str({"open": _("open"), "applied": _("applied"), "refused": _("refused")}[code])


def _changes(stored: Sequence[Mapping[str, Any]], world: World) -> list[dict[str, Any]]:
    return [
        _difference(
            Difference(
                str(each["position"]),
                str(each["duty"]),
                from_document(each["before"]),
                from_document(each["after"]),
            ),
            world,
        )
        for each in stored
    ]


def _named(world: World, kind: str, code: str) -> str:
    """A position or duty by its code, in words; the code alone where it is gone by now."""
    found = next((each for each in getattr(world, kind).values() if each.code == code), None)
    return f"{words.name(found.names)} {code}" if found else code

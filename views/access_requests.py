"""Requests for access: one's own, and those that one decides."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import flash, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from admin_app.db import db
from admin_app.engine.access import Policy, current_policy
from admin_app.engine.access.policy import LEVELS, REACHES
from admin_app.engine.forms import describe
from admin_app.engine.labels import labels
from admin_app.engine.site import Page, site
from admin_app.errors import BadInput
from admin_app.services import access_requests, clock, request_lists
from admin_app.services.answers import action_word, signed
from admin_app.services.explanations import Explainer
from admin_app.services.reasons import named
from models.grant import AccessRequest
from views.asking import AccessPage, explainer, thing
from views.matrix import signed_in

#: What the form of a decision begins with, in days.
USUAL_DAYS = 7


class RequestsView(AccessPage):
    """`/requests/`: the lists; each step is a POST door of its own."""

    @expose("/")
    def index(self) -> str:
        """One's own requests, and those of others that one may decide."""
        policy, found = current_policy(), explainer()
        waiting = request_lists.to_decide(found, policy)
        return str(
            self.render(
                "admin/why/requests.html",
                mine=[_shown(found, policy, each) for each in request_lists.mine(db.session(), policy)],
                waiting=[_shown(found, policy, each) for each in waiting if each.status == "open"],
                decided=[_shown(found, policy, each) for each in waiting if each.status != "open"],
                reaches=[(code, labels().choice("access_grant", "rows", code)) for code in REACHES],
                levels=[(code, labels().choice("access_grant", "field_level", code)) for code in LEVELS[1:]],
                departments=[(each.id, named(each)) for each in found.world.departments.values()],
                usual_day=(found.today + timedelta(days=USUAL_DAYS)).isoformat(),
            )
        )

    @expose("/new", methods=("POST",))
    def create(self) -> Response:
        """Ask."""
        names = ("action", "entity", "id", "reason", "fields")
        form = {name: request.form.get(name, "").strip() for name in names}
        made = access_requests.ask(
            explainer(),
            current_policy(),
            form["action"],
            form["entity"],
            form["id"] or None,
            form["reason"],
            form["fields"] or None,
        )
        asked = request_lists.name_of(db.session(), made.head_id)
        db.session.commit()
        flash(_("Asked %(name)s.", name=asked), "success")
        return redirect(url_for("requests.index"))

    @expose("/grant", methods=("POST",))
    def grant(self) -> Response:
        """Grant a request for some days."""
        found, policy = explainer(), current_policy()
        asked = access_requests.open_request(found, policy, _number("id"))
        terms = access_requests.Terms(
            request.form.get("rows", ""),
            _number("department") if "department" in request.form else None,
            request.form.get("field_level", ""),
            _last_day(),
        )
        given = access_requests.grant(found, policy, asked, terms, request.form.get("answer", ""))
        name = request_lists.name_of(db.session(), given.user_id)
        until = given.valid_to.isoformat()
        db.session.commit()
        flash(_("%(name)s has it until %(day)s.", name=name, day=until), "success")
        return redirect(url_for("requests.index"))

    @expose("/refuse", methods=("POST",))
    def refuse(self) -> Response:
        """Refuse a request."""
        found, policy = explainer(), current_policy()
        asked = access_requests.open_request(found, policy, _number("id"))
        access_requests.refuse(found, policy, asked, request.form.get("answer", ""))
        db.session.commit()
        flash(_("Refused."), "success")
        return redirect(url_for("requests.index"))

    @expose("/withdraw", methods=("POST",))
    def withdraw(self) -> Response:
        """Take back one's own request."""
        access_requests.withdraw(db.session(), current_policy(), _number("id"))
        db.session.commit()
        flash(_("Withdrawn."), "success")
        return redirect(url_for("requests.index"))


def _number(name: str) -> int:
    text = request.form.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise BadInput(_("Part of the form is missing. Open the page again."))
    return int(text)


def _last_day() -> date:
    try:
        return date.fromisoformat(request.form.get("until", "").strip())
    except ValueError:
        raise BadInput(_("Give the last day as year-month-day.")) from None


def _shown(found: Explainer, policy: Policy, each: AccessRequest) -> dict[str, Any]:
    """One request in the reader's words; its record only for whoever may open it."""
    record = found.visible(policy, each.entity, each.record_key)
    entity = site().by_name.get(each.entity)
    home = request_lists.home_of(found, each.user_id) if each.status == "open" else None
    return {
        "id": each.id,
        "person": each.user.name,
        "action": action_word(each.action),
        "things": thing(each.entity),
        "record": describe(entity, record)[1] if record is not None and entity is not None else None,
        "record_url": url_for(f"{each.entity}.details_view", id=each.record_key)
        if record is not None
        else None,
        "single": each.record_key is not None,
        "grantable": each.record_key is None or record is not None,
        "reason": each.reason,
        "status": each.status,
        "status_label": labels().choice("access_request", "status", each.status),
        "asked": each.head.name if each.head else None,
        "decided_by": signed(each.decided_by.name, each.acting_for) if each.decided_by else None,
        "answer": each.answer,
        "at": each.created_at.astimezone(clock.company_zone()),
        "department": getattr(record, "department_id", None) or home,
        "level": "read" if each.action in ("view", "export", "report") else "write",
        "why_url": url_for("why.index", action=each.action, entity=each.entity, id=each.record_key),
    }


REQUESTS = Page("requests", "access", "user-check", RequestsView, signed_in)

"""Why may I, why may I not, and who may: answers on a page of their own, without betraying what one may not see."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import flash, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from admin_app.db import db
from admin_app.engine.access import Policy, current_policy
from admin_app.engine.access.compile import posts_in_force
from admin_app.engine.labels import labels
from admin_app.engine.site import Page, site
from admin_app.services import clock, field_answers
from admin_app.services.answers import action_name, action_word
from admin_app.services.explanations import Explainer
from admin_app.services.heads import headed_departments
from admin_app.services.reasons import named
from admin_app.services.request_lists import own_grants
from admin_app.viewing import begin_viewing, end_viewing, may_view_as, view_as_log
from models.usage import ViewAsLog
from views.asking import AccessPage, explainer, href, thing
from views.matrix import signed_in


class WhyView(AccessPage):
    """`/why/` answers for the reader, `/why/all` for all that there is to do, `/why/who` for everybody.

    `/why/as` shows the product as others see it.
    """

    @expose("/")
    def index(self) -> str:
        """Why, or why not; without an action and an entity the page where one asks."""
        policy, found = current_policy(), explainer()
        action, entity, key = _asked()
        group = request.args.get("fields", "").strip()
        if not action and not entity:
            return str(self.render("admin/why/ask.html", **_questions(found, policy)))
        found.check(action, entity)
        if group:
            field_answers.check_group(found, entity, group)
        record = found.visible(policy, entity, key)
        wanted = field_answers.WRITE if action == "edit" else field_answers.READ
        answer = (
            field_answers.explain_fields(found, policy, entity, group, record, wanted=wanted)
            if group
            else found.explain(policy, action, entity, record)
        )
        return str(
            self.render(
                "admin/why/why.html",
                answer=answer,
                href=href,
                action=action,
                entity=entity,
                key=key,
                group=group,
                group_label=labels().section(entity, group) if group else None,
                things=thing(entity),
                hidden=bool(key) and record is None,
                all_url=url_for("why.overview", entity=entity, id=key or None),
                may_ask=not policy.unlimited
                and answer.ground != "forbidden"
                and (not answer.allowed or (bool(key) and record is None)),
                who_url=url_for("why.who", action=action, entity=entity, id=key or None),
            )
        )

    @expose("/all")
    def overview(self) -> str:
        """Every action on an entity or a record, and every group of its fields: yes or no, and why."""
        policy, found = current_policy(), explainer()
        _action, entity, key = _asked()
        found.check("view", entity)
        record = found.visible(policy, entity, key)
        return str(
            self.render(
                "admin/why/all.html",
                deeds=found.overview(policy, entity, record),
                fields=field_answers.overview(found, policy, entity, record),
                place=found.place(record) if record is not None else (),
                href=href,
                word=action_name,
                entity=entity,
                key=key,
                things=thing(entity),
                hidden=bool(key) and record is None,
                may_ask=not policy.unlimited,
                section=partial(labels().section, entity),
                level=partial(labels().choice, "access_grant", "field_level"),
                address=partial(url_for, "why.index", entity=entity, id=key or None),
                who=partial(url_for, "why.who", entity=entity, id=key or None),
            )
        )

    @expose("/who")
    def who(self) -> str:
        """Everybody who may, with reasons; about a record only to whoever may open it."""
        policy, found = current_policy(), explainer()
        action, entity, key = _asked()
        found.check(action, entity)
        record = found.visible(policy, entity, key)
        people = found.who(action, entity, record, _told(found, policy))
        return str(
            self.render(
                "admin/why/who.html",
                people=people,
                href=href,
                action=action,
                entity=entity,
                key=key,
                word=action_word(action),
                things=thing(entity),
                hidden=bool(key) and record is None,
                record=found.place(record) if record is not None else (),
                why_url=url_for("why.index", action=action, entity=entity, id=key or None),
                questions=_questions(found, policy),
            )
        )

    @expose("/as", methods=("POST",))
    def view_as(self) -> Response:
        """Show everything as a position or a person sees it, from the next page on."""
        form = request.form
        begin_viewing(db.session(), clock.today(), form.get("position", ""), form.get("user", ""))
        db.session.commit()
        return redirect(request.script_root + "/")

    @expose("/as/end", methods=("POST",))
    def end_view_as(self) -> Response:
        """See everything as oneself again."""
        if end_viewing(db.session()):
            db.session.commit()
            flash(_("You see everything as yourself again."))
        return redirect(url_for("why.index"))


def _asked() -> tuple[str, str, str]:
    """Action, entity and key of the address, each perhaps empty."""
    action, entity, key = (request.args.get(name, "").strip() for name in ("action", "entity", "id"))
    return action, entity, key


def _questions(found: Explainer, policy: Policy) -> dict[str, Any]:
    """The choices of the form that asks, and what the reader holds by hand."""
    positions = sorted(found.world.positions.values(), key=lambda each: each.code)
    return {
        "actions": [(word, action_name(word)) for word in found.actions()],
        "entities": sorted(
            ((each.name, thing(each.name)) for each in site().entities), key=lambda pair: pair[1]
        ),
        "grants": [
            {
                "things": thing(each.entity),
                "actions": [action_name(word) for word in each.actions.split()],
                "reason": each.reason,
                "approver": each.approver.name,
                "until": each.valid_to,
            }
            for each in own_grants(found, policy)
        ],
        "positions": [(each.code, f"{named(each)} {each.code}") for each in positions]
        if may_view_as(policy)
        else [],
        "seen": [_seen(each) for each in view_as_log(db.session())] if may_view_as(policy) else [],
    }


def _seen(entry: ViewAsLog) -> dict[str, str]:
    """One entry of the view-as log in the reader's words."""
    return {
        "at": entry.at.astimezone(clock.company_zone()).strftime("%Y-%m-%d %H:%M"),
        "who": entry.user.name,
        "step": labels().choice("view_as_log", "step", entry.step),
        "kind": labels().choice("view_as_log", "kind", entry.kind),
        "as": entry.seen_as,
    }


def _told(found: Explainer, policy: Policy) -> frozenset[int]:
    """The people whose grants are told to this reader with their reasons: one's own, and those of whom one leads."""
    own = frozenset() if policy.user_id is None else frozenset({policy.user_id})
    headed = headed_departments(policy, found.world)
    if not headed:
        return own
    posts = posts_in_force(found.session, found.today)
    return own | {post.user for post in posts if post.department in headed}


WHY = Page("why", "access", "user-question", WhyView, signed_in)

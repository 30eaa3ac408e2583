"""Why may I, why may I not, and who may: answers on a page of their own, without betraying what one may not see."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from admin_app.db import db
from admin_app.engine.access import ACTIONS, Policy, current_policy
from admin_app.engine.access.compile import posts_in_force
from admin_app.engine.access.explain import why
from admin_app.engine.site import Page, site
from admin_app.services import clock
from admin_app.services.access_requests import own_grants
from admin_app.services.answers import ON_RECORDS
from admin_app.services.explanations import Explainer, action_word, named
from admin_app.services.heads import headed_departments
from admin_app.viewing import begin_viewing, end_viewing, may_view_as
from views.asking import AccessPage, explainer, href, thing, visible_record
from views.matrix import signed_in


class WhyView(AccessPage):
    """`/why/` answers for the reader, `/why/who` for everybody; `/why/as` shows the product as others see it."""

    @expose("/")
    def index(self) -> str:
        """Why, or why not; without an action and an entity the page where one asks."""
        policy, found = current_policy(), explainer()
        action, entity, key = (request.args.get(name, "").strip() for name in ("action", "entity", "id"))
        if not action and not entity:
            return str(self.render("admin/why/ask.html", **_questions(found, policy)))
        found.check(action, entity)
        record = visible_record(policy, entity, key)
        answer = found.explain(policy, action, entity, record)
        return str(
            self.render(
                "admin/why/why.html",
                answer=answer,
                href=href,
                action=action,
                entity=entity,
                key=key,
                things=thing(entity),
                hidden=bool(key) and record is None,
                others=_others(found, policy, entity, record, key),
                may_ask=not policy.unlimited
                and answer.ground != "forbidden"
                and (not answer.allowed or (bool(key) and record is None)),
                who_url=url_for("why.who", action=action, entity=entity, id=key or None),
            )
        )

    @expose("/who")
    def who(self) -> str:
        """Everybody who may, with reasons; about a record only to whoever may open it."""
        policy, found = current_policy(), explainer()
        action, entity, key = (request.args.get(name, "").strip() for name in ("action", "entity", "id"))
        found.check(action, entity)
        record = visible_record(policy, entity, key)
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
                record=found.explain(policy, action, entity, record).place if record is not None else (),
                why_url=url_for("why.index", action=action, entity=entity, id=key or None),
                questions=_questions(found, policy),
            )
        )

    @expose("/as", methods=("POST",))
    def view_as(self) -> Response:
        """Show everything as a position or a person sees it, from the next page on."""
        form = request.form
        begin_viewing(db.session(), clock.today(), form.get("position", ""), form.get("user", ""))
        return redirect(request.script_root + "/")

    @expose("/as/end", methods=("POST",))
    def end_view_as(self) -> Response:
        """See everything as oneself again."""
        if end_viewing():
            flash(_("You see everything as yourself again."))
        return redirect(url_for("why.index"))


def _questions(found: Explainer, policy: Policy) -> dict[str, Any]:
    """The choices of the form that asks, and what the reader holds by hand."""
    positions = sorted(found.world.positions.values(), key=lambda each: each.code)
    return {
        "actions": [(word, action_word(word)) for word in _words(found)],
        "entities": sorted(
            ((each.name, thing(each.name)) for each in site().entities), key=lambda pair: pair[1]
        ),
        "grants": [
            {
                "things": thing(each.entity),
                "actions": [action_word(word) for word in each.actions.split()],
                "reason": each.reason,
                "approver": each.approver.name,
                "until": each.valid_to,
            }
            for each in own_grants(found, policy)
        ],
        "positions": [(each.code, f"{named(each)} {each.code}") for each in positions]
        if may_view_as(policy)
        else [],
    }


def _words(found: Explainer) -> list[str]:
    """The actions that some letter gives, in their usual order."""
    given = {word for profile in found.world.profiles.values() for word in profile.actions}
    return [word for word in ACTIONS if word in given]


def _others(found: Explainer, policy: Policy, entity: str, record: Any, key: str) -> list[dict[str, Any]]:
    """The other questions that the same place raises, each with its verdict."""
    words = [word for word in _words(found) if record is None or word in ON_RECORDS]
    declared = site().by_name.get(entity)
    forbids = declared.forbids if declared else ()
    return [
        {
            "word": action_word(word),
            "allowed": word not in forbids and why(found.access, policy, word, entity, record).allowed,
            "url": url_for("why.index", action=word, entity=entity, id=key or None),
        }
        for word in words
    ]


def _told(found: Explainer, policy: Policy) -> frozenset[int]:
    """The people whose grants are told to this reader with their reasons: one's own, and those of whom one leads."""
    own = frozenset() if policy.user_id is None else frozenset({policy.user_id})
    headed = headed_departments(policy, found.world)
    if not headed:
        return own
    posts = posts_in_force(found.session, found.today)
    return own | {post.user for post in posts if post.department in headed}


WHY = Page("why", "access", "user-question", WhyView, signed_in)

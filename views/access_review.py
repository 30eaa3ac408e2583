"""The yearly review of access: the reviews, and one person after the other."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from admin_app.db import db
from admin_app.engine.access import current_policy
from admin_app.engine.labels import labels
from admin_app.engine.site import Page
from admin_app.errors import BadInput
from admin_app.services import reviews
from admin_app.services.answers import action_word, signed
from admin_app.services.explanations import Explainer
from admin_app.services.reasons import named
from admin_app.services.sentences import Part, Sentence
from models.review import AccessReviewItem
from views.asking import AccessPage, explainer, href, thing


class ReviewView(AccessPage):
    """`/access_review/` lists the reviews, `/access_review/items` goes through one."""

    @expose("/")
    def index(self) -> str:
        """One's reviews, and the form that begins one."""
        policy, found = current_policy(), explainer()
        return str(
            self.render(
                "admin/why/reviews.html",
                reviews=[
                    {
                        "year": each.year,
                        "head": each.head.name,
                        "decided": decided,
                        "total": total,
                        "url": url_for("access_review.items", review=each.id),
                    }
                    for each, decided, total in reviews.reviews(db.session(), policy)
                ],
                years=[found.today.year, found.today.year - 1],
            )
        )

    @expose("/new", methods=("POST",))
    def create(self) -> Response:
        """Begin a review."""
        made = reviews.open_review(explainer(), current_policy(), number(request.form.get("year", "")))
        key = made.id
        db.session.commit()
        return redirect(url_for("access_review.items", review=key))

    @expose("/items")
    def items(self) -> str:
        """What one person may do, item by item; without a person the first who has open items."""
        policy, found = current_policy(), explainer()
        review = reviews.find_review(db.session(), policy, number(request.args.get("review", "")))
        people = reviews.people_of(db.session(), review)
        chosen = request.args.get("person", "")
        waiting = [key for key, _name, decided, total in people if decided < total]
        user = number(chosen) if chosen else next(iter(waiting or [key for key, *_rest in people]), 0)
        return str(
            self.render(
                "admin/why/review.html",
                review={"id": review.id, "year": review.year, "head": review.head.name},
                people=[
                    {
                        "name": name,
                        "decided": decided,
                        "total": total,
                        "current": key == user,
                        "url": url_for("access_review.items", review=review.id, person=key),
                    }
                    for key, name, decided, total in people
                ],
                items=[_shown(found, each) for each in reviews.items_of(db.session(), review, user)],
                href=href,
            )
        )

    @expose("/decide", methods=("POST",))
    def decide(self) -> Response:
        """Confirm or remove one item."""
        policy, form = current_policy(), request.form
        review = reviews.find_review(db.session(), policy, number(form.get("review", "")))
        decision = form.get("decision", "")
        item = reviews.decide(
            explainer(), policy, review, number(form.get("item", "")), decision, form.get("reason", "")
        )
        target = url_for("access_review.items", review=review.id, person=item.user_id)
        db.session.commit()
        flash(_("Confirmed.") if decision == "confirmed" else _("Removed."), "success")
        return redirect(target)


def number(text: str) -> int:
    """A number out of a form; BadInput where it is none."""
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise BadInput(_("Part of the form is missing. Open the page again."))
    return int(text)


def _shown(found: Explainer, item: AccessReviewItem) -> dict[str, Any]:
    return {
        "id": item.id,
        "what": _what(found, item),
        "is_cell": item.source == "cell",
        "decision": item.decision,
        "decision_label": labels().choice("access_review_item", "decision", item.decision),
        "reason": item.reason,
        "decided_by": signed(item.decided_by.name, item.acting_for) if item.decided_by else None,
    }


def _what(found: Explainer, item: AccessReviewItem) -> Sentence:
    world = found.world
    if item.source == "grant":
        if item.grant is None:
            return (Part(_("A manual grant that is gone")),)
        words = ", ".join(action_word(word) for word in item.grant.actions.split())
        text = _(
            "Manual grant until %(day)s: %(actions)s %(things)s. Reason: %(reason)s",
            day=item.grant.valid_to.isoformat(),
            actions=words,
            things=thing(item.grant.entity),
            reason=item.grant.reason,
        )
        return (Part(str(text), "access_grant.details_view", {"id": item.grant.id}),)
    if item.position_id is None or item.duty_id is None:
        return (Part(_("A duty that is gone")),)
    cell = world.cells.get((item.position_id, item.duty_id))
    things = [
        thing(name) for name in sorted(world.entities.get(item.duty_id, ())) if name in found.site.by_name
    ]
    parts = [
        Part(f"{cell.letter if cell else '—'} "),
        found.reasons.duty(item.position_id, item.duty_id),
        Part(f" · {named(world.positions[item.position_id])}"),
    ]
    return (*parts, Part(f" · {', '.join(things)}")) if things else tuple(parts)


REVIEW = Page("access_review", "access", "checklist", ReviewView, reviews.leads)

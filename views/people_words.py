"""People, posts and handovers in the reader's words, and what one may do about somebody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask_babel import format_date
from flask_babel import gettext as _

from admin_app.engine.access import Policy, current_policy
from admin_app.engine.entity import Step
from admin_app.engine.labels import labels
from admin_app.services import clock, handover
from admin_app.services.heads import leads
from models.handover import Handover
from models.organisation import Post
from views.people_forms import post_name


def person_steps(policy: Policy, key: str) -> list[Step]:
    """From a person's record to the page of that person's posts, for whoever leads a department."""
    if not leads(policy):
        return []
    return [Step(_("Appointments"), url_for("people.person", id=key), "user-share")]


def steps_about(user: int, manages: bool, active: bool) -> list[Step]:
    """What one may try about a person; `manages` says that shutting out and in is among it."""
    found = [
        Step(_("Appoint"), url_for("people.appoint", id=user), "user-check"),
        Step(_("Let somebody stand in"), url_for("people.stand_in", id=user), "user-share"),
        Step(_("Hand over records"), url_for("people.hand_over", id=user), "arrows-up-down"),
    ]
    if manages:
        label, icon = (_("Disable"), "ban") if active else (_("Enable"), "check")
        found.append(Step(label, url_for("people.access", id=user), icon))
    return found


def describe_post(post: Post) -> dict[str, Any]:
    """A post as {name, days, acting, coming}."""
    days = (
        _("from %(first)s until further notice", first=format_date(post.valid_from))
        if post.valid_to is None
        else f"{format_date(post.valid_from)} – {format_date(post.valid_to)}"
    )
    coming = post.valid_from > clock.today()
    return {"name": post_name(post), "days": days, "acting": post.acting, "coming": coming}


def describe_handover(made: Handover) -> dict[str, Any]:
    """A handover as {id, from, to, at, reason, counts, undone, may_undo}."""
    return {
        "id": made.id,
        "from": made.from_user.name,
        "to": made.to_user.name,
        "at": format_date(clock.day_of(made.at)),
        "reason": made.reason,
        "counts": counted({name: len(keys) for name, keys in made.items.items()}),
        "undone": format_date(clock.day_of(made.undone_at)) if made.undone_at else None,
        "may_undo": handover.may_undo(current_policy(), made),
    }


def counted(counts: Mapping[str, int]) -> str:
    """Numbers of records by entity, in one line."""
    return ", ".join(f"{labels().plural(name)} {count:,}" for name, count in counts.items())

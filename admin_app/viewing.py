"""View as: an administrator sees the product as a position or a person sees it, read-only, marked and logged.

Whom one sees it as stands in the session cookie; the rights follow from it anew with each request, so a matrix that
changes meanwhile changes what is seen. Nothing can be sent while it lasts, except to end it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from flask import current_app, request, session
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.access.cache import PolicyCache
from admin_app.engine.access.compile import Held, add_up, cell_sources
from admin_app.engine.language import lang
from admin_app.errors import BadInput, Forbidden
from admin_app.sessions import person
from models.organisation import User
from models.usage import ViewAsLog

#: What may be sent while viewing: the end of it, and the sign-out, which ends it too.
ENDING: Final = frozenset({"why.end_view_as", "account.logout"})
#: The longest list of the log.
LISTED: Final = 100
_KEY: Final = "view_as"
_LOOKING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_log = logging.getLogger("dutybook.access")


@dataclass(frozen=True)
class Viewed:
    """Whom an administrator sees the product as: a position's or a person's name, and the rights that go with it."""

    name: str
    policy: Policy


def may_view_as(policy: Policy) -> bool:
    """Whether this person may see the product as others do."""
    who = person()
    return who is not None and who.is_admin and policy.unlimited


def begin_viewing(database: Session, today: date, position: str, username: str) -> None:
    """See everything as the position with this code, or as the person with this user name, from the next request on.

    Raises:
        Forbidden: who asks is no administrator.
        BadInput: there is no such position or person.
    """
    who = person()
    if who is None or not who.is_admin:
        raise Forbidden(_("Only an administrator may see the product as somebody else."))
    chosen = {"position": position.strip()} if position.strip() else {"user": username.strip()}
    viewed = _find(database, chosen, today)
    if viewed is None:
        raise BadInput(_("There is no such position or person."))
    session[_KEY] = chosen
    _note(database, who.id, "began", chosen)
    _log.info("%s views as %s", who.username, viewed.policy.actor)


def end_viewing(database: Session) -> bool:
    """Stop viewing as somebody else; whether it was under way. Like the beginning it is written down and flushed."""
    chosen = session.pop(_KEY, None)
    who = person()
    if chosen is not None and who is not None:
        _note(database, who.id, "ended", chosen)
        _log.info("%s no longer views as %s", who.username, " ".join(chosen.values()))
    return chosen is not None


def _note(database: Session, user: int, step: str, chosen: dict[str, str]) -> None:
    (named,) = chosen.items()
    kind = "position" if named[0] == "position" else "person"
    with acting(database, SYSTEM):
        database.add(ViewAsLog(user_id=user, step=step, kind=kind, seen_as=named[1]))
        database.flush()


def view_as_log(database: Session) -> Sequence[ViewAsLog]:
    """Who began and ceased to see the product as whom, the newest first, at most LISTED; for administrators alone."""
    who = person()
    if who is None or not who.is_admin:
        return ()
    statement = select(ViewAsLog).options(joinedload(ViewAsLog.user)).order_by(ViewAsLog.id.desc())
    with acting(database, SYSTEM):
        return database.scalars(statement.limit(LISTED)).all()


def viewed_as(database: Session, today: date) -> Viewed | None:
    """Whom the administrator of this request sees the product as, or None."""
    who, chosen = person(), session.get(_KEY)
    if who is None or not who.is_admin or not isinstance(chosen, dict):
        return None
    found = _find(database, chosen, today)
    if found is None:
        # The position or person is gone: one is oneself again.
        session.pop(_KEY, None)
    return found


def refuse_changes(viewed: Viewed) -> None:
    """Forbidden for everything that would change something; each request is logged with both names."""
    who = person()
    _log.info(
        "%s as %s: %s %s", who.username if who else "-", viewed.policy.actor, request.method, request.endpoint
    )
    if request.method not in _LOOKING and request.endpoint not in ENDING:
        raise Forbidden(
            lazy_gettext("You see the product as somebody else: nothing can be changed. End it first.")
        )


def _cache() -> PolicyCache:
    found: PolicyCache = current_app.extensions["dutybook_policies"]
    return found


def _find(database: Session, chosen: dict[str, str], today: date) -> Viewed | None:
    who = person()
    assert who is not None
    if "position" in chosen:
        return _as_position(database, str(chosen["position"]), who.id)
    with acting(database, SYSTEM):
        user = database.scalar(
            select(User).where(User.username == str(chosen.get("user", "")), User.is_active)
        )
    if user is None:
        return None
    return Viewed(user.name, _cache().policy(database, user, today))


def _as_position(database: Session, code: str, viewer: int) -> Viewed | None:
    world = _cache().world(database)
    position = next((each for each in world.positions.values() if each.code == code), None)
    if position is None:
        return None
    # A position of no department is seen where the company begins.
    department = position.parent or next(iter(world.departments), None)
    if department is None:
        return None
    post = Held(viewer, position.id, department, False, None)
    sources = tuple(cell_sources(world, [post]))
    policy = Policy(code, viewer, False, department, position.names, add_up(sources), sources)
    return Viewed(position.names[lang()], policy)

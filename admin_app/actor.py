"""Who acts in a request: the policy of the signed-in person goes into the session before any view runs."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Flask, current_app, g

from admin_app.db import db
from admin_app.engine.access import NOBODY
from admin_app.engine.access.cache import PolicyCache
from admin_app.sessions import person
from admin_app.viewing import refuse_changes, viewed_as
from models.types import utc_now


def company_today() -> datetime:
    """The present moment in the company's time zone; its date decides which posts are in force."""
    return utc_now().astimezone(ZoneInfo(str(current_app.config["TIME_ZONE"])))


def _take_up() -> None:
    session = db.session()
    who = person()
    g.viewed = None
    if who is None:
        session.info["policy"] = NOBODY
        return
    cache: PolicyCache = current_app.extensions["dutybook_policies"]
    today = company_today().date()
    viewed = g.viewed = viewed_as(session, today)
    session.info["policy"] = viewed.policy if viewed else cache.policy(session, who, today, who.stamp)
    if viewed:
        refuse_changes(viewed)


def _lay_down(_error: BaseException | None) -> None:
    # A session may outlive its request (a test holds one open): the rights must not.
    if db.session.registry.has():
        db.session().info.pop("policy", None)


def init_actor(app: Flask) -> None:
    """Set the actor of each request; call it after `init_sessions`."""
    app.extensions["dutybook_policies"] = PolicyCache()
    app.before_request(_take_up)
    app.teardown_request(_lay_down)

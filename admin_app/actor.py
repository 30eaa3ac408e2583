"""Who acts in a request: the policy of the signed-in person goes into the session before any view runs."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Flask, current_app

from admin_app.db import db
from admin_app.engine.access import NOBODY
from admin_app.engine.access.cache import PolicyCache
from admin_app.sessions import person
from models.types import utc_now


def company_today() -> datetime:
    """The present moment in the company's time zone; its date decides which posts are in force."""
    return utc_now().astimezone(ZoneInfo(str(current_app.config["TIME_ZONE"])))


def _take_up() -> None:
    session = db.session()
    who = person()
    cache: PolicyCache = current_app.extensions["dutybook_policies"]
    session.info["policy"] = cache.policy(session, who.user, company_today().date()) if who else NOBODY


def _lay_down(_error: BaseException | None) -> None:
    # A session may outlive its request (a test holds one open): the rights must not.
    if db.session.registry.has():
        db.session().info.pop("policy", None)


def init_actor(app: Flask) -> None:
    """Set the actor of each request; call it after `init_sessions`."""
    app.extensions["dutybook_policies"] = PolicyCache()
    app.before_request(_take_up)
    app.teardown_request(_lay_down)

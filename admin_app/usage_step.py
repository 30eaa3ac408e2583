"""After each response: note what was used, and after what changed something write down what was noted."""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, current_app, g, request

from admin_app.actor import company_today
from admin_app.db import db
from admin_app.engine.autoview import DOORS
from admin_app.services.usage import UsageBook
from admin_app.sessions import person

_LOOKING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def _note(response: Response) -> Response:
    """Note a door of an entity that opened; a lookup serves another form, and looking as somebody else is no use."""
    who = person()
    if who is None or response.status_code >= 400 or g.get("viewed") is not None:
        return response
    entity, _dot, door = (request.endpoint or "").rpartition(".")
    action = DOORS.get(door)
    if not action or door == "ajax_lookup" or entity not in current_app.extensions["dutybook"].by_name:
        return response
    # An opened form is no change yet, and neither is one that came back with errors.
    looked = request.method in _LOOKING and action in ("view", "export")
    if looked or (request.method == "POST" and 300 <= response.status_code < 400):
        book().note(who.id, entity, action, company_today().date())
    return response


def book() -> UsageBook:
    """The uses of the running app."""
    found: UsageBook = current_app.extensions["dutybook_usage"]
    return found


def _write(_error: BaseException | None) -> None:
    """Only a request that wrote anyway writes this too, on a session of its own: pages that are read stay quick."""
    if request.method in _LOOKING or not book().waits:
        return
    # What the request left open must not hold up this writer, nor be committed by it.
    db.session.rollback()
    with db.session.session_factory() as session:
        book().write(session)


def init_usage(app: Flask) -> None:
    """Keep the book of uses; call it after `init_actor`."""
    app.extensions["dutybook_usage"] = UsageBook()
    app.after_request(_note)
    app.teardown_request(_write)

"""Where "why?" leads: the address that explains what may be done here, for pages, lists and refusals."""

from __future__ import annotations

from flask import current_app, request, url_for

from admin_app.engine.autoview import DOORS
from admin_app.errors import Forbidden

_ANSWERS = "why.index"
#: Doors of an entity that are about one record, named by `id`.
_RECORD_DOORS = frozenset({"details_view", "edit_view", "delete_view", "download_view", "reveal_view"})


def why_url(action: str | None, entity: str, key: str | None = None, fields: str | None = None) -> str | None:
    """The address of the answer to "why may I, or may I not, do this?"; None on a site that gives no answers.

    Without an action it is the page of all actions; `fields` asks about a group of fields instead.
    """
    if _ANSWERS not in current_app.view_functions:
        return None
    if action is None:
        return url_for("why.overview", entity=entity, id=key or None)
    return url_for(_ANSWERS, action=action, entity=entity, id=key or None, fields=fields)


def refusal_url(status: int, refusal: Forbidden | None) -> str | None:
    """Where a 403 leads: to what the refusal names, else to what the address asked for, else to the questions.

    A 404 leads on from a record's address alone, whether or not there is such a record: the answer is the same.
    """
    if status not in (403, 404) or _ANSWERS not in current_app.view_functions:
        return None
    if refusal is not None and refusal.action and refusal.entity:
        return why_url(refusal.action, refusal.entity, refusal.key)
    entity, _dot, door = (request.endpoint or "").rpartition(".")
    if entity in current_app.extensions["dutybook"].by_name and door in DOORS:
        keys = request.values.getlist("id") if door in _RECORD_DOORS else []
        if status == 403 or keys:
            return why_url(DOORS[door], entity, keys[0] if len(keys) == 1 else None)
    return url_for(_ANSWERS) if status == 403 else None

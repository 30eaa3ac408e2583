"""What the pages of bulk changes say: forms as their template shows them, runs and reasons in words."""

from __future__ import annotations

from typing import Any, Final

from flask import url_for
from flask_babel import format_datetime, format_decimal, lazy_gettext
from flask_babel import gettext as _

from admin_app.db import db
from admin_app.engine.access import current_policy
from admin_app.engine.bulk.selection import Selection
from admin_app.engine.bulk.shipped import action_of, fields_form
from admin_app.engine.entity import Entity
from admin_app.engine.forms import RecordForm, describe, find_record, layout
from admin_app.engine.labels import labels
from admin_app.engine.site import site
from models.bulk import BulkRun

STATES: Final = {
    "previewed": (lazy_gettext("Previewed"), ""),
    "waiting": (lazy_gettext("Waits for approval"), "is-warn"),
    "refused": (lazy_gettext("Refused"), "is-bad"),
    "ordered": (lazy_gettext("Under way"), "is-warn"),
    "done": (lazy_gettext("Done"), "is-ok"),
    "undone": (lazy_gettext("Undone"), ""),
}


def label(entity: Entity, selection: Selection) -> str | None:
    """What the one record is called, where it is one by name."""
    key = selection.single
    record = find_record(db.session(), entity, str(key)) if key is not None else None
    return describe(entity, record)[1] if record is not None else None


def whole(entity: Entity, form: RecordForm) -> RecordForm:
    """All fields to choose from again, with what was typed and what is wrong at the chosen ones."""
    whole = fields_form(entity, form.session, current_policy(), None)
    for key, bound in form._fields.items():
        whole._fields[key] = bound
    whole.form_errors = list(form.form_errors)
    return whole


def sections(form: Any) -> list[dict[str, Any]]:
    """A form's fields by section, as `form.html` shows them."""
    if isinstance(form, RecordForm):
        # What may not be typed is no part of what is chosen to change.
        return [
            {**part, "fields": [each for each in part["fields"] if "locked" not in each]}
            for part in layout(form)
        ]
    plain = [
        {
            "field": bound,
            "key": bound.name,
            "kind": "text",
            "required": bool(bound.flags.required),
            "help": str(bound.description) or None,
            "wide": False,
        }
        for bound in form
    ]
    return [{"key": "action", "title": "", "fields": plain}] if plain else []


def errors(form: Any) -> list[dict[str, str]]:
    """All errors of a form with their fields."""
    if isinstance(form, RecordForm):
        return form.error_list()
    return [
        {"key": bound.name, "label": str(bound.label.text), "message": str(message)}
        for bound in form
        for message in bound.errors
    ]


def listed(run: BulkRun, name: str | None) -> dict[str, Any]:
    """A run in a list of runs; `name` is who made it."""
    entity = site().by_name.get(run.entity)
    action = action_of(entity, run.action) if entity is not None else None
    label, tone = STATES[run.state]
    return {
        "url": url_for("bulk.run", key=run.id),
        "label": f"{action.label if action else run.action} · {labels().plural(run.entity)}",
        "state": str(label),
        "tone": tone,
        "actor": name or _("the system"),
        "at": format_datetime(run.at, "short"),
        "count": format_decimal(run.counts.get("change", 0)),
        "reason": run.reason or "",
    }

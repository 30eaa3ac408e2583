"""History in the reader's words, as its templates show it: who, when, why, from where, and the values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from flask import current_app, url_for
from flask_babel import format_datetime, format_decimal, lazy_gettext
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.change.reading import Entry
from admin_app.engine.change.seeing import FieldChange
from admin_app.engine.labels import labels, pretty
from admin_app.engine.site import site
from models.change import ChangeSet
from models.organisation import User

#: The page that shows change sets; an app may be put together without it.
PAGE: Final = "changes.show"
UNDO: Final = "changes.undo"
ACTIONS: Final = {
    "create": lazy_gettext("Created"),
    "edit": lazy_gettext("Edited"),
    "delete": lazy_gettext("Deleted"),
    "undo": lazy_gettext("Taken back"),
    "import": lazy_gettext("Imported"),
    "prune": lazy_gettext("History shortened"),
}
OPS: Final = {
    "create": lazy_gettext("Created"),
    "update": lazy_gettext("Edited"),
    "delete": lazy_gettext("Deleted"),
}
TONES: Final = {"create": "is-ok", "update": "", "delete": "is-bad"}
SOURCES: Final = {
    "screen": lazy_gettext("Screen"),
    "import": lazy_gettext("Import"),
    "job": lazy_gettext("Job"),
    "api": lazy_gettext("API"),
    "command": lazy_gettext("Command line"),
    "system": lazy_gettext("System"),
}


def action_words(action: str) -> str:
    """What a change set did."""
    if action in ACTIONS:
        return str(ACTIONS[action])
    for entity in site().entities:
        if entity.states is not None and any(step.name == action for step in entity.states.steps):
            return labels().step(entity.name, action)
        declared = next((each for each in entity.actions if each.name == action), None)
        if declared is not None:
            return str(declared.label)
    return labels().action(action)


def heads(session: Session, sets: Iterable[ChangeSet]) -> dict[int, dict[str, Any]]:
    """By set id {id, url, who, when, reason, source, action, undo_of}; `who` bears both names of a stand-in."""
    found = {each.id: each for each in sets}
    people = {key for each in found.values() for key in (each.actor_id, each.acting_for_id)} - {None}
    names: dict[int, str] = {}
    if people:
        with acting(session, SYSTEM):
            asked = select(User.id, User.name).where(User.id.in_(people))
            names = dict(session.execute(asked).all())
    linked = PAGE in current_app.view_functions
    return {
        key: {
            "id": key,
            "url": url_for(PAGE, key=key) if linked else None,
            "who": _who(each, names),
            "when": format_datetime(each.at, "medium"),
            "reason": each.reason or "",
            "source": str(SOURCES.get(each.source) or pretty(each.source)),
            "action": action_words(each.action),
            "undo_of": each.undo_of_id,
        }
        for key, each in found.items()
    }


def _who(each: ChangeSet, names: Mapping[int, str]) -> str:
    # Who is gone by now is called as they signed in then.
    name = names.get(each.actor_id, each.actor_name) if each.actor_id is not None else _("The system")
    if each.acting_for_id is None:
        return str(name)
    other = names.get(each.acting_for_id, f"#{each.acting_for_id}")
    return str(_("%(name)s for %(other)s", name=name, other=other))


def plurals(counts: Mapping[tuple[str, str], int]) -> list[dict[str, Any]]:
    """Rows of a set by what they tell: [{what, op, tone, number, count}]."""
    return [
        {
            "what": labels().plural(entity) if entity in site().by_name else pretty(entity),
            "op": str(OPS[op]),
            "tone": TONES[op],
            "number": number,
            "count": format_decimal(number),
        }
        for (entity, op), number in counts.items()
    ]


def told(entry: Entry, columns: Iterable[str] = (), whole: bool = False) -> dict[str, Any]:
    """One row: {number, label, thing, url, op, op_label, tone, fields, undo_url}.

    Args:
        entry: the row.
        columns: the fields, by column key, that the reader may put back one by one.
        whole: whether the reader may take the whole row back.
    """
    entity = site().by_name.get(entry.entity)
    linked = UNDO in current_app.view_functions
    may = set(columns) if linked else set()
    return {
        "number": entry.number,
        "label": entry.label,
        "thing": labels().entity(entry.entity) if entity is not None else pretty(entry.entity),
        "url": url_for(f"{entry.entity}.history_view", id=entry.record_key) if entity is not None else None,
        "op": entry.op,
        "op_label": str(OPS[entry.op]),
        "tone": TONES[entry.op],
        "fields": [_field(entry, each, each.column in may) for each in entry.changes],
        "undo_url": _undo(entry) if linked and whole else None,
    }


def _field(entry: Entry, each: FieldChange, may: bool) -> dict[str, Any]:
    return shown_field(entry.entity, each) | {"undo_url": _undo(entry, each.column) if may else None}


def shown_field(entity: str, each: FieldChange) -> dict[str, Any]:
    """{label, old, new, masked} of one field."""
    return {
        "label": labels().field(entity, each.field),
        "old": each.old_text or "—",
        "new": each.new_text or "—",
        "masked": each.masked,
    }


def _undo(entry: Entry, column: str | None = None) -> str:
    return url_for(UNDO, key=entry.change_set.id, row=entry.number, field=column)

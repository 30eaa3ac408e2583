"""What an undoing leaves alone, in the reader's words: how many records for which reason, and the first of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import url_for
from flask_babel import format_decimal
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.engine.access import Policy
from admin_app.engine.change.seeing import Sight
from admin_app.engine.change.undo import Skipped
from admin_app.engine.entity import Entity
from admin_app.engine.labels import labels, pretty
from admin_app.engine.site import site


def stay_words(state: str) -> str:
    """Why a record stays as it is; `state` is one of `kind.py`."""
    words = {
        "edited": _("Somebody changed it since."),
        "gone": _("It was deleted since."),
        "there": _("It is there already."),
        "forbidden": _("None of your positions lets you do this to them."),
        "depends": _("Something refers to it by now."),
        "reference": _("What it refers to is gone."),
        "taken": _("Another record has its number, code or name by now."),
        "step": _("This step is not taken back, or not by you."),
        "kept": _("Entries of a log stay."),
        "lost": _("The history does not keep secrets, and it cannot be without one."),
        "foreign": _("The history tells of them, but does not bring them back."),
    }
    return str(words.get(state) or _("Something is in the way."))


def stay(numbers: Mapping[str, int]) -> list[dict[str, Any]]:
    """The records that stay, counted by why: [{text, number, count}]; `numbers` are by state."""
    return [
        {"text": stay_words(state), "number": number, "count": format_decimal(number)}
        for state, number in sorted(numbers.items())
    ]


def skipped_rows(session: Session, policy: Policy, skipped: Sequence[Skipped]) -> list[dict[str, Any]]:
    """The records that stay, in the reader's words: [{label, url, why, fields: [{label, wrote, now}]}]."""
    names: dict[str, dict[str, str]] = {}
    for name in {each.entity for each in skipped}:
        entity = site().by_name.get(name)
        if entity is not None and entity.label_key and site().may(policy, "view", entity):
            names[name] = _names(
                session, entity, [each.record_key for each in skipped if each.entity == name]
            )
    sight = Sight(session, policy)
    _name_references(sight, skipped)
    return [
        {
            "label": names.get(each.entity, {}).get(each.record_key)
            or f"{thing(each.entity)} #{each.record_key}",
            "url": url_for(f"{each.entity}.details_view", id=each.record_key)
            if each.record_key in names.get(each.entity, {})
            else None,
            "why": stay_words(each.state),
            "fields": _fields(sight, each),
        }
        for each in skipped
    ]


def thing(name: str) -> str:
    """One record of what rows of history call `name`; it may have no screens."""
    return labels().entity(name) if name in site().by_name else pretty(name)


def _names(session: Session, entity: Entity, keys: Sequence[str]) -> dict[str, str]:
    """Labels by key, within the reader's rows."""
    key, label = entity.key_attributes[0], getattr(entity.model, str(entity.label_key))
    found = session.execute(select(key, label).where(key.in_([int(each) for each in keys])))
    return {str(number): str(name) for number, name in found}


def _name_references(sight: Sight, skipped: Sequence[Skipped]) -> None:
    wanted: dict[str, set[Any]] = {}
    for row in skipped:
        entity = site().by_name.get(row.entity)
        for each in entity.fields.values() if entity is not None else ():
            target = site().target(each) if each.reference else None
            if target is None:
                continue
            for column in each.columns:
                values = {value for value in row.fields.get(column.key, ()) if value is not None}
                wanted.setdefault(target.name, set()).update(values)
    for name, found in wanted.items():
        sight.name(site().by_name[name], found)


def _fields(sight: Sight, row: Skipped) -> list[dict[str, str]]:
    entity = site().by_name.get(row.entity)
    if entity is None:
        return []
    shown = site().fields(sight.policy, entity)
    return [
        {
            "label": labels().field(entity.name, key),
            **{
                side: sight.text(each, value) or "—"
                for side, value in zip(("wrote", "now"), row.fields[column.key], strict=True)
            },
        }
        for key, each in entity.fields.items()
        for column in each.columns
        if column.key in row.fields and shown.readable(key)
    ]

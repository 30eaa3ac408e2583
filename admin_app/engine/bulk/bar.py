"""What lists and records offer: the buttons of the bulk bar, and those on the page of one record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, current_app, request, url_for

from admin_app.engine.access import Policy, current_policy
from admin_app.engine.bulk.action import may_use
from admin_app.engine.bulk.selection import supports
from admin_app.engine.bulk.shipped import actions_of
from admin_app.engine.entity import Entity
from admin_app.engine.language import lang
from admin_app.engine.site import site


def bulk_actions(name: str) -> list[dict[str, Any]]:
    """What the reader may do with many records of an entity: [{name, label, icon, url, dangerous, step}]."""
    entity, policy = site().by_name[name], current_policy()
    # A site may come without the screens of bulk changes.
    if not supports(entity) or "bulk.form" not in current_app.view_functions:
        return []
    return site().kept(policy, ("bulk", name, lang(), request.script_root), lambda: _offered(policy, entity))


def _offered(policy: Policy, entity: Entity) -> list[dict[str, Any]]:
    return [
        {
            "name": each.name,
            "label": str(each.label),
            "icon": each.icon,
            "url": url_for("bulk.form", entity=entity.name, action=each.name),
            "dangerous": each.dangerous,
            "step": each.step,
        }
        for each in actions_of(entity)
        if may_use(policy, each, entity, many=True)
    ]


def record_actions(name: str, key: str, may: Mapping[str, bool]) -> list[dict[str, str]]:
    """The actions on the page of one record, as [{label, icon, url}].

    `may` says what is known of the record itself, by action word; the preview asks for all of them.
    """
    entity, policy = site().by_name[name], current_policy()
    if not supports(entity) or "bulk.form" not in current_app.view_functions:
        return []
    return [
        {
            "label": str(each.label),
            "icon": each.icon,
            "url": url_for("bulk.form", entity=name, action=each.name, id=key),
        }
        for each in actions_of(entity)
        if each.button and may.get(each.word, True) and may_use(policy, each, entity, many=False)
    ]


def init_bulk(app: Flask) -> None:
    """Let templates ask for the actions."""
    app.jinja_env.globals.update(bulk_actions=bulk_actions, record_actions=record_actions)

"""The menu and the person, as the layout shows them: what one may not open is not there."""

from __future__ import annotations

from typing import Any

from flask import Flask, g, request, url_for

from admin_app.db import db
from admin_app.engine.access import Policy, policy_of
from admin_app.engine.labels import labels
from admin_app.engine.language import lang
from admin_app.engine.site import Site, site
from admin_app.services.people import principals
from admin_app.sessions import person


def menu_of(policy: Policy) -> list[dict[str, Any]]:
    """Groups with their entries; a group without any is left out. The first one has no heading."""
    groups = [{"key": "", "label": "", "entries": _entries(policy, None)}]
    for group in site().groups:
        label = labels().group(group.key)
        groups.append({"key": group.key, "label": label, "entries": _entries(policy, group.key)})
    return [group for group in groups if group["entries"]]


def _entries(policy: Policy, group: str | None) -> list[dict[str, Any]]:
    entries = [
        _entry(page.key, labels().page(page.key), url_for(f"{page.key}.index"), page.icon)
        for page in site().pages
        if page.group == group and page.allowed(policy)
    ]
    entities = [
        _entry(entity.name, labels().plural(entity.name), url_for(f"{entity.name}.index_view"), entity.icon)
        for entity in site().entities
        if group and entity.group == group and site().may(policy, "view", entity)
    ]
    return entries + entities if group is None else entities + entries


def _entry(key: str, label: str, url: str, icon: str) -> dict[str, Any]:
    current = request.blueprint == key
    return {"key": key, "label": label, "url": url, "icon": icon, "current": current, "count": None}


def init_menu(app: Flask, declared: Site) -> None:
    """Give every template `site_name`, `menu`, `person` and `viewing`, whom an administrator sees the product as."""

    def context() -> dict[str, Any]:
        who = person()
        shown: dict[str, Any] = {"site_name": declared.name[lang()], "menu": [], "person": None}
        viewed = g.get("viewed")
        shown["viewing"] = viewed.name if viewed is not None else None
        if who is not None:
            policy = policy_of(db.session())
            shown["menu"] = menu_of(policy)
            shown["person"] = {
                "name": who.name,
                "initial": who.name[:1],
                "position": policy.position_names.get(lang(), ""),
                "acting_for": principals(db.session(), policy),
            }
        return shown

    app.context_processor(context)

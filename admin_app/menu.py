"""The menu and the person, as the layout shows them: what one may not open is not there."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from flask import Flask, current_app, g, request

from admin_app.db import db
from admin_app.engine.access import Policy, policy_of
from admin_app.engine.addresses import path_of
from admin_app.engine.labels import labels
from admin_app.engine.language import html_lang, lang
from admin_app.engine.site import Site, site
from admin_app.engine.tight import tight
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
        _entry(page.key, labels().page(page.key), path_of(f"{page.key}.index"), page.icon)
        for page in site().pages
        if page.listed and page.group == group and page.allowed(policy)
    ]
    entities = [
        _entry(entity.name, labels().plural(entity.name), path_of(f"{entity.name}.index_view"), entity.icon)
        for entity in site().entities
        if group and entity.group == group and site().may(policy, "view", entity)
    ]
    return entries + entities if group is None else entities + entries


def _entry(key: str, label: str, url: str, icon: str) -> dict[str, Any]:
    current = request.blueprint == key
    return {"key": key, "label": label, "url": url, "icon": icon, "current": current, "count": None}


class _Frames:
    """What stays the same around the pages of one policy: kept, since drawing it costs more than most pages."""

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[Policy, dict[tuple[str, ...], dict[str, Any]]] = WeakKeyDictionary()

    def around(self, policy: Policy, site_name: str) -> dict[str, Any]:
        """The menu, and the pieces of the layout that are drawn from it alone."""
        kept = self._kept.setdefault(policy, {})
        key = (lang(), request.blueprint or "", request.script_root)
        if key not in kept:
            shown: dict[str, Any] = {"menu": menu_of(policy)}
            shell = current_app.jinja_env.get_template("admin/shell.html").make_module(
                {"menu": shown["menu"], "site_name": site_name, "lang": html_lang(), "request": request}
            )
            shown["frame"] = {
                piece: tight(getattr(shell, piece)()) for piece in ("sidebar", "bottombar", "keys")
            }
            kept[key] = shown
        return kept[key]


def init_menu(app: Flask, declared: Site) -> None:
    """Give every template `site_name`, `menu`, `person` and `viewing`, whom an administrator sees the product as."""
    frames = _Frames()

    def context() -> dict[str, Any]:
        who = person()
        name = declared.name[lang()]
        shown: dict[str, Any] = {"site_name": name, "menu": [], "person": None}
        viewed = g.get("viewed")
        shown["viewing"] = viewed.name if viewed is not None else None
        if who is not None:
            policy = policy_of(db.session())
            shown |= frames.around(policy, name)
            shown["search_url"] = path_of("search.index") if "search.index" in app.view_functions else None
            shown["person"] = {
                "name": who.name,
                "initial": who.name[:1],
                "position": policy.position_names.get(lang(), ""),
                "acting_for": principals(db.session(), policy),
            }
        return shown

    app.context_processor(context)

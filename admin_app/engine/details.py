"""The page of one record: what matters on top, all fields by section, related lists as tabs that page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from admin_app.engine.access import Policy
from admin_app.engine.bulk.step_panel import state_panel
from admin_app.engine.change.history import history
from admin_app.engine.entity import Entity, Field
from admin_app.engine.keys import decode_key
from admin_app.engine.kinds import Cell
from admin_app.engine.labels import labels
from admin_app.engine.listing import ListArgs, Listing, Plan, Presenter
from admin_app.engine.listing.listing import COUNT_CAP
from admin_app.engine.site import site
from admin_app.errors import NotFound


def fact_cells(entity: Entity, plan: Plan, row: Any) -> list[dict[str, Any]]:
    """The head's facts: the declared ones, else the first five of the list's columns."""
    keys = [key for key in (entity.facts or entity.list_columns[:5]) if key in plan.slots]
    return [
        {"key": key, "label": labels().field(entity.name, key), "cell": plan.cell(row, key)} for key in keys
    ]


def groups(entity: Entity, plan: Plan, row: Any) -> list[dict[str, Any]]:
    """All fields by form section, then those that no form has (derived ones, times, keys)."""
    sections = dict(entity.form_sections)
    typed = {key for keys in sections.values() for key in keys}
    sections["system"] = tuple(key for key in entity.fields if key not in typed)
    return [
        {"key": name, "title": labels().section(entity.name, name), "rows": _rows(entity, plan, row, keys)}
        for name, keys in sections.items()
        if keys
    ]


def _rows(entity: Entity, plan: Plan, row: Any, keys: Sequence[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for key in keys:
        if key not in plan.slots:
            continue
        cell: Cell = plan.cell(row, key)
        value = plan.value(row, key)
        multiline = isinstance(value, str) and entity.fields[key].reference is None and "\n" in value
        found.append(
            {
                "key": key,
                "label": labels().field(entity.name, key),
                "cell": cell,
                "multiline": multiline,
                "masked": entity.group_of.get(key) if cell.kind == "masked" else None,
            }
        )
    return found


def tabs(
    session: Session, entity: Entity, policy: Policy, key: str, current: str | None
) -> list[dict[str, Any]]:
    """Its own tab, one per entity that refers to the record and that the actor may view, its history; one statement."""
    pairs = _pairs(entity, policy)
    counts = _counts(session, entity, pairs, key)
    doubled = [child.name for child, _each in pairs]
    own = {
        "key": "",
        "label": _("Overview"),
        "count": None,
        "url": url_for(f"{entity.name}.details_view", id=key),
        "current": not current,
    }
    found = [own]
    for (child, each), number in zip(pairs, counts, strict=True):
        label = labels().plural(child.name)
        if doubled.count(child.name) > 1 or child is entity:
            label += f" · {labels().field(child.name, each.key)}"
        name = f"{child.name}.{each.key}"
        found.append(
            {
                "key": name,
                "label": label,
                "count": f"{COUNT_CAP:,}+" if number > COUNT_CAP else f"{number:,}",
                "url": url_for(f"{entity.name}.details_view", id=key, tab=name),
                "current": current == name,
            }
        )
    if history().shape(entity.model) is not None:
        past = url_for(f"{entity.name}.history_view", id=key)
        tab = {"key": "history", "label": _("History"), "count": None, "url": past}
        found.insert(1, {**tab, "current": current == "history"})
    return found


def _pairs(entity: Entity, policy: Policy) -> list[tuple[Entity, Field]]:
    return [
        (child, each)
        for child, each in site().referrers(entity)
        if len(each.columns) == 1 and site().may(policy, "view", child)
    ]


def _counts(
    session: Session, entity: Entity, pairs: Sequence[tuple[Entity, Field]], key: str
) -> Sequence[int]:
    if not pairs:
        return ()
    columns = []
    for child, each in pairs:
        rows = select(literal(1)).select_from(child.model).where(points_to(child, each, entity, key))
        capped = rows.limit(COUNT_CAP + 1).subquery()
        columns.append(select(func.count()).select_from(capped).scalar_subquery())
    return list(session.execute(select(*columns)).one())


def points_to(child: Entity, each: Field, parent: Entity, key: str) -> Any:
    """The condition that `child` rows refer to the `parent` record with this key."""
    values = decode_key(key, parent.key_kinds) or ()
    attribute = getattr(child.model, child.mapper.get_property_by_column(each.column).key)
    return attribute == values[0] if values else literal(False)


def related(
    session: Session, entity: Entity, policy: Policy, key: str, tab: str, args: MultiDict[str, str]
) -> tuple[Any, str | None] | None:
    """(list page, URL of its "new" form) of one tab; None where there is no such tab for this actor."""
    for child, each in _pairs(entity, policy):
        if tab == f"{child.name}.{each.key}":
            listing = Listing(
                entity=child,
                args=ListArgs.parse(child, args, policy),
                policy=policy,
                endpoint=f"{entity.name}.details_view",
                base=(points_to(child, each, entity, key),),
                fixed={"id": key, "tab": tab},
                leave_out=frozenset({each.key}),
            )
            create_url = None
            if site().may(policy, "create", child):
                preset: dict[str, Any] = {each.key: key, "_url": listing.url()}
                create_url = url_for(f"{child.name}.create_view", **preset)
            return Presenter(listing).page(session), create_url
    return None


def context(
    session: Session,
    entity: Entity,
    policy: Policy,
    key: str,
    found: tuple[Plan, Any],
    args: MultiDict[str, str],
) -> dict[str, Any]:
    """What `details.html` shows of one record.

    Raises:
        NotFound: `args` asks for a tab that this actor does not have.
    """
    plan, row = found
    name, tab = entity.name, args.get("tab") or None
    list_page = create_url = None
    if tab:
        pair = related(session, entity, policy, key, tab, args)
        if pair is None:
            raise NotFound(_("The record is gone, or it is not yours to see."))
        list_page, create_url = pair
    here = url_for(f"{name}.details_view", id=key)
    allowed = {action: site().rows(policy, action, entity) for action in ("edit", "delete")}
    return {
        "entity": {"name": name, "label": labels().entity(name), "plural": labels().plural(name)},
        "record": {"label": plan.title(row), "code": plan.code(row), "url": here, "key": key},
        "facts": fact_cells(entity, plan, row),
        "groups": groups(entity, plan, row),
        "tabs": tabs(session, entity, policy, key, tab),
        "related": list_page,
        "related_create_url": create_url,
        "may": {action: plan.within(row, rows) for action, rows in allowed.items()},
        "steps": entity.steps(policy, key) if entity.steps else (),
        "state": state_panel(session, entity, policy, key, plan, row),
        "urls": {
            "list": url_for(f"{name}.index_view"),
            "edit": url_for(f"{name}.edit_view", id=key, _url=here),
            "delete": url_for(f"{name}.delete_view", id=key, _url=here),
        },
    }

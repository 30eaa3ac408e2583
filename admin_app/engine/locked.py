"""Fields of a form that its reader sees but may not type: they stand in their place, with what is stored."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from admin_app.engine.access import Policy, current_policy
from admin_app.engine.entity import Entity
from admin_app.engine.kinds.base import EMPTY
from admin_app.engine.labels import labels
from admin_app.engine.listing.plan import Plan
from admin_app.engine.site import site


def locked_fields(entity: Entity, policy: Policy, record: Any) -> tuple[str, ...]:
    """What one sees of this record, perhaps masked, and may not type: fields of groups alone; hidden ones are none."""
    levels, access = site().fields(policy, entity), site().access
    return tuple(
        key
        for key in entity.form_fields
        if key in entity.group_of
        and access.contains(levels.rows(key, "masked"), record)
        and not access.contains(levels.rows(key, "write"), record)
    )


def locked_entries(
    entity: Entity, typed: Container[str], found: tuple[Plan, Any] | None
) -> dict[str, dict[str, Any]]:
    """What the macro `locked` of `form.html` reads, by field key.

    Args:
        entity: whose form.
        typed: the fields that the form has.
        found: the record as it was read with its locked fields; None for a new one, which has nothing in them.
    """
    shown = {}
    levels = site().fields(current_policy(), entity)
    for key in entity.form_fields:
        group = entity.group_of.get(key)
        seen = levels.visible(key) if found is None else key in found[0].slots
        if group is None or key in typed or not seen:
            continue
        cell = EMPTY if found is None else found[0].cell(found[1], key, link=False)
        shown[key] = {"key": key, "label": labels().field(entity.name, key), "cell": cell, "locked": group}
    return shown

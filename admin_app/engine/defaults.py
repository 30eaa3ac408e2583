"""What a new record begins with: the page it is made from, the person who makes it, the columns' defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from admin_app.engine.access import Policy
from admin_app.engine.entity import Entity, Field
from admin_app.engine.forms import find_record
from admin_app.engine.kinds import Unreadable
from admin_app.engine.site import site
from models.organisation import Department, User


def initial_values(
    session: Session, entity: Entity, policy: Policy, args: Mapping[str, str]
) -> dict[str, Any]:
    """Values by field key.

    `args` may preset any field (`?customer=12` on the link of a related list); what it names has to be readable and
    visible to the actor, else it is left out.
    """
    values: dict[str, Any] = {}
    for key in entity.import_fields:
        each = entity.fields[key]
        given = args.get(key)
        value = _given(session, each, given) if given else None
        if value is None:
            value = _usual(session, each, policy)
        if value is not None:
            values[key] = value
    return values


def _given(session: Session, each: Field, text: str) -> Any:
    if each.reference is not None:
        target = site().target(each)
        return find_record(session, target, text) if target else None
    try:
        return each.kind.parse(text)
    except Unreadable:
        return None


def _usual(session: Session, each: Field, policy: Policy) -> Any:
    if each.reference is not None:
        model = each.reference.mapper.class_
        if each.key == "owner" and model is User and policy.user_id is not None:
            return session.get(User, policy.user_id)
        if each.key == "department" and model is Department and policy.home_department is not None:
            return session.get(Department, policy.home_department)
        return None
    default: Any = each.column.default
    if default is None or not (default.is_scalar or default.is_callable):
        return None
    # SQLAlchemy hands its execution context to callables; none of ours looks at it.
    return default.arg(None) if default.is_callable else default.arg

"""Looking behind one mask: with a reason, and written down before the value is shown."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.access.explain import acting_for
from admin_app.engine.entity import Entity
from admin_app.engine.keys import encode_key
from admin_app.engine.site import site
from admin_app.errors import BadInput, Forbidden
from models.types import utc_now
from models.usage import RevealLog


def may_reveal(policy: Policy, entity: Entity, record: Any, key: str) -> bool:
    """Whether the actor sees this field of this record at least masked, and may look behind the mask."""
    rows = site().fields(policy, entity).rows(key, "masked")
    seen = site().access.contains(rows, record)
    return seen and site().may_record(policy, "reveal", entity, record)


def reveal(session: Session, entity: Entity, policy: Policy, record: Any, key: str, reason: str) -> str:
    """The plain value as text; the log row is flushed, the caller commits before showing anything.

    Raises:
        Forbidden: this actor may not.
        BadInput: there is no reason.
    """
    if not may_reveal(policy, entity, record, key):
        raise Forbidden(_("None of your positions lets you see this value."))
    if not reason.strip():
        raise BadInput(_("Say why you need to see it."))
    values = tuple(getattr(record, attribute.key) for attribute in entity.key_attributes)
    attribute = getattr(entity.model, key)
    where = [column == value for column, value in zip(entity.key_attributes, values, strict=True)]
    with acting(session, SYSTEM):
        value = session.scalar(select(attribute).where(*where))
        session.add(
            RevealLog(
                user_id=policy.user_id,
                entity=entity.name,
                record_key=encode_key(values, entity.key_kinds),
                field=key,
                reason=reason.strip(),
                at=utc_now(),
                acting_for_id=acting_for(site().access, policy, "reveal", record),
            )
        )
        session.flush()
    return "" if value is None else entity.fields[key].kind.cell(value).text

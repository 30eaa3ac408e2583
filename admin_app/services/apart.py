"""Duties apart on many records at once: who did the one on a record does not do the other, as conditions in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext
from sqlalchemy import ColumnElement, String, and_, cast, exists, literal, or_, select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.bulk.action import Barrier
from admin_app.engine.change import insert_rows
from admin_app.services.conflicts import read_rules
from models.deed import Deed

#: What the reader is told of a barrier with the code "apart".
TOLD: Mapping[str, Any] = {
    "apart": lazy_gettext("Somebody else has to do this: whoever wrote it does not approve it.")
}


def barriers_apart(
    session: Session,
    policy: Policy,
    model: type[Any],
    action: str,
    facts: Mapping[str, ColumnElement[bool]],
) -> list[Barrier]:
    """One barrier for each rule that keeps this person from doing `action` on records; see `conflicts.refuse_second`.

    `facts` say, by action, on which records this person did it as far as the records tell themselves.
    """
    if policy.user_id is None:
        return []
    name, found = str(model.__tablename__), []
    for rule in read_rules(session):
        if rule.reach != "record" or rule.entity != name or not rule.actions or action not in rule.actions:
            continue
        other = rule.actions[1] if rule.actions[0] == action else rule.actions[0]
        mine = [_did(model, other, policy.user_id), *([facts[other]] if other in facts else [])]
        found.append(Barrier("denied", "apart", or_(*mine)))
    return found


def _did(model: type[Any], action: str, user: int) -> ColumnElement[bool]:
    return exists().where(
        Deed.entity == model.__tablename__,
        Deed.record_key == cast(model.id, String),
        Deed.action == action,
        Deed.user_id == user,
    )


def note_deeds(
    session: Session, policy: Policy, model: type[Any], which: ColumnElement[bool], action: str
) -> None:
    """Keep that this person did `action` on the records for which `which` holds; what is known already stays."""
    if policy.user_id is None:
        return
    columns = {"entity": model.__tablename__, "action": action, "user_id": policy.user_id}
    told = [literal(value, Deed.__table__.c[key].type).label(key) for key, value in columns.items()]
    new = and_(which, ~_did(model, action, policy.user_id))
    with acting(session, SYSTEM):
        insert_rows(session, Deed, select(cast(model.id, String).label("record_key"), *told).where(new))

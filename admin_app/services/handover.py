"""Passing on what one person looks after to another, in one step that can be taken back.

Only records that whoever does it may edit move. Departments stay as they are: they decide who sees a record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, Policy, acting, compile_policy
from admin_app.engine.change import update_rows
from admin_app.engine.entity import Entity
from admin_app.engine.forms import describe
from admin_app.engine.labels import labels
from admin_app.engine.site import site
from admin_app.errors import Conflict, Forbidden, Refused
from admin_app.services.complaints import note_new_owner
from admin_app.services.heads import leads
from models.handover import Handover
from models.organisation import User
from models.types import utc_now

#: Records in one statement.
_CHUNK: Final = 5_000
#: Records that stay where they are and are named; more are only counted.
NAMED: Final = 20


@dataclass(frozen=True)
class Undone:
    """What taking back did: moved records by entity; those that stay, by entity, with the names that one may see."""

    moved: Mapping[str, int]
    kept: Mapping[str, int]
    names: Sequence[str]


def owned_entities() -> list[Entity]:
    """The entities whose records somebody looks after."""
    return [
        entity
        for entity in site().entities
        if hasattr(entity.model, "owner_id") and hasattr(entity.model, "department_id")
    ]


def movable(session: Session, policy: Policy, owner: User) -> dict[str, int]:
    """How many records of `owner` this person may pass on, by entity; entities without any are left out."""
    found = {}
    with acting(session, SYSTEM):
        for entity in owned_entities():
            count = session.scalar(
                select(func.count()).select_from(entity.model).where(*_within(policy, entity, owner.id))
            )
            if count:
                found[entity.name] = count
    return found


def hand_over(
    session: Session,
    policy: Policy,
    owner: User,
    receiver: User,
    entities: Iterable[str],
    reason: str,
    today: date,
) -> Handover:
    """Give all records of `owner` in these entities to `receiver`, as far as `policy` may edit them, and flush.

    Raises:
        Forbidden: `policy` leads nothing.
        Refused: nobody or nothing to hand over to, no reason, or the receiver could not see what comes.
    """
    if not leads(policy):
        raise Forbidden(_("Only whoever leads a department hands records over."))
    if not reason.strip():
        raise Refused(_("Say why."), "reason")
    if receiver.id == owner.id or not receiver.is_active:
        raise Refused(_("Choose somebody else who may sign in."), "receiver")
    wanted = set(entities)
    chosen = [entity for entity in owned_entities() if entity.name in wanted]
    theirs = compile_policy(session, receiver, today)
    blind = [labels().plural(each.name) for each in chosen if not site().may(theirs, "view", each)]
    if blind:
        message = _(
            "%(name)s has no duty for these: %(entities)s.", name=receiver.name, entities=", ".join(blind)
        )
        raise Refused(message, "receiver")
    items: dict[str, list[int]] = {}
    for entity in chosen:
        with acting(session, SYSTEM):
            keys = list(session.scalars(select(entity.model.id).where(*_within(policy, entity, owner.id))))
        if keys:
            items[entity.name] = keys
            _move(session, policy, entity, keys, receiver)
    if not items:
        raise Refused(_("Nothing to hand over: tick at least one kind of records."), "entities")
    made = Handover(
        from_user_id=owner.id,
        to_user_id=receiver.id,
        author_id=policy.user_id,
        reason=reason.strip(),
        items=items,
    )
    with acting(session, SYSTEM):
        session.add(made)
        session.flush()
    return made


def may_undo(policy: Policy, made: Handover) -> bool:
    """Whether this person may take a handover back: its author, or an administrator."""
    return made.undone_at is None and (
        policy.unlimited or (policy.user_id is not None and policy.user_id == made.author_id)
    )


def undo(session: Session, policy: Policy, made: Handover) -> Undone:
    """Give back what the receiver still has and `policy` may edit, flush, and name what stays.

    Raises:
        Conflict: it was taken back already.
        Forbidden: somebody else's handover.
    """
    if made.undone_at is not None:
        raise Conflict(_("This handover was taken back already."))
    if not may_undo(policy, made):
        raise Forbidden(_("Whoever handed over takes it back, or an administrator."))
    moved: dict[str, int] = {}
    kept: dict[str, int] = {}
    names: list[str] = []
    for entity in owned_entities():
        keys = made.items.get(entity.name, [])
        if not keys:
            continue
        still: list[int] = []
        with acting(session, SYSTEM):
            for chunk in _chunks(keys):
                within = _within(policy, entity, made.to_user_id)
                still += session.scalars(select(entity.model.id).where(entity.model.id.in_(chunk), *within))
            _move(session, policy, entity, still, made.from_user)
        rest = sorted(set(keys) - set(still))
        moved[entity.name] = len(still)
        if rest:
            kept[entity.name] = len(rest)
            names += _names(session, policy, entity, rest[: NAMED - len(names)])
    with acting(session, SYSTEM):
        made.undone_at = utc_now()
        made.undone_by_id = policy.user_id
        session.flush()
    return Undone({name: count for name, count in moved.items() if count}, kept, names)


def _names(session: Session, policy: Policy, entity: Entity, keys: Sequence[int]) -> list[str]:
    with acting(session, policy):
        rows = session.scalars(select(entity.model).where(entity.model.id.in_(keys)))
        return [describe(entity, record)[1] for record in rows]


def _within(policy: Policy, entity: Entity, owner: int) -> list[Any]:
    rows = site().rows(policy, "edit", entity)
    return [entity.model.owner_id == owner, site().access.criterion(entity.model, rows)]


def _move(session: Session, policy: Policy, entity: Entity, keys: Sequence[int], receiver: User) -> None:
    for chunk in _chunks(keys):
        update_rows(session, entity, entity.model.id.in_(chunk), {"owner_id": receiver.id}, policy=policy)
    if entity.name == "complaint":
        note_new_owner(session, policy, keys, receiver.name)


def _chunks(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(keys), _CHUNK):
        yield keys[start : start + _CHUNK]


def recent(session: Session, policy: Policy, limit: int = 20) -> list[Handover]:
    """The latest handovers that this person did; all of them for an administrator."""
    statement = select(Handover).order_by(Handover.id.desc()).limit(limit)
    if not policy.unlimited:
        statement = statement.where(Handover.author_id == policy.user_id)
    with acting(session, SYSTEM):
        return list(session.scalars(statement))

"""New values that differ from record to record: found at the preview, kept with it, and applied as they were seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, and_, case, literal, null, select, true
from sqlalchemy.orm import Session, class_mapper

from admin_app.engine.access import Policy
from admin_app.engine.bulk.action import Barrier, Computed, Plan
from admin_app.engine.bulk.selection import key_of, version_of
from admin_app.engine.change import update_rows
from admin_app.engine.change.codec import object_text
from admin_app.engine.change.shape import shape_of
from admin_app.engine.entity import Entity
from models.bulk import BulkItem

_ITEM: Final[Any] = BulkItem.__table__


def verdict(barriers: Sequence[Barrier], same: ColumnElement[bool]) -> tuple[Any, Any]:
    """(outcome, why) as SQL: what is denied comes first, then what is so already, then what stands in the way."""
    denied = [each for each in barriers if each.outcome == "denied"]
    others = [each for each in barriers if each.outcome != "denied"]
    outcome = case(
        *((each.holds, literal(each.outcome)) for each in denied),
        (same, literal("same")),
        *((each.holds, literal(each.outcome)) for each in others),
        else_=literal("change"),
    )
    why = case(
        *((each.holds, literal(each.why)) for each in denied),
        (same, null()),
        *((each.holds, literal(each.why)) for each in others),
        else_=null(),
    )
    return outcome, why


def computing(
    session: Session,
    entity: Entity,
    computed: Computed,
    barriers: Sequence[Barrier],
    chosen: Sequence[ColumnElement[bool]],
    run_id: int,
) -> sa.Select[Any]:
    """The items of a preview whose values are computed: as those of any, and the new values where a record changes."""
    shape, dialect = shape_of(class_mapper(entity.model)), _dialect(session, entity)
    outcome, why = verdict([*barriers, *computed.barriers], computed.same)
    values = [value.label(f"new_{key}") for key, value in computed.values.items()]
    found = (
        select(
            key_of(entity).label("key"),
            version_of(entity).label("version"),
            outcome.label("outcome"),
            why.label("why"),
            *values,
        )
        .select_from(entity.model)
        .outerjoin(computed.rows, computed.on)
        .where(*chosen)
        .subquery("found")
    )
    spelled = {
        shape.columns[key].key: shape.codecs[key].text(found.c[f"new_{key}"], dialect)
        for key in computed.values
    }
    after = case((found.c.outcome == "change", object_text(spelled)), else_=null())
    return select(
        literal(run_id, sa.BigInteger),
        found.c.key,
        found.c.version,
        found.c.outcome,
        found.c.why,
        sa.type_coerce(after, _ITEM.c.after.type),
    ).order_by(found.c.key)


def as_seen(session: Session, entity: Entity, plan: Plan, run_id: int) -> Plan:
    """The plan of a run whose values were computed at its preview: it reads and writes what its items hold."""
    new = _kept(session, entity, plan.sets)
    shown = {key: new[key] for key in plan.values}

    def write(session: Session, policy: Policy, which: ColumnElement[bool]) -> int:
        mine = and_(_ITEM.c.run_id == run_id, _ITEM.c.record_id == shape_of(entity.mapper).key_column)
        join = (_ITEM, mine)
        return update_rows(session, entity, which, new, policy=policy, action=plan.word, join=join)

    attributes = {key: getattr(entity.model, key) for key in shown}
    same = and_(true(), *(attributes[key].is_not_distinct_from(value) for key, value in shown.items()))
    return replace(plan, same=same, write=write, values=shown)


def _kept(session: Session, entity: Entity, keys: Sequence[str]) -> Mapping[str, ColumnElement[Any]]:
    """What an item holds, by attribute key, each as its column's type."""
    shape, dialect = shape_of(class_mapper(entity.model)), _dialect(session, entity)
    return {
        key: sa.type_coerce(shape.codecs[key].value(_ITEM.c.after, dialect), shape.columns[key].type)
        for key in keys
    }


def _dialect(session: Session, entity: Entity) -> str:
    return session.get_bind(entity.mapper).dialect.name

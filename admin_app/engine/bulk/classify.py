"""What an action would do to each chosen record, found by the database in one statement and kept with the run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, ColumnElement, and_, func, insert, literal, select, true
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.bulk.action import Action, Barrier, Plan, landing, right_barriers
from admin_app.engine.bulk.computing import computing, verdict
from admin_app.engine.bulk.selection import Selection, key_of, version_of
from admin_app.engine.entity import Entity
from models.bulk import BulkItem


@dataclass(frozen=True)
class Found:
    """Records of one outcome and reason: how many, and the number of one of them."""

    outcome: str
    why: str | None
    count: int
    example: int


def classify(
    session: Session,
    policy: Policy,
    entity: Entity,
    action: Action,
    selection: Selection,
    plan: Plan,
    run_id: int,
) -> list[Found]:
    """Write down, for each chosen record, its version and what would become of it; two statements.

    The records themselves stay as they are, and so does everything else that anybody may see.
    """
    barriers = barriers_of(policy, entity, action, plan, selection.single is None)
    chosen = selection.conditions(entity, policy)
    columns = ["run_id", "record_id", "version", "outcome", "why"]
    if plan.computed is not None:
        found = computing(session, entity, plan.computed(chosen), barriers, chosen, run_id)
        columns.append("after")
    else:
        barriers += list(broken_checks(entity, plan.values, chosen))
        outcome, why = verdict(barriers, plan.same)
        found = (
            select(literal(run_id, sa.BigInteger), key_of(entity), version_of(entity), outcome, why)
            .where(*chosen)
            .order_by(key_of(entity))
        )
    # The scope stands in `chosen`: an insert has no other place for it.
    with acting(session, SYSTEM):
        session.execute(insert(BulkItem).from_select(columns, found))
        return tally(session, run_id)


def tally(session: Session, run_id: int) -> list[Found]:
    """Records by outcome and reason, as the run stands now; the session acts as the system."""
    grouped = (
        select(BulkItem.outcome, BulkItem.why, func.count(), func.min(BulkItem.record_id))
        .where(BulkItem.run_id == run_id)
        .group_by(BulkItem.outcome, BulkItem.why)
        .order_by(func.count().desc(), BulkItem.why)
    )
    return [Found(*row) for row in session.execute(grouped)]


def barriers_of(policy: Policy, entity: Entity, action: Action, plan: Plan, many: bool) -> list[Barrier]:
    """All barriers but those of the table's own rules; anew wherever it is asked, since rights change."""
    found = [*right_barriers(policy, action, entity, many), *plan.barriers]
    lands = landing(policy, action, entity, plan.values)
    return [*found, lands] if lands is not None else found


def broken_checks(
    entity: Entity, values: Mapping[str, Any], chosen: Sequence[ColumnElement[bool]]
) -> Iterator[Barrier]:
    """A barrier for each rule of the table (a CHECK) that the new values would break beside what a record holds."""
    new = {each.name: value for key, value in values.items() for each in entity.fields[key].columns}
    for constraint in sorted(entity.table.constraints, key=lambda each: str(each.name)):
        if not isinstance(constraint, CheckConstraint) or getattr(constraint, "_type_bound", False):
            continue
        rule = str(constraint.sqltext)
        words = set(re.findall(r"\w+", rule))
        if not words & set(new):
            continue
        # The rule's own text, over rows that look like the table with the new values in.
        shown = [
            _new(column, new[column.name]).label(column.name) if column.name in new else _own(entity, column)
            for column in entity.table.columns
            if column.name in words or column.primary_key
        ]
        rows = select(*shown).where(*chosen).subquery(str(entity.table.name))
        (key,) = entity.mapper.primary_key
        broken = select(rows.c[key.name]).where(sa.not_(sa.literal_column(f"({rule})", sa.Boolean)))
        yield Barrier("invalid", f"check:{constraint.name}", key_of(entity).in_(broken))


def _new(column: sa.Column[Any], value: Any) -> ColumnElement[Any]:
    return value if isinstance(value, ColumnElement) else literal(value, column.type)


def _own(entity: Entity, column: sa.Column[Any]) -> Any:
    return getattr(entity.model, entity.mapper.get_property_by_column(column).key).label(column.name)


def same_as(entity: Entity, values: Mapping[str, Any]) -> ColumnElement[bool]:
    """True where a record holds all these values already."""
    return and_(
        true(),
        *(
            attribute.is_not_distinct_from(literal(values[key], entity.fields[key].column.type))
            for key, attribute in attributes(entity, values).items()
        ),
    )


def attributes(entity: Entity, keys: Mapping[str, Any] | Sequence[str]) -> dict[str, Any]:
    """The mapped attribute of each field's column."""
    return {
        key: getattr(entity.model, entity.mapper.get_property_by_column(entity.fields[key].column).key)
        for key in keys
    }

"""What a deletion takes along: walked over the foreign keys before anything happens, and refused where it must be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, Table, func, literal, not_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapper, Session

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.entity import Entity
from admin_app.engine.labels import labels, pretty
from admin_app.engine.site import site
from admin_app.errors import Conflict, Forbidden

CAP = 1000
MAX_DEPTH = 8


@dataclass(frozen=True)
class Dependent:
    """Records of one table that hang on what is deleted. `count` is shown: "12", or "1,000+" beyond CAP."""

    label: str
    count: str
    reason: str = ""


@dataclass
class DeletionPlan:
    """What goes, what loses its link, and what stands in the way. `allowed` when nothing does.

    `mapper` is of what is deleted: it tells in which database to count.
    """

    mapper: Mapper[Any]
    goes: list[Dependent] = field(default_factory=list)
    unlinks: list[Dependent] = field(default_factory=list)
    blocks: list[Dependent] = field(default_factory=list)

    @property
    def allowed(self) -> bool:
        """Whether the deletion may happen."""
        return not self.blocks


def plan_deletion(
    session: Session, entity: Entity, policy: Policy, keys: Sequence[tuple[Any, ...]]
) -> DeletionPlan:
    """Walk everything that refers to the records with these primary keys.

    The counts include rows that the actor may not see: only their number is told, never which they are.
    """
    plan = DeletionPlan(entity.mapper)
    table = entity.table
    # Where a key has several columns, nothing in a sound schema refers to the first alone; the walk then finds nothing.
    first = table.primary_key.columns[0]
    chosen = select(first).where(first.in_([key[0] for key in keys]))
    with acting(session, SYSTEM):
        _walk(session, policy, table, chosen, plan, set(), 0)
    return plan


def _walk(
    session: Session,
    policy: Policy,
    table: Table,
    chosen: Select[Any],
    plan: DeletionPlan,
    seen: set[Any],
    depth: int,
) -> None:
    for child in table.metadata.sorted_tables:
        for constraint in child.foreign_key_constraints:
            if constraint.referred_table is not table or constraint in seen or len(constraint.columns) != 1:
                continue
            seen.add(constraint)
            (column,) = constraint.columns
            hanging: ColumnElement[bool] = column.in_(chosen)
            # A record that refers to itself, or to one that goes too, is no obstacle.
            if child is table:
                hanging = hanging & child.primary_key.columns[0].not_in(chosen)
            number = _count(session, plan, select(literal(1)).select_from(child).where(hanging))
            if not number:
                continue
            rule = (constraint.ondelete or "RESTRICT").upper()
            if rule == "CASCADE":
                _cascade(session, policy, child, hanging, number, plan)
                if depth < MAX_DEPTH and len(child.primary_key.columns) == 1:
                    deeper = select(child.primary_key.columns[0]).where(hanging)
                    _walk(session, policy, child, deeper, plan, seen, depth + 1)
            elif rule == "SET NULL":
                plan.unlinks.append(_dependent(child, number))
            else:
                plan.blocks.append(_dependent(child, number, _("They have to be deleted or moved first.")))


def _cascade(
    session: Session, policy: Policy, child: Table, hanging: Any, number: int, plan: DeletionPlan
) -> None:
    entity = next((each for each in site().entities if each.table is child), None)
    dependent = _dependent(child, number)
    if entity is None or entity.follows or policy.unlimited:
        # Parts follow their whole: whoever may delete a contract may delete its obligations.
        plan.goes.append(dependent)
        return
    access = site().access
    rows = access.rows(policy, "delete", entity.name) if "delete" not in entity.forbids else None
    within = access.criterion(entity.model, rows) if rows else literal(False)
    hidden = select(literal(1)).select_from(entity.model).where(hanging, not_(within))
    foreign = _count(session, plan, hidden)
    if not foreign:
        plan.goes.append(dependent)
    else:
        plan.blocks.append(_dependent(child, foreign, _("None of your positions lets you delete them.")))


def _count(session: Session, plan: DeletionPlan, rows: Select[Any]) -> int:
    counted = select(func.count()).select_from(rows.limit(CAP + 1).subquery())
    # Bare tables in a subquery name no database: an adopted one would be looked for in the main one.
    return session.scalar(counted, bind_arguments={"mapper": plan.mapper}) or 0


def _dependent(table: Table, number: int, reason: str = "") -> Dependent:
    entity = next((each for each in site().entities if each.table is table), None)
    label = labels().plural(entity.name) if entity else pretty(table.name)
    text = f"{CAP:,}+" if number > CAP else f"{number:,}"
    return Dependent(label, text, reason)


def delete(session: Session, entity: Entity, policy: Policy, records: Sequence[Any]) -> None:
    """Delete the records and flush: all of them or none.

    Raises:
        Forbidden: one of them is not the actor's to delete.
        Conflict: something was linked to them since the plan was made.
    """
    for record in records:
        if not site().may_record(policy, "delete", entity, record):
            raise Forbidden(_("None of your positions lets you delete this record."))
    try:
        with session.begin_nested():
            for record in records:
                session.delete(record)
            session.flush()
            if entity.after_delete:
                for record in records:
                    entity.after_delete(session, policy, record)
                session.flush()
    except IntegrityError:
        raise Conflict(_("Something still refers to this record. Load the page again to see what.")) from None

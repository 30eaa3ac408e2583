"""What a deletion takes along: walked over the foreign keys before anything happens, and refused where it must be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import (
    ColumnElement,
    ForeignKeyConstraint,
    Select,
    Table,
    and_,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapper, Session

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.entity import Entity
from admin_app.engine.labels import labels, pretty
from admin_app.engine.orphans import drop_orphaned_grants
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
    """What goes, what loses its link, and what stands in the way. `allowed` when nothing does."""

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
    key_columns = entity.mapper.primary_key
    chosen = or_(
        *(and_(*(column == value for column, value in zip(key_columns, key, strict=True))) for key in keys)
    )
    walk = _Walk(session, policy, entity.mapper)
    with acting(session, SYSTEM):
        walk.down(entity.table, chosen, 0)
    return walk.plan()


def plan_deletion_of(session: Session, entity: Entity, policy: Policy, ids: Select[Any]) -> DeletionPlan:
    """The same for the records whose numbers a SELECT gives."""
    (key,) = entity.mapper.primary_key
    walk = _Walk(session, policy, entity.mapper)
    with acting(session, SYSTEM):
        walk.down(entity.table, key.in_(ids), 0)
    return walk.plan()


class _Walk:
    """Follows foreign keys from rows that go to rows that hang on them. Rows are conditions, so none is loaded.

    `mapper` is of what is deleted: it tells in which database to count.
    """

    def __init__(self, session: Session, policy: Policy, mapper: Mapper[Any]) -> None:
        self.session = session
        self.policy = policy
        self.mapper = mapper
        self.going: dict[Table, list[ColumnElement[bool]]] = {}
        self.found: dict[tuple[str, Table, str], int] = {}

    def plan(self) -> DeletionPlan:
        """What was found."""
        plan = DeletionPlan()
        for (where, table, reason), number in self.found.items():
            getattr(plan, where).append(_dependent(table, number, reason))
        return plan

    def down(self, table: Table, rows: ColumnElement[bool], depth: int) -> None:
        """Note what hangs on these rows of `table`, and go on from what goes with them."""
        if depth > MAX_DEPTH:
            return
        self.going.setdefault(table, []).append(rows)
        loops = [each for each in table.foreign_key_constraints if _is_loop(each)]
        if loops:
            # A tree goes as a whole, however high it is.
            rows = _with_descendants(table, rows, loops)
            self._cascade(table, and_(rows, self._staying(table)))
            self.going[table].append(rows)
        for child in table.metadata.tables.values():
            for constraint in sorted(child.foreign_key_constraints, key=lambda each: list(each.column_keys)):
                if constraint.referred_table is table and constraint not in loops:
                    self._follow(child, constraint, rows, depth)

    def _follow(
        self, child: Table, constraint: ForeignKeyConstraint, rows: ColumnElement[bool], depth: int
    ) -> None:
        referred = [element.column for element in constraint.elements]
        own: Any = tuple_(*constraint.columns) if len(referred) > 1 else next(iter(constraint.columns))
        hanging: ColumnElement[bool] = own.in_(select(*referred).where(rows))
        rule = (constraint.ondelete or "RESTRICT").upper()
        if rule == "CASCADE" or child is constraint.referred_table:
            # A record that goes already is no obstacle, and is counted once.
            hanging = and_(hanging, self._staying(child))
        if rule == "CASCADE":
            if self._cascade(child, hanging):
                self.down(child, hanging, depth + 1)
        elif rule == "SET NULL":
            self._note("unlinks", child, self._count(child, hanging))
        else:
            reason = _("They have to be deleted or moved first.")
            self._note("blocks", child, self._count(child, hanging), reason)

    def _staying(self, table: Table) -> ColumnElement[bool]:
        # NULL in a column makes the condition NULL, whose negation is NULL again: such a row stays too.
        return and_(true(), *(rows.is_distinct_from(true()) for rows in self.going.get(table, ())))

    def _cascade(self, child: Table, hanging: ColumnElement[bool]) -> int:
        number = self._count(child, hanging)
        if not number:
            return 0
        entity = next((each for each in site().entities if each.table is child), None)
        foreign = 0
        # Parts follow their whole: whoever may delete a contract may delete its obligations.
        if entity is not None and not entity.follows and not self.policy.unlimited:
            rows = site().rows(self.policy, "delete", entity)
            within = site().access.criterion(entity.model, rows)
            # A row without an owner is within nobody's rows, and its test is NULL.
            foreign = self._count(entity.model, and_(hanging, within.is_distinct_from(true())))
        if foreign:
            self._note("blocks", child, foreign, _("None of your positions lets you delete them."))
        else:
            self._note("goes", child, number)
        return number

    def _note(self, where: str, table: Table, number: int, reason: str = "") -> None:
        if number:
            place = (where, table, reason)
            self.found[place] = self.found.get(place, 0) + number

    def _count(self, source: Any, rows: ColumnElement[bool]) -> int:
        capped = select(literal(1)).select_from(source).where(rows).limit(CAP + 1)
        counted = select(func.count()).select_from(capped.subquery())
        # Bare tables in a subquery name no database: an adopted one would be looked for in the main one.
        return self.session.scalar(counted, bind_arguments={"mapper": self.mapper}) or 0


def _is_loop(constraint: ForeignKeyConstraint) -> bool:
    """Whether rows of a table go with other rows of the same table, found by its one key column."""
    table = constraint.table
    referred = [element.column for element in constraint.elements]
    cascades = (constraint.ondelete or "").upper() == "CASCADE"
    return (
        cascades
        and constraint.referred_table is table
        and referred == list(table.primary_key.columns) == referred[:1]
    )


def _with_descendants(
    table: Table, rows: ColumnElement[bool], loops: Sequence[ForeignKeyConstraint]
) -> ColumnElement[bool]:
    (key,) = table.primary_key.columns
    found = select(key.label("key")).where(rows).cte(recursive=True)
    child = table.alias()
    links = [child.c[column.key] == found.c.key for each in loops for column in each.columns]
    # UNION, not UNION ALL: a tree that bites its tail ends the walk.
    found = found.union(select(child.c[key.key]).where(or_(*links)))
    return key.in_(select(found.c.key))


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
            drop_orphaned_grants(session, site())
    except IntegrityError:
        raise Conflict(_("Something still refers to this record. Load the page again to see what.")) from None

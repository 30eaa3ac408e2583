"""The way back of updated and of created records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, and_, case, cast, literal, or_, select, true

from admin_app.engine.change.bulk import delete_rows, update_rows
from admin_app.engine.change.kind import DONE, Kind
from admin_app.engine.change.shape import Shape
from admin_app.engine.orphans import drop_orphaned_grants
from admin_app.engine.site import site
from admin_app.engine.states.guard import machine_of, stepping
from admin_app.engine.states.machine import Machine
from models.change import ChangeRow
from models.mixins import AppendOnly

_ROWS: Any = ChangeRow.__table__


class Updated(Kind):
    """Records that the set updated."""

    def state(self, now: Any) -> ColumnElement[str]:
        """What becomes of each row of an update; `now` is the record as it is."""
        row = self.row.c
        codecs, columns = self.shape.codecs, self.shape.columns
        typed = [key for key in self.keys if columns[key].key not in self.shape.derived]
        # What a rule has written anew since is nobody's edit: the rule is asked again at the end.
        since = "edited" if typed else "unchanged"
        typed = typed or self.keys
        holds = and_(
            true(), *(codecs[key].same(now.c[columns[key].key], row.after, self.dialect) for key in typed)
        )
        already = and_(
            true(),
            *(codecs[key].same(now.c[columns[key].key], row.before, self.dialect) for key in self.keys),
        )
        linked = [self._link_holds(key, codecs[key].value(row.before, self.dialect)) for key in self.keys]
        own = self.shape.key_column.key
        free = and_(true(), *(self._is_free(key, now.c[own]) for key in self.keys))
        end = case((and_(true(), *linked), case((free, DONE), else_="taken")), else_="reference")
        end = case((self._way_back(now), end), else_="step")
        told: ColumnElement[str] = case((already, "unchanged"), (holds, end), else_=since)
        mine: ColumnElement[str] = case((self.mine(now.c) & self.typed(now.c), told), else_="forbidden")
        return case((now.c[own].is_(None), "gone"), else_=mine if self.keys else literal("lost"))

    def apply(self) -> int:
        table, row = self.shape.table, self.row.c
        values: dict[str, Any] = {}
        for key in self.keys:
            column, codec = self.shape.columns[key], self.shape.codecs[key]
            before: ColumnElement[Any] = sa.type_coerce(codec.value(row.before, self.dialect), column.type)
            if column.key in self.shape.derived:
                # A rule may have written it anew since; then that is true, and the rule is asked again.
                before = case((codec.same(column, row.after, self.dialect), before), else_=column)
            values[key] = before
        if not values:
            return 0
        where = and_(*self.picked(), self.state(table) == DONE)
        joined = (self.row, self.shape.key_column == self.key)
        machine = machine_of(self.shape.model)
        if machine is not None and machine.field in self.keys and machine.undone is not None:
            went, back = self._states(machine)
            going = select(self.shape.key_column.label("id"), went.label("went"), back.label("back"))
            machine.undone(self.session, self.policy, going.join_from(table, *joined).where(where))
        with stepping(self.session):
            return update_rows(
                self.session, self.shape.model, where, values, policy=self.policy, action="edit", join=joined
            )

    def _states(self, machine: Machine) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """The state that the set wrote, and the one before it."""
        codec, row = self.shape.codecs[machine.field], self.row.c
        kind = self.shape.columns[machine.field].type
        went, back = (codec.value(side, self.dialect) for side in (row.after, row.before))
        return sa.type_coerce(went, kind), sa.type_coerce(back, kind)

    def _way_back(self, now: Any) -> ColumnElement[bool]:
        """Whether an undo may bring each record to its earlier state: back along a step that the actor may take.

        It goes forward again (an undo undone) only along steps that the word alone decides about.
        """
        machine = machine_of(self.shape.model)
        if machine is None or machine.field not in self.keys:
            return true()
        went, back = self._states(machine)
        ways = [went == back]
        for step in machine.steps:
            rows = self.history.rows(self.policy, step.word, self.name)
            if not rows:
                continue
            mine = self.history.access.criterion(self.shape.model, rows, now.c)
            if step.taken_back:
                ways.append(and_(went == step.target, back.in_(step.sources), mine))
            if not step.guarded:
                ways.append(and_(went.in_(step.sources), back == step.target, mine))
        return or_(*ways)

    def _link_holds(self, key: str, value: ColumnElement[Any]) -> ColumnElement[bool]:
        """Whether what a foreign key refers to exists; true for other columns."""
        tests: list[ColumnElement[bool]] = []
        for link in self.shape.columns[key].foreign_keys:
            target = link.column.table.alias()
            there = select(1).select_from(target).where(target.c[link.column.key] == value).exists()
            tests.append(or_(value.is_(None), there, self.comes_back(link, value)))
        return and_(true(), *tests)

    def _is_free(self, key: str, own: ColumnElement[Any]) -> ColumnElement[bool]:
        """Whether no other record has the value of a unique column that is to come back."""
        column = self.shape.columns[key]
        alone = any(
            [each.name for each in constraint.columns] == [column.name]
            for constraint in self.shape.table.constraints
            if isinstance(constraint, sa.UniqueConstraint)
        )
        if not alone:
            return true()
        other = self.shape.table.alias()
        value = self.shape.codecs[key].value(self.row.c.before, self.dialect)
        same = (other.c[column.key] == value) & (other.c[self.shape.key_column.key] != own)
        return ~select(1).select_from(other).where(same).exists()


class Created(Kind):
    """Records that the set created."""

    def state(self, now: Any) -> ColumnElement[str]:
        """What becomes of each record that the set created."""
        row = self.row.c
        own = now.c[self.shape.key_column.key]
        if issubclass(self.shape.model, AppendOnly):
            return case((own.is_(None), "gone"), else_="kept")
        typed = [key for key in self.keys if self.shape.columns[key].key not in self.shape.derived]
        same = (
            self.shape.codecs[key].same(now.c[self.shape.columns[key].key], row.after, self.dialect)
            for key in typed
        )
        hanging = or_(sa.false(), *self._dependents(now))
        told = case((and_(true(), *same), case((hanging, "depends"), else_=DONE)), else_="edited")
        return case((own.is_(None), "gone"), (self.mine(now.c), told), else_="forbidden")

    def _dependents(self, now: Any) -> Iterable[ColumnElement[bool]]:
        """One test per foreign key on this table: whether a record refers to it that the set did not create too."""
        for table, child in self.history.by_table.items():
            for constraint in table.foreign_key_constraints:
                if constraint.referred_table is not self.shape.table:
                    continue
                other = table.alias()
                links = [
                    other.c[element.parent.key] == now.c[element.column.key]
                    for element in constraint.elements
                ]
                yield select(1).select_from(other).where(*links, ~self._created_too(child, other)).exists()

    def _created_too(self, child: Shape, other: Any) -> ColumnElement[bool]:
        if not child.in_sql:
            return sa.false()
        made = _ROWS.alias()
        return (
            select(1)
            .select_from(made)
            .where(
                made.c.entity == self.history.name(child),
                made.c.record_key == cast(other.c[child.key_column.key], sa.Text),
                made.c.set_id == self.set_id,
                made.c.op == "create",
            )
            .exists()
        )

    def apply(self) -> int:
        now = self.shape.table.alias("now")
        own = now.c[self.shape.key_column.key]
        keys = (
            select(own)
            .select_from(self.row.join(now, own == self.key))
            .where(*self.picked(), self.state(now) == DONE)
        )
        gone = delete_rows(self.session, self.shape.model, keys, policy=self.policy)
        drop_orphaned_grants(self.session, site())
        return gone

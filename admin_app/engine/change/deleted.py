"""The way back of deleted records: with their key, their parts, and their references as far as those exist."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Select, and_, case, cast, func, literal, or_, select, true

from admin_app.engine.change.bulk import insert_rows
from admin_app.engine.change.kind import DONE, Kind
from admin_app.engine.states.guard import stepping
from models.change import ChangeRow
from models.types import utc_now

_ROWS: Any = ChangeRow.__table__


class Deleted(Kind):
    """Records that the set deleted."""

    def counted(self) -> tuple[Select[Any], ColumnElement[str]]:
        """The same over the records as history kept them."""
        kept, row = self._kept(), self.row
        joined = row.join(kept, kept.c.history_number == row.c.number)
        return select(row.c.number).select_from(joined).where(*self.picked()), self.state(kept)

    def _kept(self) -> Any:
        """The deleted records as history kept them: a subquery with the table's columns."""
        row = _ROWS.alias("kept_row")
        values = []
        for key, column in self.shape.columns.items():
            codec = self.shape.codecs[key]
            kept = codec.value(row.c.before, self.dialect) if codec.exact else cast(sa.null(), column.type)
            values.append(sa.type_coerce(kept, column.type).label(column.key))
        conditions = [row.c.set_id == self.set_id, row.c.entity == self.name, row.c.op == "delete"]
        return select(row.c.number.label("history_number"), *values).where(*conditions).subquery("kept")

    def state(self, now: Any) -> ColumnElement[str]:
        """What becomes of each record that the set deleted; `now` is the record as it was."""
        table, own = self.shape.table, self.shape.key_column.key
        again = table.alias()
        there = select(1).select_from(again).where(again.c[own] == now.c[own]).exists()
        lost = any(
            not column.nullable and not self.shape.codecs[key].exact
            for key, column in self.shape.columns.items()
        )
        if lost:
            return literal("lost")
        links = [each for each in table.foreign_keys if not each.parent.nullable]
        needed = and_(true(), *(self._will_exist(now, each) for each in links))
        mine = or_(self.mine(now.c), *self._with_its_whole(now))
        free = and_(true(), *(self._unique_free(now, each) for each in table.constraints))
        told = case((needed, case((free, DONE), else_="taken")), else_="reference")
        return case((there, "there"), (mine, told), else_="forbidden")

    def _will_exist(self, kept: Any, link: Any) -> ColumnElement[bool]:
        """Whether what a foreign key refers to exists, or comes back with it."""
        value, target = kept.c[link.parent.key], link.column.table.alias()
        exists = select(1).select_from(target).where(target.c[link.column.key] == value).exists()
        return or_(exists, self.comes_back(link, value))

    def _with_its_whole(self, kept: Any) -> list[ColumnElement[bool]]:
        """A part follows its whole: it may come back where the whole does, which has its own test."""
        guard = self.history.access.by_model.get(self.shape.model)
        if guard is None or guard.parent is None or not self.history.rows(self.policy, "create", self.name):
            return []
        ((local, _remote),) = guard.parent_property.local_remote_pairs or ()
        links = [each for each in self.shape.table.foreign_keys if each.parent is local]
        return [self.comes_back(each, kept.c[each.parent.key]) for each in links]

    def _unique_free(self, kept: Any, constraint: Any) -> ColumnElement[bool]:
        if not isinstance(constraint, sa.UniqueConstraint):
            return true()
        other = self.shape.table.alias()
        same = [other.c[column.key] == kept.c[column.key] for column in constraint.columns]
        return ~select(1).select_from(other).where(*same).exists()

    def apply(self) -> int:
        kept = self._kept()
        values: list[Any] = []
        for key, column in self.shape.columns.items():
            value: Any = kept.c[column.key]
            if column is self.shape.mapper.version_id_col:
                # Whoever still has the old record open learns of it when saving.
                value = value + 1
            elif column.onupdate is not None:
                value = literal(utc_now(), column.type)
            elif column.nullable and column.foreign_keys:
                # What it referred to may be gone: then it comes back without.
                held = and_(*(self._will_exist(kept, each) for each in column.foreign_keys))
                value = case((held, value), else_=None)
            values.append(sa.type_coerce(value, column.type).label(key))
        row = self.row
        joined = kept.join(row, row.c.number == kept.c.history_number)
        rows = select(*values).select_from(joined).where(*self.picked(), self.state(kept) == DONE)
        # Whatever state it was in: it does not begin now.
        with stepping(self.session):
            return insert_rows(self.session, self.shape.model, rows, with_keys=True)

    def emptied(self) -> dict[str, Select[Any]]:
        """By column: how many records come back without what this column referred to."""
        found = {}
        for column in self.shape.columns.values():
            if column.nullable and column.foreign_keys:
                kept = self._kept()
                joined = kept.join(self.row, self.row.c.number == kept.c.history_number)
                held = and_(*(self._will_exist(kept, each) for each in column.foreign_keys))
                found[column.key] = (
                    select(func.count())
                    .select_from(joined)
                    .where(*self.picked(), kept.c[column.key].is_not(None), ~held, self.told(self.row.c))
                )
        return found

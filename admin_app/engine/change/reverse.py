"""The way back of one kind of rows of a change set, as SQL: what becomes of each row, and the statement that does it.

Rows are of one kind when they are of one entity, say the same (created, updated, deleted), and name the same columns.
`state` tells for each what undoing would do; only rows in state "done" are written.

    done        it is written back          edited     somebody changed it since
    unchanged   it is as it was already     gone       the record does not exist any more
    forbidden   not the actor's to do       there      a record with this key exists again
    reference   what it refers to is gone   taken      another record has its unique value
    depends     something refers to it      kept       entries of a log stay
    lost        history cannot give it back (a secret that may not be empty)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import BigInteger, ColumnElement, Select, and_, case, cast, func, literal, or_, select, true
from sqlalchemy.orm import Session

from admin_app.engine.access import Policy
from admin_app.engine.change.bulk import delete_rows, insert_rows, update_rows
from admin_app.engine.change.history import History
from admin_app.engine.change.shape import Shape
from models.change import ChangeRow
from models.mixins import AppendOnly
from models.types import utc_now

DONE: Final = "done"
#: What undoing an operation needs the right for.
ACTIONS: Final = {"create": "delete", "update": "edit", "delete": "create"}
_ROWS: Any = ChangeRow.__table__


def names_of(op: Any, after: Any, dialect: str) -> ColumnElement[str]:
    """The columns that an update row names, with commas between them; empty for other rows."""
    if dialect == "sqlite":
        members = func.json_each(sa.type_coerce(after, sa.Text)).table_valued("key")
        names: Any = select(func.group_concat(members.c.key, ",")).scalar_subquery()
    else:
        document = cast(sa.type_coerce(after, sa.Text), sa.JSON)
        member: Any = func.json_object_keys(document).column_valued("member")
        names = select(func.string_agg(member, ",")).scalar_subquery()
    return case((op == "update", names), else_="")


@dataclass
class Reverse:
    """Rows of one kind. `names` are the columns that they name; `numbers` and `only` narrow what is undone.

    `foreseen` says that nothing is written yet: what the same undo brings back counts as there.
    """

    session: Session
    history: History
    policy: Policy
    set_id: int
    shape: Shape
    op: str
    names: str
    numbers: Collection[int] | None = None
    only: Collection[str] | None = None
    foreseen: bool = False
    row: Any = field(default_factory=lambda: _ROWS.alias("undone"))

    def __post_init__(self) -> None:
        self.dialect = self.session.get_bind(ChangeRow.__mapper__).dialect.name
        self.name = self.history.name(self.shape)
        self.key: ColumnElement[Any] = cast(self.row.c.record_key, BigInteger)
        named = set(self.names.split(",")) if self.names else {c.key for c in self.shape.columns.values()}
        self.keys = [
            key
            for key, column in self.shape.columns.items()
            if column.key in named
            and column.key not in self.shape.bookkeeping
            and self.shape.codecs[key].exact
            and (self.only is None or column.key in self.only)
        ]

    def picked(self) -> list[ColumnElement[bool]]:
        """Conditions on the history rows of this kind."""
        row = self.row.c
        found = [row.set_id == self.set_id, row.entity == self.name, row.op == self.op]
        if self.names:
            found.append(names_of(row.op, row.after, self.dialect) == self.names)
        if self.numbers is not None:
            found.append(row.number.in_(sorted(self.numbers)))
        return found

    def states(self) -> Select[Any]:
        """(state, number of rows) of all rows of this kind."""
        source, state = self._counted()
        inner = source.add_columns(state.label("state")).subquery("states")
        return select(inner.c.state, func.count()).group_by(inner.c.state)

    def skipped(self, limit: int) -> Select[Any]:
        """(number, state, record_key, before, after) of rows that are not written back, the first ones first."""
        source, state = self._counted()
        row = self.row.c
        named = source.add_columns(
            state.label("state"), row.record_key, row.before.label("before"), row.after.label("after")
        ).subquery("skipped")
        passed = named.c.state.not_in((DONE, "unchanged"))
        return select(named).where(passed).order_by(named.c.number).limit(limit)

    def _counted(self) -> tuple[Select[Any], ColumnElement[str]]:
        row = self.row
        if self.op == "delete":
            kept = self._kept()
            joined = row.join(kept, kept.c.history_number == row.c.number)
            return select(row.c.number).select_from(joined).where(*self.picked()), self.state_of_deleted(kept)
        now = self.shape.table.alias("now")
        joined = row.outerjoin(now, now.c[self.shape.key_column.key] == self.key)
        state = self.state_of_updated(now) if self.op == "update" else self.state_of_created(now)
        return select(row.c.number).select_from(joined).where(*self.picked()), state

    def apply(self) -> int:
        """Write back every row in state "done"; how many records that were."""
        return {"update": self._put_back, "create": self._take_away, "delete": self._bring_back}[self.op]()

    def _mine(self, source: Any) -> ColumnElement[bool]:
        rows = self.history.rows(self.policy, ACTIONS[self.op], self.name)
        return self.history.access.criterion(self.shape.model, rows, source)

    # Updated records ---------------------------------------------------------------------------------------

    def state_of_updated(self, now: Any) -> ColumnElement[str]:
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
        told: ColumnElement[str] = case((already, "unchanged"), (holds, end), else_=since)
        mine: ColumnElement[str] = case((self._mine(now.c), told), else_="forbidden")
        return case((now.c[own].is_(None), "gone"), else_=mine if self.keys else literal("lost"))

    def _put_back(self) -> int:
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
        where = and_(*self.picked(), self.state_of_updated(table) == DONE)
        joined = (self.row, self.shape.key_column == self.key)
        return update_rows(
            self.session, self.shape.model, where, values, policy=self.policy, action="edit", join=joined
        )

    def _link_holds(self, key: str, value: ColumnElement[Any]) -> ColumnElement[bool]:
        """Whether what a foreign key refers to exists; true for other columns."""
        tests: list[ColumnElement[bool]] = []
        for link in self.shape.columns[key].foreign_keys:
            target = link.column.table.alias()
            there = select(1).select_from(target).where(target.c[link.column.key] == value).exists()
            tests.append(or_(value.is_(None), there, self._comes_back(link, value)))
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

    # Created records ---------------------------------------------------------------------------------------

    def state_of_created(self, now: Any) -> ColumnElement[str]:
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
        return case((own.is_(None), "gone"), (self._mine(now.c), told), else_="forbidden")

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

    def _take_away(self) -> int:
        now = self.shape.table.alias("now")
        own = now.c[self.shape.key_column.key]
        keys = (
            select(own)
            .select_from(self.row.join(now, own == self.key))
            .where(*self.picked(), self.state_of_created(now) == DONE)
        )
        return delete_rows(self.session, self.shape.model, keys, policy=self.policy)

    # Deleted records ---------------------------------------------------------------------------------------

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

    def state_of_deleted(self, kept: Any) -> ColumnElement[str]:
        """What becomes of each record that the set deleted; `kept` is the record as it was."""
        table, own = self.shape.table, self.shape.key_column.key
        again = table.alias()
        there = select(1).select_from(again).where(again.c[own] == kept.c[own]).exists()
        lost = any(
            not column.nullable and not self.shape.codecs[key].exact
            for key, column in self.shape.columns.items()
        )
        if lost:
            return literal("lost")
        links = [each for each in table.foreign_keys if not each.parent.nullable]
        needed = and_(true(), *(self._will_exist(kept, each) for each in links))
        mine = or_(self._mine(kept.c), *self._with_its_whole(kept))
        free = and_(true(), *(self._unique_free(kept, each) for each in table.constraints))
        told = case((needed, case((free, DONE), else_="taken")), else_="reference")
        return case((there, "there"), (mine, told), else_="forbidden")

    def _will_exist(self, kept: Any, link: Any) -> ColumnElement[bool]:
        """Whether what a foreign key refers to exists, or comes back with it."""
        value, target = kept.c[link.parent.key], link.column.table.alias()
        exists = select(1).select_from(target).where(target.c[link.column.key] == value).exists()
        return or_(exists, self._comes_back(link, value))

    def _comes_back(self, link: Any, value: ColumnElement[Any]) -> ColumnElement[bool]:
        whole = self.history.by_table.get(link.column.table)
        # Parents are written before their parts, but records of one table at once.
        if not self.foreseen and link.column.table is not self.shape.table:
            return sa.false()
        if whole is None or not whole.in_sql or whole.key_column.key != link.column.key:
            return sa.false()
        gone = _ROWS.alias()
        conditions = [
            gone.c.set_id == self.set_id,
            gone.c.entity == self.history.name(whole),
            gone.c.op == "delete",
            gone.c.record_key == cast(value, sa.Text),
        ]
        if self.numbers is not None:
            conditions.append(gone.c.number.in_(sorted(self.numbers)))
        return select(1).select_from(gone).where(*conditions).exists()

    def _with_its_whole(self, kept: Any) -> list[ColumnElement[bool]]:
        """A part follows its whole: it may come back where the whole does, which has its own test."""
        guard = self.history.access.by_model.get(self.shape.model)
        if guard is None or guard.parent is None or not self.history.rows(self.policy, "create", self.name):
            return []
        ((local, _remote),) = guard.parent_property.local_remote_pairs or ()
        links = [each for each in self.shape.table.foreign_keys if each.parent is local]
        return [self._comes_back(each, kept.c[each.parent.key]) for each in links]

    def _unique_free(self, kept: Any, constraint: Any) -> ColumnElement[bool]:
        if not isinstance(constraint, sa.UniqueConstraint):
            return true()
        other = self.shape.table.alias()
        same = [other.c[column.key] == kept.c[column.key] for column in constraint.columns]
        return ~select(1).select_from(other).where(*same).exists()

    def _bring_back(self) -> int:
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
        rows = select(*values).select_from(joined).where(*self.picked(), self.state_of_deleted(kept) == DONE)
        return insert_rows(self.session, self.shape.model, rows, with_keys=True)

    def emptied(self) -> dict[str, Select[Any]]:
        """By column: how many records come back without what this column referred to."""
        if self.op != "delete":
            return {}
        found = {}
        for column in self.shape.columns.values():
            if column.nullable and column.foreign_keys:
                kept = self._kept()
                joined = kept.join(self.row, self.row.c.number == kept.c.history_number)
                held = and_(*(self._will_exist(kept, each) for each in column.foreign_keys))
                found[column.key] = (
                    select(func.count())
                    .select_from(joined)
                    .where(*self.picked(), kept.c[column.key].is_not(None), ~held)
                )
        return found

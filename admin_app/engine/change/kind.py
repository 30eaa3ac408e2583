"""The way back of one kind of rows of a change set, as SQL: what becomes of each row, and the statement that does it.

Rows are of one kind when they are of one entity, say the same (created, updated, deleted), and name the same columns.
`state` tells for each what undoing would do; only rows in state "done" are written.

    done        it is written back          edited     somebody changed it since
    unchanged   it is as it was already     gone       the record does not exist any more
    forbidden   not the actor's to do       there      a record with this key exists again
    reference   what it refers to is gone   taken      another record has its unique value
    depends     something refers to it      kept       entries of a log stay
    lost        history cannot give it back (a secret that may not be empty)
    step        the step that brought it to its state is not taken back, or not by this actor
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import BigInteger, ColumnElement, Select, and_, case, cast, func, or_, select, true
from sqlalchemy.orm import Session

from admin_app.engine.access import Policy
from admin_app.engine.change.history import History
from admin_app.engine.change.shape import Shape
from admin_app.engine.site import site
from models.change import ChangeRow

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
class Kind:
    """Rows of one kind. `names` are the columns that they name; `numbers` and `only` narrow what is undone.

    `foreseen` says that nothing is written yet: what the same undo brings back counts as there. `told` is a criterion
    on history rows: of those that stay as they are, no others are counted or named.
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
    told: Callable[[Any], ColumnElement[bool]] = lambda _row: sa.true()
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
        source, state = self.counted()
        inner = source.add_columns(
            state.label("state"), case((self.told(self.row.c), 1), else_=0).label("told")
        ).subquery("states")
        counted = or_(inner.c.told == 1, inner.c.state == DONE)
        return select(inner.c.state, func.count()).where(counted).group_by(inner.c.state)

    def skipped(self, limit: int) -> Select[Any]:
        """(number, state, record_key, before, after) of rows that are not written back, the first ones first."""
        source, state = self.counted()
        row = self.row.c
        named = (
            source.where(self.told(row))
            .add_columns(
                state.label("state"), row.record_key, row.before.label("before"), row.after.label("after")
            )
            .subquery("skipped")
        )
        passed = named.c.state.not_in((DONE, "unchanged"))
        return select(named).where(passed).order_by(named.c.number).limit(limit)

    def going(self, limit: int) -> Select[Any]:
        """The numbers of rows that are written back, the first ones first."""
        source, state = self.counted()
        inner = source.add_columns(state.label("state")).subquery("going")
        return select(inner.c.number).where(inner.c.state == DONE).order_by(inner.c.number).limit(limit)

    def counted(self) -> tuple[Select[Any], ColumnElement[str]]:
        """A SELECT of the rows' numbers, and the expression over the same rows that gives their state."""
        now = self.shape.table.alias("now")
        joined = self.row.outerjoin(now, now.c[self.shape.key_column.key] == self.key)
        return select(self.row.c.number).select_from(joined).where(*self.picked()), self.state(now)

    def state(self, now: Any) -> ColumnElement[str]:
        """What becomes of each row; `now` is the record as it is, or as history kept it."""
        raise NotImplementedError

    def apply(self) -> int:
        """Write back every row in state "done"; how many records that were."""
        raise NotImplementedError

    def emptied(self) -> dict[str, Select[Any]]:
        """By column: how many records come back without what this column referred to."""
        return {}

    def mine(self, source: Any) -> ColumnElement[bool]:
        """Whether a row is the actor's to undo."""
        rows = self.history.rows(self.policy, ACTIONS[self.op], self.name)
        return self.history.access.criterion(self.shape.model, rows, source)

    def typed(self, source: Any) -> ColumnElement[bool]:
        """Whether the actor may type each field that goes back: nobody writes by undoing what no form lets them."""
        entity = self.history.entity(self.name)
        if entity is None or self.policy.unlimited:
            return true()
        levels = site().fields(self.policy, entity)
        columns = {self.shape.columns[key] for key in self.keys}
        needed = {
            levels.rows(key, "write") for key in entity.group_of if columns & {*entity.fields[key].columns}
        }
        criterion = self.history.access.criterion
        return and_(true(), *(criterion(self.shape.model, rows, source) for rows in needed))

    def comes_back(self, link: Any, value: ColumnElement[Any]) -> ColumnElement[bool]:
        """Whether the same undo brings back what a foreign key refers to."""
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

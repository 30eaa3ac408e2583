"""What a deletion takes along by the database's own rules: each record that goes, or loses its link, gets its row.

The rows are written before the deletion, down the foreign keys: ON DELETE CASCADE as deletions, SET NULL as updates.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, ColumnElement, ForeignKeyConstraint, cast, null, select, tuple_
from sqlalchemy.orm import InstanceState, Session

from admin_app.engine.change.history import History
from admin_app.engine.change.recorder import Recorder
from admin_app.engine.change.shape import Shape
from admin_app.engine.change.writing import columns_of, read_and_note, telling, write
from models.change import ChangeRow

_ROWS: Any = ChangeRow.__table__


class _Walk:
    """One walk. `known` are the keys that are told already, or will be by the flush: no record is told twice."""

    def __init__(self, session: Session, recorder: Recorder, history: History) -> None:
        self.session = session
        self.recorder = recorder
        self.history = history
        self.dialect = session.get_bind(ChangeRow.__mapper__).dialect.name
        self.known: dict[Shape, set[tuple[Any, ...]]] = {}

    def down(self, shape: Shape, going: ColumnElement[bool]) -> None:
        """Tell what hangs on the rows of `shape` for which `going` holds, and what hangs on that."""
        links = sorted(self._links(shape), key=lambda each: (each[0] != "CASCADE", each[1].table.name))
        for rule, child, constraint in links:
            referred = [element.column for element in constraint.elements]
            near: Any = tuple_(*constraint.columns) if len(referred) > 1 else next(iter(constraint.columns))
            hanging = near.in_(select(*referred).where(going))
            if rule == "CASCADE":
                below = self._tell_gone(child, hanging)
                if below is not None:
                    self.down(child, below)
            else:
                self._tell_unlinked(child, constraint, hanging)

    def _links(self, shape: Shape) -> Iterable[tuple[str, Shape, ForeignKeyConstraint]]:
        for table in shape.table.metadata.tables.values():
            child = self.history.by_table.get(table)
            for constraint in table.foreign_key_constraints if child is not None else ():
                rule = (constraint.ondelete or "").upper()
                if constraint.referred_table is shape.table and rule in ("CASCADE", "SET NULL"):
                    assert child is not None
                    yield rule, child, constraint

    def _tell_gone(self, child: Shape, hanging: ColumnElement[bool]) -> ColumnElement[bool] | None:
        """Tell rows that go; a condition for exactly these, or None where there are none."""
        where = [hanging, *self._untold(child)]
        columns = columns_of(child, child.table)
        if self.history.in_sql(child):
            first = self.recorder.number
            name = self.history.name(child)
            key = child.key_column
            statement = telling(
                name, self.recorder, child, "delete", child.table, key, columns, {}, where, self.dialect
            )
            if not write(self.session, self.recorder, statement, "delete"):
                return None
            return key.in_(told_keys(self.recorder, name, first))
        keys = read_and_note(
            self.session, self.recorder, self.history, child, "delete", child.table, columns, {}, where
        )
        self.known.setdefault(child, set()).update(keys)
        return among(child, keys) if keys else None

    def _tell_unlinked(
        self, child: Shape, constraint: ForeignKeyConstraint, hanging: ColumnElement[bool]
    ) -> None:
        where = [hanging, *self._untold(child)]
        links = set(constraint.columns)
        before = {key: column for key, column in columns_of(child, child.table).items() if column in links}
        after: dict[str, ColumnElement[Any]] = {
            key: sa.type_coerce(null(), column.type) for key, column in before.items()
        }
        if self.history.in_sql(child):
            statement = telling(
                self.history.name(child),
                self.recorder,
                child,
                "update",
                child.table,
                child.key_column,
                before,
                {key: cast(null(), child.columns[key].type) for key in before},
                where,
                self.dialect,
            )
            write(self.session, self.recorder, statement, "update")
        else:
            read_and_note(
                self.session, self.recorder, self.history, child, "update", child.table, before, after, where
            )

    def _untold(self, child: Shape) -> list[ColumnElement[bool]]:
        """Conditions that leave out what is told already."""
        conditions = []
        keys = self.known.get(child)
        if keys:
            conditions.append(~among(child, sorted(keys)))
        if self.recorder.early and self.history.in_sql(child):
            conditions.append(
                ~select(_ROWS.c.number)
                .where(
                    _ROWS.c.entity == self.history.name(child),
                    _ROWS.c.record_key == cast(child.key_column, sa.Text),
                    _ROWS.c.set_id == self.recorder.reserve(),
                    _ROWS.c.op == "delete",
                )
                .correlate(child.table)
                .exists()
            )
        return conditions


def told_keys(recorder: Recorder, entity: str, after: int) -> Any:
    """A SELECT of the keys of the rows that this transaction told of an entity since number `after`, up to now."""
    return select(cast(_ROWS.c.record_key, BigInteger)).where(
        _ROWS.c.set_id == recorder.reserve(),
        _ROWS.c.number > after,
        _ROWS.c.number <= recorder.number,
        _ROWS.c.entity == entity,
    )


def among(shape: Shape, keys: Sequence[tuple[Any, ...]]) -> ColumnElement[bool]:
    """Whether a row bears one of these primary keys."""
    columns = [shape.columns[key] for key in shape.keys]
    if len(columns) > 1:
        return tuple_(*columns).in_(keys)
    return columns[0].in_([values[0] for values in keys])


def record_along(
    session: Session,
    recorder: Recorder,
    history: History,
    gone: Sequence[tuple[InstanceState[Any], Shape]],
) -> None:
    """Tell what goes along with the records that a flush is about to delete; their own rows follow the flush."""
    walk = _Walk(session, recorder, history)
    for state, shape in gone:
        walk.known.setdefault(shape, set()).add(tuple(state.identity or ()))
    for shape, keys in list(walk.known.items()):
        walk.down(shape, among(shape, sorted(keys)))


def record_below(
    session: Session,
    recorder: Recorder,
    history: History,
    shape: Shape,
    going: ColumnElement[bool],
    keys: Iterable[tuple[Any, ...]] = (),
) -> None:
    """Tell what goes along with rows whose own deletion is told already; `keys` are those that wait in memory."""
    walk = _Walk(session, recorder, history)
    walk.known[shape] = set(keys)
    walk.down(shape, going)

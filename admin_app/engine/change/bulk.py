"""Writing many records at once, each with its history: the only way in which services may write in bulk.

`update_rows`, `delete_rows` and `insert_rows` send one statement for the rows and one (on PostgreSQL the same one) for
their history, in the session's transaction, within the rows of the actor's policy. They flush first, and let go of what
the session has loaded of the class. Hooks of the entity are not called: see `derive.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, Select, delete, func, insert, literal, select, update
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.change.cascade import among, record_below
from admin_app.engine.change.doors import send
from admin_app.engine.change.shape import Shape
from admin_app.engine.change.writer import (
    Join,
    Where,
    Writer,
    beside,
    by_column,
    differs,
    expression,
    touched,
)
from admin_app.engine.change.writing import columns_of, read_and_note, write
from admin_app.engine.entity import Entity
from admin_app.engine.states.guard import refuse_beginnings, refuse_steps
from models.base import AppendOnlyError
from models.mixins import AppendOnly


def update_rows(
    session: Session,
    entity: Entity | type[Any],
    where: Where,
    values: Mapping[str, Any],
    *,
    policy: Policy | None = None,
    action: str = "edit",
    touch: bool = True,
    join: Join | None = None,
    few: bool = False,
) -> int:
    """Set `values` on all records for which `where` holds and which differ; returns how many changed.

    Args:
        entity: the entity, or its mapped class.
        where: a condition over the class, or a SELECT of primary keys.
        values: attribute key -> value or expression over the class (and over the joined rows).
        policy: whose rows; the session's actor when left out.
        action: what the policy has to allow on a row.
        touch: whether version and time of change move, so that open forms go stale. Derived facts do not.
        join: (rows, condition) to take values from.
        few: read the rows and write them by key, which is cheaper for a handful.

    Raises:
        UndeclaredStep: it would bring a record to a state that no step leads to from its own.
    """
    writer = Writer(session, entity, policy, action)
    shape = writer.shape
    if issubclass(shape.model, AppendOnly):
        raise AppendOnlyError(f"{shape.table} cannot be changed")
    given = {key: expression(shape, key, value) for key, value in values.items()}
    conditions = writer.conditions(where, join)
    own = columns_of(shape, shape.table)
    conditions.append(sa.or_(*(differs(shape, key, own[key], new) for key, new in given.items())))
    moved = touched(shape) if touch else {}
    changing = update(shape.table).where(*conditions).values(by_column(shape, {**given, **moved}))
    refuse_steps(session, shape.model, beside(shape.table, join), conditions, given)
    if not writer.told or all(shape.columns[key].key in shape.bookkeeping for key in given):
        return writer.send_untold(changing, given)
    if few or not writer.set_based:
        return writer.update_one_by_one(given, conditions, touch, join)
    first = writer.recorder.number
    with acting(session, SYSTEM):
        if writer.dialect == "postgresql":
            rows = _update_at_once(writer, given, moved, conditions, join)
        else:
            before = {key: own[key] for key in given}
            statement = writer.telling("update", beside(shape.table, join), before, given, conditions)
            rows = write(session, writer.recorder, statement, "update")
            if rows:
                send(session, changing, mapper=shape.mapper)
    writer.finish("update", rows, [*given, *moved], writer.told_since(first))
    return rows


def delete_rows(
    session: Session,
    entity: Entity | type[Any],
    where: Where,
    *,
    policy: Policy | None = None,
    action: str = "delete",
    few: bool = False,
) -> int:
    """Delete all records for which `where` holds, and what goes along; returns how many, without what goes along.

    Raises:
        IntegrityError: something refers to one of them that does not go along.
    """
    writer = Writer(session, entity, policy, action)
    shape, recorder = writer.shape, writer.recorder
    conditions = writer.conditions(where, None)
    own = columns_of(shape, shape.table)
    if not writer.told:
        return writer.send_untold(delete(shape.table).where(*conditions), shape.columns)
    first = recorder.number
    with acting(session, SYSTEM):
        if writer.set_based and not few:
            keys: list[tuple[Any, ...]] = []
            rows = write(
                session, recorder, writer.telling("delete", shape.table, own, {}, conditions), "delete"
            )
            going: ColumnElement[bool] = shape.key_column.in_(writer.told_since(first))
        else:
            keys = read_and_note(
                session, recorder, writer.history, shape, "delete", shape.table, own, {}, conditions
            )
            rows, going = len(keys), among(shape, keys)
        written = writer.told_since(first) if rows and not keys else None
        if rows:
            # By key: the caller's condition may no longer hold when half of what it asks for is gone.
            record_below(session, recorder, writer.history, shape, going, keys)
            send(session, delete(shape.table).where(going), mapper=shape.mapper)
    if written is None:
        writer.finish_few("delete", keys, list(shape.columns))
    else:
        writer.finish("delete", rows, list(shape.columns), written)
    return rows


def insert_rows(
    session: Session,
    entity: Entity | type[Any],
    rows: Select[*tuple[Any, ...]],
    *,
    with_keys: bool = False,
) -> int:
    """Insert what a SELECT gives, whose columns are labelled by attribute key; returns how many.

    Columns that it leaves out get the defaults of the class. `with_keys` says that the primary key is among them. Who
    may create these records is the caller's to ask.
    """
    writer = Writer(session, entity, SYSTEM, "create")
    shape, table = writer.shape, writer.shape.table
    given = rows.subquery("given")
    filled = {key: given.c[key] for key in given.c.keys()} | _defaults(shape, set(given.c.keys()))  # noqa: SIM118 - columns
    names = [shape.columns[key].name for key in filled]
    source = select(*filled.values()).select_from(given)
    first = writer.recorder.number
    refuse_beginnings(session, shape.model, given)
    if not writer.told:
        return writer.send_untold(insert(table).from_select(names, source), ())
    if not writer.set_based:
        raise NotImplementedError(f"{table.name} takes no rows in bulk")
    with acting(session, SYSTEM):
        if with_keys or writer.dialect == "postgresql":
            count = _insert_told(writer, names, source, filled, given, with_keys)
        else:
            newest = session.scalar(
                select(func.coalesce(func.max(shape.key_column), 0)), bind_arguments={"mapper": shape.mapper}
            )
            send(session, insert(table).from_select(names, source), mapper=shape.mapper)
            own = columns_of(shape, table)
            statement = writer.telling("create", table, {}, own, [shape.key_column > newest])
            count = write(session, writer.recorder, statement, "create")
    writer.finish("create", count, [], writer.told_since(first))
    return count


def _update_at_once(
    writer: Writer,
    given: Mapping[str, ColumnElement[Any]],
    moved: Mapping[str, ColumnElement[Any]],
    conditions: Sequence[ColumnElement[bool]],
    join: Join | None,
) -> int:
    """PostgreSQL: lock and read the old rows, update them and tell of them in one statement."""
    shape, table = writer.shape, writer.shape.table
    own = columns_of(shape, table)
    labelled = [
        *(own[key].label(f"b_{key}") for key in given),
        *(new.label(f"a_{key}") for key, new in given.items()),
    ]
    old = (
        select(shape.key_column.label("k"), *labelled)
        .select_from(beside(table, join))
        .where(*conditions)
        .with_for_update(of=table)
        .cte("old")
    )
    new = {shape.columns[key]: old.c[f"a_{key}"] for key in given}
    done = (
        update(table)
        .where(shape.key_column == old.c.k)
        .values({**by_column(shape, {**given, **moved}), **new})
        .returning(shape.key_column)
        .cte("done")
    )
    before = {key: sa.type_coerce(old.c[f"b_{key}"], shape.columns[key].type) for key in given}
    after = {key: sa.type_coerce(old.c[f"a_{key}"], shape.columns[key].type) for key in given}
    statement = writer.telling("update", old, before, after, [], old.c.k).add_cte(done)
    return write(writer.session, writer.recorder, statement, "update")


def _defaults(shape: Shape, given: set[str]) -> dict[str, ColumnElement[Any]]:
    """Expressions for what the class fills by itself and the rows do not bring."""
    found: dict[str, ColumnElement[Any]] = {}
    for key, column in shape.columns.items():
        default: Any = column.default
        if key in given or default is None or not (default.is_scalar or default.is_callable):
            continue
        value = default.arg(None) if default.is_callable else default.arg
        found[key] = literal(value, column.type)
    return found


def _insert_told(
    writer: Writer,
    names: Sequence[str],
    source: Select[Any],
    filled: Mapping[str, ColumnElement[Any]],
    given: FromClause,
    with_keys: bool,
) -> int:
    """Tell of new rows by what the insert returns (PostgreSQL), or by what it is about to insert, keys known."""
    shape, table = writer.shape, writer.shape.table
    session, recorder = writer.session, writer.recorder
    if writer.dialect == "postgresql":
        made = insert(table).from_select(names, source).returning(*table.c).cte("made")
        own = columns_of(shape, made)
        statement = writer.telling("create", made, {}, own, [], own[shape.keys[0]])
        return write(session, recorder, statement, "create")
    nothing = {
        key: sa.cast(sa.null(), column.type) for key, column in shape.columns.items() if key not in filled
    }
    after = {**filled, **nothing}
    count = write(
        session, recorder, writer.telling("create", given, {}, after, [], filled[shape.keys[0]]), "create"
    )
    send(session, insert(table).from_select(names, source), mapper=shape.mapper)
    return count

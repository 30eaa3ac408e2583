"""History of many rows by one statement: `INSERT … SELECT` from the rows themselves, hashes included.

Where the database cannot do it (another database, an odd key or column), the rows are read and noted one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Text,
    cast,
    func,
    insert,
    literal,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session

from admin_app.engine.change.digest import row_digest_sql
from admin_app.engine.change.doors import send
from admin_app.engine.change.history import History
from admin_app.engine.change.recorder import Recorder
from admin_app.engine.change.shape import Shape
from admin_app.engine.change.values import object_text
from models.change import ChangeRow, canonical

NAMES = ("set_id", "number", "entity", "record_key", "op", "before", "after", "hash")
#: Rows read at a time where they are noted one by one.
CHUNK = 1_000


def columns_of(shape: Shape, source: Any) -> dict[str, ColumnElement[Any]]:
    """Attribute key -> column, of a table, an alias or a CTE that bears the table's columns."""
    return {key: source.c[column.key] for key, column in shape.columns.items()}


def telling(
    name: str,
    recorder: Recorder,
    shape: Shape,
    op: str,
    source: Any,
    key: ColumnElement[Any],
    before: Mapping[str, ColumnElement[Any]],
    after: Mapping[str, ColumnElement[Any]],
    where: Sequence[ColumnElement[bool]],
    dialect: str,
) -> Select[Any]:
    """The SELECT that gives the history rows of `source` in the order of NAMES."""
    # Values first, under names of their own: a value that is no column would lose its type on the way to text.
    rows = (
        select(
            key.label("k"),
            *(column.label(f"b_{each}") for each, column in before.items()),
            *(column.label(f"a_{each}") for each, column in after.items()),
        )
        .select_from(source)
        .where(*where)
        .subquery("rows")
    )
    texts: dict[str, ColumnElement[Any]] = {}
    for side, members in (("b", before), ("a", after)):
        if members:
            texts[side] = object_text(
                {
                    shape.columns[each].key: shape.codecs[each].text(
                        type_coerce(rows.c[f"{side}_{each}"], shape.columns[each].type), dialect
                    )
                    for each in members
                }
            )
    number = (func.row_number().over() + recorder.number).label("n")
    told = select(
        number, cast(rows.c.k, Text).label("k"), *(text.label(side) for side, text in texts.items())
    ).subquery("told")
    sides = [told.c[side] if side in texts else None for side in ("b", "a")]
    digest = row_digest_sql(told.c.n, op, name, told.c.k, sides[0], sides[1], dialect)
    return select(
        literal(recorder.reserve()),
        told.c.n,
        literal(name),
        told.c.k,
        literal(op),
        *(literal(None, Text) if side is None else side for side in sides),
        digest,
    )


def write(session: Session, recorder: Recorder, statement: Select[Any], op: str) -> int:
    """Send the INSERT … SELECT; how many rows it told."""
    table: Any = ChangeRow.__table__
    rows = send(session, insert(table).from_select(NAMES, statement)).rowcount
    recorder.wrote(rows, op)
    return rows


def read_and_note(
    session: Session,
    recorder: Recorder,
    history: History,
    shape: Shape,
    op: str,
    source: FromClause,
    before: Mapping[str, ColumnElement[Any]],
    after: Mapping[str, ColumnElement[Any]],
    where: Sequence[ColumnElement[bool]],
) -> list[tuple[Any, ...]]:
    """Note the rows one by one, from Python; returns their primary keys."""
    columns = columns_of(shape, source)
    statement = (
        select(
            *(columns[key].label(f"k_{key}") for key in shape.keys),
            *(column.label(f"b_{key}") for key, column in before.items()),
            *(column.label(f"a_{key}") for key, column in after.items()),
        )
        .where(*where)
        .with_for_update(of=shape.table)
    )
    found: list[tuple[Any, ...]] = []
    result = session.execute(
        statement, bind_arguments={"mapper": shape.mapper}, execution_options={"yield_per": CHUNK}
    )
    for row in list(result.mappings()):
        key = tuple(row[f"k_{each}"] for each in shape.keys)
        sides = [
            canonical(shape.plain({each: row[f"{side}_{each}"] for each in members})) if members else None
            for side, members in (("b", before), ("a", after))
        ]
        recorder.add(history.name(shape), shape.record_key(key), op, sides[0], sides[1])
        found.append(key)
    recorder.spill()
    return found

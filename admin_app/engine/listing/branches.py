"""Statements that read a list piece by piece (`access.pieces`), and range by range of its order, a page from each.

Inside a piece the statement is over the bare table: the piece itself is the row scope there, and the scope's own
"mine or my department's" beside it would lead the database away from the index. The records are joined to their
keys afterwards, under the scope like everything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, func, literal, select, union_all
from sqlalchemy.sql.util import _deep_deannotate

from admin_app.engine.access.pieces import Piece
from admin_app.engine.entity import Entity
from admin_app.engine.listing.keyset import Order

Clauses = Sequence[ColumnElement[bool]]


def page_of(
    entity: Entity,
    order: Order,
    pieces: Sequence[Piece] | None,
    ranges: Sequence[Clauses],
    where: Clauses,
    limit: int,
    backwards: bool,
) -> Subquery:
    """Keys and sort values of the first `limit` records in order, out of all pieces and ranges, a page from each.

    Without `pieces` the statement is over the mapped class, and the scope narrows it.
    """
    columns = [*entity.key_attributes, *(level.column for level in order.levels)]
    sorting = order.clauses(backwards)
    if pieces is not None:
        columns, sorting = _bare(columns), _bare(sorting)
    named = [column.label(f"c{at}") for at, column in enumerate(columns)]
    pages = [
        select(*named).where(*clauses).order_by(*sorting).limit(limit).subquery()
        for clauses in _every(pieces, ranges, where)
    ]
    every = union_all(*(select(*page.c) for page in pages)).subquery() if len(pages) > 1 else pages[0]
    sort = list(every.c)[len(entity.key_attributes) :]
    directions = [
        column.desc() if level.descending != backwards else column.asc()
        for column, level in zip(sort, order.levels, strict=True)
    ]
    return select(*every.c).order_by(*directions).limit(limit).subquery()


def capped_count(entity: Entity, pieces: Sequence[Piece] | None, where: Clauses, cap: int) -> Select[Any]:
    """How many records all pieces hold, counted up to `cap` and one more."""
    source: Any = entity.model if pieces is None else entity.table
    pages = [
        select(literal(1)).select_from(source).where(*clauses).limit(cap + 1).subquery()
        for clauses in _every(pieces, [[]], where)
    ]
    if len(pages) == 1:
        return select(func.count()).select_from(pages[0])
    every = union_all(*(select(*page.c) for page in pages)).limit(cap + 1).subquery()
    return select(func.count()).select_from(every)


def summed(
    entity: Entity, pieces: Sequence[Piece] | None, where: Clauses, unit: Any, amounts: Sequence[Any]
) -> Select[Any]:
    """The sums of `amounts` over all pieces, by `unit`."""
    columns: list[Any] = [unit, *amounts]
    source: Any = entity.model
    if pieces is not None:
        columns, source = _bare(columns), entity.table
    named = [column.label(f"c{at}") for at, column in enumerate(columns)]
    parts = [select(*named).select_from(source).where(*clauses) for clauses in _every(pieces, [[]], where)]
    every = (union_all(*parts) if len(parts) > 1 else parts[0]).subquery()
    by, *values = every.c
    return select(by, *(func.sum(value) for value in values)).group_by(by).order_by(by)


def _every(pieces: Sequence[Piece] | None, ranges: Sequence[Clauses], where: Clauses) -> list[list[Any]]:
    if pieces is None:
        return [[*reach, *where] for reach in ranges]
    return [[*piece, *_bare(reach), *_bare(where)] for piece in pieces for reach in ranges]


def _bare(elements: Sequence[Any]) -> list[Any]:
    """The same over the table's own columns, which no loader criterion looks at."""
    clauses = (
        each.__clause_element__() if hasattr(each, "__clause_element__") else each for each in elements
    )
    return [_deep_deannotate(each) for each in clauses]

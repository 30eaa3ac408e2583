"""How a list is read in pieces that an index keeps in order each: a department's rows, an owner's rows.

"Mine or my department's" is one condition to people and two places in an index to a database. Asked for both at
once, ordered, it reads all of either; asked piece by piece, a page from each, it reads a page from each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, func, literal, select, union_all

from admin_app.engine.access import Rows
from admin_app.engine.entity import Entity
from admin_app.engine.listing.keyset import Order

#: Beyond so many departments and owners the database's own plan is as good as ours.
MOST = 8

Clauses = Sequence[ColumnElement[bool]]


def pieces(entity: Entity, rows: Rows) -> list[list[ColumnElement[bool]]]:
    """The disjoint parts of what `rows` let see, each along one index; one part without a condition where that is all.

    The parts narrow nothing by themselves: the row scope stays in force, and these only follow it.
    """
    if rows.everything or rows.keys or not entity.is_owned:
        return [[]]
    departments, owners = sorted(rows.departments), sorted(rows.owners)
    if not 0 < len(departments) + len(owners) <= MOST:
        return [[]]
    model = entity.model
    found = [[model.department_id == each] for each in departments]
    for owner in owners:
        elsewhere = [model.department_id.not_in(departments)] if departments else []
        found.append([model.owner_id == owner, *elsewhere])
    return found


def page_of(
    entity: Entity, order: Order, parts: Sequence[Clauses], where: Clauses, limit: int, backwards: bool
) -> Subquery:
    """Keys and sort values of the first `limit` records in order, out of all parts, a page from each."""
    columns = [*entity.key_attributes, *(level.column for level in order.levels)]
    named = [column.label(f"c{at}") for at, column in enumerate(columns)]
    pages = [
        select(*named).where(*part, *where).order_by(*order.clauses(backwards)).limit(limit).subquery()
        for part in parts
    ]
    every = union_all(*(select(*page.c) for page in pages)).subquery() if len(pages) > 1 else pages[0]
    sort = list(every.c)[len(entity.key_attributes) :]
    directions = [
        column.desc() if level.descending != backwards else column.asc()
        for column, level in zip(sort, order.levels, strict=True)
    ]
    return select(*every.c).order_by(*directions).limit(limit).subquery()


def capped_count(entity: Entity, parts: Sequence[Clauses], where: Clauses, cap: int) -> Select[Any]:
    """How many records all parts hold, counted up to `cap` and one more."""
    pages = [
        select(literal(1)).select_from(entity.model).where(*part, *where).limit(cap + 1).subquery()
        for part in parts
    ]
    every = (
        union_all(*(select(*page.c) for page in pages)).limit(cap + 1).subquery()
        if len(pages) > 1
        else pages[0]
    )
    return select(func.count()).select_from(every)

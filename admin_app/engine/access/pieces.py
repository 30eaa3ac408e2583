"""The rows of one actor in pieces that an index keeps in order each: a department's rows, an owner's rows.

"Mine or my department's" is one condition to people and two places in an index to a database. Asked for both at
once, ordered, it reads all of either; asked piece by piece, a page from each, it reads a page from each.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import class_mapper

from admin_app.engine.access.guard import Guard, keyed
from admin_app.engine.access.policy import Rows

#: Beyond so many departments and owners the database's own plan is as good as ours: a walk through everybody's rows
#: meets enough of theirs early on.
MOST: Final = 8

Piece = list[ColumnElement[bool]]


def pieces(guard: Guard, rows: Rows) -> list[Piece] | None:
    """Conditions on the guarded class's table: together exactly `rows`, no row twice. None where it cannot be cut up.

    The table has the columns `owner_id` and `department_id`, the latter never empty.
    """
    if rows.everything:
        return None
    columns: Any = class_mapper(guard.model).local_table.c
    departments, owners = sorted(rows.departments), sorted(rows.owners)
    elsewhere = [columns.department_id.not_in(departments)] if departments else []
    found: list[Piece] = [[columns.department_id == each] for each in departments]
    found += [[columns.owner_id == each, *elsewhere] for each in owners]
    single = keyed(guard, columns, rows)
    if single:
        others = [or_(columns.owner_id.is_(None), columns.owner_id.not_in(owners))] if owners else []
        found.append([or_(*single), *elsewhere, *others])
    return found if 0 < len(found) <= MOST else None

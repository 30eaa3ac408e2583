"""The rows of one actor in pieces that an index keeps in order each: a department's rows, an owner's rows.

"Mine or my department's" is one condition to people and two places in an index to a database. Asked for both at
once, ordered, it reads all of either; asked piece by piece, a page from each, it reads a page from each.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement

from admin_app.engine.access.policy import Rows

#: Beyond so many departments and owners the database's own plan is as good as ours.
MOST: Final = 8

Piece = list[ColumnElement[bool]]


def pieces(table: Any, rows: Rows) -> list[Piece] | None:
    """Conditions on `table`, each for one piece: together exactly `rows`, no row twice. None where it cannot be cut up.

    `table` has the columns `owner_id` and `department_id`, the latter never empty.
    """
    departments, owners = sorted(rows.departments), sorted(rows.owners)
    if rows.everything or rows.keys or not 0 < len(departments) + len(owners) <= MOST:
        return None
    found: list[Piece] = [[table.c.department_id == each] for each in departments]
    for owner in owners:
        elsewhere = [table.c.department_id.not_in(departments)] if departments else []
        found.append([table.c.owner_id == owner, *elsewhere])
    return found

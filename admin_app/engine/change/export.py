"""History as a file: one line per row of a change set, oldest first, as CSV or JSON Lines; memory does not grow."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.change.values import codec
from admin_app.engine.exchange.export import harmless
from models.change import ChangeRow, ChangeSet, canonical

FORMATS: Final = ("csv", "jsonl")
_SETS: Any = ChangeSet.__table__
_ROWS: Any = ChangeRow.__table__
_SET_COLUMNS: Final = (
    "position",
    "at",
    "actor_id",
    "actor_name",
    "acting_for_id",
    "source",
    "action",
    "reason",
    "undo_of_id",
    "request_id",
    "tally",
)
_ROW_COLUMNS: Final = ("number", "entity", "record_key", "op", "before", "after")
#: The head line of a CSV, and the members of each JSON line.
COLUMNS: Final = ("set_id", *_SET_COLUMNS, "set_hash", *_ROW_COLUMNS, "row_hash")


def lines(
    session: Session, form: str, since: datetime | None = None, until: datetime | None = None
) -> Iterator[str]:
    """The lines of the file, line breaks included. A set without rows has one line of its own.

    Args:
        form: one of FORMATS.
        since, until: the change sets from this moment on, and before that one.
    """
    if form == "csv":
        yield _csv_line(COLUMNS)
    for record in _records(session, since, until):
        if form == "csv":
            yield _csv_line([_cell(record[name]) for name in COLUMNS])
        else:
            yield canonical(record) + "\n"


def _records(session: Session, since: datetime | None, until: datetime | None) -> Iterator[dict[str, Any]]:
    joined = _SETS.outerjoin(_ROWS, _ROWS.c.set_id == _SETS.c.id)
    statement = (
        select(
            _SETS.c.id.label("set_id"),
            *(_SETS.c[name] for name in _SET_COLUMNS),
            _SETS.c.hash.label("set_hash"),
            *(_ROWS.c[name] for name in _ROW_COLUMNS),
            _ROWS.c.hash.label("row_hash"),
        )
        .select_from(joined)
        .order_by(_SETS.c.position, _ROWS.c.number)
    )
    if since is not None:
        statement = statement.where(_SETS.c.at >= since)
    if until is not None:
        statement = statement.where(_SETS.c.at < until)
    moment = codec(_SETS.c.at)
    with acting(session, SYSTEM):
        result = session.execute(statement, execution_options={"yield_per": 2_000})
        for row in result.mappings():
            record = dict(row)
            record["at"] = moment.plain(record["at"])
            record["row_hash"] = None if record["row_hash"] is None else bytes(record["row_hash"]).hex()
            yield record


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return harmless(value if isinstance(value, str) else canonical(value))


def _csv_line(values: Any) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(values)
    return out.getvalue()


__all__ = ["COLUMNS", "FORMATS", "lines"]

"""CSV export: streamed, scoped, with formulas made harmless."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy.orm import Session

from admin_app.engine.labels import labels
from admin_app.engine.listing import Listing, Plan

_BATCH = 1000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(text: str) -> str:
    """`text` so that a spreadsheet shows it and does not run it; plain numbers keep their sign."""
    if text.startswith(_FORMULA) and not _is_number(text):
        return "'" + text
    return text


def restored(text: str) -> str:
    """The text that `harmless` was given: a file that was exported here comes back as it was."""
    bare = text.removeprefix("'")
    return bare if text != bare and harmless(bare) == text else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def csv_lines(listing: Listing, session: Session, keys: Sequence[str] | None = None) -> Iterator[bytes]:
    """The list as CSV, UTF-8 with a byte-order mark so that Excel reads it.

    Rows come by keyset, a batch a statement, so memory stays flat and a row that is added meanwhile shifts nothing.
    The first line holds the labels in the reader's language.
    """
    entity = listing.entity
    titles = [*entity.title_keys, *([entity.code] if entity.code else [])]
    columns = list(dict.fromkeys([*titles, *(keys or listing.column_keys())]))
    yield b"\xef\xbb\xbf" + csv_line([labels().field(entity.name, key) for key in columns])
    order = listing.order(session)
    last: tuple[Any, ...] | None = None
    while True:
        plan = Plan(entity, columns)
        places = [plan.push_hidden(level.column) for level in order.levels]
        statement = plan.statement().where(*listing.conditions()).order_by(*order.clauses()).limit(_BATCH)
        if last is not None:
            statement = statement.where(order.beyond(last))
        rows = session.execute(statement).all()
        yield b"".join(csv_line([plan.export(row, key) for key in columns]) for row in rows)
        if len(rows) < _BATCH:
            return
        last = tuple(rows[-1][place] for place in places)


def csv_line(values: Sequence[str]) -> bytes:
    """One line of a CSV file, without formulas."""
    out = io.StringIO()
    csv.writer(out).writerow([harmless(value) for value in values])
    return out.getvalue().encode("utf-8", "replace")

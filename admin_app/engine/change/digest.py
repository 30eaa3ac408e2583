"""The hashes of history: over a row, over a set with its rows, and over the chain. Alike in Python and in SQL.

A row is told in lines: number, operation, entity, key, before, after. None of them can hold a line break, since JSON
escapes it and keys quote it, so no two rows are told alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func, literal

from models.change import canonical

#: What a change set's own hash covers, beside its rows.
COVERED = (
    "actor_id",
    "actor_name",
    "acting_for_id",
    "source",
    "action",
    "reason",
    "undo_of_id",
    "request_id",
)


def row_digest(number: int, op: str, entity: str, key: str, before: str | None, after: str | None) -> bytes:
    """The 32 bytes of one row, from its JSON texts."""
    told = f"{number}\n{op}\n{entity}\n{key}\n{before or ''}\n{after or ''}"
    return sha256(told.encode()).digest()


def row_digest_sql(
    number: ColumnElement[int],
    op: str,
    entity: str,
    key: ColumnElement[str],
    before: ColumnElement[Any] | None,
    after: ColumnElement[Any] | None,
    dialect: str,
) -> ColumnElement[bytes]:
    """`row_digest` as an expression."""
    told = cast(number, Text).concat(f"\n{op}\n{entity}\n").concat(key)
    told = told.concat("\n" if before is None else literal("\n").concat(before))
    told = told.concat("\n" if after is None else literal("\n").concat(after))
    if dialect == "sqlite":
        return func.dutybook_sha256(told)
    return func.sha256(func.convert_to(told, "UTF8"))


def content_digest(at: str, fields: Mapping[str, Any], rows: int, tally: Any, rows_digest: str) -> str:
    """What a change set says, with its rows, in 64 hexadecimal digits; `at` is its moment as history spells it."""
    told = canonical([at, *(fields[name] for name in COVERED), rows, tally, rows_digest])
    return sha256(told.encode()).hexdigest()


def link(previous: str, content: str) -> str:
    """The hash of a change set from that of the one before and its own content."""
    return sha256((previous + content).encode()).hexdigest()


def link_sql(previous: ColumnElement[str], content: ColumnElement[str], dialect: str) -> ColumnElement[str]:
    """`link` as an expression."""
    told = previous.concat(content)
    if dialect == "sqlite":
        return func.dutybook_sha256_hex(told)
    return func.encode(func.sha256(func.convert_to(told, "UTF8")), "hex")

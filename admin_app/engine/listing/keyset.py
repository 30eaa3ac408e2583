"""Keyset pages: the next page begins after the last row that was seen, at any depth for the same price.

Order is always (sort column, primary key), so it is total. NULLs stand where the database puts them by itself, since
only then an index on the column serves: on SQLite they are the smallest values, on PostgreSQL the largest.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_

from admin_app.engine.kinds import Kind


@dataclass(frozen=True)
class SortColumn:
    """One level of the order."""

    column: Any
    kind: Kind
    descending: bool
    nullable: bool


@dataclass(frozen=True)
class Order:
    """A total order over an entity's rows; the last levels are its key."""

    levels: tuple[SortColumn, ...]
    nulls_smallest: bool

    def clauses(self, backwards: bool = False) -> list[Any]:
        """ORDER BY expressions."""
        return [
            level.column.desc() if level.descending != backwards else level.column.asc()
            for level in self.levels
        ]

    def beyond(self, values: Sequence[Any], backwards: bool = False) -> ColumnElement[bool]:
        """Rows strictly after `values` in the order (before them when `backwards`)."""
        branches: list[ColumnElement[bool]] = []
        equal: list[ColumnElement[bool]] = []
        for level, value in zip(self.levels, values, strict=True):
            branches.append(and_(*equal, self._after(level, value, backwards)))
            equal.append(level.column.is_(None) if value is None else level.column == value)
        return or_(*branches)

    def _after(self, level: SortColumn, value: Any, backwards: bool) -> ColumnElement[bool]:
        descending = level.descending != backwards
        nulls_last = self.nulls_smallest == descending
        if value is None:
            return false() if nulls_last else level.column.is_not(None)
        beyond: ColumnElement[bool] = level.column < value if descending else level.column > value
        return or_(beyond, level.column.is_(None)) if level.nullable and nulls_last else beyond

    def cursor(self, values: Sequence[Any]) -> str:
        """`values` as one URL-safe word."""
        shown = [
            None if value is None else level.kind.export(value)
            for level, value in zip(self.levels, values, strict=True)
        ]
        return urlsafe_b64encode(json.dumps(shown, ensure_ascii=False).encode()).decode().rstrip("=")

    def read_cursor(self, word: str) -> tuple[Any, ...] | None:
        """The values behind a cursor; None where it is none of this order."""
        try:
            shown = json.loads(urlsafe_b64decode(word + "=" * (-len(word) % 4)))
            if not isinstance(shown, list) or len(shown) != len(self.levels):
                return None
            return tuple(
                None if text is None else level.kind.restore(str(text))
                for level, text in zip(self.levels, shown, strict=True)
            )
        except (ValueError, RecursionError):
            return None

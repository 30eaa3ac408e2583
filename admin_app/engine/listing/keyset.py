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

from sqlalchemy import ColumnElement, and_, bindparam, or_, true, tuple_

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

    @property
    def key(self) -> tuple[tuple[str, bool], ...]:
        """What tells this order from others of the same entity."""
        return tuple((str(level.column.key), level.descending) for level in self.levels)

    def placeholders(self, nulls: Sequence[bool] | None) -> list[Any] | None:
        """Named parameters `after0`, `after1` … in place of a cursor's values; None for a NULL, and for no cursor."""
        if nulls is None:
            return None
        # Not required: a scope over several departments has the values looked for when the statement is compiled.
        return [
            None if null else bindparam(f"after{at}", type_=level.column.type, required=False)
            for at, (level, null) in enumerate(zip(self.levels, nulls, strict=True))
        ]

    def clauses(self, backwards: bool = False) -> list[Any]:
        """ORDER BY expressions."""
        return [
            level.column.desc() if level.descending != backwards else level.column.asc()
            for level in self.levels
        ]

    def ranges(
        self, values: Sequence[Any] | None, backwards: bool = False
    ) -> list[list[ColumnElement[bool]]]:
        """Rows strictly after `values` in the order (before them when `backwards`), as ranges of one index each.

        One after the other they make up the rest of the order; each is a WHERE clause of its own, since no database
        finds its place in an index by "this or that". Without `values` it is all rows. Of a bind parameter in
        `values` it counts only whether it stands for NULL (it is None then).
        """
        if values is None:
            return [[]]
        first = self.levels[0]
        nulls_last = self.nulls_smallest == (first.descending != backwards)
        keys = self.levels[1:]
        if values[0] is None:
            same = [first.column.is_(None), *self._past(keys, values[1:], backwards)]
            return [same] if nulls_last else [same, [first.column.is_not(None)]]
        past = self._past(self.levels, values, backwards)
        return [past, [first.column.is_(None)]] if first.nullable and nulls_last else [past]

    def starting(self, value: Any) -> list[list[ColumnElement[bool]]]:
        """All rows from the first with `value` in the first column, or what would follow it; as `ranges`."""
        first = self.levels[0]
        here = [first.column <= value if first.descending else first.column >= value]
        nulls_last = self.nulls_smallest == first.descending
        return [here, [first.column.is_(None)]] if first.nullable and nulls_last else [here]

    def _past(
        self, levels: Sequence[SortColumn], values: Sequence[Any], backwards: bool
    ) -> list[ColumnElement[bool]]:
        if not levels:
            return []
        here: Any = tuple_(*(level.column for level in levels)) if len(levels) > 1 else levels[0].column
        there: Any = (
            tuple_(*values, types=[level.column.type for level in levels]) if len(levels) > 1 else values[0]
        )
        return [here < there if levels[0].descending != backwards else here > there]

    def beyond(self, values: Sequence[Any], backwards: bool = False) -> ColumnElement[bool]:
        """`ranges` as one condition."""
        return or_(*(and_(true(), *clauses) for clauses in self.ranges(values, backwards)))

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

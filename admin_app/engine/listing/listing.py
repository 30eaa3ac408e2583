"""A list of any size: its conditions, its order, one page of rows and a capped count, a statement each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import Column, ColumnElement, Select, func, literal, null, or_, select
from sqlalchemy.orm import Session

from admin_app.engine.access import Policy
from admin_app.engine.access.fields import FieldAccess
from admin_app.engine.convert import kind_of
from admin_app.engine.entity import Entity
from admin_app.engine.kinds import MoneyKind
from admin_app.engine.listing.args import ListArgs
from admin_app.engine.listing.keyset import Order, SortColumn
from admin_app.engine.listing.plan import Plan
from admin_app.engine.site import site
from admin_app.errors import BadInput

COUNT_CAP = 1000


@dataclass
class Listing:
    """A list of one entity as one actor asks for it.

    `base` are conditions that the reader cannot remove (the customer of a related list), `fixed` the URL arguments
    that go with them; `endpoint` is the page that shows the list.
    """

    entity: Entity
    args: ListArgs
    policy: Policy
    endpoint: str
    base: Sequence[ColumnElement[bool]] = ()
    fixed: dict[str, Any] = field(default_factory=dict)
    leave_out: frozenset[str] = frozenset()

    def column_keys(self) -> tuple[str, ...]:
        """The columns that are shown, the title aside."""
        chosen = self.args.columns or self.entity.list_columns
        shown = (key for key in chosen if key not in self.title_keys and key not in self.leave_out)
        return tuple(filter(self.fields.visible, shown))

    @property
    def fields(self) -> FieldAccess:
        """How much of the entity's grouped fields the actor gets."""
        return site().fields(self.policy, self.entity)

    @property
    def title_keys(self) -> tuple[str, ...]:
        """What names a row: the entity's title without what the page says already."""
        titles = self.entity.title_keys
        return tuple(key for key in titles if key not in self.leave_out) or titles

    def conditions(self) -> list[ColumnElement[bool]]:
        """WHERE: base, filters and search."""
        clauses = list(self.base)
        clauses.extend(
            each.operator.build(self._attribute(each.field.column), each.value) for each in self.args.filters
        )
        if self.args.q:
            attributes = [
                getattr(self.entity.model, key)
                for key in self.entity.search_keys
                if self.fields.readable(key)
            ]
            # A text without a searchable field finds nothing, rather than everything.
            clauses.append(
                or_(literal(False), *(each.icontains(self.args.q, autoescape=True) for each in attributes))
            )
        return clauses

    def _attribute(self, column: Any) -> Any:
        return getattr(self.entity.model, self.entity.mapper.get_property_by_column(column).key)

    def order(self, session: Session) -> Order:
        """The total order that the arguments ask for."""
        levels: list[SortColumn] = []
        if self.args.sort:
            each = self.entity.fields[self.args.sort]
            attribute = getattr(self.entity.model, each.key)
            levels.append(SortColumn(attribute, each.kind, self.args.descending, bool(each.column.nullable)))
        for attribute, column in zip(self.entity.key_attributes, self.entity.mapper.primary_key, strict=True):
            if not levels or levels[0].column is not attribute:
                # Newest first is what people expect of a list without an order of its own.
                descending = self.args.descending if self.args.sort else len(self.entity.key_attributes) == 1
                levels.append(SortColumn(attribute, kind_of(cast("Column[Any]", column)), descending, False))
        dialect = session.get_bind(self.entity.mapper).dialect.name
        return Order(tuple(levels), nulls_smallest=dialect == "sqlite")

    def rows(self, session: Session, plan: Plan) -> tuple[list[Any], dict[str, str | None]]:
        """The page's rows and the cursors of its neighbours (None where there is none)."""
        order = self.order(session)
        places = [plan.push_hidden(level.column) for level in order.levels]
        statement = plan.statement().where(*self.conditions())
        backwards = self.args.end or self.args.before is not None
        word = self.args.before if self.args.before is not None else self.args.after
        if word is not None and not self.args.end:
            values = order.read_cursor(word)
            if values is None:
                raise BadInput(_("This page of the list does not exist; begin at the first one."))
            statement = statement.where(order.beyond(values, backwards))
        statement = statement.order_by(*order.clauses(backwards)).limit(self.args.size + 1)
        found = list(session.execute(statement))
        more = len(found) > self.args.size
        found = found[: self.args.size]
        if backwards:
            found.reverse()

        def cursor(row: Any) -> str:
            return order.cursor([row[place] for place in places])

        at_start = not (backwards and more) and not (self.args.after is not None and not backwards)
        at_end = self.args.end or (not backwards and not more)
        return found, {
            "prev": cursor(found[0]) if found and not at_start else None,
            "next": cursor(found[-1]) if found and not at_end else None,
        }

    def count(self, session: Session) -> tuple[int, bool]:
        """(number, whether it is exact): at most COUNT_CAP rows are counted unless the exact number is asked for."""
        matching: Select[Any] = select(literal(1)).select_from(self.entity.model).where(*self.conditions())
        if self.args.exact:
            return session.scalar(matching.with_only_columns(func.count())) or 0, True
        capped = matching.limit(COUNT_CAP + 1).subquery()
        number = session.scalar(select(func.count()).select_from(capped)) or 0
        return min(number, COUNT_CAP), number <= COUNT_CAP

    def totals(self, session: Session) -> list[tuple[str, str | None, Any]]:
        """(field key, currency, sum) of each money column that is shown, over all matching rows; one statement.

        It reads every matching row: ask only where their number is known to be small, or was asked for.
        """
        fields = [self.entity.fields[key] for key in self.column_keys() if self.fields.readable(key)]
        money = [each for each in fields if isinstance(each.kind, MoneyKind) and not each.reference]
        if not money:
            return []
        unit_key = self.entity.unit_key(money[0])
        unit: Any = getattr(self.entity.model, unit_key) if unit_key else null()
        sums = [func.sum(self._attribute(each.column)) for each in money]
        statement = select(unit, *sums).select_from(self.entity.model).where(*self.conditions())
        if unit_key:
            statement = statement.group_by(unit).order_by(unit)
        return [
            (each.key, row[0], amount)
            for row in session.execute(statement)
            for each, amount in zip(money, row[1:], strict=True)
            if amount is not None
        ]

    def url(self, **changes: Any) -> str:
        """This list with other arguments; without a cursor unless one is given."""
        return url_for(self.endpoint, **self.fixed, **self.args.query(self.entity, **changes))

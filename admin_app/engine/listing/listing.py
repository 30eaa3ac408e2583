"""A list of any size: its conditions, its order, one page of rows and a capped count, a statement each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from flask import request
from flask_babel import gettext as _
from sqlalchemy import Column, ColumnElement, Select, func, null, select
from sqlalchemy.orm import Session

from admin_app.engine.access import Policy, current_scope
from admin_app.engine.access.fields import FieldAccess
from admin_app.engine.access.pieces import Piece, pieces
from admin_app.engine.addresses import address
from admin_app.engine.convert import kind_of
from admin_app.engine.entity import Entity, Field
from admin_app.engine.kinds import MoneyKind
from admin_app.engine.language import lang
from admin_app.engine.listing.args import ListArgs
from admin_app.engine.listing.branches import capped_count, page_of, summed
from admin_app.engine.listing.keyset import Order, SortColumn
from admin_app.engine.listing.plan import Plan
from admin_app.engine.search.keeper import Page as SearchedPage
from admin_app.engine.search.matching import Matching
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
    _order: Order | None = None

    def column_keys(self) -> tuple[str, ...]:
        """The columns that are shown, the title aside."""
        return self._column_keys

    @cached_property
    def _column_keys(self) -> tuple[str, ...]:
        chosen = self.args.columns or self.entity.list_columns
        shown = (key for key in chosen if key not in self.title_keys and key not in self.leave_out)
        return tuple(filter(self.fields.visible, shown))

    @cached_property
    def fields(self) -> FieldAccess:
        """How much of the entity's grouped fields the actor gets."""
        return site().fields(self.policy, self.entity)

    @cached_property
    def title_keys(self) -> tuple[str, ...]:
        """What names a row: the entity's title without what the page says already."""
        titles = self.entity.title_keys
        return tuple(key for key in titles if key not in self.leave_out) or titles

    def conditions(self, page: SearchedPage | None = None) -> list[ColumnElement[bool]]:
        """WHERE: base, filters and search; with `page`, the search need hold only for the records of that page."""
        clauses = self._narrowed()
        if self.matching is not None:
            clauses.append(self.matching.criterion(page))
        return clauses

    @cached_property
    def matching(self) -> Matching | None:
        """The search, where something is asked for."""
        return Matching(self.entity, self.args.q, self.policy) if self.args.q else None

    def _narrowed(self) -> list[ColumnElement[bool]]:
        clauses = list(self.base)
        clauses.extend(
            each.operator.build(self._attribute(each.field.column), each.value) for each in self.args.filters
        )
        return clauses

    def _attribute(self, column: Any) -> Any:
        return getattr(self.entity.model, self.entity.mapper.get_property_by_column(column).key)

    def order(self, session: Session) -> Order:
        """The total order that the arguments ask for."""
        if self._order is None:
            self._order = self._make_order(session)
        return self._order

    def _make_order(self, session: Session) -> Order:
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

    def plan(self, session: Session) -> Plan:
        """What the page selects; kept per actor, language and columns, since it is the same on every page."""
        keys, order = self.column_keys(), self.order(session)

        def make() -> Plan:
            made = Plan(self.entity, keys)
            made.order_places = [made.push_hidden(level.column) for level in order.levels]
            return made

        return site().kept(self.policy, self._plan_key(order), make)

    def _plan_key(self, order: Order) -> tuple[Any, ...]:
        keys = self.column_keys()
        return ("plan", self.entity.name, lang(), request.script_root, keys, order.key)

    def rows(self, session: Session) -> tuple[Plan, list[Any], dict[str, str | None]]:
        """How to read the page's rows, the rows, and the cursors of its neighbours (None where there is none)."""
        plan, order = self.plan(session), self.order(session)
        backwards = self.args.end or self.args.before is not None
        word = (
            None if self.args.end else self.args.before if self.args.before is not None else self.args.after
        )
        values = None
        if word is not None:
            values = order.read_cursor(word)
            if values is None:
                raise BadInput(_("This page of the list does not exist; begin at the first one."))
        found = self._page(session, plan, order, values, backwards)
        more = len(found) > self.args.size
        found = found[: self.args.size]
        if backwards:
            found.reverse()

        def cursor(row: Any) -> str:
            return order.cursor([row[place] for place in plan.order_places])

        begun_later = not backwards and (self.args.after is not None or self.args.start is not None)
        at_start = not (backwards and more) and not begun_later
        at_end = self.args.end or (not backwards and not more)
        return (
            plan,
            found,
            {
                "prev": cursor(found[0]) if found and not at_start else None,
                "next": cursor(found[-1]) if found and not at_end else None,
            },
        )

    def is_whole(self, cursors: Mapping[str, str | None]) -> bool:
        """Whether a page with these neighbours holds all rows of the list, so that nothing is left to count."""
        begun_later = (
            self.args.after is not None or self.args.before is not None or self.args.start is not None
        )
        return not begun_later and cursors["prev"] is None and cursors["next"] is None

    def _page(
        self, session: Session, plan: Plan, order: Order, values: Sequence[Any] | None, backwards: bool
    ) -> list[Any]:
        """The page's rows and one more where there is one; one statement."""
        limit = self.args.size + 1

        def build(cursor: Sequence[Any] | None) -> Select[Any]:
            begins = self.args.start is not None and cursor is None and not backwards
            reaches = order.starting(self.args.start) if begins else order.ranges(cursor, backwards)
            pieces = self._pieces(order)
            where = self.conditions(self._searched_page(order, cursor, backwards))
            if pieces is None and len(reaches) == 1:
                statement = plan.statement().where(*reaches[0], *where)
            else:
                keys = page_of(self.entity, order, pieces, reaches, where, limit, backwards)
                statement = plan.statement(keys)
            return statement.order_by(*order.clauses(backwards)).limit(limit)

        if self.base or self.args.q or self.args.start is not None:
            # What it asks for is hardly ever asked again.
            return list(session.execute(build(values)))
        nulls = None if values is None else tuple(value is None for value in values)
        named = {f"after{at}": value for at, value in enumerate(values or ()) if value is not None}
        key = ("page", self._plan_key(order), limit, backwards, nulls, self._asked())
        prepared = current_scope().prepared(
            session, self.entity.model, key, lambda: build(order.placeholders(nulls))
        )
        return prepared.rows(session, **named)

    def _searched_page(
        self, order: Order, cursor: Sequence[Any] | None, backwards: bool
    ) -> SearchedPage | None:
        """The page, where the search alone decides what is on it."""
        if self.base or self.args.filters or self.args.start is not None or len(order.levels) > 1:
            return None
        after = None if cursor is None else cursor[0]
        return SearchedPage(after, order.levels[0].descending != backwards, self.args.size + 1)

    def _asked(self) -> tuple[Any, ...]:
        return tuple((each.name, each.text) for each in self.args.filters)

    def _pieces(self, order: Order | None) -> list[Piece] | None:
        """The pieces of what the actor may see that an index keeps in this order (any order: None); None for one."""
        sort = self.args.sort if order is not None else None
        if self.base or self.args.q or not self.entity.is_owned:
            return None
        if sort is not None and sort not in self.entity.scope_sorts:
            return None
        return pieces(self.entity.guard, site().access.visible(self.policy, self.entity.name))

    def count(self, session: Session) -> tuple[int, bool]:
        """(number, whether it is exact): at most COUNT_CAP rows are counted unless the exact number is asked for."""
        if self.args.exact:
            matching = select(func.count()).select_from(self.entity.model).where(*self.conditions())
            return session.scalar(matching) or 0, True

        def build() -> Select[Any]:
            return capped_count(self.entity, self._pieces(None), self.conditions(), COUNT_CAP)

        if self.base or self.args.q:
            searched = self.matching.counted(self._narrowed(), COUNT_CAP) if self.matching else None
            number = session.scalar(build() if searched is None else searched) or 0
        else:
            key = ("count", self.entity.name, COUNT_CAP, self._asked())
            number = current_scope().prepared(session, self.entity.model, key, build).rows(session)[0][0]
        return min(number, COUNT_CAP), number <= COUNT_CAP

    def sorts(self, key: str, exact: bool) -> bool:
        """Whether the list may be in the order of this field: where an index keeps it, or few enough rows are left.

        `exact` says that they have been counted to the end.
        """
        if key not in self.entity.sortable or not self.fields.readable(key):
            return False
        if exact or not self.entity.is_owned or key in self.entity.scope_sorts:
            return True
        return site().access.visible(self.policy, self.entity.name).everything

    def _money(self) -> list[Field]:
        """The columns that have a sum: money that is shown, and plain on every row that the reader sees."""
        fields = [self.entity.fields[key] for key in self.column_keys() if self.fields.readable(key)]
        return [each for each in fields if isinstance(each.kind, MoneyKind) and not each.reference]

    def totals_of(self, plan: Plan, rows: Sequence[Any]) -> list[tuple[str, str | None, Any]]:
        """What `totals` gives, of a list whose rows are all on this page: added up without a statement."""
        sums: dict[tuple[str, str | None], Any] = {}
        for each in self._money():
            for row in rows:
                amount = plan.value(row, each.key)
                if amount is not None:
                    place = each.key, plan.unit(row, each.key)
                    sums[place] = sums.get(place, 0) + amount
        in_order = sorted(sums, key=lambda place: (place[1] is not None, place[1]))
        return [(*place, sums[place]) for place in in_order]

    def totals(self, session: Session) -> list[tuple[str, str | None, Any]]:
        """(field key, currency, sum) of each money column that is shown, over all matching rows; one statement.

        It reads every matching row: ask only where their number is known to be small, or was asked for.
        """
        money = self._money()
        if not money:
            return []
        unit_key = self.entity.unit_key(money[0])
        unit: Any = getattr(self.entity.model, unit_key) if unit_key else null()
        amounts = [self._attribute(each.column) for each in money]

        def build() -> Select[Any]:
            return summed(self.entity, self._pieces(None), self.conditions(), unit, amounts)

        rows: Sequence[Any]
        if self.base or self.args.q:
            rows = session.execute(build()).all()
        else:
            key = ("totals", self.entity.name, tuple(each.key for each in money), self._asked())
            rows = current_scope().prepared(session, self.entity.model, key, build).rows(session)
        return [
            (each.key, row[0], amount)
            for row in rows
            for each, amount in zip(money, row[1:], strict=True)
            if amount is not None
        ]

    def url(self, **changes: Any) -> str:
        """This list with other arguments; without a cursor unless one is given."""
        return address(self.endpoint, **self.fixed, **self.args.query(self.entity, **changes))

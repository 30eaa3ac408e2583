"""The first of an actor's rows in the order of their labels, without walking everybody's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from admin_app.engine.access import Rows, current_scope, policy_of
from admin_app.engine.access.pieces import pieces
from admin_app.engine.convert import kind_of
from admin_app.engine.entity import Entity
from admin_app.engine.listing.branches import page_of
from admin_app.engine.listing.keyset import Order, SortColumn
from admin_app.engine.site import site


def first_rows(
    session: Session, target: Entity, columns: Sequence[Any], label: Any, limit: int
) -> list[tuple[Any, ...]]:
    """The values of `columns` in the actor's first rows by `label`, at most `limit`; one statement.

    Args:
        session: acts as whoever asks.
        target: the entity.
        columns: attributes of its class; the keys come first.
        label: the one of them to order by.
        limit: how many rows.
    """
    access = site().access

    def build() -> Select[Any]:
        return _first(target, columns, label, access.visible(policy_of(session), target.name), limit)

    key = ("first rows", target.name, tuple(each.key for each in columns), limit)
    return current_scope().prepared(session, target.model, key, build).rows(session)


def _first(target: Entity, columns: Sequence[Any], label: Any, rows: Rows, limit: int) -> Select[Any]:
    """The first rows of each piece of what `rows` hold, and the first of all those.

    One statement for all pieces would walk the labels of the whole table and skip what others own.
    """
    sorting = [label, *(each for each in target.key_attributes if each is not label)]
    levels = (SortColumn(each, kind_of(each.property.columns[0]), False, False) for each in sorting)
    order = Order(tuple(levels), nulls_smallest=True)
    parts = pieces(target.guard, rows) if label.key in target.scope_sorts else None
    if parts is None:
        return select(*columns).order_by(*order.clauses()).limit(limit)
    keys = page_of(target, order, parts, [[]], [], limit, False)
    pairs = zip(target.key_attributes, keys.c, strict=False)
    found = select(*columns).select_from(keys).join(target.model, and_(*(key == part for key, part in pairs)))
    return found.order_by(*order.clauses())

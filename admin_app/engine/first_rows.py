"""The first of an actor's rows in the order of their labels, without walking everybody's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select, union
from sqlalchemy.orm import Session

from admin_app.engine.access import Rows, current_scope, policy_of
from admin_app.engine.entity import Entity
from admin_app.engine.site import site

#: With more owners and departments than this, walking all labels in order meets enough of their rows early on.
BRANCHES = 20


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
    """The first rows of each branch of what `rows` hold, and the first of all those.

    One statement for all branches would walk the labels of the whole table and skip what others own. The branches
    say where to look and no more: the scope narrows each of them like any statement.
    """
    order = [label, *target.key_attributes]
    # A column that is key and label has one name twice, which a subquery cannot give to two.
    named = [each.label(f"part{place}") for place, each in enumerate(columns)]
    statement = select(*named).order_by(*order).limit(limit)
    branches = site().access.branches(target.model, rows) if _in_order(target, label.key) else []
    if not 1 < len(branches) <= BRANCHES:
        return statement
    # As subqueries, since in SQLite the parts of a union have no order and no limit of their own.
    found = union(*(select(statement.where(branch).subquery()) for branch in branches)).subquery()
    places = [[each.key for each in columns].index(each.key) for each in order]
    parts = list(found.columns)
    return select(*parts).order_by(*(parts[place] for place in places)).limit(limit)


def _in_order(target: Entity, label: str) -> bool:
    """Whether indexes keep each owner's and each department's records by their labels."""
    kept = {tuple(index.columns.keys()[:2]) for index in target.table.indexes}
    return {("owner_id", label), ("department_id", label)} <= kept

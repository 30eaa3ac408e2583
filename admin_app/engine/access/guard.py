"""How each mapped class is guarded: by its own owner and department, by its parent, or openly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, cast

from sqlalchemy import Column, ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import RelationshipProperty, class_mapper

from admin_app.engine.access.policy import EVERYTHING, NOTHING, Policy, Rows
from admin_app.engine.convert import kind_of
from admin_app.engine.keys import decode_key

Reading = Literal["granted", "directory", "open"]

# What a child needs of its parent: whoever may edit a contract may add, change and remove its obligations.
PARENT_ACTION = {"view": "view", "export": "export", "report": "report", "reveal": "reveal"}


@dataclass(frozen=True)
class Guard:
    """The rule for one entity.

    `reading` "directory": every signed-in person may see rows as labels and in lookups (colleagues, departments);
    "open": everybody may also open its pages; "granted": only what duties give. `follows` names the many-to-one
    whose record decides for this one (a contract for its obligations).
    """

    name: str
    model: type[Any]
    reading: Reading = "granted"
    follows: str | None = None

    @property
    def parent(self) -> type[Any] | None:
        """The class that decides for this one, or None."""
        return self.parent_property.mapper.class_ if self.follows else None

    @property
    def parent_property(self) -> RelationshipProperty[Any]:
        """The many-to-one named by `follows`."""
        return class_mapper(self.model).relationships[str(self.follows)]

    @property
    def key_attributes(self) -> tuple[str, ...]:
        """The attributes of the primary key, in its order."""
        mapper = class_mapper(self.model)
        return tuple(mapper.get_property_by_column(column).key for column in mapper.primary_key)

    def keys(self, rows: Rows) -> set[tuple[Any, ...]]:
        """The primary keys of the single records of this entity in `rows`; what is no key of it is left out."""
        if not rows.keys:
            return set()
        columns = class_mapper(self.model).primary_key
        kinds = [kind_of(cast("Column[Any]", column)) for column in columns]
        found = (decode_key(text, kinds) for name, text in rows.keys if name == self.name)
        return {values for values in found if values is not None}


class AccessMap:
    """All guards of a site, and the rules that combine them with a policy."""

    def __init__(self, guards: Iterable[Guard]) -> None:
        self.by_model = {guard.model: guard for guard in guards}
        self.by_name = {guard.name: guard for guard in self.by_model.values()}

    def rows(self, policy: Policy, action: str, name: str) -> Rows:
        """Rows of entity `name` for `action`: granted directly, openly, or through its parent."""
        if policy.unlimited:
            return EVERYTHING
        guard = self.by_name.get(name)
        granted = policy.rows(action, name)
        if guard is None or policy.user_id is None:
            return granted
        if action == "view" and guard.reading == "open":
            return EVERYTHING
        parent = self.parent_of(guard)
        if parent is not None:
            granted = granted | self.rows(policy, PARENT_ACTION.get(action, "edit"), parent.name)
        return granted

    def parent_of(self, guard: Guard) -> Guard | None:
        """The guard that decides for this one, or None."""
        return self.by_model.get(guard.parent) if guard.parent is not None else None

    def visible(self, policy: Policy, name: str) -> Rows:
        """Rows that a statement may return: as `rows("view")`, plus directories, for labels and lookups."""
        guard = self.by_name.get(name)
        if guard is not None and guard.reading == "directory" and policy.user_id is not None:
            return EVERYTHING
        return self.rows(policy, "view", name)

    def criterion(self, model: type[Any], rows: Rows, columns: Any = None) -> ColumnElement[bool]:
        """The WHERE clause that keeps a statement over `model`, or over `columns` of that name, within `rows`."""
        if rows.everything:
            return true()
        guard = self.by_model.get(model)
        if guard is None or not rows:
            return false()
        # Core tables on purpose: the ORM class inside the clause would be scoped again, without end.
        return _within(self, guard, model if columns is None else columns, rows)

    def holds(self, policy: Policy, action: str, record: Any) -> bool:
        """Whether `action` is allowed on this loaded or new record."""
        guard = self.by_model.get(type(record))
        if guard is None:
            return policy.unlimited
        return self.contains(self.rows(policy, action, guard.name), record)

    def contains(self, rows: Rows, record: Any) -> bool:
        """Whether this loaded or new record is among `rows`."""
        guard = self.by_model.get(type(record))
        if rows.everything or not rows or guard is None:
            return rows.everything
        return self._holds(guard, rows, record)

    def _holds(self, guard: Guard, rows: Rows, record: Any) -> bool:
        keys = guard.keys(rows)
        if keys and tuple(getattr(record, name) for name in guard.key_attributes) in keys:
            return True
        if _is_owned(guard.model):
            return rows.hold(record.owner_id, record.department_id)
        parent_guard = self.parent_of(guard)
        if parent_guard is None:
            # Nobody owns single rows of such an entity: whoever holds a reach of any width holds all of it.
            return rows.broad
        parent = getattr(record, str(guard.follows))
        return parent is not None and self._holds(parent_guard, rows, parent)


def _is_owned(model: type[Any]) -> bool:
    return hasattr(model, "owner_id") and hasattr(model, "department_id")


def _within(access: AccessMap, guard: Guard, source: Any, rows: Rows) -> ColumnElement[bool]:
    """`source` is the mapped class itself (which the ORM adapts to aliases) or a Core table's columns."""
    tests = keyed(guard, source, rows)
    if _is_owned(guard.model):
        if rows.owners:
            tests.append(source.owner_id.in_(sorted(rows.owners)))
        if rows.departments:
            tests.append(source.department_id.in_(sorted(rows.departments)))
        return or_(false(), *tests)
    parent = access.parent_of(guard)
    if parent is None:
        return true() if rows.broad else or_(false(), *tests)
    ((local, remote),) = guard.parent_property.local_remote_pairs or ()
    table = class_mapper(parent.model).local_table
    inner = _within(access, parent, table.c, rows)
    return or_(*tests, _column(guard, source, local).in_(select(remote).where(inner)))


def keyed(guard: Guard, source: Any, rows: Rows) -> list[ColumnElement[bool]]:
    """One test on `source`, the class or a table's columns, for each single record of the guard's entity in `rows`."""
    columns = [_column(guard, source, column) for column in class_mapper(guard.model).primary_key]
    return [
        and_(*(column == value for column, value in zip(columns, values, strict=True)))
        for values in sorted(guard.keys(rows), key=repr)
    ]


def _column(guard: Guard, source: Any, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column as `source` calls it: the class by its attributes, a table by its own names."""
    name = class_mapper(guard.model).get_property_by_column(cast("Column[Any]", column)).key
    found: ColumnElement[Any] = getattr(source, name if source is guard.model else str(column.key))
    return found


__all__ = ["NOTHING", "AccessMap", "Guard", "Reading", "keyed"]

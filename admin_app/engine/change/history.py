"""What is captured in one app: its mapped classes, how they are called, and where a write comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.orm import Mapper, Session, class_mapper, registry

from admin_app.engine.access import AccessMap, Policy, Rows
from admin_app.engine.access.policy import NOTHING
from admin_app.engine.change.shape import Shape, is_captured, shape_of
from admin_app.engine.entity import Entity
from models.change import ChangeRow

#: The tables of history itself.
_OWN: Final = ("change_set", "change_row", "change_head")
Origin = Callable[[], tuple[str, str | None]]


class History:
    """The captured classes of a site.

    Args:
        entities: the site's entities; classes beside them are called as their table.
        access: the guards of the site.
        registries: all ORM registries whose classes the session may meet.
        origin: gives (source, request id) of what runs at the moment.
    """

    def __init__(
        self, entities: Iterable[Entity], access: AccessMap, registries: Iterable[registry], origin: Origin
    ) -> None:
        self.access = access
        self._entities = tuple(entities)
        self._registries = tuple(registries)
        self._origin = origin
        self._shapes: dict[type[Any], Shape | None] = {}

    def origin(self, said: str | None) -> tuple[str, str | None]:
        """(source, request id) of a change set; `said` is the source that somebody named."""
        source, request_id = self._origin()
        return said or source, request_id

    def rows(self, policy: Policy, action: str, name: str) -> Rows:
        """The rows on which an actor may do `action`; what an entity forbids, only the system itself may."""
        entity = self._by_name.get(name)
        if entity is not None and action in entity.forbids and policy.user_id is not None:
            return NOTHING
        return self.access.rows(policy, action, name)

    def entity(self, name: str) -> Entity | None:
        """The site's declaration of what rows call `name`; None where it has no screens."""
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> Mapping[str, Entity]:
        return {entity.name: entity for entity in self._entities}

    @cached_property
    def _mappers(self) -> tuple[Mapper[Any], ...]:
        return tuple(
            mapper
            for known in self._registries
            for mapper in known.mappers
            if is_captured(mapper.class_) and isinstance(mapper.local_table, sa.Table)
        )

    @cached_property
    def _tables(self) -> Mapping[Any, tuple[Mapper[Any], frozenset[str]]]:
        """By database (bind key): one of its mappers, and the names of its captured tables in lower case."""
        found: dict[Any, tuple[Mapper[Any], set[str]]] = {None: (class_mapper(ChangeRow), set(_OWN))}
        for mapper in self._mappers:
            table = shape_of(mapper).table
            place = found.setdefault(table.metadata.info.get("bind_key"), (mapper, set()))
            place[1].add(str(table.name).lower())
        return {key: (mapper, frozenset(names)) for key, (mapper, names) in found.items()}

    def tables(self, session: Session, connection: Connection) -> frozenset[str]:
        """Names of the tables of this connection's database that only flushes and the doors of history may write."""
        if len(self._tables) == 1:
            return self._tables[None][1]
        names: frozenset[str] = frozenset()
        for mapper, own in self._tables.values():
            if session.get_bind(mapper).engine is connection.engine:
                names |= own
        return names

    @cached_property
    def by_table(self) -> Mapping[sa.Table, Shape]:
        """Shapes by table; of several classes on one table the first."""
        found: dict[sa.Table, Shape] = {}
        for mapper in self._mappers:
            shape = shape_of(mapper)
            found.setdefault(shape.table, shape)
        return found

    @cached_property
    def by_name(self) -> Mapping[str, Shape]:
        """Shapes by the name that rows bear."""
        return {self.name(shape): shape for shape in self.by_table.values()}

    @cached_property
    def _names(self) -> Mapping[type[Any], str]:
        return {entity.model: entity.name for entity in self._entities}

    def shape(self, model: type[Any]) -> Shape | None:
        """The shape of a class; None where nothing of it is written down."""
        if model not in self._shapes:
            mapper = class_mapper(model)
            known = is_captured(model) and isinstance(mapper.local_table, sa.Table)
            self._shapes[model] = shape_of(mapper) if known else None
        return self._shapes[model]

    def name(self, shape: Shape) -> str:
        """What rows of this class are called: the entity's name, or the table's."""
        return self._names.get(shape.model) or str(shape.table.name)

    def in_sql(self, shape: Shape) -> bool:
        """Whether the database can write the history of many rows by itself: they lie beside it, and are plain."""
        return shape.in_sql and shape.table.metadata.info.get("bind_key") is None


def history() -> History:
    """The history of the running app."""
    from flask import current_app

    found: History = current_app.extensions["dutybook_history"]
    return found

"""A site: which entities, groups and pages make up one back office."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from flask import current_app
from sqlalchemy.orm import registry

from admin_app.engine.access import AccessMap, Policy, Rows
from admin_app.engine.access.fields import FieldAccess
from admin_app.engine.access.policy import NOTHING
from admin_app.engine.entity import Entity, Field
from admin_app.engine.job import JobKind
from admin_app.engine.labels import Labels

T = TypeVar("T")
#: What is kept of one actor: field levels, plans and heads of all lists in both languages, with room for other columns.
_KEPT = 500


@dataclass(frozen=True)
class Group:
    """A heading of the menu."""

    key: str
    icon: str


@dataclass(frozen=True)
class Page:
    """A page that is no entity: its Flask-Admin view, where it stands in the menu, and who may open it.

    `make` builds the view when the app is put together; `allowed` decides for the menu and at the door alike.
    A page that is not `listed` stands in no menu.
    """

    key: str
    group: str | None
    icon: str
    make: Callable[[Page], Any]
    allowed: Callable[[Policy], bool]
    listed: bool = True


@dataclass(frozen=True)
class Site:
    """The whole declaration that `create_app` takes.

    `jobs` are what a worker can do.
    `loaders` are the starting data: "organisation" takes (session), "demo" (session, customers, progress, password).
    `mappings` is the folder of the import mapping files that come with the site.
    """

    name: Mapping[str, str]
    labels: Labels
    groups: Sequence[Group] = ()
    entities: Sequence[Entity] = ()
    pages: Sequence[Page] = ()
    jobs: Sequence[JobKind] = ()
    loaders: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    mappings: Path | None = None

    @cached_property
    def by_model(self) -> Mapping[type[Any], Entity]:
        """Entities by mapped class."""
        return {entity.model: entity for entity in self.entities}

    @cached_property
    def by_name(self) -> Mapping[str, Entity]:
        """Entities by name."""
        return {entity.name: entity for entity in self.entities}

    @cached_property
    def access(self) -> AccessMap:
        """The guards of all entities."""
        return AccessMap(entity.guard for entity in self.entities)

    @cached_property
    def registries(self) -> tuple[registry, ...]:
        """The ORM registries that the entities come from."""
        return tuple(
            {id(entity.mapper.registry): entity.mapper.registry for entity in self.entities}.values()
        )

    def fields(self, policy: Policy, entity: Entity) -> FieldAccess:
        """How much of the entity's grouped fields the actor gets; made once per policy."""
        return self.kept(
            policy,
            ("fields", entity.name),
            lambda: FieldAccess(self.access, policy, entity.name, entity.group_of),
        )

    def kept(self, policy: Policy, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, made once per policy: `key` tells all else that it depends on."""
        kept = self._kept.setdefault(policy, {})
        found: T | None = kept.get(key)
        if found is None:
            if len(kept) >= _KEPT:
                kept.clear()
            found = kept[key] = make()
        return found

    @cached_property
    def _kept(self) -> WeakKeyDictionary[Policy, dict[Hashable, Any]]:
        return WeakKeyDictionary()

    def target(self, reference: Field) -> Entity | None:
        """The entity that a reference points to; None where the site does not show it."""
        assert reference.reference is not None
        return self.by_model.get(reference.reference.mapper.class_)

    @cached_property
    def _referrers(self) -> Mapping[str, tuple[tuple[Entity, Field], ...]]:
        found: dict[str, list[tuple[Entity, Field]]] = {}
        for entity in self.entities:
            for each in entity.fields.values():
                target = self.target(each) if each.reference else None
                if target:
                    found.setdefault(target.name, []).append((entity, each))
        return {name: tuple(pairs) for name, pairs in found.items()}

    def referrers(self, entity: Entity) -> tuple[tuple[Entity, Field], ...]:
        """All (entity, reference) pairs that point to `entity`: the source of related lists and delete pages."""
        return self._referrers.get(entity.name, ())

    def rows(self, policy: Policy, action: str, entity: Entity) -> Rows:
        """The rows on which the actor may do `action`; none where the entity forbids it to everybody."""
        return NOTHING if action in entity.forbids else self.access.rows(policy, action, entity.name)

    def may(self, policy: Policy, action: str, entity: Entity) -> bool:
        """Whether the actor may do `action` on some rows, and the entity allows it at all."""
        return bool(self.rows(policy, action, entity))

    def may_record(self, policy: Policy, action: str, entity: Entity, record: Any) -> bool:
        """Whether the actor may do `action` on this record."""
        return action not in entity.forbids and self.access.holds(policy, action, record)


def site() -> Site:
    """The site of the running app."""
    found: Site = current_app.extensions["dutybook"]
    return found

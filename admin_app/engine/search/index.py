"""Of which entities there is an index, what of a record goes into it, and where it lies."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple, cast

from flask import current_app
from sqlalchemy import Column, Select, select

from admin_app.engine.access import Rows
from admin_app.engine.entity import Entity
from admin_app.engine.search.folding import literal_of
from admin_app.engine.search.query import Node, Some
from admin_app.engine.search.terms import DEPARTMENT, KEY, OWNER, text_terms
from models.base import Base
from models.search import INDEXED, index_name

#: Goes up with every change to what `terms` makes of a text: an index of another making is not asked.
_MAKING: Final = 1
#: Beyond so many owners and departments the database looks at the records themselves.
_MOST: Final = 60


class Document(NamedTuple):
    """One record as the index holds it: its key, its terms, and what of its fields is looked up literally."""

    key: int
    terms: frozenset[str]
    literal: str


@dataclass(frozen=True, eq=False)
class Index:
    """The index of one entity."""

    entity: Entity

    @property
    def name(self) -> str:
        """Its table's name."""
        return index_name(self.entity.table.name)

    @cached_property
    def key(self) -> Column[Any]:
        """The records' key column."""
        return cast("Column[Any]", self.entity.mapper.primary_key[0])

    @cached_property
    def codes(self) -> Mapping[str, str]:
        """Searchable field -> the code of its group: a letter, "a" for those that belong to none."""
        groups = sorted(set(self.entity.group_of.values()))
        letters = {group: chr(ord("b") + place) for place, group in enumerate(groups)}
        return {key: letters.get(self.entity.group_of.get(key, ""), "a") for key in self.entity.search_keys}

    @cached_property
    def attributes(self) -> frozenset[str]:
        """The attributes of a record whose change changes its document."""
        return frozenset(self.codes) | (
            frozenset({"owner_id", "department_id"}) if self.entity.is_owned else frozenset()
        )

    @cached_property
    def making(self) -> str:
        """Tells an index that was filled by these rules from any other."""
        said = json.dumps([_MAKING, sorted(self.codes.items()), self.entity.is_owned])
        return hashlib.sha256(said.encode()).hexdigest()[:32]

    def readable_codes(self, readable: Iterable[str]) -> tuple[str, ...]:
        """The codes of the groups that these fields belong to."""
        return tuple(sorted({self.codes[key] for key in readable if key in self.codes}))

    def records(self) -> Select[Any]:
        """All records by key, with the columns that make up a document; over the bare table, for the index alone."""
        table = self.entity.table
        columns = [self.entity.fields[key].column for key in self.codes]
        whose = [table.c.owner_id, table.c.department_id] if self.entity.is_owned else []
        return select(self.key, *columns, *whose).order_by(self.key)

    def document(self, record: Sequence[Any]) -> Document:
        """The document of one row of `records`."""
        terms = {f"{KEY}{record[0]}"}
        literal: list[str] = []
        for value, code in zip(record[1:], self.codes.values(), strict=False):
            if value:
                terms |= text_terms(code, value)
                literal.append(f"{code}{literal_of(value)}")
        if self.entity.is_owned:
            owner, department = record[-2], record[-1]
            terms.add(f"{DEPARTMENT}{department}")
            if owner is not None:
                terms.add(f"{OWNER}{owner}")
        return Document(record[0], frozenset(terms), "\n".join(literal))

    def within(self, rows: Rows) -> Node | None:
        """What a record's terms say of its being among `rows`; None where they need not or cannot tell.

        It only spares work: the row scope of the session decides.
        """
        if self._all(rows) or self.entity.follows:
            return None
        keys = [f"{KEY}{values[0]}" for values in sorted(self.entity.guard.keys(rows))]
        owners = [f"{OWNER}{each}" for each in sorted(rows.owners)]
        departments = [f"{DEPARTMENT}{each}" for each in sorted(rows.departments)]
        found = (*departments, *owners, *keys)
        return Some(found) if len(found) <= _MOST else None

    def _all(self, rows: Rows) -> bool:
        """Whether every record is among `rows`, whosever it is."""
        return rows.everything or (rows.broad and not self.entity.is_owned and not self.entity.follows)

    def tells(self, rows: Rows) -> bool:
        """Whether terms alone tell which records are among `rows`."""
        return self._all(rows) or self.within(rows) is not None


class Indexes:
    """The indexes of one site."""

    def __init__(self, entities: Iterable[Entity]) -> None:
        self.by_model: Mapping[type[Any], Index] = {
            entity.model: Index(entity) for entity in entities if _is_indexed(entity)
        }

    def of(self, entity: Entity) -> Index | None:
        """The entity's index; None where it has none."""
        return self.by_model.get(entity.model)


def indexes() -> Indexes:
    """The indexes of the running app; an app without a site has none, nor has a script without an app."""
    found: Indexes | None = current_app.extensions.get("dutybook_search") if current_app else None
    return found or Indexes(())


def _is_indexed(entity: Entity) -> bool:
    return (
        not entity.adopted
        and entity.table.metadata is Base.metadata
        and entity.table.name in INDEXED
        and bool(entity.search_keys)
    )

"""Adopting a database that has no models: reflected tables become mapped classes that the engine can show.

What automap drops is kept here: pure link tables, both of two foreign keys to one table, string and composite keys.
Only tables without a primary key stay outside, and are named.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, ForeignKeyConstraint, MetaData, Table
from sqlalchemy.orm import DeclarativeBase, relationship

from admin_app.engine.entity import Entity

# Attributes with a meaning of their own on every declarative class.
_TAKEN = {"metadata", "registry", "type_annotation_map"}


@dataclass(frozen=True)
class Adopted:
    """`entities` are ready for a Site; `skipped` names the tables without a primary key."""

    entities: Sequence[Entity]
    skipped: Sequence[str]


def adopt(engine: Engine, bind_key: str, group: str | None = None, prefix: str = "") -> Adopted:
    """Reflect all tables of a database.

    Args:
        engine: where the tables are.
        bind_key: the name in SQLALCHEMY_BINDS under which the app reaches the same database.
        group: the menu group of all of them.
        prefix: put before class names, and so before URLs, where two databases share a site.
    """
    metadata = MetaData(info={"bind_key": bind_key})
    metadata.reflect(engine)
    base: Any = type("AdoptedBase", (DeclarativeBase,), {"metadata": metadata})
    keyed = [table for table in metadata.tables.values() if len(table.primary_key.columns)]
    classes: dict[str, Any] = {}
    for table in keyed:
        name = prefix + _identifier(table.name, set())
        classes[table.name] = type(
            name, (base,), {"__table__": table, "__mapper_args__": _mapper_args(table)}
        )
    for table in keyed:
        _relate(table, classes)
    skipped = [table.name for table in metadata.tables.values() if table not in keyed]
    return Adopted(tuple(Entity(model, group=group, adopted=True) for model in classes.values()), skipped)


def _mapper_args(table: Table) -> dict[str, Any]:
    """Attribute names that no Python or SQLAlchemy word clashes with."""
    taken: set[str] = set()
    names: dict[str, Any] = {}
    for column in table.columns:
        name = _identifier(column.name, taken | _TAKEN)
        taken.add(name)
        names[name] = column
    return {"properties": names}


def _relate(table: Table, classes: dict[str, Any]) -> None:
    model = classes[table.name]
    taken = set(model.__mapper__.attrs.keys()) | _TAKEN
    for constraint in sorted(table.foreign_key_constraints, key=lambda each: str(each.column_keys)):
        target = classes.get(constraint.referred_table.name)
        if target is None:
            continue
        name = _reference_name(constraint, taken)
        taken.add(name)
        remote = [element.column for element in constraint.elements]
        model.__mapper__.add_property(
            name,
            relationship(
                target,
                foreign_keys=list(constraint.columns),
                remote_side=remote,
                primaryjoin=_join(constraint),
                viewonly=False,
                # Several references may share a column, as in a key that is also two foreign keys.
                overlaps="*",
            ),
        )


def _join(constraint: ForeignKeyConstraint) -> Any:
    from sqlalchemy import and_

    return and_(*(element.parent == element.column for element in constraint.elements))


def _reference_name(constraint: ForeignKeyConstraint, taken: set[str]) -> str:
    """`SupportRepId` -> "SupportRep"; a column without "id" at its end gets "_ref"."""
    if len(constraint.columns) == 1:
        column = str(next(iter(constraint.columns)).name)
        stem = re.sub(r"_?id$", "", column, flags=re.IGNORECASE) or column
        name = stem if stem != column else f"{column}_ref"
    else:
        name = constraint.referred_table.name
    return _identifier(name, taken)


def _identifier(name: str, taken: set[str]) -> str:
    """A Python identifier near `name` that is not taken."""
    plain = re.sub(r"\W", "_", name) or "_"
    if plain[0].isdigit() or plain.startswith("__") or keyword.iskeyword(plain):
        plain = f"x_{plain}"
    found, number = plain, 2
    while found in taken:
        found, number = f"{plain}_{number}", number + 1
    return found

"""Which column of a file goes into which field: guessed from labels, or said by a mapping file (TOML).

A mapping file has `entity`, `[columns]` (header = field), `[constants]` (field = value), `[values.FIELD]` (text in
the file = text that is meant), `[scale]` (field = factor), `[where]` (header = value or values: other rows are left
out), and `[[children]]`, records that each row makes beside its own, with `entity`, `link` (the child's reference to
the row's record) and the same tables but `where`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from flask_babel import gettext as _

from admin_app.engine.access import current_policy
from admin_app.engine.entity import Entity
from admin_app.engine.labels import Labels, pretty
from admin_app.engine.language import LANGUAGES
from admin_app.engine.site import Site, site
from admin_app.errors import BadInput


class WrongMapping(BadInput):
    """A mapping that does not fit the file or the entity; the message names what."""


@dataclass(frozen=True)
class Recipe:
    """How rows become records of `entity`. `columns` is header -> field key; `link` is set on children only."""

    entity: Entity
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    scale: Mapping[str, Decimal] = field(default_factory=dict)
    where: Mapping[str, frozenset[str]] = field(default_factory=dict)
    children: tuple[Recipe, ...] = ()
    link: str | None = None

    @property
    def fields(self) -> dict[str, str | None]:
        """Field key -> header; None for a constant. A column wins over a constant."""
        return dict.fromkeys(self.constants) | {key: header for header, key in self.columns.items()}

    def headers(self) -> set[str]:
        """All headers that it reads."""
        found = {*self.columns, *self.where}
        return found.union(*(child.headers() for child in self.children))


def importable(entity: Entity) -> tuple[str, ...]:
    """Field keys that a file may fill: those that people may type and whose target, if any, the site knows."""
    return tuple(
        key
        for key in filter(site().fields(current_policy(), entity).writable, entity.import_fields)
        if not entity.fields[key].reference or site().target(entity.fields[key]) is not None
    )


def guess(entity: Entity, headers: Sequence[str]) -> dict[str, str]:
    """header -> field key, for the headers that are a field's key or its label in either language.

    Case and spaces do not matter. Where two headers mean one field, the first one wins.
    """
    names = _names(entity, site().labels)
    found: dict[str, str] = {}
    for header in headers:
        key = names.get(_plain(header))
        if key is not None and key not in found.values():
            found[header] = key
    return found


def _plain(text: str) -> str:
    return "".join(text.casefold().replace("_", " ").split())


def _names(entity: Entity, tables: Labels) -> dict[str, str]:
    keys = importable(entity)
    names = {_plain(key): key for key in keys}
    for language in LANGUAGES:
        for key in keys:
            label = tables.find(language, "entity", entity.name, "field", key) or tables.find(
                language, "field", key
            )
            names.setdefault(_plain(label or pretty(key)), key)
    return names


def choose(recipe: Recipe, headers: Sequence[str], columns: Mapping[str, str]) -> Recipe:
    """`recipe` with other columns.

    Raises:
        WrongMapping: a header that the file does not have, a field that nobody may fill, one filled twice, or none.
    """
    missing = sorted((recipe.headers() - set(recipe.columns) | set(columns)) - set(headers))
    if missing:
        raise WrongMapping(_("The file has no column %(names)s.", names=", ".join(missing)))
    allowed = set(importable(recipe.entity))
    for header, key in columns.items():
        if key not in allowed:
            raise WrongMapping(
                _("Column %(name)s goes into %(key)s, which nobody may fill.", name=header, key=key)
            )
        if list(columns.values()).count(key) > 1:
            twice = ", ".join(name for name, other in columns.items() if other == key)
            raise WrongMapping(_("Columns %(names)s go into the same field.", names=twice))
    if not columns:
        raise WrongMapping(_("No column of the file goes into a field."))
    return Recipe(
        recipe.entity,
        dict(columns),
        recipe.constants,
        recipe.values,
        recipe.scale,
        recipe.where,
        recipe.children,
    )


def mapping_files(entity: Entity) -> dict[str, Path]:
    """The site's mapping files for this entity: name -> file."""
    folder = site().mappings
    if folder is None:
        return {}
    return {
        path.stem: path for path in sorted(folder.glob("*.toml")) if _read(path).get("entity") == entity.name
    }


def load_mapping(path: Path, declared: Site) -> Recipe:
    """The mapping in a file.

    Raises:
        WrongMapping: the file cannot be read, or names an entity or field that there is not.
    """
    return _recipe(_read(path), declared, path.name)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise WrongMapping(
            _("%(file)s cannot be read: %(problem)s", file=path.name, problem=str(problem))
        ) from None


_TABLES = {"entity", "columns", "constants", "values", "scale"}


def _recipe(table: Mapping[str, Any], declared: Site, file: str, child: bool = False) -> Recipe:
    unknown = sorted(set(table) - _TABLES - ({"link"} if child else {"where", "children"}))
    if unknown:
        raise WrongMapping(_("%(file)s: nobody knows %(names)s.", file=file, names=", ".join(unknown)))
    entity = declared.by_name.get(str(table.get("entity")))
    if entity is None:
        raise WrongMapping(
            _("%(file)s: there is no entity %(name)s.", file=file, name=str(table.get("entity")))
        )
    link = str(table.get("link")) if child else None
    named = [table.get(name, {}) for name in ("constants", "values", "scale")]
    keys = [
        *table.get("columns", {}).values(),
        *(key for each in named for key in each),
        *([link] if link else []),
    ]
    wrong = sorted({str(key) for key in keys} - set(importable(entity)))
    if wrong:
        raise WrongMapping(
            _(
                "%(file)s: %(entity)s has no field %(names)s that may be filled.",
                file=file,
                entity=entity.name,
                names=", ".join(wrong),
            )
        )
    try:
        scale = {key: Decimal(str(factor)) for key, factor in table.get("scale", {}).items()}
    except InvalidOperation:
        raise WrongMapping(_("%(file)s: a scale is a number.", file=file)) from None
    return Recipe(
        entity,
        dict(table.get("columns", {})),
        {key: _text(value) for key, value in table.get("constants", {}).items()},
        {
            key: {text: _text(meant) for text, meant in pairs.items()}
            for key, pairs in table.get("values", {}).items()
        },
        scale,
        {header: _texts(wanted) for header, wanted in table.get("where", {}).items()},
        tuple(_recipe(each, declared, file, child=True) for each in table.get("children", ())),
        link,
    )


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)


def _texts(wanted: Any) -> frozenset[str]:
    return frozenset(map(_text, wanted if isinstance(wanted, list) else [wanted]))

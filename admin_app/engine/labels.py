"""Labels of groups, entities, fields and choices, one table per language, handed in by the site."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import current_app

from admin_app.engine.language import lang


class Labels:
    """The label tables of a site: `{"zh": {...}, "en": {...}}`, shaped as in `views/labels/*.toml`.

    A label that is missing falls back to the prettified name: that is how a schema without labels is shown. For
    entities that promise labels, `missing` lists the gaps and start-up refuses them.
    """

    def __init__(self, tables: Mapping[str, Mapping[str, Any]]) -> None:
        self.tables = tables

    @classmethod
    def from_folder(cls, folder: Path) -> Labels:
        """Read `<language>.toml` of each language in `folder`."""
        return cls(
            {path.stem: tomllib.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.toml"))}
        )

    def find(self, language: str, *path: str) -> str | None:
        """The text at `path` in one language, or None."""
        node: Any = self.tables.get(language, {})
        for part in path:
            node = node.get(part) if isinstance(node, Mapping) else None
            if node is None:
                return None
        return node if isinstance(node, str) else None

    def group(self, name: str) -> str:
        """A menu group's label."""
        return self.find(lang(), "group", name) or pretty(name)

    def page(self, key: str) -> str:
        """The label of a page that is no entity."""
        return self.find(lang(), "page", key) or pretty(key)

    def entity(self, name: str) -> str:
        """One record of this entity, in words: 客户, customer."""
        return self.find(lang(), "entity", name, "label") or pretty(name)

    def step(self, entity: str, name: str) -> str:
        """What the button of a step between two states says."""
        return self.find(lang(), "entity", entity, "step", name) or pretty(name)

    @staticmethod
    def inside(label: str) -> str:
        """`label` as it stands inside a sentence: English ones start small, abbreviations and Chinese stay."""
        return label[:1].lower() + label[1:] if lang() == "en" and not label[1:2].isupper() else label

    def plural(self, name: str) -> str:
        """Many of them, as a page title: 客户, Customers."""
        return self.find(lang(), "entity", name, "plural") or self.entity(name)

    def field(self, entity: str, key: str) -> str:
        """A field's label; common fields (owner, note …) have one for all entities."""
        return (
            self.find(lang(), "entity", entity, "field", key)
            or self.find(lang(), "field", key)
            or pretty(key)
        )

    def help(self, entity: str, key: str) -> str:
        """The line under a field, or nothing."""
        return self.find(lang(), "entity", entity, "help", key) or ""

    def section(self, entity: str, key: str) -> str:
        """The heading of a form section."""
        return (
            self.find(lang(), "entity", entity, "section", key)
            or self.find(lang(), "section", key)
            or pretty(key)
        )

    def choice(self, entity: str, key: str, code: str) -> str:
        """A choice's label."""
        return (
            self.find(lang(), "entity", entity, "choice", key, code)
            or self.find(lang(), "choice", key, code)
            or code
        )

    def action(self, name: str) -> str:
        """What a change set's own action is called where it stands by itself: 重新定级, Regraded."""
        return self.find(lang(), "action", name) or pretty(name)

    def constraint(self, name: str) -> str | None:
        """What a violated CHECK or UNIQUE rule means, in the reader's language."""
        return self.find(lang(), "constraint", name)


def pretty(name: str) -> str:
    """`credit_code` -> "Credit code", `AlbumId` -> "Album id"."""
    spaced = "".join(
        f" {ch}" if ch.isupper() and prev.islower() else ch
        for prev, ch in zip(" " + name, name, strict=False)
    )
    words = spaced.replace("_", " ").split()
    return " ".join(words).capitalize() if words else name


def labels() -> Labels:
    """The labels of the running site."""
    found: Labels = current_app.extensions["dutybook"].labels
    return found

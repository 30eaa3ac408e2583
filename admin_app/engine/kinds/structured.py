"""UUID, JSON, arrays, network addresses and binary content."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import func
from wtforms.fields.core import UnboundField

from admin_app.engine.inputs import AreaField
from admin_app.engine.kinds import base
from admin_app.engine.kinds.base import Cell, Kind, Unreadable

_PRESENCE = (base.EMPTY_OP, base.FILLED_OP)
_MAC = re.compile(r"^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$", re.IGNORECASE)
# As JSON writes it; a backslash that is itself escaped begins no escape.
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


class UuidKind(Kind):
    """A UUID, whatever the column keeps it as (`as_uuid` False: text)."""

    name = "text"
    operators = (base.EQUALS, *_PRESENCE)

    def __init__(self, as_uuid: bool = True) -> None:
        self.as_uuid = as_uuid

    def parse(self, text: str) -> Any:
        """Any of the usual spellings."""
        try:
            value = UUID(text.strip())
        except ValueError:
            raise Unreadable(_("“%(value)s” is no UUID.", value=text)) from None
        return value if self.as_uuid else str(value)


class JsonKind(Kind):
    """A JSON document, edited as text."""

    name = "json"
    operators = _PRESENCE
    wide = True

    def parse(self, text: str) -> Any:
        """The document. NaN and Infinity are no JSON."""
        try:
            value = json.loads(text, parse_constant=_no_constant)
            # Escapes can name what no database keeps: half a character, or NUL.
            plain = json.dumps(value, ensure_ascii=False)
            plain.encode()
        except (ValueError, RecursionError) as problem:
            raise Unreadable(_("This is no JSON: %(problem)s", problem=str(problem))) from None
        if _NUL.search(plain):
            raise Unreadable(_("This text holds a character that cannot be stored."))
        return value

    def show(self, value: Any) -> str:
        """Indented, in its own script."""
        return json.dumps(value, ensure_ascii=False, indent=2)

    def export(self, value: Any) -> str:
        """On one line."""
        return json.dumps(value, ensure_ascii=False)

    def cell(self, value: Any) -> Cell:
        """On one line, shortened."""
        text = self.export(value)
        return Cell("json", text if len(text) <= 80 else text[:79] + "…")

    def field(self, label: Any, validators: Sequence[Any], required: bool) -> UnboundField[Any]:
        """An area."""
        return UnboundField(
            AreaField,
            label,
            validators=list(validators),
            kind=self,
            render_kw={"rows": 6, "spellcheck": "false"},
        )


def _no_constant(word: str) -> Any:
    raise ValueError(word)


class ArrayKind(Kind):
    """A one-dimensional array, one item a line, each parsed by `item`."""

    name = "text"
    operators = _PRESENCE

    def __init__(self, item: Kind) -> None:
        self.item = item

    def parse(self, text: str) -> list[Any]:
        """One item a line; blank lines are no items."""
        return [self.item.parse(line) for line in text.split("\n") if line.strip()]

    def show(self, value: Any) -> str:
        """One item a line; NULL items as blanks."""
        return "\n".join("" if item is None else self.item.show(item) for item in value)

    def export(self, value: Any) -> str:
        """A JSON list of texts."""
        return json.dumps(
            [None if item is None else self.item.show(item) for item in value], ensure_ascii=False
        )

    def cell(self, value: Any) -> Cell:
        """Items with commas between."""
        return Cell("text", ", ".join("" if item is None else self.item.show(item) for item in value))

    def field(self, label: Any, validators: Sequence[Any], required: bool) -> UnboundField[Any]:
        """An area."""
        return UnboundField(AreaField, label, validators=list(validators), kind=self, render_kw={"rows": 4})


class InetKind(Kind):
    """A network address: `family` is "inet", "cidr" or "macaddr"."""

    name = "text"
    operators = (base.EQUALS, *_PRESENCE)

    def __init__(self, family: str) -> None:
        self.family = family

    def parse(self, text: str) -> str:
        """An address that PostgreSQL takes too."""
        plain = text.strip()
        try:
            if self.family == "inet":
                ipaddress.ip_interface(plain)
            elif self.family == "cidr":
                ipaddress.ip_network(plain)
            elif not _MAC.match(plain):
                raise ValueError(plain)
        except ValueError:
            raise Unreadable(_("“%(value)s” is no network address.", value=text)) from None
        return plain


class BinaryKind(Kind):
    """Binary content: its size in lists, a download in details, never a form field."""

    name = "binary"
    editable = False
    operators = _PRESENCE

    def parse(self, text: str) -> bytes:
        """Binary content is not typed."""
        raise Unreadable(_("Binary content is not typed in."))

    def select(self, column: Any) -> Any:
        """Only the length: a list never loads content."""
        return func.length(column)

    def show(self, value: Any) -> str:
        """`value` is the length in bytes."""
        return str(_("%(n)s bytes", n=value))

    def export(self, value: Any) -> str:
        """The length in bytes."""
        return str(value)

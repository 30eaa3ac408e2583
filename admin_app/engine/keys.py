"""Primary keys in URLs: one text per key, whatever its columns hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, unquote

from admin_app.engine.kinds import Kind, Unreadable


def encode_key(values: Sequence[Any], kinds: Sequence[Kind]) -> str:
    """`("a,b", 3)` -> "a%2Cb,3". Survives any character, commas and percent signs included."""
    if len(values) == 1 and type(values[0]) is int:
        # Nearly every key of every list.
        return str(values[0])
    return ",".join(quote(kind.export(value), safe="") for kind, value in zip(kinds, values, strict=True))


def decode_key(text: str, kinds: Sequence[Kind]) -> tuple[Any, ...] | None:
    """The typed values behind `text`; None where it is no key of these kinds."""
    parts = text.split(",")
    if len(parts) != len(kinds):
        return None
    try:
        return tuple(
            kind.restore(unquote(part, errors="strict")) for kind, part in zip(kinds, parts, strict=True)
        )
    except (Unreadable, UnicodeDecodeError):
        return None

"""Sentences with links in them: parts of text, each of which may lead somewhere, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

_SLOT: Final = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True)
class Part:
    """A piece of a sentence. `endpoint` and `values` are what `url_for` makes its address of; without, it is text."""

    text: str
    endpoint: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


Sentence = tuple[Part, ...]


def weave(pattern: str, **slots: Part | Sentence | str) -> Sentence:
    """Fill the `%(name)s` of a translated pattern with parts, in the order that the language wants them in."""
    found: list[Part] = []
    for place, piece in enumerate(_SLOT.split(str(pattern))):
        if place % 2 == 0:
            if piece:
                found.append(Part(piece))
            continue
        value = slots[piece]
        if isinstance(value, str):
            found.append(Part(value))
        elif isinstance(value, Part):
            found.append(value)
        else:
            found.extend(value)
    return tuple(found)


def plain(sentence: Sequence[Part]) -> str:
    """The sentence without its links."""
    return "".join(part.text for part in sentence)

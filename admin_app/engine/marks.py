"""HTML that a template draws once, with marks in place of the values, and that is filled in many times."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from markupsafe import Markup, escape

#: Marks are characters for private use, which escaping leaves alone; values are filled in after the cut.
MARKS = "\ue000\ue001\ue002\ue003\ue004\ue005\ue006"
_CUT = re.compile(f"([{MARKS}])")

#: The same words, names and states come again on every page.
escaped = lru_cache(20_000)(lambda text: str(escape(text)))


class Drawn:
    """Drawn HTML, cut at its marks: `first`, then for each mark its place in MARKS and the HTML that follows."""

    def __init__(self, drawn: str) -> None:
        first, *rest = _CUT.split(drawn)
        self.first = first
        self.rest = tuple((MARKS.index(mark), text) for mark, text in zip(rest[::2], rest[1::2], strict=True))

    def filled(self, values: Sequence[str]) -> Markup:
        """The HTML with `values` at their marks, each escaped."""
        out = [self.first]
        for place, text in self.rest:
            out.append(str(escape(values[place])))
            out.append(text)
        return Markup("".join(out))  # noqa: S704 - drawn by the template, and every value escaped above


def unmarked(text: str) -> str:
    """Data that becomes part of a shape, without the characters that serve as marks."""
    return _CUT.sub("", text)

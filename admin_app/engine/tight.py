"""Pieces of pages that are kept are kept without the indentation of their templates, which is a tenth of a page."""

from __future__ import annotations

import re

from markupsafe import Markup

_INDENTATION = re.compile(r"\n\s+")


def tight(drawn: Markup) -> Markup:
    """`drawn` with one line end where lines are indented or empty; not for text that keeps its spaces."""
    return Markup(_INDENTATION.sub("\n", drawn))  # noqa: S704 - markup stays markup

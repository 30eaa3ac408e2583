"""Rows as HTML: every value escaped, whatever it holds, and at the place that its shape has for it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from admin_app.engine.kinds import Cell
from admin_app.engine.kinds.base import EMPTY
from admin_app.engine.listing.drawing import draw_rows, on_a_phone
from admin_app.engine.listing.page import Listed

NASTY = '<b onclick="x">&\'\ue000\ue003\ue006 {{ 7*7 }}</b>'
COLUMN = {"label": NASTY, "numeric": False}


def row(**changes: Any) -> Listed:
    """A row of one cell."""
    usual = {"key": "1", "url": "/x?id=1", "ways": "o", "title": "T", "code": None, "cells": [EMPTY]}
    return Listed(**(usual | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"title": NASTY},
        {"code": NASTY},
        {"key": NASTY},
        {"url": NASTY},
        {"cells": [Cell("text", NASTY)]},
        {"cells": [Cell("number", NASTY)]},
        {"cells": [Cell("reference", NASTY, NASTY)]},
        {"cells": [Cell("money", NASTY, None, NASTY)]},
        {"cells": [Cell("choice", NASTY, code=NASTY, tone="letter-r")]},
        {"cells": [Cell("masked", NASTY, reveal=NASTY)]},
    ],
)
@pytest.mark.parametrize("pick", [True, False])
def test_no_value_becomes_markup(desk: Session, changes: dict[str, Any], pick: bool) -> None:
    drawn = draw_rows([row(**changes), row(**changes)], [COLUMN], pick)
    assert "<b " not in drawn and 'onclick="' not in drawn
    assert drawn.count("<tr ") == 2
    # Characters that serve as marks while a shape is drawn come through as they are, and stand for nothing.
    assert drawn.count("{{ 7*7 }}&lt;/b&gt;") == drawn.count("&lt;b onclick")


def test_a_shape_is_drawn_once_and_filled_with_each_rows_values(desk: Session) -> None:
    rows = [row(key=str(n), title=f"T{n}", cells=[Cell("text", f"V{n}")]) for n in range(3)]
    drawn = draw_rows(rows, [{"label": "L", "numeric": True}], True)
    for n in range(3):
        assert f'value="{n}"' in drawn and f">T{n}</a>" in drawn and f">V{n}</td>" in drawn
    assert drawn.count("db-num") == 3


def test_an_empty_text_is_a_dash(desk: Session) -> None:
    assert "—" in draw_rows([row(cells=[Cell("text", "")])], [COLUMN], False)


@pytest.mark.parametrize(
    ("kinds", "places"),
    [
        (["choice", "choice", "date", "money", "reference"], ["s1", "s2", "s3", "s4", "s5"]),
        (["reference"], ["s1"]),
        (["text", None, "text"], ["s1", None, "s2"]),
        (["json"], [None]),
    ],
)
def test_a_phone_shows_what_fits_its_card(kinds: list[str | None], places: list[str | None]) -> None:
    found = on_a_phone(kinds)
    assert [found.get(at) for at in range(len(kinds))] == places

"""Rows as HTML: the template of a row is drawn once for each shape of row, and filled in for each row.

Twenty rows of eight cells are most of a list page. A template that runs for each cell decides the same things again
and again; here it runs once with marks in place of the values, and what it drew is cut at the marks.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Protocol

from flask import current_app, request
from markupsafe import Markup

from admin_app.engine.kinds import Cell
from admin_app.engine.language import lang
from admin_app.engine.marks import MARKS, Drawn, escaped, unmarked

#: Shapes kept in a process: fields, kinds, tones, currencies and languages together stay far below it.
_KEPT = 5_000


class Row(Protocol):
    """What a row of a list holds."""

    @property
    def key(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def ways(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def code(self) -> str | None: ...
    @property
    def cells(self) -> Sequence[Cell]: ...


def draw_rows(rows: Sequence[Row], columns: Sequence[dict[str, Any]], pick: bool) -> Markup:
    """The table rows; `pick` says whether they have a box to tick."""
    forms = _Forms()
    places = on_a_phone([_kind_of(cells) for cells in zip(*(row.cells for row in rows), strict=True)])
    heads = [(column["label"], column["numeric"], places.get(at)) for at, column in enumerate(columns)]
    out: list[str] = []
    cells: list[str] = []
    for number, row in enumerate(rows):
        cells.clear()
        for head, cell in zip(heads, row.cells, strict=True):
            form = forms.cell(head, cell)
            cells.append(form.first)
            for at, text in form.rest:
                cells.append(escaped(cell.text if at == 0 else cell.url if at == 1 else cell.reveal))
                cells.append(text)
        values = (f"r{number}", row.key, row.url, row.ways, row.title, row.code or "")
        form = forms.row(pick, row.code is not None)
        out.append(form.first)
        for at, text in form.rest:
            out.append(escaped(values[at]) if at < len(values) else "".join(cells))
            out.append(text)
    return Markup("".join(out))  # noqa: S704 - drawn by the template, and every value escaped above


class _Forms:
    """The forms of this language, drawn when they are first needed."""

    def __init__(self) -> None:
        every: dict[Hashable, dict[Hashable, Drawn]] = current_app.extensions.setdefault("dutybook_rows", {})
        self._kept = every.setdefault((lang(), request.script_root), {})

    def cell(self, head: tuple[str, bool, str | None], cell: Cell) -> Drawn:
        """The form of a cell under this column."""
        kind, text, url, unit, code, tone, reveal = cell
        # An empty text is drawn as a dash.
        shape = (head, kind, tone, unit, code, url is None, reveal is None, not text)
        form = self._kept.get(shape)
        if form is None:
            marked = cell._replace(
                text=MARKS[0] if text else "",
                url=url and MARKS[1],
                reveal=reveal and MARKS[2],
                # A currency is data too, and part of the shape.
                unit=unit and unmarked(unit),
                code=code and unmarked(code),
            )
            label, numeric, place = head
            column = {"label": unmarked(label), "numeric": numeric}
            form = self._keep(shape, _template().cell(column, place, marked))
        return form

    def row(self, pick: bool, code: bool) -> Drawn:
        """The form of a row with these parts."""
        form = self._kept.get((pick, code))
        if form is None:
            *marks, number, cells = list(MARKS)
            drawn = _template().row(pick, *marks, number if code else None, cells)
            form = self._keep((pick, code), drawn)
        return form

    def _keep(self, shape: Hashable, drawn: str) -> Drawn:
        if len(self._kept) >= _KEPT:
            self._kept.clear()
        form = self._kept[shape] = Drawn(str(drawn))
        return form


def _template() -> Any:
    return current_app.jinja_env.get_template("admin/model/row.html").module


#: Where a column stands on a phone's card, and what kinds of value fit there, the best fit first.
_PLACES = (
    ("s1", ("choice",)),
    ("s2", ("choice", "bool")),
    ("s3", ("date", "datetime")),
    ("s4", ("money", "number")),
    ("s5", ("reference",)),
    ("s1", ("text", "reference", "bool", "number")),
    ("s2", ("text", "reference", "number")),
    ("s4", ("text", "reference", "choice")),
)


def on_a_phone(kinds: Sequence[str | None]) -> dict[int, str]:
    """Which of a list's columns, given by the kinds of their values, a phone's card shows, and at which place."""
    places: dict[int, str] = {}
    for place, fits in _PLACES:
        for at, kind in enumerate(kinds):
            if place in places.values():
                break
            if at not in places and kind in fits:
                places[at] = place
    taken = set(places.values())
    # A lone reference stands on the left, not across an empty line.
    if "s5" in taken and not taken & {"s1", "s4"}:
        places = {at: "s1" if place == "s5" else place for at, place in places.items()}
    return places


def _kind_of(cells: Sequence[Cell]) -> str | None:
    return next((cell.kind for cell in cells if cell.kind != "empty"), None)

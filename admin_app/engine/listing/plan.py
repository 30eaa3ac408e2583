"""What a page selects: plain tuples with just the visible columns, labels of references joined in."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, Subquery, and_, select
from sqlalchemy.orm import aliased

from admin_app.engine.access import Rows, current_policy
from admin_app.engine.addresses import address, path_of, quoted
from admin_app.engine.entity import Entity, Field
from admin_app.engine.keys import encode_key
from admin_app.engine.kinds import Cell
from admin_app.engine.kinds.base import EMPTY
from admin_app.engine.masking import mask
from admin_app.engine.site import site

Draw = Callable[[Sequence[Any], Any], Cell]


@dataclasses.dataclass
class _Slot:
    """Where one field's values stand in a row: its own value, then for references label and key of the target.

    `plain` says that the reader gets it in full on every row; `draw` makes a cell of a row and its value.
    """

    field: Field
    start: int
    plain: bool
    unit: int | None = None
    label: int | None = None
    target: Entity | None = None
    draw: Draw = dataclasses.field(init=False)


class Plan:
    """A statement over one entity for some of its fields, and how to read its rows.

    One statement whatever the number of rows: references are outer joins to their label column, which the row
    scope narrows like any other statement, so that the label of a record that one may not see is never there.
    """

    def __init__(self, entity: Entity, keys: Sequence[str]) -> None:
        self.entity = entity
        self.slots: dict[str, _Slot] = {}
        self._columns: list[Any] = list(entity.key_attributes)
        self._joins: list[tuple[Any, Any]] = []
        self.version_places: list[int] = []
        self.order_places: list[int] = []
        titles = [*entity.title_keys, *([entity.code] if entity.code else [])]
        self._fields = site().fields(current_policy(), entity)
        self._reveals = site().rows(current_policy(), "reveal", entity)
        for key in dict.fromkeys([*titles, *keys]):
            if self._fields.visible(key):
                self._add(entity.fields[key])
        self._owner = (
            (self._push(entity.model.owner_id), self._push(entity.model.department_id))
            if entity.is_owned
            else None
        )

    def within(self, row: Sequence[Any], rows: Rows) -> bool:
        """Whether a row is among `rows`, as far as it says so itself: a part follows its whole, which the door asks."""
        if rows.keys and tuple(row[: len(self.entity.key_attributes)]) in self.entity.guard.keys(rows):
            return True
        if self._owner is None:
            return rows.broad or any(name != self.entity.name for name, _key in rows.keys)
        owner, department = self._owner
        return rows.hold(row[owner], row[department])

    def _push(self, column: Any) -> int:
        self._columns.append(column)
        return len(self._columns) - 1

    def _add(self, each: Field) -> None:
        plain = self._fields.rows(each.key, "read").everything
        if each.reference is None:
            start = self._push(each.kind.select(getattr(self.entity.model, each.key)))
            unit_key = self.entity.unit_key(each)
            unit = self._push(getattr(self.entity.model, unit_key)) if unit_key else None
            slot = self.slots[each.key] = _Slot(each, start, plain, unit)
            slot.draw = self._drawing(slot)
            return
        own = self.entity.mapper.get_property_by_column(each.column)
        start = self._push(getattr(self.entity.model, own.key))
        target = site().target(each)
        label = None
        if target is not None:
            alias = aliased(target.model)
            self._joins.append((alias, getattr(self.entity.model, each.key).of_type(alias)))
            key_columns = [getattr(alias, attribute.key) for attribute in target.key_attributes]
            label_column = getattr(alias, target.label_key) if target.label_key else key_columns[0]
            label = self._push(label_column)
            for column in key_columns:
                self._push(column)
        slot = self.slots[each.key] = _Slot(each, start, plain, None, label, target)
        slot.draw = self._drawing(slot)

    def statement(self, within: Subquery | None = None) -> Select[Any]:
        """The select, without order or limit; of the records whose keys are the first columns of `within`."""
        statement = select(*self._columns)
        if within is None:
            statement = statement.select_from(self.entity.model)
        else:
            pairs = zip(self.entity.key_attributes, within.c, strict=False)
            on = and_(*(attribute == column for attribute, column in pairs))
            statement = statement.select_from(within).join(self.entity.model, on)
        for alias, on in self._joins:
            statement = statement.outerjoin(alias, on)
        return statement

    def push_hidden(self, column: Any) -> int:
        """Select one more expression, for the pager; returns its place in the row."""
        return self._push(column)

    def key(self, row: Sequence[Any]) -> str:
        """The record's key as it stands in URLs."""
        return encode_key(tuple(row[: len(self.entity.key_kinds)]), self.entity.key_kinds)

    def value(self, row: Sequence[Any], key: str) -> Any:
        """A field's stored value; for a reference, its first foreign-key column."""
        return row[self.slots[key].start]

    def unit(self, row: Sequence[Any], key: str) -> str | None:
        """The currency of a money field; None where it has none."""
        place = self.slots[key].unit
        return None if place is None else row[place]

    def reference(self, row: Sequence[Any], key: str) -> tuple[str, str] | None:
        """(key, label) of a reference's target; None where there is none. A hidden one keeps its key, not its label."""
        slot = self.slots[key]
        if row[slot.start] is None:
            return None
        if slot.label is None or slot.target is None:
            return (str(row[slot.start]),) * 2
        kinds = slot.target.key_kinds
        values = tuple(row[slot.label + 1 : slot.label + 1 + len(kinds)])
        if any(value is None for value in values):
            return "", _("Not visible to you")
        label = row[slot.label]
        key_text = encode_key(values, kinds)
        return key_text, f"#{key_text}" if label is None or str(label) == "" else str(label)

    def cell(self, row: Sequence[Any], key: str, link: bool = True) -> Cell:
        """A field as the reader sees it."""
        slot = self.slots[key]
        value = row[slot.start]
        if value is None or value == "":
            return EMPTY
        if not slot.plain and not self._shows(row, key, "read"):
            return self._masked(row, key) if self._shows(row, key, "masked") else EMPTY
        if link:
            return slot.draw(row, value)
        found = self.reference(row, key) if slot.field.reference is not None else None
        return Cell("reference", found[1]) if found else slot.field.kind.cell(value)

    def _drawing(self, slot: _Slot) -> Draw:
        """How the values of one field become cells: what is the same for all rows is found out once."""
        each = slot.field
        if each.reference is not None:
            return self._reference_drawing(slot)
        if each.kind.name == "binary":
            return self._binary_drawing(slot)
        kind, unit, tones = each.kind, slot.unit, self.entity.tones.get(each.key, {})
        if unit is not None:
            return lambda row, value: Cell("money", kind.cell(value).text, None, row[unit])
        if getattr(kind, "codes", None):
            known: dict[Any, Cell] = {}

            def choice(_row: Sequence[Any], value: Any) -> Cell:
                cell = known.get(value)
                if cell is None:
                    cell = kind.cell(value)
                    cell = known[value] = cell._replace(tone=tones.get(str(cell.code)))
                return cell

            return choice
        return lambda _row, value: kind.cell(value)

    def _reference_drawing(self, slot: _Slot) -> Draw:
        opens = slot.target is not None and site().may(current_policy(), "view", slot.target)
        endpoint = f"{slot.target.name}.details_view" if opens and slot.target else None

        def reference(row: Sequence[Any], _value: Any) -> Cell:
            found = self.reference(row, slot.field.key)
            assert found is not None
            key, label = found
            return Cell(
                "reference", label, f"{path_of(endpoint)}?id={quoted(key)}" if endpoint and key else None
            )

        return reference

    def _binary_drawing(self, slot: _Slot) -> Draw:
        endpoint, kind = f"{self.entity.name}.download_view", slot.field.kind

        def binary(row: Sequence[Any], value: Any) -> Cell:
            url = address(endpoint, id=self.key(row), field=slot.field.key)
            return Cell("binary", kind.cell(value).text, url)

        return binary

    def _shows(self, row: Sequence[Any], key: str, level: str) -> bool:
        rows = self._fields.rows(key, level)
        # A part does not say whose it is: there, only what holds for all its rows counts.
        return rows.everything or (
            self._fields.readable(key) if self._owner is None else self.within(row, rows)
        )

    def _masked(self, row: Sequence[Any], key: str) -> Cell:
        slot = self.slots[key]
        plain = slot.field.reference is None
        text = mask(slot.field.kind.export(row[slot.start])) if plain else mask("")
        url = None
        if plain and self.within(row, self._reveals):
            url = address(f"{self.entity.name}.reveal_view", id=self.key(row), field=key)
        return Cell("masked", text, reveal=url)

    def export(self, row: Sequence[Any], key: str) -> str:
        """A field as a CSV file holds it: references by label, everything else exact."""
        slot = self.slots[key]
        value = row[slot.start]
        if value is None or not self._shows(row, key, "masked"):
            return ""
        if not self._shows(row, key, "read"):
            return self._masked(row, key).text
        if slot.field.reference is not None:
            found = self.reference(row, key)
            return found[1] if found else ""
        return slot.field.kind.export(value)

    def code(self, row: Sequence[Any]) -> str | None:
        """The record's short number; None where it has none."""
        value = self.value(row, self.entity.code) if self.entity.code else None
        return None if value is None else str(value)

    def title(self, row: Sequence[Any], keys: Sequence[str] | None = None) -> str:
        """The record's name on its own pages; `keys` where some of its parts go without saying."""
        parts = [self.cell(row, key, link=False).text for key in keys or self.entity.title_keys]
        text = " · ".join(part for part in parts if part != EMPTY.text)
        return text or f"#{self.key(row)}"

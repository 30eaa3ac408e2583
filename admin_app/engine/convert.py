"""From SQLAlchemy column types to kinds. A type that no kind serves is refused at start-up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.types import TypeDecorator, TypeEngine

from admin_app.engine import kinds
from models.types import Money

_INPUT_TYPES = {"email": "email", "phone": "tel", "mobile": "tel", "website": "url"}


class UnsupportedColumn(Exception):
    """No kind serves this column; the message names it."""


def kind_of(column: sa.Column[Any], label_of: Callable[[str], str] = str) -> kinds.Kind:
    """The kind that serves `column`.

    Args:
        column: a table's column.
        label_of: gives an enumeration code's label in the reader's language.

    Raises:
        UnsupportedColumn: naming the column and its type.
    """
    found = _kind(column.type, column, label_of)
    if found is None:
        raise UnsupportedColumn(
            f"{column.table.name}.{column.name}: no screen knows the type {column.type!r}; "
            "map it to a supported type or leave the column out of the class"
        )
    return found


def _kind(
    type_: TypeEngine[Any], column: sa.Column[Any], label_of: Callable[[str], str]
) -> kinds.Kind | None:
    if isinstance(type_, Money):
        return kinds.MoneyKind()
    if isinstance(type_, sa.Interval):
        # A decorator over a DateTime, which is no more than how some databases keep it.
        return kinds.IntervalKind()
    if isinstance(type_, TypeDecorator):
        return _kind(type_.impl_instance, column, label_of)
    if isinstance(type_, sa.ARRAY):
        if (type_.dimensions or 1) > 1:
            return None
        item = _kind(type_.item_type, column, label_of)
        return kinds.ArrayKind(item) if item and item.editable else None
    for family, make in _FAMILIES:
        if isinstance(type_, family):
            return make(type_, column, label_of)
    return None


def _text(type_: Any, column: sa.Column[Any], label_of: Callable[[str], str]) -> kinds.Kind:
    multiline = isinstance(type_, sa.Text) or bool(column.info.get("multiline"))
    return kinds.TextKind(type_.length, multiline, _INPUT_TYPES.get(column.name, "text"))


def _integer(type_: Any, column: sa.Column[Any], label_of: Callable[[str], str]) -> kinds.Kind:
    bits = 16 if isinstance(type_, sa.SmallInteger) else 64 if isinstance(type_, sa.BigInteger) else 32
    return kinds.IntegerKind(bits)


def _choice(type_: Any, column: sa.Column[Any], label_of: Callable[[str], str]) -> kinds.Kind:
    return kinds.ChoiceKind(type_.enums, label_of, type_.enum_class)


def _numeric(type_: Any, column: sa.Column[Any], label_of: Callable[[str], str]) -> kinds.Kind:
    if not type_.asdecimal:
        return kinds.FloatKind()
    return kinds.DecimalKind(type_.precision, type_.scale)


# Order matters: an Enum is a String, a Float was a Numeric before SQLAlchemy 2.1.
_FAMILIES: tuple[tuple[Any, Callable[..., kinds.Kind]], ...] = (
    (sa.Boolean, lambda *_: kinds.BooleanKind()),
    (sa.Enum, _choice),
    ((sa.Uuid, pg.UUID), lambda type_, *_: kinds.UuidKind(type_.as_uuid)),
    (pg.INET, lambda *_: kinds.InetKind("inet")),
    (pg.CIDR, lambda *_: kinds.InetKind("cidr")),
    ((pg.MACADDR, pg.MACADDR8), lambda *_: kinds.InetKind("macaddr")),
    (sa.JSON, lambda *_: kinds.JsonKind()),
    (pg.INTERVAL, lambda *_: kinds.IntervalKind()),
    (sa.DateTime, lambda type_, *_: kinds.DateTimeKind(bool(type_.timezone))),
    (sa.Date, lambda *_: kinds.DateKind()),
    (sa.Time, lambda *_: kinds.TimeKind()),
    ((sa.Float, sa.Double), lambda *_: kinds.FloatKind()),
    (sa.Numeric, _numeric),
    (sa.Integer, _integer),
    (sa.types._Binary, lambda *_: kinds.BinaryKind()),
    (sa.String, _text),
)

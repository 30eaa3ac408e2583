"""Valid values for any entity's form, derived from its fields, and more rows of any table."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from admin_app.engine.entity import Entity, Field
from admin_app.engine.kinds import (
    BooleanKind,
    ChoiceKind,
    DateKind,
    DateTimeKind,
    DecimalKind,
    FloatKind,
    IntegerKind,
    IntervalKind,
    JsonKind,
    TextKind,
    TimeKind,
    UuidKind,
)

FIRST_DAY = date(2026, 3, 1)
#: Texts that a rule of the trade reads, by entity and field; an empty one has to stay empty.
RULED = {
    "customer": {"judgement": "7"},
    "grade_dimension": {"weight": "3", "months": "12"},
    "grade_band": {"points": "5"},
    "duty_conflict": {"entity": "", "action": "", "other_action": ""},
    "access_grant": {"entity": "customer", "actions": "view edit", "rows": "all"},
}
#: Another valid value for each entity that has numbers and references alone.
OTHER = {
    "grade_step": {"points": "2002"},
    "grade_dimension": {"weight": "4"},
    "grade_band": {"points": "6"},
    "grade_rate": {"rate": "13.00"},
}
#: Makes copies differ from all earlier ones.
_numbers = itertools.count(1)


def valid_values(entity: Entity, lookups: Any, attempt: int = 0) -> dict[str, str]:
    """What a person would type into an empty form; another `attempt` gives other values.

    `lookups(key)` gives the keys that the field's lookup offers. Dates rise in the order of the fields, since a first
    day stands before a last one.
    """
    values: dict[str, str] = {}
    for place, key in enumerate(entity.form_fields):
        each = entity.fields[key]
        if each.reference is not None:
            offered = lookups(key)
            if offered:
                # Another step for each field, so that pairs differ too.
                values[key] = offered[(attempt * (place + 1) + place) % len(offered)]
        else:
            values[key] = _typed(each, place, attempt)
    values |= RULED.get(entity.name, {})
    return {key: value for key, value in values.items() if value}


def _typed(each: Field, place: int, attempt: int) -> str:
    kind = each.kind
    day = FIRST_DAY + timedelta(days=10 * place - attempt)
    if isinstance(kind, BooleanKind):
        return "y" if not each.nullable else "true"
    if isinstance(kind, ChoiceKind):
        return kind.codes[attempt % len(kind.codes)] if _is_alone(each) else kind.codes[0]
    if isinstance(kind, TextKind):
        return _text(kind, each.key, attempt)
    if isinstance(kind, DecimalKind | FloatKind):
        return "12.50"
    for family, value in (
        (IntegerKind, "2001"),
        (DateTimeKind, f"{day}T10:30:15"),
        (DateKind, str(day)),
        (TimeKind, "10:30:15"),
        (IntervalKind, "1 02:03:04"),
        (JsonKind, "{}"),
        (UuidKind, f"00000000-0000-4000-8000-{attempt:012}"),
    ):
        if isinstance(kind, family):
            return value
    raise AssertionError(f"{each.key}: nobody said what a valid {type(kind).__name__} is")


def _text(kind: TextKind, key: str, attempt: int) -> str:
    # Short columns hold codes: a currency, a colour.
    if kind.length is not None and kind.length <= 3:
        return "CNY"[: kind.length]
    if kind.length == 7:
        return "#a1b2c3"
    return f"{key[:8]} 值 {attempt}"[: kind.length]


def _is_alone(each: Field) -> bool:
    return bool(each.column.unique) or _alone_in_constraint(each.column)


def _alone_in_constraint(column: Any) -> bool:
    return any(
        isinstance(constraint, sa.UniqueConstraint) and list(constraint.columns) == [column]
        for constraint in column.table.constraints
    )


def is_scarce(entity: Entity) -> bool:
    """Whether some choice may stand in one record only, so that all may be taken."""
    return any(isinstance(each.kind, ChoiceKind) and _is_alone(each) for each in entity.fields.values())


def multiply(connection: sa.Connection, table: sa.Table, number: int) -> int:
    """Insert up to `number` copies of the table's first row, and return how many: unique texts and days are varied."""
    first = connection.execute(sa.select(table).order_by(table.c.id).limit(1)).mappings().one_or_none()
    # Copies would be alike where only some rows have to differ.
    if first is None or any(index.unique for index in table.indexes):
        return 0
    unique = [
        list(constraint.columns)
        for constraint in table.constraints
        if isinstance(constraint, sa.UniqueConstraint)
    ]
    copies = []
    for count in itertools.islice(_numbers, number):
        row = {key: value for key, value in first.items() if key != "id"}
        for columns in unique:
            if not _vary(row, columns, count):
                return 0
        copies.append(row)
    connection.execute(table.insert(), copies)
    return number


def _vary(row: dict[str, Any], columns: list[Any], count: int) -> bool:
    """Change one of a unique constraint's columns; False where none can be."""
    for column in columns:
        value = row[column.name]
        if isinstance(column.type, sa.Date):
            row[column.name] = (value or FIRST_DAY) - timedelta(days=count)
            return True
        if (
            isinstance(column.type, sa.String)
            and not isinstance(column.type, sa.Enum)
            and (column.type.length or 99) > 3
        ):
            row[column.name] = f"~{count}"
            return True
    # SQL lets NULL stand twice.
    return any(row[column.name] is None for column in columns)

"""Column kinds: for each SQL type how it is typed in, shown, filtered and exported."""

from admin_app.engine.kinds.base import Cell, Kind, Operator, Unreadable
from admin_app.engine.kinds.number import DecimalKind, FloatKind, IntegerKind, MoneyKind
from admin_app.engine.kinds.structured import ArrayKind, BinaryKind, InetKind, JsonKind, UuidKind
from admin_app.engine.kinds.text import BooleanKind, ChoiceKind, TextKind
from admin_app.engine.kinds.time import DateKind, DateTimeKind, IntervalKind, TimeKind

__all__ = [
    "ArrayKind",
    "BinaryKind",
    "BooleanKind",
    "Cell",
    "ChoiceKind",
    "DateKind",
    "DateTimeKind",
    "DecimalKind",
    "FloatKind",
    "InetKind",
    "IntegerKind",
    "IntervalKind",
    "JsonKind",
    "Kind",
    "MoneyKind",
    "Operator",
    "TextKind",
    "TimeKind",
    "Unreadable",
    "UuidKind",
]

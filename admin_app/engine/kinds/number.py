"""Numbers: exact, never through a binary float unless the column is one."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

from flask_babel import format_decimal
from flask_babel import gettext as _

from admin_app.engine.kinds import base
from admin_app.engine.kinds.base import Cell, Kind, Unreadable

_STORABLE = 1 << 63
_RANGE = (base.EQUALS, base.AT_LEAST, base.AT_MOST, base.EMPTY_OP, base.FILLED_OP)
# Python's own readers also take "1_000" and digits of other scripts; a number field should not.
_WHOLE = re.compile(r"[+-]?[0-9]{1,40}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,6})?")


class IntegerKind(Kind):
    """A whole number within `bits`."""

    name = "number"
    numeric = True
    operators = _RANGE

    def __init__(self, bits: int = 64) -> None:
        self.limit = 1 << (bits - 1)

    def parse(self, text: str) -> int:
        """A whole number that the column can hold; grouping commas and spaces are ignored."""
        number = self.restore(text)
        if not -self.limit <= number < self.limit:
            raise Unreadable(_("The number is too large to be stored."))
        return number

    def restore(self, text: str) -> int:
        """A number of 64 bits: SQLite stores them in any integer column."""
        plain = _ungrouped(text)
        if not _WHOLE.fullmatch(plain):
            raise Unreadable(_("“%(value)s” is no whole number.", value=text))
        number = int(plain)
        if not -_STORABLE <= number < _STORABLE:
            raise Unreadable(_("The number is too large to be stored."))
        return number

    def cell(self, value: Any) -> Cell:
        """Plain digits: years and codes are numbers too, and 2,017 is no year."""
        return Cell("number", str(value))


class DecimalKind(Kind):
    """An exact decimal number with `scale` places and `precision` digits in all (None: any)."""

    name = "number"
    numeric = True
    operators = _RANGE

    def __init__(self, precision: int | None = None, scale: int | None = None) -> None:
        self.precision = precision
        self.scale = scale

    def parse(self, text: str) -> Decimal:
        """A number with no more places than the column keeps: nothing is rounded behind anybody's back."""
        plain = _ungrouped(text).lstrip("¥$€")
        if not _NUMBER.fullmatch(plain):
            raise Unreadable(_("“%(value)s” is no number.", value=text))
        number = Decimal(plain)
        if abs(number.adjusted()) > 300:
            raise Unreadable(_("“%(value)s” is no number.", value=text))
        if self.scale is not None and _places(number) > self.scale:
            raise Unreadable(_("%(n)s decimal places at most.", n=self.scale))
        if (
            self.precision is not None
            and number
            and number.adjusted() + 1 > self.precision - (self.scale or 0)
        ):
            raise Unreadable(_("The number is too large to be stored."))
        return number

    def show(self, value: Any) -> str:
        """Plain digits without an exponent."""
        return format(Decimal(value), "f")

    def cell(self, value: Any) -> Cell:
        """Grouped by thousands, with all its places."""
        return Cell(self.name, grouped(Decimal(value)))


class MoneyKind(DecimalKind):
    """An amount with two places; the list puts its currency before it."""

    name = "money"

    def __init__(self) -> None:
        super().__init__(precision=18, scale=2)

    def show(self, value: Any) -> str:
        """Always two places."""
        return format(Decimal(value).quantize(Decimal("0.01")), "f")

    def cell(self, value: Any) -> Cell:
        """Grouped by thousands, two places."""
        return Cell("money", money(value))


class FloatKind(Kind):
    """A binary floating-point number."""

    name = "number"
    numeric = True
    operators = _RANGE

    def parse(self, text: str) -> float:
        """A finite number."""
        plain = _ungrouped(text)
        number = float(plain) if _NUMBER.fullmatch(plain) else math.nan
        if not math.isfinite(number):
            raise Unreadable(_("“%(value)s” is no number.", value=text))
        return number

    def restore(self, text: str) -> float:
        """Infinity may be stored already."""
        try:
            return float(text)
        except ValueError:
            raise Unreadable(_("“%(value)s” is no number.", value=text)) from None

    def show(self, value: Any) -> str:
        """The shortest text that reads back as the same number."""
        return repr(float(value))

    def cell(self, value: Any) -> Cell:
        """Rounded for the eye; the form has the exact one."""
        if value and not 1e-6 <= abs(value) < 1e15:
            # Very large and very small ones, infinity and NaN have no plain digits.
            return Cell("number", self.show(value))
        return Cell("number", format_decimal(value, format="#,##0.######"))


def money(value: Decimal) -> str:
    """`value` with thousands separators and two places: 1234.5 -> "1,234.50"."""
    return format(Decimal(value).quantize(Decimal("0.01")), ",f")


def grouped(value: Decimal) -> str:
    """`value` with thousands separators, all its places kept: 1234.50 -> "1,234.50"."""
    return format(value, ",f")


def _ungrouped(text: str) -> str:
    return text.strip().replace(",", "").replace(" ", "")


def _places(number: Decimal) -> int:
    # Decimal.normalize would round to the context's 28 digits first.
    return len(format(number, "f").partition(".")[2].rstrip("0"))

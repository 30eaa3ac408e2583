"""The column vocabulary: keys, coded choices, documents, exact money and UTC times, alike on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Enum, Integer, Numeric
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import operators
from sqlalchemy.types import TypeDecorator, TypeEngine

# SQLite gives out its own row ids only to a column declared exactly INTEGER PRIMARY KEY.
Key = BigInteger().with_variant(Integer(), "sqlite")

# A JSON document, replaced as a whole: a change inside it goes unnoticed. None is NULL, never the JSON word null.
Document = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

_CENT = Decimal("0.01")
_MONEY_LIMIT = Decimal(10) ** 16


def choice(name: str, *codes: str) -> Enum:
    """A string column that holds one of ``codes``, kept by a CHECK constraint called ``ck_<table>_<name>``.

    An unknown code raises ``LookupError`` (inside SQLAlchemy's ``StatementError``) before it is sent.
    """
    return Enum(
        *codes, native_enum=False, create_constraint=True, validate_strings=True, name=name, length=40
    )


#: Grades of customers, the best one first.
GRADES = ("A+", "A", "B", "C", "D")


def grade_code(name: str) -> Enum:
    """A grade of customers."""
    return choice(name, *GRADES)


def letter() -> Enum:
    """R does it, A owns and approves it, V supervises, C coordinates, S assists, I is told."""
    return choice("letter", "R", "A", "V", "C", "S", "I")


def reach() -> Enum:
    """On whose records, from the narrowest to the widest."""
    return choice("rows", "own", "subordinates", "department", "department_tree", "all")


def field_level() -> Enum:
    """What one may do with a group of fields, from the least to the most."""
    return choice("field_level", "hidden", "masked", "read", "write")


def utc_now() -> datetime:
    """The present moment, with its zone."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: any zone goes in, UTC comes out.

    A datetime without a zone raises ``ValueError`` (inside ``StatementError``): guessing zones loses hours.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def __repr__(self) -> str:
        return "UtcDateTime()"

    def process_bind_param(
        self,
        value: datetime | None,
        dialect: Dialect,
    ) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time needs its zone: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,
    ) -> datetime | None:
        if value is None:
            return None
        # SQLite has no zones: what process_bind_param wrote there is UTC.
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Money(TypeDecorator[Decimal]):
    """An exact amount with two decimal places, under 10**16 either way; its currency is a column beside it.

    NUMERIC(18,2) on PostgreSQL, whole cents in an integer on SQLite, which has no decimals. Comparison,
    ``+``, ``-``, ``sum``, ``min``, ``max`` and ``coalesce`` work alike on both; ``avg`` does not (divide a
    sum by a count in Python). A float raises ``TypeError``, a third decimal place or too large an amount
    ``ValueError`` (both inside ``StatementError``).
    """

    impl = Numeric(18, 2)
    cache_ok = True

    def __repr__(self) -> str:
        return "Money()"

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(Numeric(18, 2))

    def process_bind_param(self, value: Decimal | int | str | None, dialect: Dialect) -> Decimal | int | None:
        if value is None:
            return None
        amount = exact_money(value)
        return int(amount.scaleb(2)) if dialect.name == "sqlite" else amount

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Decimal | None:
        if value is None:
            return None
        if dialect.name == "sqlite":
            return Decimal(int(value)).scaleb(-2)
        return Decimal(value).quantize(_CENT)

    def coerce_compared_value(self, op: Callable[..., Any] | None, value: Any) -> TypeEngine[Any]:
        # A factor is a plain number; taken as money it would become cents and count a hundredfold on SQLite.
        if op in (operators.mul, operators.truediv):
            return self.impl_instance.coerce_compared_value(op, value)
        return self


def exact_money(value: Decimal | int | str) -> Decimal:
    """``value`` as a Decimal with two places.

    ``TypeError`` for a float; ``ValueError`` for more places, too large an amount or no number at all.
    """
    if isinstance(value, float):
        raise TypeError(f"money is exact, a float is not: {value!r}")
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"not an amount: {value!r}") from None
    if not amount.is_finite() or abs(amount) >= _MONEY_LIMIT:
        raise ValueError(f"amount out of range: {value!r}")
    rounded = amount.quantize(_CENT)
    if rounded != amount:
        raise ValueError(f"more than two decimal places: {value!r}")
    return rounded

"""How history spells a stored value: one JSON spelling per column type, the same from Python and from both databases.

A codec serves one column. `plain` and `restore` are its Python side; `text`, `value` and `same` are the same rules as
SQL expressions, for statements that write the history of many rows at once.
"""

from __future__ import annotations

import base64
import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Text, case, cast, func, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

from admin_app.engine.change.codec import NULL, Codec, json_string, member_path, object_text
from models.change import canonical
from models.types import Money

#: What history says of a secret that is set: that there is one, never which.
SECRET: Final = "****"  # noqa: S105 - a mask


class NumberCodec(Codec):
    """Whole numbers."""

    def plain(self, value: Any) -> Any:
        return int(value)

    def text(self, source: ColumnElement[Any], dialect: str) -> ColumnElement[str]:
        return func.coalesce(cast(source, Text), NULL)


class FloatCodec(Codec):
    """Binary fractions, with all their digits."""

    def plain(self, value: Any) -> Any:
        return float(value)

    def text(self, source: ColumnElement[Any], dialect: str) -> ColumnElement[str]:
        # Seventeen digits give back the same number; SQLite's own JSON stops at fifteen.
        digits = func.printf("%!.17g", source) if dialect == "sqlite" else cast(source, Text)
        return case((source.is_(None), NULL), else_=digits)


class DecimalCodec(Codec):
    """Exact numbers other than money, as text."""

    def plain(self, value: Any) -> Any:
        scale = getattr(self.column.type, "scale", None)
        return f"{value:.{scale}f}" if scale is not None else str(value)

    def _restore(self, plain: Any) -> Any:
        return Decimal(plain)

    def text(self, source: ColumnElement[Any], dialect: str) -> ColumnElement[str]:
        scale = getattr(self.column.type, "scale", None)
        digits: ColumnElement[Any] = cast(source, Text)
        if dialect == "sqlite":
            digits = func.printf(f"%.{scale}f" if scale is not None else "%!.15g", source)
        return json_string(digits, source)

    def _typed(self, member: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
        return cast(member, sa.REAL) if dialect == "sqlite" else cast(member, self.column.type)


class MoneyCodec(Codec):
    """Amounts as text with two places; SQLite keeps whole cents."""

    def plain(self, value: Any) -> Any:
        return f"{Decimal(value):.2f}"

    def _restore(self, plain: Any) -> Any:
        return Decimal(plain)

    def text(self, source: ColumnElement[Any], dialect: str) -> ColumnElement[str]:
        if dialect != "sqlite":
            return json_string(cast(source, Text), source)
        cents: Any = type_coerce(source, sa.BigInteger)
        whole = func.abs(cents, type_=sa.BigInteger)
        sign = case((cents < 0, "-"), else_="")
        return json_string(func.printf("%s%d.%02d", sign, whole // 100, whole % 100), source)

    def _typed(self, member: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
        if dialect == "sqlite":
            return cast(func.replace(member, ".", ""), sa.BigInteger)
        return cast(member, sa.Numeric(18, 2))


class BooleanCodec(Codec):
    """Yes and no."""

    def plain(self, value: Any) -> Any:
        return bool(value)

    def text(self, source: ColumnElement[Any], dialect: str) -> ColumnElement[str]:
        return case((source.is_(None), NULL), (type_coerce(source, sa.Boolean), "true"), else_="false")


class DateCodec(Codec):
    """Days."""

    def plain(self, value: Any) -> Any:
        return value.isoformat()

    def _restore(self, plain: Any) -> Any:
        return date.fromisoformat(plain)

    def text(self, source: ColumnElement[Any], dialect: str) -> ColumnElement[str]:
        day = type_coerce(source, Text) if dialect == "sqlite" else func.to_char(source, "YYYY-MM-DD")
        return json_string(day, source)


class TimeCodec(Codec):
    """Times of day."""

    def plain(self, value: Any) -> Any:
        return value.isoformat(timespec="microseconds")

    def _restore(self, plain: Any) -> Any:
        return time.fromisoformat(plain)

    def text(self, source: ColumnElement[Any], dialect: str) -> ColumnElement[str]:
        clock = type_coerce(source, Text) if dialect == "sqlite" else func.to_char(source, "HH24:MI:SS.US")
        return json_string(clock, source)


class MomentCodec(Codec):
    """Moments in UTC, to the microsecond; those without a zone stay without one."""

    def __init__(self, column: sa.Column[Any]) -> None:
        super().__init__(column)
        kind = _basic(column.type)
        self.zoned = bool(getattr(kind, "timezone", False))

    def plain(self, value: Any) -> Any:
        if self.zoned and value.tzinfo is not None:
            value = value.astimezone(UTC)
        text = value.replace(tzinfo=None).isoformat(timespec="microseconds")
        return f"{text}Z" if self.zoned else text

    def _restore(self, plain: Any) -> Any:
        return datetime.fromisoformat(plain)

    def text(self, source: ColumnElement[Any], dialect: str) -> ColumnElement[str]:
        end = "Z" if self.zoned else ""
        if dialect == "sqlite":
            moment: ColumnElement[Any] = func.replace(type_coerce(source, Text), " ", "T").concat(end)
        else:
            universal = func.timezone("UTC", source) if self.zoned else source
            moment = func.to_char(universal, 'YYYY-MM-DD"T"HH24:MI:SS.US').concat(end)
        return json_string(moment, source)

    def _typed(self, member: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
        if dialect == "sqlite":
            return func.replace(func.replace(member, "T", " "), "Z", "")
        return cast(member, sa.DateTime(timezone=self.zoned))


class SpanCodec(Codec):
    """Spans of time in microseconds; SQLite keeps the moment so long after 1970 began."""

    def plain(self, value: Any) -> Any:
        return value // timedelta(microseconds=1)

    def _restore(self, plain: Any) -> Any:
        return timedelta(microseconds=plain)

    def text(self, source: ColumnElement[Any], dialect: str) -> ColumnElement[str]:
        if dialect != "sqlite":
            micros: Any = cast(sa.extract("epoch", source) * 1_000_000, sa.BigInteger)
        else:
            raw = type_coerce(source, Text)
            seconds = cast(func.unixepoch(func.substr(raw, 1, 19)), sa.BigInteger)
            micros = seconds * 1_000_000 + cast(func.substr(raw, 21, 6), sa.BigInteger)
        return case((source.is_(None), NULL), else_=cast(micros, Text))

    def _typed(self, member: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
        if dialect != "sqlite":
            return cast(member.concat(" microseconds"), sa.Interval)
        micros: Any = cast(member, sa.BigInteger)
        rest = (micros % 1_000_000 + 1_000_000) % 1_000_000
        whole = func.strftime("%Y-%m-%d %H:%M:%S", (micros - rest) // 1_000_000, "unixepoch")
        return case((member.is_(None), sa.null()), else_=whole.concat(func.printf(".%06d", rest)))


class ChoiceCodec(Codec):
    """Choices by the word that is stored."""

    def plain(self, value: Any) -> Any:
        return value if isinstance(value, str) else value.name

    def _restore(self, plain: Any) -> Any:
        members = getattr(self.column.type, "enum_class", None)
        return members[plain] if members else plain

    def _database_type(self) -> TypeEngine[Any]:
        return self.column.type if getattr(self.column.type, "native_enum", False) else Text()


class UuidCodec(Codec):
    """Identifiers of 32 hexadecimal digits."""

    def plain(self, value: Any) -> Any:
        return value.hex if isinstance(value, uuid.UUID) else str(value).replace("-", "")

    def _restore(self, plain: Any) -> Any:
        return uuid.UUID(plain) if getattr(self.column.type, "as_uuid", True) else plain

    def text(self, source: ColumnElement[Any], dialect: str) -> ColumnElement[str]:
        raw = type_coerce(source, Text) if dialect == "sqlite" else cast(source, Text)
        return json_string(func.replace(raw, "-", ""), source)


class BytesCodec(Codec):
    """Binary content in Base64, as the databases cannot: such columns are read into Python."""

    def plain(self, value: Any) -> Any:
        return base64.b64encode(bytes(value)).decode()

    def _restore(self, plain: Any) -> Any:
        return base64.b64decode(plain)

    def text(self, source: ColumnElement[Any], dialect: str) -> ColumnElement[str]:
        if dialect == "sqlite":
            return json_string(func.dutybook_base64(source), source)
        return json_string(func.replace(func.encode(source, "base64"), "\n", ""), source)

    def _typed(self, member: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
        return func.dutybook_bytes(member) if dialect == "sqlite" else func.decode(member, "base64")

    def same(
        self, source: ColumnElement[Any], document: ColumnElement[Any], dialect: str
    ) -> ColumnElement[bool]:
        return type_coerce(source, sa.LargeBinary).is_not_distinct_from(
            type_coerce(self.value(document, dialect), sa.LargeBinary)
        )


class DocumentCodec(Codec):
    """JSON documents, as they are."""

    def plain(self, value: Any) -> Any:
        return value

    def text(self, source: ColumnElement[Any], dialect: str) -> ColumnElement[str]:
        if dialect == "sqlite":
            return func.coalesce(func.dutybook_canonical(type_coerce(source, Text)), NULL)
        return func.coalesce(cast(source, Text), NULL)

    def value(self, document: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
        if dialect == "sqlite":
            inner: ColumnElement[Any] = type_coerce(document, Text).op("->")(member_path(self.column.key))
            return func.nullif(inner, NULL)
        inner = func.json_extract_path(cast(type_coerce(document, Text), sa.JSON), self.column.key)
        return cast(func.nullif(cast(inner, Text), NULL), self.column.type)

    def same(
        self, source: ColumnElement[Any], document: ColumnElement[Any], dialect: str
    ) -> ColumnElement[bool]:
        if dialect == "sqlite":
            kept = func.dutybook_canonical(self.value(document, dialect))
            return func.dutybook_canonical(type_coerce(source, Text)).is_not_distinct_from(kept)
        return cast(source, JSONB).is_not_distinct_from(cast(self.value(document, dialect), JSONB))


class SecretCodec(Codec):
    """Secrets: history says that one was set or taken away."""

    exact = False

    def plain(self, value: Any) -> Any:
        return SECRET

    def _restore(self, plain: Any) -> Any:
        return None

    def text(self, source: ColumnElement[Any], dialect: str) -> ColumnElement[str]:
        return case((source.is_(None), NULL), else_=canonical(SECRET))


_CODECS: Final[tuple[tuple[Any, type[Codec]], ...]] = (
    (sa.Boolean, BooleanCodec),
    (sa.Integer, NumberCodec),
    (sa.Float, FloatCodec),
    (sa.Numeric, DecimalCodec),
    (sa.DateTime, MomentCodec),
    (sa.Date, DateCodec),
    (sa.Time, TimeCodec),
    (sa.Interval, SpanCodec),
    (sa.Enum, ChoiceCodec),
    (sa.Uuid, UuidCodec),
    (sa.LargeBinary, BytesCodec),
    (sa.JSON, DocumentCodec),
)


@cache
def codec(column: sa.Column[Any]) -> Codec:
    """The codec of a column; one per column for as long as the process lives."""
    if column.info.get("secret"):
        return SecretCodec(column)
    if isinstance(column.type, Money):
        return MoneyCodec(column)
    kind: Any = column.type
    while True:
        for known, made in _CODECS:
            if isinstance(kind, known):
                return made(column)
        if not isinstance(kind, TypeDecorator):
            return Codec(column)
        kind = kind.impl_instance


def _basic(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    while isinstance(kind, TypeDecorator):
        kind = kind.impl_instance
    return kind


__all__ = ["SECRET", "Codec", "NumberCodec", "codec", "object_text"]

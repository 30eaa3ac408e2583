"""Each column type has its kind, or its column is named and refused."""

from __future__ import annotations

import enum
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects import postgresql as pg

from admin_app.engine import kinds
from admin_app.engine.convert import UnsupportedColumn, kind_of
from models.types import Key, Money, UtcDateTime, choice


class Size(enum.Enum):
    """Two sizes."""

    small = 1
    large = 2


def column(type_: Any, name: str = "it", **more: Any) -> sa.Column[Any]:
    """A column in a table."""
    return sa.Table("thing", sa.MetaData(), sa.Column(name, type_, **more)).c[name]


KINDS = {
    kinds.BooleanKind: (sa.Boolean(), sa.BOOLEAN(), pg.BOOLEAN()),
    kinds.ChoiceKind: (sa.Enum("a", "b"), sa.Enum(Size), pg.ENUM("a", name="x"), choice("letter", "R", "A")),
    kinds.UuidKind: (sa.Uuid(), sa.UUID(), pg.UUID(), sa.Uuid(as_uuid=False)),
    kinds.JsonKind: (sa.JSON(), pg.JSON(), pg.JSONB()),
    kinds.IntervalKind: (sa.Interval(), pg.INTERVAL()),
    kinds.DateTimeKind: (sa.DateTime(), sa.DATETIME(), sa.TIMESTAMP(), pg.TIMESTAMP(), UtcDateTime()),
    kinds.DateKind: (sa.Date(), sa.DATE()),
    kinds.TimeKind: (sa.Time(), sa.TIME(), pg.TIME(timezone=True)),
    kinds.FloatKind: (
        sa.Float(),
        sa.Double(),
        sa.REAL(),
        sa.DOUBLE_PRECISION(),
        sa.Numeric(asdecimal=False),
        pg.REAL(),
    ),
    kinds.DecimalKind: (sa.Numeric(8, 3), sa.NUMERIC(), sa.DECIMAL(10, 2)),
    kinds.MoneyKind: (Money(),),
    kinds.IntegerKind: (sa.Integer(), sa.SmallInteger(), sa.BigInteger(), sa.BIGINT(), Key),
    kinds.BinaryKind: (
        sa.LargeBinary(),
        sa.BLOB(),
        sa.VARBINARY(9),
        sa.BINARY(9),
        pg.BYTEA(),
        # Bytes to every screen: measured, downloaded, never typed.
        sa.PickleType(),
    ),
    kinds.TextKind: (
        sa.String(9),
        sa.Unicode(9),
        sa.Text(),
        sa.UnicodeText(),
        sa.VARCHAR(9),
        sa.NVARCHAR(9),
        sa.CHAR(9),
        sa.CLOB(),
        pg.CITEXT(),
    ),
    kinds.InetKind: (pg.INET(), pg.CIDR(), pg.MACADDR(), pg.MACADDR8()),
    kinds.ArrayKind: (sa.ARRAY(sa.Integer), pg.ARRAY(sa.String(9)), pg.ARRAY(pg.INET, dimensions=1)),
}


@pytest.mark.parametrize(
    ("type_", "kind"), [(type_, kind) for kind, types in KINDS.items() for type_ in types], ids=repr
)
def test_a_type_is_served_by_its_kind(type_: Any, kind: type[kinds.Kind]) -> None:
    assert type(kind_of(column(type_))) is kind


@pytest.mark.parametrize(
    "type_",
    [
        pg.TSVECTOR(),
        pg.INT4RANGE(),
        pg.HSTORE(),
        pg.BIT(3),
        pg.ARRAY(sa.Integer, dimensions=2),
        pg.ARRAY(sa.LargeBinary),
        pg.ARRAY(pg.TSVECTOR),
        sa.types.NullType(),
        mysql.YEAR(),
    ],
    ids=repr,
)
def test_a_type_that_nothing_serves_is_refused_with_its_columns_name(type_: Any) -> None:
    with pytest.raises(UnsupportedColumn, match=r"^thing\.it: no screen knows the type .+; map it"):
        kind_of(column(type_))


@pytest.mark.parametrize(
    ("type_", "limit"),
    [(sa.SmallInteger(), 1 << 15), (sa.Integer(), 1 << 31), (sa.BigInteger(), 1 << 63), (Key, 1 << 63)],
    ids=repr,
)
def test_an_integer_kind_knows_how_much_its_column_holds(type_: Any, limit: int) -> None:
    kind = kind_of(column(type_))
    assert isinstance(kind, kinds.IntegerKind)
    assert kind.limit == limit


def test_kinds_take_their_limits_from_the_column() -> None:
    decimal, text = kind_of(column(sa.Numeric(8, 3))), kind_of(column(sa.String(9)))
    assert isinstance(decimal, kinds.DecimalKind)
    assert (decimal.precision, decimal.scale) == (8, 3)
    assert isinstance(text, kinds.TextKind)
    assert (text.length, text.multiline) == (9, False)
    assert kind_of(column(sa.Text())).multiline  # type: ignore[attr-defined]
    assert kind_of(column(sa.String(9), info={"multiline": True})).multiline  # type: ignore[attr-defined]
    assert kind_of(column(UtcDateTime())).zoned  # type: ignore[attr-defined]
    assert not kind_of(column(sa.DateTime())).zoned  # type: ignore[attr-defined]
    assert not kind_of(column(sa.Uuid(as_uuid=False))).as_uuid  # type: ignore[attr-defined]


def test_a_choice_gets_its_labels_from_outside_and_its_members_from_the_enum() -> None:
    plain = kind_of(column(sa.Enum("a", "b")), str.upper)
    assert plain.cell("a").text == "A"
    assert plain.parse("B") == "b"
    assert kind_of(column(sa.Enum(Size))).parse("small") is Size.small


@pytest.mark.parametrize(
    ("name", "input_type"), [("email", "email"), ("phone", "tel"), ("website", "url"), ("name", "text")]
)
def test_the_browser_is_told_what_a_text_is_for(name: str, input_type: str) -> None:
    assert kind_of(column(sa.String(9), name)).type == input_type  # type: ignore[attr-defined]

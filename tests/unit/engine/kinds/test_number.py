"""Numbers: what is typed is what is stored, or it is refused in words."""

from __future__ import annotations

from decimal import Decimal

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from admin_app.engine.kinds import DecimalKind, FloatKind, IntegerKind, Kind, MoneyKind, Unreadable
from tests.unit.engine.conftest import speak
from tests.unit.engine.properties import steady


@steady
@given(data=st.data(), bits=st.sampled_from([16, 32, 64]))
def test_an_integer_within_its_bits_reads_back(data: st.DataObject, bits: int) -> None:
    number = data.draw(st.integers(-(1 << (bits - 1)), (1 << (bits - 1)) - 1))
    kind = IntegerKind(bits)
    assert kind.parse(kind.show(number)) == number
    assert kind.parse(kind.export(number)) == number
    assert kind.parse(f" {number:,} ") == number


@steady
@given(st.decimals(-(10**15), 10**15, places=2))
def test_money_reads_back_to_the_cent(amount: Decimal) -> None:
    kind = MoneyKind()
    assert kind.parse(kind.show(amount)) == amount
    assert kind.parse(kind.cell(amount).text) == amount


@steady
@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, min_value=Decimal("-1e200"), max_value=Decimal("1e200")
    )
)
def test_a_decimal_without_limits_reads_back(number: Decimal) -> None:
    kind = DecimalKind()
    assert kind.parse(kind.show(number)) == number


@steady
@given(st.integers(-(10**37), 10**37))
def test_a_decimal_of_38_digits_reads_back(digits: int) -> None:
    kind = DecimalKind(precision=38, scale=10)
    number = Decimal(f"{digits}E-10")
    assert kind.parse(kind.show(number)) == number


@steady
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_reads_back_bit_for_bit(number: float) -> None:
    kind = FloatKind()
    assert kind.parse(kind.show(number)) == number
    assert kind.parse(kind.export(number)) == number


@steady
@given(st.sampled_from([IntegerKind(), DecimalKind(9, 2), MoneyKind(), FloatKind()]), st.text())
def test_any_text_is_a_number_or_unreadable(reader: Flask, kind: Kind, text: str) -> None:
    try:
        number = kind.parse(text)
    except Unreadable as refusal:
        assert str(refusal)
    else:
        assert kind.parse(kind.show(number)) == number


@pytest.mark.parametrize(
    "text", ["", "x", "1.5", "1_000", "一", "１２", "+", "--5", "+-5", "5-", "1e3", "9" * 41]
)
def test_what_is_no_whole_number_is_refused_with_its_text(reader: Flask, text: str) -> None:
    with pytest.raises(Unreadable, match="is no whole number") as refusal:
        IntegerKind().parse(text)
    assert f"“{text}”" in str(refusal.value)


@pytest.mark.parametrize(
    ("bits", "text"), [(16, "32768"), (16, "-32769"), (32, "2147483648"), (64, "9223372036854775808")]
)
def test_an_integer_beyond_its_bits_is_too_large(reader: Flask, bits: int, text: str) -> None:
    with pytest.raises(Unreadable, match="too large to be stored"):
        IntegerKind(bits).parse(text)


@pytest.mark.parametrize(
    "text", ["", "x", "1.2.3", "NaN", "sNaN", "Infinity", "-inf", "1e999", "1_000", "１２"]
)
@pytest.mark.parametrize("kind", [DecimalKind(), MoneyKind(), FloatKind()])
def test_what_is_no_number_is_refused_with_its_text(reader: Flask, kind: Kind, text: str) -> None:
    with pytest.raises(Unreadable, match="is no number") as refusal:
        kind.parse(text)
    assert f"“{text}”" in str(refusal.value)


def test_no_decimal_place_is_rounded_away(reader: Flask) -> None:
    with pytest.raises(Unreadable, match="2 decimal places at most"):
        MoneyKind().parse("1.005")
    with pytest.raises(Unreadable, match="2 decimal places at most"):
        DecimalKind(40, 2).parse("1234567890123456789012345678901.125")
    assert MoneyKind().parse("1.500") == Decimal("1.5")


def test_more_digits_than_the_column_keeps_are_too_large(reader: Flask) -> None:
    kind = DecimalKind(precision=6, scale=2)
    assert kind.parse("9999.99") == Decimal("9999.99")
    with pytest.raises(Unreadable, match="too large"):
        kind.parse("10000")
    with pytest.raises(Unreadable, match="too large"):
        MoneyKind().parse("1" + "0" * 16)
    assert MoneyKind().parse("0") == 0


@pytest.mark.parametrize("text", ["¥1,234.50", "$1234.5", " 1 234.50 ", "€1234.50"])
def test_currency_signs_and_grouping_are_no_obstacle(reader: Flask, text: str) -> None:
    assert MoneyKind().parse(text) == Decimal("1234.50")


def test_cells_group_amounts_and_leave_codes_plain(reader: Flask) -> None:
    assert IntegerKind().cell(2017).text == "2017"
    assert DecimalKind().cell(Decimal("1234567.890")).text == "1,234,567.890"
    assert MoneyKind().cell(Decimal(1234567)).text == "1,234,567.00"
    assert MoneyKind().cell(Decimal(1)).kind == "money"
    assert FloatKind().cell(1234.56789012).text == "1,234.56789"
    assert MoneyKind().show(Decimal(5)) == "5.00"
    assert DecimalKind().show(Decimal("1E+3")) == "1000"


def test_a_refusal_speaks_the_readers_language_once_it_is_translated(reader: Flask) -> None:
    speak("zh")
    with pytest.raises(Unreadable, match="x"):
        IntegerKind().parse("x")

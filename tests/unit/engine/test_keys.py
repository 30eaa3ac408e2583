"""Any primary key goes through a URL and comes back the same."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from admin_app.engine.keys import decode_key, encode_key
from admin_app.engine.kinds import DateKind, DateTimeKind, DecimalKind, IntegerKind, Kind, TextKind, UuidKind
from tests.unit.engine.properties import steady

MOMENTS = st.datetimes(min_value=datetime(1900, 1, 2), max_value=datetime(9999, 12, 29))
PARTS: list[tuple[Kind, st.SearchStrategy[Any]]] = [
    (IntegerKind(64), st.integers(-(1 << 63), (1 << 63) - 1)),
    (TextKind(), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))),
    (UuidKind(), st.uuids()),
    (DateKind(), st.dates()),
    (DateTimeKind(zoned=True), MOMENTS.map(lambda moment: moment.replace(tzinfo=UTC))),
    (DateTimeKind(zoned=False), MOMENTS),
    (DecimalKind(), st.decimals(-(10**15), 10**15, places=4)),
]


@steady
@given(st.lists(st.sampled_from(PARTS), min_size=1, max_size=4), st.data())
def test_a_key_of_any_columns_reads_back(
    reader: Flask, parts: list[tuple[Kind, Any]], data: st.DataObject
) -> None:
    kinds = [kind for kind, _values in parts]
    values = tuple(data.draw(strategy) for _kind, strategy in parts)
    assert decode_key(encode_key(values, kinds), kinds) == values


@pytest.mark.parametrize("text", ['/?:@&=+$,<>#%" {}|\\^[]', "a,b", "100%", "%2C", "中文 🀄", "a\nb", ".."])
def test_no_character_of_a_text_key_is_lost(text: str) -> None:
    word = encode_key((text, 3), (TextKind(), IntegerKind()))
    assert word.isascii()
    assert not set(word) & set('/?:@&=+$<>#" {}|\\^[]\n')
    assert decode_key(word, (TextKind(), IntegerKind())) == (text, 3)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("", (IntegerKind(),)),
        ("x", (IntegerKind(),)),
        ("--5", (IntegerKind(),)),
        ("1,2", (IntegerKind(),)),
        ("1", (IntegerKind(), IntegerKind())),
        ("1,x", (IntegerKind(), IntegerKind())),
        ("9" * 30, (IntegerKind(),)),
        ("%ff", (TextKind(),)),
        ("%00", (TextKind(),)),
        ("not-a-uuid", (UuidKind(),)),
    ],
)
def test_a_word_that_is_no_key_is_none(reader: Flask, text: str, kinds: tuple[Kind, ...]) -> None:
    assert decode_key(text, kinds) is None


def test_a_key_keeps_its_microseconds() -> None:
    moment = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(microseconds=1)
    kinds = (DateTimeKind(zoned=True),)
    assert decode_key(encode_key((moment,), kinds), kinds) == (moment,)


def test_a_key_that_todays_rules_would_refuse_still_finds_its_record() -> None:
    kinds = (TextKind(2), IntegerKind(16))
    assert decode_key(encode_key(("long", 1 << 40), kinds), kinds) == ("long", 1 << 40)


def test_readable_keys_stay_readable() -> None:
    kinds = (TextKind(), IntegerKind(), DateKind(), UuidKind(), DecimalKind())
    values = ("KH-1", 3, date(2026, 3, 1), uuid.UUID(int=1), Decimal("1.50"))
    assert encode_key(values, kinds) == "KH-1,3,2026-03-01,00000000-0000-0000-0000-000000000001,1.50"

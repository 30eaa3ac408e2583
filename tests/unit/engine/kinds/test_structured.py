"""UUID, JSON, arrays, network addresses and binary content."""

from __future__ import annotations

import ipaddress
import uuid
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, LargeBinary

from admin_app.engine.inputs import AreaField
from admin_app.engine.kinds import (
    ArrayKind,
    BinaryKind,
    DateKind,
    DecimalKind,
    InetKind,
    IntegerKind,
    JsonKind,
    TextKind,
    Unreadable,
    UuidKind,
)
from tests.unit.engine.properties import steady

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@steady
@given(st.uuids())
def test_a_uuid_reads_back_whatever_it_is_kept_as(value: uuid.UUID) -> None:
    assert UuidKind().parse(UuidKind().show(value)) == value
    assert UuidKind(as_uuid=False).parse(str(value)) == str(value)
    assert UuidKind().parse(f" {{{value.hex.upper()}}} ") == value


def test_what_is_no_uuid_is_refused(reader: Flask) -> None:
    with pytest.raises(Unreadable, match="“12-34” is no UUID"):
        UuidKind().parse("12-34")


@steady
@given(DOCUMENTS)
def test_a_json_document_reads_back(document: Any) -> None:
    kind = JsonKind()
    assert kind.parse(kind.show(document)) == document == kind.parse(kind.export(document))


@pytest.mark.parametrize(
    "text",
    ["", "{", "{'a': 1}", "NaN", "[Infinity]", "-Infinity", "[" * 100_000, '"\\ud800"', '{"\\u0000": 1}'],
)
def test_what_is_no_json_that_can_be_stored_is_refused(reader: Flask, text: str) -> None:
    with pytest.raises(Unreadable, match=r"This is no JSON: .|cannot be stored"):
        JsonKind().parse(text)


def test_a_backslash_before_u0000_is_no_nul(reader: Flask) -> None:
    assert JsonKind().parse(r'"\\u0000"') == r"\u0000"
    with pytest.raises(Unreadable, match="cannot be stored"):
        JsonKind().parse(r'"\\\u0000"')


def test_json_shows_its_own_script_and_is_cut_in_lists(reader: Flask) -> None:
    kind = JsonKind()
    assert kind.show({"名": "甲"}) == '{\n  "名": "甲"\n}'
    assert kind.cell({"名": "甲"}).text == '{"名": "甲"}'
    assert len(kind.cell("x" * 200).text) == 80
    assert kind.cell("x" * 200).text.endswith("…")
    assert kind.field("Extra", [], False).field_class is AreaField


@steady
@given(st.lists(st.integers(-(1 << 31), (1 << 31) - 1)))
def test_an_array_of_numbers_reads_back(numbers: list[int]) -> None:
    kind = ArrayKind(IntegerKind(32))
    assert kind.parse(kind.show(numbers)) == numbers


@steady
@given(st.lists(TEXT.filter(lambda text: text.strip() and "\n" not in text)))
def test_an_array_of_lines_reads_back(lines: list[str]) -> None:
    kind = ArrayKind(TextKind())
    assert kind.parse(kind.show(lines)) == lines


def test_an_array_shows_a_line_per_item_and_leaves_out_blank_ones(reader: Flask) -> None:
    kind = ArrayKind(TextKind())
    assert kind.show(["a", None, "b"]) == "a\n\nb"
    assert kind.parse("a\n\nb\n") == ["a", "b"]
    assert kind.cell(["a", None, "b"]).text == "a, , b"
    assert kind.export(["甲", None]) == '["甲", null]'
    assert ArrayKind(DateKind()).field("Days", [], False).field_class is AreaField


def test_a_wrong_item_is_refused_in_the_words_of_its_kind(reader: Flask) -> None:
    with pytest.raises(Unreadable, match="“x” is no number"):
        ArrayKind(DecimalKind()).parse("1\nx")


@steady
@given(st.ip_addresses(), st.data())
def test_addresses_and_networks_read_back(address: Any, data: st.DataObject) -> None:
    bits = data.draw(st.integers(0, address.max_prefixlen))
    inet, cidr = f"{address}/{bits}", str(ipaddress.ip_network(f"{address}/{bits}", strict=False))
    assert InetKind("inet").parse(InetKind("inet").show(inet)) == inet
    assert InetKind("cidr").parse(InetKind("cidr").show(cidr)) == cidr
    assert InetKind("inet").parse(f" {address} ") == str(address)


@steady
@given(st.binary(min_size=6, max_size=6))
def test_hardware_addresses_read_back(raw: bytes) -> None:
    text = raw.hex(":")
    assert InetKind("macaddr").parse(text) == text
    assert InetKind("macaddr").parse(raw.hex("-")) == raw.hex("-")


@pytest.mark.parametrize(
    ("family", "text"),
    [
        ("inet", "300.1.1.1"),
        ("inet", "example.com"),
        ("cidr", "192.0.2.1/24"),
        ("cidr", ""),
        ("macaddr", "00:11:22:33:44"),
        ("macaddr", "00:11:22:33:44:zz"),
    ],
)
def test_what_is_no_address_is_refused(reader: Flask, family: str, text: str) -> None:
    with pytest.raises(Unreadable, match=f"“{text}” is no network address"):
        InetKind(family).parse(text)


def test_binary_content_is_measured_and_never_typed(reader: Flask) -> None:
    kind = BinaryKind()
    assert not kind.editable
    assert kind.cell(3).text == "3 bytes"
    assert kind.export(3) == "3"
    assert str(kind.select(Column("cover", LargeBinary))) == "length(cover)"
    with pytest.raises(Unreadable, match="Binary content is not typed in"):
        kind.parse("abc")

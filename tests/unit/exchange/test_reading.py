"""Files as people have them: encodings, delimiters, line ends, and what is no table."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

import pytest
from flask import Flask
from flask_babel import Babel

from admin_app.engine.exchange.export import harmless, restored
from admin_app.engine.exchange.reading import NoTable, decode, read_table


@pytest.fixture(scope="module", autouse=True)
def speaking() -> Iterator[None]:
    """Messages in English, without the rest of an app."""
    app = Flask("reading")
    Babel(app, default_locale="en")
    with app.app_context():
        yield


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("名称,备注\n甲,é".encode(), "utf-8"),
        ("名称,备注\n甲,é".encode("utf-8-sig"), "utf-8"),
        ("名称,备注\n甲,é".encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + "名称,备注\n甲,é".encode("utf-16-be"), "utf-16"),
        ("名称,备注\n甲,é".encode("utf-32"), "utf-32"),
        ("名称,备注\n甲,é".encode("gb18030"), "gb18030"),
    ],
)
def test_the_encoding_is_found(content: bytes, encoding: str) -> None:
    table = read_table(content)
    assert table.encoding == encoding
    assert table.headers == ("名称", "备注")
    assert table.rows[0].texts == ("甲", "é")


def test_bytes_that_are_nothing_else_are_latin_1() -> None:
    assert decode("name\nCafé".encode("latin-1")) == ("name\nCafé", "latin-1")


def test_a_chosen_encoding_wins_over_the_guess() -> None:
    content = "name\nJosé Ã".encode()
    assert read_table(content, "latin-1").rows[0].texts == ("JosÃ© Ã\x83",)


def test_a_chosen_encoding_that_cannot_be_is_refused_with_the_line() -> None:
    with pytest.raises(NoTable, match=r"Line 3 is not written in utf-8"):
        read_table("name\nfine\n客户".encode("gb18030"), "utf-8")


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(NoTable, match="no encoding"):
        read_table(b"name\nx", "rot13")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_line_ends_and_delimiters_are_told_apart(end: str, delimiter: str) -> None:
    lines = [delimiter.join(cells) for cells in (("name", "note"), ("A", "1"), ("B", "2"))]
    table = read_table(end.join(lines).encode())
    assert table.delimiter == delimiter
    assert [(row.line, row.texts) for row in table.rows] == [(2, ("A", "1")), (3, ("B", "2"))]


def test_a_comma_in_the_values_does_not_hide_the_semicolon() -> None:
    table = read_table(b"name;amount\nA;1,50\nB;2,00")
    assert [row.texts for row in table.rows] == [("A", "1,50"), ("B", "2,00")]


def test_one_column_with_commas_in_its_values_stays_one() -> None:
    table = read_table(b"name\nAcme, Inc\nBolt, Ltd\nCo")
    assert [row.texts for row in table.rows] == [("Acme, Inc",), ("Bolt, Ltd",), ("Co",)]


def test_lines_are_counted_as_an_editor_does() -> None:
    content = b'name,note\r\nA,"two\r\nlines"\r\n\r\n,\r\nB,"a ""word"""\r\n'
    table = read_table(content)
    assert [(row.line, row.texts) for row in table.rows] == [
        (2, ("A", "two\r\nlines")),
        (6, ("B", 'a "word"')),
    ]


def test_a_short_row_is_filled_up_and_a_long_one_kept_for_the_import_to_refuse() -> None:
    table = read_table(b"a,b,c\n1\n1,2,3,4")
    assert [row.texts for row in table.rows] == [("1", "", ""), ("1", "2", "3", "4")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty"),
        (b"\n \n", "The file is empty"),
        (b"name,,note\nA,B,C", "Line 1: column 2 has no name"),
        (b"name,note,Name \nA,B,C", r"Line 1: the column Name, name is there twice"),
        (b"name\nA\nB\0", r"Line 3 holds .*NUL"),
        (b'name\nA\n"open\nnever closed', "Line 3: the quotation marks do not match"),
        (b'name\n"' + b"x" * 140_000 + b'"', "Line 2: a value is too long"),
    ],
)
def test_what_is_no_table_is_refused_by_line(content: bytes, words: str) -> None:
    with pytest.raises(NoTable, match=words):
        read_table(content)


@pytest.mark.parametrize("text", ["=1+1", "+86 21 5555", "@home", "-x", "-12", "'quoted'", "plain", "", "'"])
def test_what_was_made_harmless_comes_back(text: str) -> None:
    assert restored(harmless(text)) == text

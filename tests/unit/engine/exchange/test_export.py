"""A list as a CSV file: complete, in order, exact, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.exchange import export
from admin_app.engine.exchange.export import csv_lines, harmless, restored
from admin_app.engine.listing import ListArgs, Listing
from tests.unit.engine.conftest import speak
from tests.unit.engine.sample import Book, entity

BOOK = entity(Book)


@pytest.mark.parametrize("text", ["=1+1", "+SUM(A1)", "-2+3", "@cmd", "\t=1", "\r=1", "-", "+", "=", "--1"])
def test_what_a_spreadsheet_would_run_is_marked_as_text(text: str) -> None:
    assert harmless(text) == "'" + text


@pytest.mark.parametrize("text", ["", "plain", "1=1", "a+b", "-1", "+5", "-1.50", "-1e5", "'quoted", "甲"])
def test_numbers_and_plain_text_go_out_as_they_are(text: str) -> None:
    assert harmless(text) == text


@given(st.text())
def test_an_exported_text_never_begins_a_formula_and_comes_back(text: str) -> None:
    out = harmless(text)
    assert not out.startswith(("=", "@", "\t", "\r"))
    # A text that a person began with a quote and a formula is the one that cannot be told apart.
    if restored(text) == text:
        assert restored(out) == text


def table(session: Session, policy: Any = SYSTEM, keys: Any = None, **args: str) -> list[list[str]]:
    """The lines of the file, read back."""
    parts = MultiDict({key.replace("__", ":"): each for key, each in args.items()})
    with acting(session, policy):
        listing = Listing(BOOK, ListArgs.parse(BOOK, parts, policy), policy, "book.index_view")
        raw = b"".join(csv_lines(listing, session, keys))
    assert raw.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


def test_a_file_has_labels_then_rows_with_exact_values(
    desk: Session, add_book: Callable[..., Book], people: SimpleNamespace
) -> None:
    add_book(
        '=A "quoted",\nname', code="1", price=Decimal("1234.50"), grade="A", owner=people.own, pages=-5 + 6
    )
    head, row = table(desk, keys=("price", "grade", "owner", "pages", "note"))
    assert head == ["Name", "Code", "Price", "Grade", "Owner", "Pages", "Note"]
    assert row == ['\'=A "quoted",\nname', "1", "1234.50", "A", "Own", "1", ""]


def test_labels_are_in_the_readers_language(desk: Session) -> None:
    speak("zh")
    assert table(desk, cols="price")[0] == ["〔Name〕", "〔Code〕", "〔Price〕"]


def test_all_rows_come_once_in_the_lists_order_however_many_batches_it_takes(
    desk: Session, places: SimpleNamespace
) -> None:
    number = 2 * export._BATCH + 3
    desk.add_all(
        Book(name=f"{each:05}", pages=each % 7 or None, department=places.west) for each in range(number)
    )
    desk.flush()
    rows = table(desk, keys=("pages",), sort="-name")[1:]
    assert [row[0] for row in rows] == [f"{each:05}" for each in reversed(range(number))]
    by_pages = [row[0] for row in table(desk, keys=("pages",), sort="pages")[1:]]
    assert len(by_pages) == len(set(by_pages)) == number


def test_a_file_of_exactly_one_batch_ends(desk: Session, places: SimpleNamespace) -> None:
    desk.add_all(Book(name="x", department=places.west) for _ in range(export._BATCH))
    desk.flush()
    assert len(table(desk)) == export._BATCH + 1


def test_filters_and_rights_hold_for_files_too(
    desk: Session, add_book: Callable[..., Book], people: SimpleNamespace, policy_of_job: Callable[[str], Any]
) -> None:
    add_book("Mine", owner=people.own, grade="A", parent=add_book("Theirs", grade="A"))
    add_book("Mine too", owner=people.own)
    assert [row[0] for row in table(desk, grade__eq="A")[1:]] == ["Mine", "Theirs"]
    rows = table(desk, policy_of_job("own"), keys=("parent",), grade__eq="A")
    assert rows[1:] == [["Mine", "", "Not visible to you"]]

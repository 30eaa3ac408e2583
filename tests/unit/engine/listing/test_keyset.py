"""Keyset pages: every row once, in one total order, whatever happens meanwhile, on both databases."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Column as SqlColumn
from sqlalchemy import Connection, Engine, Integer, MetaData, String, Table, create_engine, insert, select

from admin_app.db import postgresql_options
from admin_app.engine.kinds import FloatKind, IntegerKind, TextKind
from admin_app.engine.listing.keyset import Order, SortColumn
from admin_app.sqlite import configure, engine_options
from tests.databases import Maker
from tests.unit.engine.properties import steady

ROWS = Table(
    "row",
    MetaData(),
    SqlColumn("id", Integer, primary_key=True),
    SqlColumn("number", Integer),
    SqlColumn("word", String(20)),
)
KINDS = {"id": IntegerKind(), "number": IntegerKind(), "word": TextKind()}
WORDS = st.none() | st.sampled_from(["", "a", "A", "b", "é", "甲", "🀄", "a,b"])
SOME_ROWS = st.dictionaries(
    st.integers(1, 60), st.tuples(st.none() | st.integers(-3, 3), WORDS), max_size=25
).map(lambda found: [{"id": key, "number": number, "word": word} for key, (number, word) in found.items()])
ORDERS = st.tuples(st.sampled_from([None, "number", "word"]), st.booleans())


@pytest.fixture(scope="module")
def engine(database_kind: str, makers: Callable[[str], Maker]) -> Iterator[Engine]:
    """A database with an empty table ROWS."""
    if database_kind == "sqlite":
        made = create_engine("sqlite://", **engine_options())
        configure(made)
    else:
        made = create_engine(makers(database_kind).clone(), **postgresql_options())
    ROWS.create(made)
    yield made
    made.dispose()


def order_of(engine: Engine, sort: str | None, descending: bool) -> Order:
    """The order of a list by `sort`, then by key."""
    names = [sort, "id"] if sort else ["id"]
    levels = tuple(SortColumn(ROWS.c[name], KINDS[name], descending, name != "id") for name in names)
    return Order(levels, nulls_smallest=engine.dialect.name == "sqlite")


def walk(
    connection: Connection,
    order: Order,
    size: int,
    backwards: bool,
    between: Callable[[], Any] = lambda: None,
) -> list[int]:
    """Ids in the order in which pages of `size` show them; `between` runs after each page."""
    word, seen = None, []
    while True:
        statement = select(*(level.column for level in order.levels)).limit(size)
        statement = statement.order_by(*order.clauses(backwards))
        if word is not None:
            values = order.read_cursor(word)
            assert values is not None
            statement = statement.where(order.beyond(values, backwards))
        page = connection.execute(statement).all()
        seen.extend(row[-1] for row in page)
        if len(page) < size:
            return seen
        word = order.cursor(page[-1])
        between()


def sorted_in_python(rows: Sequence[dict[str, Any]], order: Order) -> list[int]:
    """The same order, by another hand: NULLs below everything on SQLite, above everything on PostgreSQL."""

    def rank(value: Any) -> tuple[int, Any]:
        below = -1 if order.nulls_smallest else 1
        return (0, value) if value is not None else (below, 0)

    keyed = [([rank(row[level.column.name]) for level in order.levels], row["id"]) for row in rows]
    return [key for _values, key in sorted(keyed, reverse=order.levels[0].descending)]


@settings(steady, max_examples=40)
@given(rows=SOME_ROWS, by=ORDERS, size=st.integers(1, 7))
def test_walking_either_way_gives_each_row_once_in_one_order(
    engine: Engine, rows: list[dict[str, Any]], by: tuple[str | None, bool], size: int
) -> None:
    order = order_of(engine, *by)
    with engine.connect() as connection:
        if rows:
            connection.execute(insert(ROWS), rows)
        forwards = walk(connection, order, size, backwards=False)
        assert forwards == sorted_in_python(rows, order)
        assert walk(connection, order, size, backwards=True) == forwards[::-1]


@settings(steady, max_examples=40)
@given(rows=SOME_ROWS, by=ORDERS, size=st.integers(1, 5), data=st.data(), backwards=st.booleans())
def test_rows_that_come_and_go_meanwhile_move_no_other_row(
    engine: Engine,
    rows: list[dict[str, Any]],
    by: tuple[str | None, bool],
    size: int,
    data: st.DataObject,
    backwards: bool,
) -> None:
    order, touched = order_of(engine, *by), set()
    with engine.connect() as connection:
        if rows:
            connection.execute(insert(ROWS), rows)

        def meddle() -> None:
            if data.draw(st.booleans()):
                present = connection.scalars(select(ROWS.c.id)).all()
                gone = data.draw(st.sampled_from(present))
                connection.execute(ROWS.delete().where(ROWS.c.id == gone))
                touched.add(gone)
            else:
                new = 100 + len(touched)
                word, number = data.draw(WORDS), data.draw(st.none() | st.integers(-3, 3))
                connection.execute(insert(ROWS), {"id": new, "number": number, "word": word})
                touched.add(new)

        # Each page meets one change at most, so the walk ends.
        budget = iter(range(12))
        seen = walk(
            connection, order, size, backwards, lambda: meddle() if next(budget, None) is not None else None
        )
        expected = sorted_in_python([row for row in rows if row["id"] not in touched], order)
        assert [key for key in seen if key not in touched] == (expected[::-1] if backwards else expected)
        assert len(seen) == len(set(seen))


@pytest.fixture
def order(engine: Engine) -> Order:
    """By word, then by key."""
    return order_of(engine, "word", False)


def word_of(shown: Any) -> str:
    """A cursor with this content."""
    return urlsafe_b64encode(json.dumps(shown).encode()).decode().rstrip("=")


@steady
@given(
    st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    st.integers(0, 1 << 62),
)
def test_a_cursor_reads_back_and_is_fit_for_a_url(engine: Engine, word: str | None, key: int) -> None:
    order = order_of(engine, "word", False)
    cursor = order.cursor((word, key))
    assert cursor.replace("-", "a").replace("_", "a").isalnum()
    assert order.read_cursor(cursor) == (word, key)


def test_a_cursor_may_hold_what_todays_rules_would_refuse() -> None:
    kinds = (TextKind(2), IntegerKind(16), FloatKind())
    order = Order(tuple(SortColumn(None, kind, False, True) for kind in kinds), nulls_smallest=True)
    values = ("long", 1 << 40, float("-inf"))
    assert order.read_cursor(order.cursor(values)) == values
    assert order.read_cursor(word_of(["long", "1", "1.x"])) is None


@pytest.mark.parametrize(
    "word",
    [
        "",
        "!",
        "甲",
        "abc",
        word_of("x"),
        word_of({}),
        word_of(["x"]),
        word_of(["x", "y"]),
        word_of(["x", None, "1"]),
        word_of(["x", ["1"]]),
        word_of(["a\x00", "1"]),
        urlsafe_b64encode(b"[" * 50_000).decode(),
        urlsafe_b64encode(b"\xff\xfe").decode(),
    ],
)
def test_a_word_that_is_no_cursor_of_this_order_is_none(reader: Flask, order: Order, word: str) -> None:
    assert order.read_cursor(word) is None


@steady
@given(st.text() | st.binary().map(lambda raw: urlsafe_b64encode(raw).decode()))
def test_any_word_is_a_cursor_or_none(reader: Flask, engine: Engine, word: str) -> None:
    values = order_of(engine, "number", True).read_cursor(word)
    assert values is None or len(values) == 2

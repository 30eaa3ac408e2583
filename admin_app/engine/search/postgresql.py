"""The index on PostgreSQL: one table an entity, with a record's terms as a text-search vector under a GIN index.

A vector answers any question in one pass over the index, and the planner keeps statistics of its terms; nothing has to
be installed for it. But GIN gives all rows of a question or none, in no order: good for rare terms, useless for what
a third of all records bear. There the newest rows are looked through instead, for they are soon found.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    TableClause,
    Text,
    any_,
    bindparam,
    cast,
    column,
    literal,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR

from admin_app.engine.search.index import Document, Index
from admin_app.engine.search.keeper import Page
from admin_app.engine.search.query import Every, Node, Question

#: Up to so many rows are asked of GIN at once, by the planner's estimate; a row costs it some microseconds.
_FEW: Final = 2_000
#: Beyond so many keys a record is asked for as the list comes to it, whatever was estimated.
_MOST: Final = 20_000
#: The newest rows that are looked through for a frequent term, and how many of them have to bear it.
_LOOKED_THROUGH: Final = 8_000
_BEARERS: Final = 40


def write(connection: Connection, index: Index, documents: Sequence[Document]) -> None:
    """Put documents in, in place of older ones of the same records."""
    connection.execute(
        text(
            f"INSERT INTO {index.name} (id, terms, literal)"  # noqa: S608 - our own name
            " SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:terms AS tsvector[]), CAST(:literals AS text[]))"
            " ON CONFLICT (id) DO UPDATE SET terms = excluded.terms, literal = excluded.literal"
        ),
        _arrays(documents),
    )


def forget(connection: Connection, index: Index, keys: Sequence[int]) -> None:
    """Take the documents of these records out."""
    gone = text(f"DELETE FROM {index.name} WHERE id = ANY(:ids)")  # noqa: S608 - our own name
    connection.execute(gone, {"ids": list(keys)})


@contextmanager
def filling(connection: Connection, index: Index) -> Iterator[None]:
    """Fill an empty index in the block: GIN is built at its end, all at once."""
    gin = f"ix_{index.name}_terms"
    connection.execute(text(f"DROP INDEX {gin}"))
    yield
    connection.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
    connection.execute(text(f"CREATE INDEX {gin} ON {index.name} USING gin (terms) WITH (fastupdate = off)"))
    connection.execute(text(f"ANALYZE {index.name}"))


def clear(connection: Connection, index: Index) -> None:
    """Take all documents out."""
    connection.execute(text(f"DELETE FROM {index.name}"))  # noqa: S608 - our own name


def settle(connection: Connection, index: Index) -> bool:
    """Let the planner know what is there now; nothing is left to do after that."""
    connection.execute(text(f"ANALYZE {index.name}"))
    return False


def keys(connection: Connection, index: Index, after: int, up_to: int | None) -> list[int]:
    """The keys in the index after `after`, up to `up_to`, in order."""
    own = _table(index.name)
    found = select(own.c.id).where(own.c.id > after).order_by(own.c.id)
    return list(connection.scalars(found if up_to is None else found.where(own.c.id <= up_to)))


def differing(connection: Connection, index: Index, documents: Sequence[Document]) -> set[int]:
    """Of these records those whose document in the index is another, or missing."""
    wrong = text(
        "SELECT e.id FROM unnest(CAST(:ids AS bigint[]), CAST(:terms AS tsvector[]), CAST(:literals AS text[]))"  # noqa: S608
        f" AS e (id, terms, literal) LEFT JOIN {index.name} s ON s.id = e.id"
        " WHERE s.terms IS DISTINCT FROM e.terms OR s.literal IS DISTINCT FROM e.literal"
    )
    return set(connection.scalars(wrong, _arrays(documents)))


def few(connection: Connection, index: Index, question: Question, page: Page | None) -> Sequence[int] | bool:
    """The keys of the records that may be on the page (of all that may match, without `page`); True for too many."""
    own = _table(index.name)
    asked = _asks(index, question)
    if frequent(connection, [(index, question)])[0]:
        newest = select(own).order_by(own.c.id.desc()).limit(_LOOKED_THROUGH)
        if page is not None:
            direction = own.c.id.desc() if page.descending else own.c.id.asc()
            newest = select(own).order_by(direction).limit(_LOOKED_THROUGH)
            if page.after is not None:
                newest = newest.where(own.c.id < page.after if page.descending else own.c.id > page.after)
        # Named columns of the limited rows: the planner must not put the question inside.
        rows = newest.subquery("newest")
        enough = _BEARERS if page is None else page.size
        order = rows.c.id.asc() if page is not None and not page.descending else rows.c.id.desc()
        asked_rows = select(rows.c.id).where(_asks(index, question, rows)).order_by(order).limit(enough)
        bearers = list(connection.scalars(asked_rows))
        if len(bearers) == enough:
            return True if page is None else bearers
    gathered = list(connection.scalars(select(own.c.id).where(asked).limit(_MOST + 1)))
    return True if len(gathered) > _MOST else gathered


def criterion(
    index: Index, question: Question, few: Sequence[int] | bool, readable: Sequence[Any]
) -> ColumnElement[bool]:
    """The condition over the entity's class."""
    key = index.entity.key_attributes[0]
    if not isinstance(few, bool):
        given: ColumnElement[bool] = key == any_(bindparam(None, list(few), type_=ARRAY(BigInteger)))
        return given
    own = _table(index.name)
    bearers = select(literal(1)).where(own.c.id == key, _asks(index, question)).correlate(index.entity.model)
    # The offset keeps the planner from asking GIN for all rows after all.
    return bearers.offset(0).exists()


def frequent(connection: Connection, asked: Sequence[tuple[Index, Question]]) -> list[bool]:
    """Whether many records bear the terms, by the planner's estimate; one statement for all indexes."""
    parts = [
        f"SELECT id FROM {index.name} WHERE terms @@ CAST(%(terms{place})s AS tsquery)"  # noqa: S608 - our own name
        for place, (index, _question) in enumerate(asked)
    ]
    terms = {f"terms{place}": _words(question.where) for place, (_index, question) in enumerate(asked)}
    plan = _explained(connection, " UNION ALL ".join(parts), terms)
    return [each["Plan Rows"] > _FEW for each in (plan["Plans"] if len(parts) > 1 else [plan])]


def newest(
    index: Index, question: Question, frequent: bool, size: int, readable: Sequence[Any]
) -> tuple[Select[Any], list[ColumnElement[bool]]]:
    """(the keys of `size` records that bear the terms, what else has to hold for them); of many, of the newest.

    What is asked stands in named parameters, see `values`.
    """
    own = _table(index.name)
    rows: Any = own
    if frequent:
        rows = select(own).order_by(own.c.id.desc()).limit(_FEW).subquery()
    asked = rows.c.terms.op("@@", is_comparison=True)(
        cast(bindparam(f"{index.name}_terms", "", type_=Text()), TSQUERY)
    )
    literally = [
        rows.c.literal.regexp_match(bindparam(f"{index.name}_piece{place}", "", type_=Text()))
        for place in range(len(question.verify))
    ]
    bearers = select(rows.c.id.label("key")).where(asked, *literally)
    return bearers.limit(size if frequent else _FEW), []


def values(index: Index, question: Question) -> dict[str, str]:
    """The named parameters of `newest`."""
    pieces = {
        f"{index.name}_piece{place}": _pattern(question.codes, piece)
        for place, piece in enumerate(question.verify)
    }
    return {f"{index.name}_terms": _words(question.where), **pieces}


def source(
    index: Index, question: Question, readable: Sequence[Any]
) -> tuple[TableClause, ColumnElement[bool], list[ColumnElement[bool]]]:
    """(the index, how the class joins it, what else holds): for counting, in whatever order the planner likes."""
    own = _table(index.name)
    return own, index.entity.key_attributes[0] == own.c.id, [_asks(index, question)]


@cache
def _table(name: str) -> TableClause:
    return table(name, column("id", BigInteger()), column("terms", TSVECTOR()), column("literal", Text()))


def _asks(index: Index, question: Question, rows: Any = None) -> ColumnElement[bool]:
    rows = _table(index.name) if rows is None else rows
    found: ColumnElement[bool] = rows.c.terms.op("@@", is_comparison=True)(
        cast(bindparam(None, _words(question.where), type_=Text()), TSQUERY)
    )
    for piece in question.verify:
        found = found & rows.c.literal.regexp_match(_pattern(question.codes, piece))
    return found


def _pattern(codes: Sequence[str], piece: str) -> str:
    # Pieces are letters and digits, codes are letters: nothing in them means anything to a pattern.
    return rf"(^|\n)({'|'.join(codes)})[^\n]*{piece}"


def _words(node: Node) -> str:
    if isinstance(node, str):
        return "'" + node.replace("\\", "\\\\").replace("'", "''") + "'"
    joint = " & " if isinstance(node, Every) else " | "
    return "(" + joint.join(map(_words, node.parts)) + ")"


def _explained(connection: Connection, statement: str, values: dict[str, str]) -> dict[str, Any]:
    """The planner's plan, without running it."""
    told = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", values).scalar_one()
    plan: dict[str, Any] = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
    return plan


def _arrays(documents: Sequence[Document]) -> dict[str, Any]:
    return {
        "ids": [each.key for each in documents],
        "terms": [" ".join(each.terms) for each in documents],
        "literals": [each.literal for each in documents],
    }

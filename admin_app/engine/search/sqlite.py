"""The index on SQLite: one FTS5 table an entity, contentless, with the terms as words and the records' keys as row ids.

FTS5 keeps only which term stands in which row, in about a byte each, and gives the rows of any question in the order of
their keys, one by one: a page of a term that half of all records bear costs no more than one of a rare term.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from math import isqrt
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    TableClause,
    Text,
    and_,
    bindparam,
    column,
    func,
    literal,
    literal_column,
    or_,
    select,
    table,
)

from admin_app.engine.search.index import Document, Index
from admin_app.engine.search.keeper import Page
from admin_app.engine.search.query import Every, Node, Question

#: Up to so many keys, times the square root of all records, are gathered before any record is looked at; beyond, each
#: record is asked for as the list comes to it. A key gathered costs a microsecond, a record asked for five.
_GATHERED: Final = 6
#: Batches that are looked through for a page, where terms alone do not tell.
_TRIES: Final = 10
#: How much FTS5 gathers in memory before it writes it, in bytes: while an index is filled, and otherwise.
_FILLING: Final = 32 * 1024 * 1024
_USUAL: Final = 1024 * 1024


def write(connection: Connection, index: Index, documents: Sequence[Document]) -> None:
    """Put documents in, in place of older ones of the same records."""
    connection.exec_driver_sql(
        f"INSERT OR REPLACE INTO {index.name} (rowid, terms) VALUES (?, ?)",  # noqa: S608 - our own name
        [(each.key, " ".join(each.terms)) for each in documents],
    )


def forget(connection: Connection, index: Index, keys: Sequence[int]) -> None:
    """Take the documents of these records out."""
    gone = f"DELETE FROM {index.name} WHERE rowid = ?"  # noqa: S608 - our own name
    connection.exec_driver_sql(gone, [(key,) for key in keys])


@contextmanager
def filling(connection: Connection, index: Index) -> Iterator[None]:
    """Fill an empty index in the block: fewer, larger pieces, and one in the end."""
    _tell(connection, index, "hashsize", _FILLING)
    yield
    _tell(connection, index, "hashsize", _USUAL)
    _tell(connection, index, "optimize")


def clear(connection: Connection, index: Index) -> None:
    """Take all documents out."""
    _tell(connection, index, "delete-all")


def settle(connection: Connection, index: Index) -> bool:
    """Put some of the index into order after much was written; whether more is left to do."""
    before = connection.exec_driver_sql("SELECT total_changes()").scalar_one()
    _tell(connection, index, "merge", -200)
    return bool(connection.exec_driver_sql("SELECT total_changes()").scalar_one() - before >= 2)


def keys(connection: Connection, index: Index, after: int, up_to: int | None) -> list[int]:
    """The keys in the index after `after`, up to `up_to`, in order."""
    sizes = table(f"{index.name}_docsize", column("id"), column("sz"))
    found = select(sizes.c.id).where(sizes.c.id > after).order_by(sizes.c.id)
    return list(connection.scalars(found if up_to is None else found.where(sizes.c.id <= up_to)))


def differing(connection: Connection, index: Index, documents: Sequence[Document]) -> set[int]:
    """Of these records, in order of their keys, those whose document in the index is another, or missing."""
    low, high = documents[0].key, documents[-1].key
    sizes = table(f"{index.name}_docsize", column("id"), column("sz"))
    within = sizes.c.id.between(low, high)
    stored: dict[int, bytes] = dict(connection.execute(select(sizes.c.id, sizes.c.sz).where(within)).all())
    wrong = {each.key for each in documents if len(each.terms) != _number(stored.get(each.key))}
    expected: defaultdict[str, set[int]] = defaultdict(set)
    for each in documents:
        for term in each.terms:
            expected[term].add(each.key)
    bearing = f"SELECT rowid FROM {index.name} WHERE {index.name} MATCH ? AND rowid BETWEEN ? AND ?"  # noqa: S608
    for term, bearers in expected.items():
        found = set(connection.exec_driver_sql(bearing, (_quoted(term), low, high)).scalars())
        wrong |= bearers ^ found
    return wrong & {each.key for each in documents}


def _number(size: bytes | None) -> int:
    """The number of words that FTS5 keeps as a variable-length integer."""
    number = 0
    for byte in size or b"":
        number = number << 7 | byte & 0x7F
    return number


def few(connection: Connection, index: Index, question: Question, page: Page | None) -> Sequence[int] | bool:
    """The keys on the page, in FTS5's own order; without `page`, whether few enough bear the terms to gather them."""
    if page is not None and (found := _on_page(connection, index, question, page)) is not None:
        return found
    records = connection.scalar(select(func.max(index.key))) or 0
    most = max(_GATHERED * isqrt(records), 1000)
    bearers = select(literal(1)).select_from(_table(index.name)).where(_match(index, question.where))
    number = connection.scalar(select(func.count()).select_from(bearers.limit(most + 1).subquery())) or 0
    return number <= most


def _on_page(connection: Connection, index: Index, question: Question, page: Page) -> list[int] | None:
    """The keys on the page; None where too much that bears the terms turns out to be something else."""
    own = _table(index.name)
    row = own.c.rowid
    columns = [index.entity.fields[key].column for key, code in index.codes.items() if code in question.codes]
    verified = _verified(question, columns)
    size = page.size * 2 if verified else page.size
    after, found = page.after, list[int]()
    for _ in range(_TRIES):
        bearers = select(row).where(_match(index, question.where))
        if after is not None:
            bearers = bearers.where(row < after if page.descending else row > after)
        bearers = bearers.order_by(row.desc() if page.descending else row).limit(size)
        batch = list(connection.scalars(bearers))
        if verified and batch:
            true = set(connection.scalars(select(index.key).where(index.key.in_(batch), *verified)))
            found += [key for key in batch if key in true]
        else:
            found += batch
        if len(batch) < size or len(found) >= page.size:
            return found[: page.size]
        after = batch[-1]
    return None


def criterion(
    index: Index, question: Question, few: Sequence[int] | bool, readable: Sequence[Any]
) -> ColumnElement[bool]:
    """The condition over the entity's class. `readable` are its attributes that may be looked into."""
    own, model = _table(index.name), index.entity.model
    key = index.entity.key_attributes[0]
    if not isinstance(few, bool):
        on_page: ColumnElement[bool] = key.in_(few)
        return on_page
    bearers = select(own.c.rowid).where(_match(index, question.where))
    found: ColumnElement[bool] = (
        key.in_(bearers) if few else bearers.where(own.c.rowid == key).correlate(model).exists()
    )
    return and_(found, *_verified(question, readable))


def frequent(connection: Connection, asked: Sequence[tuple[Index, Question]]) -> list[bool]:
    """Whether many records bear the terms: here it makes no difference to `newest`."""
    return [False] * len(asked)


def newest(
    index: Index, question: Question, frequent: bool, size: int, readable: Sequence[Any]
) -> tuple[Select[Any], list[ColumnElement[bool]]]:
    """(the keys of the newest `size` records that bear the terms, what else has to hold for them).

    What is asked stands in named parameters, see `values`.
    """
    own = _table(index.name)
    match = own.c[index.name].op("MATCH", is_comparison=True)(
        bindparam(f"{index.name}_terms", "", type_=Text())
    )
    bearers = select(own.c.rowid.label("key")).where(match)
    verified = [
        or_(
            *(
                func.instr(func.search_literal(each), bindparam(f"piece{place}", "", type_=Text())) > 0
                for each in readable
            )
        )
        for place in range(len(question.verify))
    ]
    return bearers.order_by(own.c.rowid.desc()).limit(size), verified


def values(index: Index, question: Question) -> dict[str, str]:
    """The named parameters of `newest`."""
    pieces = {f"piece{place}": piece for place, piece in enumerate(question.verify)}
    return {f"{index.name}_terms": _words(question.where), **pieces}


def source(
    index: Index, question: Question, readable: Sequence[Any]
) -> tuple[TableClause, ColumnElement[bool], list[ColumnElement[bool]]]:
    """(the index, how the class joins it, what else holds): for counting, in the index's own order."""
    own = _table(index.name)
    # The plus keeps SQLite from asking the index once for each record.
    on = index.entity.key_attributes[0] == literal_column(f"+{index.name}.rowid")
    return own, on, [_match(index, question.where), *_verified(question, readable)]


def _verified(question: Question, readable: Sequence[Any]) -> list[ColumnElement[bool]]:
    return [
        or_(*(func.instr(func.search_literal(each), piece) > 0 for each in readable))
        for piece in question.verify
    ]


@cache
def _table(name: str) -> TableClause:
    return table(name, column("rowid"), column(name))


def _match(index: Index, node: Node) -> ColumnElement[bool]:
    found: ColumnElement[bool] = (
        _table(index.name).c[index.name].op("MATCH", is_comparison=True)(_words(node))
    )
    return found


def _words(node: Node) -> str:
    if isinstance(node, str):
        return _quoted(node)
    joint = " AND " if isinstance(node, Every) else " OR "
    return "(" + joint.join(map(_words, node.parts)) + ")"


def _quoted(term: str) -> str:
    return '"' + term.replace('"', '""') + '"'


def _tell(connection: Connection, index: Index, command: str, value: int | None = None) -> None:
    connection.exec_driver_sql(
        f"INSERT INTO {index.name} ({index.name}, rank) VALUES (?, ?)",  # noqa: S608 - our own name
        (command, value),
    )

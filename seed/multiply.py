"""From a block of customers to a million: the database copies them, one statement a table and copy.

A copy is a division of its customer: other keys, codes, numbers, name and credit code, and the same dealings, so
that the derived columns stay true. Making each row in Python would take three times as long.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    String,
    Table,
    bindparam,
    case,
    cast,
    func,
    insert,
    select,
)

from models.base import Base
from seed.bulk import Loader
from seed.names import credit_stamps

#: The tables of a big load, parents first.
COPIED: tuple[Table, ...] = tuple(
    Base.metadata.tables[name]
    for name in (
        "customer",
        "contact",
        "affiliation",
        "contract",
        "performance",
        "complaint",
        "complaint_event",
    )
)
#: Numbers of copied documents start above this, out of the way of those of the block.
_NUMBERED_FROM = 10_000


def multiply(loader: Loader, block: int, customers: int, report: Callable[[int], None]) -> None:
    """Copy the `block` customers that `loader` has just written until there are `customers` of them.

    `report` is called with the customers that there are after each copy.
    """
    spans = {table.name: loader.written(table) for table in COPIED}
    stamps = credit_stamps()
    next(stamps)  # The block bears the first one.
    for copy, start in enumerate(range(block, customers, block), start=1):
        wanted = min(block, customers - start)
        values: dict[str, Any] = {
            "stamp": next(stamps),
            "division_zh": f"第{copy + 1}分部",
            "division_en": f" Division {copy + 1}",
            **{f"shift_{name}": copy * len(span) for name, span in spans.items()},
        }
        for table in COPIED:
            source = _copy(table, spans)
            if wanted < block:
                source = source.where(_within(table, spans, wanted))
            names = [column.name for column in table.columns]
            written = loader.connection.execute(
                insert(table).from_select(names, source),
                values,
                execution_options={"preserve_rowcount": True},
            )
            loader.counts[table.name] += written.rowcount
            loader.keys(table, len(spans[table.name]))
        report(start + wanted)


def _copy(table: Table, spans: dict[str, range]) -> Select[Any]:
    """The rows of the block in `table` as a copy has them, all columns in order."""
    span = spans[table.name]
    replaced = _REPLACED.get(table.name, lambda columns: {})(table.c)
    columns = [replaced.get(column.name, _shifted(column, spans)) for column in table.columns]
    return select(*columns).where(table.c.id.between(span.start, span.stop - 1))


def _shifted(column: Column[Any], spans: dict[str, range]) -> ColumnElement[Any]:
    targets = [key.column.table.name for key in column.foreign_keys]
    target = column.table.name if column.primary_key else targets[0] if targets else None
    if target not in spans:
        return column
    shifted: ColumnElement[Any] = column + bindparam(f"shift_{target}", type_=column.type)
    return shifted


def _customer(columns: Any) -> dict[str, ColumnElement[Any]]:
    abroad = columns.credit_code.is_(None)
    number = cast(func.substr(columns.code, 4), columns.id.type) + bindparam(
        "shift_customer", type_=columns.id.type
    )
    return {
        "code": "KH-" + cast(number, String),
        "name": columns.name
        + case(
            (abroad, bindparam("division_en", type_=String)), else_=bindparam("division_zh", type_=String)
        ),
        "credit_code": func.substr(columns.credit_code, 1, 9)
        + bindparam("stamp", type_=String)
        + func.substr(columns.credit_code, 14),
    }


def _numbered(column: Any, key: Any) -> ColumnElement[Any]:
    """The same kind and period as in `column`, and a serial that goes by the copy's key."""
    serial = key + bindparam(f"shift_{key.table.name}", type_=key.type) + _NUMBERED_FROM
    return func.substr(column, 1, 8) + cast(serial, String)


_REPLACED: dict[str, Callable[[Any], dict[str, ColumnElement[Any]]]] = {
    "customer": _customer,
    "contract": lambda columns: {
        "number": _numbered(columns.number, columns.id),
        "archive_number": _numbered(columns.archive_number, columns.id),
    },
    "complaint": lambda columns: {"number": _numbered(columns.number, columns.id)},
}


def _within(table: Table, spans: dict[str, range], customers: int) -> ColumnElement[bool]:
    """Whether a row of the block belongs to its first `customers` customers, who have one contact each, in order."""
    if table.name in ("customer", "contact"):
        return table.c.id < spans[table.name].start + customers
    if "customer_id" in table.c:
        return table.c.customer_id < spans["customer"].start + customers
    name = "contract" if table.name == "performance" else "complaint"
    whole, span = Base.metadata.tables[name], spans[name]
    wanted = select(whole.c.id).where(
        whole.c.id.between(span.start, span.stop - 1), _within(whole, spans, customers)
    )
    return table.c[f"{name}_id"].in_(wanted)

"""What history needs to know of a mapped class, worked out once per class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Mapper, configure_mappers
from sqlalchemy.orm.interfaces import MANYTOONE

from admin_app.engine.change.values import Codec, NumberCodec, codec
from admin_app.engine.convert import kind_of
from admin_app.engine.keys import encode_key


@dataclass(frozen=True, eq=False)
class Shape:
    """One captured class. `columns` are its stored columns by attribute key, `keys` the attributes of the primary key.

    `bookkeeping` are the column keys that move with every save (version, time of change): an update does not tell them.
    `derived` are those that a rule fills. `links` are, by relationship, the attributes of its foreign key.
    """

    mapper: Mapper[Any]
    table: sa.Table
    columns: Mapping[str, sa.Column[Any]]
    codecs: Mapping[str, Codec]
    keys: tuple[str, ...]
    bookkeeping: frozenset[str]
    derived: frozenset[str]
    links: Mapping[str, tuple[str, ...]]

    @property
    def model(self) -> type[Any]:
        """The mapped class."""
        return self.mapper.class_

    @property
    def in_sql(self) -> bool:
        """Whether the database itself can write the history of many rows: their key is one number."""
        return len(self.keys) == 1 and isinstance(self.codecs[self.keys[0]], NumberCodec)

    @property
    def key_column(self) -> sa.Column[Any]:
        """The one column of the primary key, where there is one."""
        return self.columns[self.keys[0]]

    def record_key(self, values: Sequence[Any]) -> str:
        """The primary key as it stands in addresses."""
        if len(values) == 1 and type(values[0]) is int:
            return str(values[0])
        return encode_key(values, [kind_of(self.columns[key]) for key in self.keys])

    def plain(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What JSON holds, by column key, of values by attribute key."""
        return {
            self.columns[key].key: None if value is None else self.codecs[key].plain(value)
            for key, value in values.items()
        }


@cache
def shape_of(mapper: Mapper[Any]) -> Shape:
    """The shape of a mapped class."""
    configure_mappers()
    table = cast(sa.Table, mapper.local_table)
    columns = {
        prop.key: column
        for prop in mapper.column_attrs
        if isinstance(column := prop.columns[0], sa.Column) and column.table is table
    }
    version = mapper.version_id_col
    bookkeeping = {
        column.key
        for column in columns.values()
        if column is version or column.onupdate is not None or column.info.get("history") is False
    }
    by_column = {column: key for key, column in columns.items()}
    return Shape(
        mapper=mapper,
        table=table,
        columns=columns,
        codecs={key: codec(column) for key, column in columns.items()},
        keys=tuple(by_column[cast("sa.Column[Any]", column)] for column in mapper.primary_key),
        bookkeeping=frozenset(bookkeeping),
        derived=frozenset(column.key for column in columns.values() if column.info.get("derived")),
        links={
            relation.key: tuple(key for key, column in columns.items() if column in relation.local_columns)
            for relation in mapper.relationships
            if relation.direction is MANYTOONE
        },
    )


def is_captured(model: type[Any]) -> bool:
    """Whether history is written of this class: of every one that does not say `__history__ = False`."""
    return bool(getattr(model, "__history__", True))

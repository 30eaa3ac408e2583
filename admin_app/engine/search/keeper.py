"""What either database does for the index: see `sqlite` and `postgresql`, whose functions these are."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from sqlalchemy import ColumnElement, Connection, Select, TableClause

if TYPE_CHECKING:
    from admin_app.engine.search.index import Document, Index
    from admin_app.engine.search.query import Question


class Page(NamedTuple):
    """One page of a list in the order of the keys, which nothing but the question narrows: `size` beyond `after`."""

    after: int | None
    descending: bool
    size: int


class Keeper(Protocol):
    """One database's way to keep an index and to ask it."""

    def write(self, connection: Connection, index: Index, documents: Sequence[Document]) -> None: ...
    def forget(self, connection: Connection, index: Index, keys: Sequence[int]) -> None: ...
    def filling(self, connection: Connection, index: Index) -> AbstractContextManager[None]: ...
    def clear(self, connection: Connection, index: Index) -> None: ...
    def settle(self, connection: Connection, index: Index) -> bool: ...
    def keys(self, connection: Connection, index: Index, after: int, up_to: int | None) -> list[int]: ...
    def differing(self, connection: Connection, index: Index, documents: Sequence[Document]) -> set[int]: ...
    def few(
        self, connection: Connection, index: Index, question: Question, page: Page | None
    ) -> Sequence[int] | bool: ...
    def criterion(
        self, index: Index, question: Question, few: Sequence[int] | bool, readable: Sequence[Any]
    ) -> ColumnElement[bool]: ...
    def frequent(self, connection: Connection, asked: Sequence[tuple[Index, Question]]) -> list[bool]: ...
    def newest(
        self, index: Index, question: Question, frequent: bool, size: int, readable: Sequence[Any]
    ) -> tuple[Select[Any], list[ColumnElement[bool]]]: ...
    def values(self, index: Index, question: Question) -> dict[str, str]: ...
    def source(
        self, index: Index, question: Question, readable: Sequence[Any]
    ) -> tuple[TableClause, ColumnElement[bool], list[ColumnElement[bool]]]: ...


def keeper_of(connection: Connection) -> Keeper:
    """The keeper for the connection's database."""
    name = connection.dialect.name
    return cast(Keeper, import_module(f"admin_app.engine.search.{name}"))

"""A codec spells the values of one column, in Python and in SQL: the one for texts, and what all have in common."""

from __future__ import annotations

import json
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Text, case, cast, func, literal, type_coerce
from sqlalchemy.types import TypeEngine

NULL: Final = "null"


class Codec:
    """Texts: what is written is what is read. Other types say what they do otherwise.

    `exact` tells whether a value can be given back; a secret cannot.
    """

    exact = True

    def __init__(self, column: sa.Column[Any]) -> None:
        self.column = column

    def plain(self, value: Any) -> Any:
        """What JSON holds for a value that is not None."""
        return str(value)

    def restore(self, plain: Any) -> Any:
        """The value that `plain` made so; None stays None."""
        return None if plain is None else self._restore(plain)

    def _restore(self, plain: Any) -> Any:
        return plain

    def text(self, source: ColumnElement[Any], dialect: str) -> ColumnElement[str]:
        """JSON text of a stored value; never NULL."""
        raw = type_coerce(source, Text) if dialect == "sqlite" else cast(source, Text)
        return _quoted(raw, dialect)

    def value(self, document: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
        """The stored value out of a JSON object that holds it under the column's key; NULL where it does not."""
        return self._typed(_member(document, self.column.key, dialect), dialect)

    def _typed(self, member: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
        return member if dialect == "sqlite" else cast(member, self._database_type())

    def _database_type(self) -> TypeEngine[Any]:
        return self.column.type

    def same(
        self, source: ColumnElement[Any], document: ColumnElement[Any], dialect: str
    ) -> ColumnElement[bool]:
        """Whether a stored value is the one that the JSON object holds."""
        return type_coerce(source, Text).is_not_distinct_from(
            type_coerce(self.value(document, dialect), Text)
        )


def json_string(text: ColumnElement[Any], source: ColumnElement[Any]) -> ColumnElement[str]:
    """A JSON string of a text that needs no escapes; "null" where the source is NULL."""
    return case((source.is_(None), NULL), else_=literal('"').concat(text).concat('"'))


def _quoted(text: ColumnElement[Any], dialect: str) -> ColumnElement[str]:
    if dialect == "sqlite":
        return func.json_quote(text)
    return func.coalesce(cast(func.to_json(text), Text), NULL)


def member_path(key: str) -> str:
    return f'$."{key}"'


def _member(document: ColumnElement[Any], key: str, dialect: str) -> ColumnElement[Any]:
    if dialect == "sqlite":
        return func.json_extract(type_coerce(document, Text), member_path(key))
    return func.json_extract_path_text(cast(type_coerce(document, Text), sa.JSON), key)


def object_text(members: dict[str, ColumnElement[str]]) -> ColumnElement[str]:
    """JSON text of an object from the JSON texts of its members, in the order of `canonical`."""
    text: ColumnElement[str] = literal("{")
    for place, key in enumerate(sorted(members)):
        start = ("," if place else "") + json.dumps(key, ensure_ascii=False) + ":"
        text = text.concat(start).concat(members[key])
    return text.concat("}")

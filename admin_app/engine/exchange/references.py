"""From the texts of a reference column to records: by name, code or any other unique text, a batch a statement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from admin_app.engine.entity import Entity
from admin_app.engine.keys import decode_key, encode_key
from admin_app.engine.kinds import TextKind, Unreadable
from admin_app.engine.labels import labels
from admin_app.engine.language import LANGUAGES

#: Distinct texts that one statement looks up.
BATCH: Final = 500
#: Records per text that a statement may return; more of them are looked at in smaller batches.
_SPREAD: Final = 4


class References:
    """Looks up records of one entity within the actor's rows, and keeps what it found.

    A text is a label, a code or another unique text of the record; where none has it, it may be the key, with or
    without a "#" before it.
    """

    def __init__(self, session: Session, target: Entity) -> None:
        self.session = session
        self.target = target
        self.by_key: dict[str, Any] = {}
        self._found: dict[str, list[str]] = {}

    def load(self, texts: Iterable[str]) -> None:
        """Look up those of `texts` that are not known yet: one statement per BATCH, one more for keys."""
        wanted = [
            text for text in dict.fromkeys(text.strip() for text in texts) if text and text not in self._found
        ]
        for start in range(0, len(wanted), BATCH):
            self._load(wanted[start : start + BATCH])

    def find(self, text: str) -> str:
        """The key of the one record that `text` means; `load` has seen it.

        Raises:
            Unreadable: there is none, or more than one.
        """
        keys = self._found.get(text.strip(), [])
        if len(keys) == 1:
            return keys[0]
        name = labels().entity(self.target.name)
        if keys:
            raise Unreadable(_("“%(value)s” means more than one: %(entity)s.", value=text, entity=name))
        raise Unreadable(
            _("“%(value)s” is not there, or not yours to see: %(entity)s.", value=text, entity=name)
        )

    def remember(self, record: Any) -> str:
        """Keep a record that is loaded already; its key."""
        values = tuple(getattr(record, attribute.key) for attribute in self.target.key_attributes)
        key = encode_key(values, self.target.key_kinds)
        self.by_key[key] = record
        return key

    def _load(self, texts: Sequence[str]) -> None:
        columns = _telling(self.target)
        found: dict[str, list[str]] = {text: [] for text in texts}
        if columns:
            attributes = [getattr(self.target.model, key) for key in columns]
            limit = len(texts) * _SPREAD + 1
            statement = sa.select(self.target.model).where(sa.or_(*(each.in_(texts) for each in attributes)))
            records = self.session.scalars(statement.limit(limit)).all()
            if len(records) == limit and len(texts) > 1:
                # Some text is so common that its records would push others out.
                middle = len(texts) // 2
                self._load(texts[:middle])
                self._load(texts[middle:])
                return
            for record in records:
                key = self.remember(record)
                for text in {getattr(record, each) for each in columns}:
                    if text in found:
                        found[text].append(key)
        self._load_keys([text for text, keys in found.items() if not keys], found)
        self._found |= found

    def _load_keys(self, texts: Sequence[str], found: dict[str, list[str]]) -> None:
        kinds = self.target.key_kinds
        values = {text: decode_key(text.removeprefix("#"), kinds) for text in texts}
        keyed = {text: value for text, value in values.items() if value is not None}
        if not keyed:
            return
        attributes = self.target.key_attributes
        if len(attributes) == 1:
            clause = attributes[0].in_([value[0] for value in keyed.values()])
        else:
            clause = sa.tuple_(*attributes).in_(list(keyed.values()))
        for record in self.session.scalars(sa.select(self.target.model).where(clause)):
            self.remember(record)
        for text, value in keyed.items():
            key = encode_key(value, kinds)
            if key in self.by_key:
                found[text].append(key)


def unique_keys(entity: Entity) -> tuple[str, ...]:
    """Fields of which no two records may have the same value, keys aside."""
    table: Any = entity.mapper.local_table
    alone = {
        next(iter(rule.columns)).name
        for rule in (*table.constraints, *(index for index in table.indexes if index.unique))
        if isinstance(rule, sa.UniqueConstraint | sa.Index) and len(rule.columns) == 1
    }
    return tuple(
        key for key, each in entity.fields.items() if each.column.name in alone and len(each.columns) == 1
    )


def _telling(entity: Entity) -> tuple[str, ...]:
    """The text fields that tell records apart for people: label, code, and whatever has to be unique."""
    pattern = entity.label_pattern
    keys = [pattern.format(lang=code) for code in LANGUAGES] if pattern else []
    keys += [entity.code] if entity.code else []
    keys += unique_keys(entity)
    fields = entity.fields
    texts = (key for key in keys if isinstance(fields[key].kind, TextKind) and not fields[key].reference)
    return tuple(dict.fromkeys(texts))

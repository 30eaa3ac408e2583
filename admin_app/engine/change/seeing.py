"""What a reader of the history may see: rows of records that are, or were, within their rows; fields by their level.

A record that is gone is judged by its last state: by the owner, the department and the whole that it had.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, cast, false, or_, select, true, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.change.history import history
from admin_app.engine.change.shape import Shape
from admin_app.engine.entity import Entity, Field
from admin_app.engine.forms import describe
from admin_app.engine.keys import decode_key
from admin_app.engine.masking import mask
from admin_app.engine.site import site
from models.change import ChangeRow

_ROWS: Any = ChangeRow.__table__


@dataclass(frozen=True)
class FieldChange:
    """One field of one row. `old` and `new` are values, or None where masked; the texts are for the reader.

    `field` is the field's key ("owner"), `column` the stored column's ("owner_id").
    """

    field: str
    column: str
    old: Any
    new: Any
    old_text: str
    new_text: str
    masked: bool = False


class Sight:
    """One reader's view of history rows; records are loaded once for all the rows of a page."""

    def __init__(self, session: Session, policy: Policy) -> None:
        self.session = session
        self.policy = policy
        self.known = history()
        self.dialect = session.get_bind(ChangeRow.__mapper__).dialect.name
        self.records: dict[tuple[str, str], Any] = {}
        self.labels: dict[tuple[str, Any], str] = {}

    def criterion(self, row: Any) -> ColumnElement[bool]:
        """The rows (an alias of the history's table) whose record the reader may see."""
        if self.policy.unlimited:
            return true()
        tests = []
        for entity in site().entities:
            shape = self.known.shape(entity.model)
            rows = self.known.access.visible(self.policy, entity.name)
            if shape is None or not rows:
                continue
            test: ColumnElement[bool] = true()
            if not rows.everything:
                if not self.known.in_sql(shape):
                    continue
                now = shape.table.alias()
                within = self.known.access.criterion(shape.model, rows, now.c)
                there = now.c[shape.key_column.key] == cast(row.record_key, BigInteger)
                test = select(1).select_from(now).where(there, within).exists()
                was = self.known.access.criterion(shape.model, rows, self._as_deleted(shape, row))
                test = or_(test, and_(row.op == "delete", was))
            tests.append(and_(row.entity == entity.name, test))
        return or_(false(), *tests)

    def _as_deleted(self, shape: Shape, row: Any) -> Any:
        return SimpleNamespace(
            **{
                column.key: type_coerce(shape.codecs[key].value(row.before, self.dialect), column.type)
                for key, column in shape.columns.items()
                if column.primary_key or column.foreign_keys
            }
        )

    def load(self, rows: Iterable[Any]) -> None:
        """Load the records of these rows, as they are or as they last were."""
        wanted: dict[str, set[str]] = {}
        for row in rows:
            if (row.entity, row.record_key) not in self.records:
                wanted.setdefault(row.entity, set()).add(row.record_key)
        for name, keys in wanted.items():
            entity, shape = self.known.entity(name), self.known.by_name.get(name)
            if entity is None or shape is None:
                continue
            for key, record in self._current(entity, keys).items():
                self.records[name, key] = record
            for key in keys - {key for each, key in self.records if each == name}:
                self.records[name, key] = self.last_state(shape, name, key)

    def _current(self, entity: Entity, keys: Iterable[str]) -> dict[str, Any]:
        found = {}
        decoded = {key: decode_key(key, entity.key_kinds) for key in keys}
        single = [values[0] for values in decoded.values() if values is not None and len(values) == 1]
        with acting(self.session, SYSTEM):
            if single:
                column = entity.key_attributes[0]
                for record in self.session.scalars(select(entity.model).where(column.in_(single))):
                    found[describe(entity, record)[0]] = record
            for key, values in decoded.items():
                if values is not None and len(values) > 1:
                    record = self.session.get(entity.model, values)
                    if record is not None:
                        found[key] = record
        return found

    def last_state(self, shape: Shape, name: str, key: str) -> Any:
        """A deleted record as it was, in no session; None where history does not know it."""
        newest = (
            select(ChangeRow.before)
            .where(ChangeRow.entity == name, ChangeRow.record_key == key, ChangeRow.op == "delete")
            .order_by(ChangeRow.set_id.desc(), ChangeRow.number.desc())
            .limit(1)
        )
        with acting(self.session, SYSTEM):
            before = self.session.scalar(newest)
            return None if before is None else self.made_of(shape, before)

    def made_of(self, shape: Shape, plain: Mapping[str, Any]) -> Any:
        """A record made of history's values, with the whole that it follows."""
        made = shape.mapper.class_manager.new_instance()
        for key, column in shape.columns.items():
            set_committed_value(made, key, shape.codecs[key].restore(plain.get(column.key)))
        guard = self.known.access.by_model.get(shape.model)
        if guard is not None and guard.parent is not None:
            ((local, _remote),) = guard.parent_property.local_remote_pairs or ()
            value = plain.get(str(local.key))
            with acting(self.session, SYSTEM):
                whole = self.session.get(guard.parent, value) if value is not None else None
            above = self.known.shape(guard.parent)
            if whole is None and value is not None and above is not None:
                whole = self.last_state(above, self.known.name(above), str(value))
            set_committed_value(made, str(guard.follows), whole)
        return made

    def sees(self, row: Any) -> bool:
        """Whether the reader may see the record of a loaded row."""
        if self.policy.unlimited:
            return True
        record = self.records.get((row.entity, row.record_key))
        rows = self.known.access.visible(self.policy, row.entity)
        return record is not None and self.known.access.contains(rows, record)

    def changes(self, row: Any) -> list[FieldChange]:
        """The fields of a row as the reader may see them; those that did not change are left out."""
        entity, shape = self.known.entity(row.entity), self.known.by_name.get(row.entity)
        if entity is None or shape is None:
            return []
        before, after = row.before or {}, row.after or {}
        record = self.records.get((row.entity, row.record_key))
        found = []
        for each in entity.fields.values():
            for key, column in shape.columns.items():
                if column not in each.columns or column.key not in {**before, **after}:
                    continue
                old, new = (shape.codecs[key].restore(side.get(column.key)) for side in (before, after))
                if old != new:
                    change = self.seen_value(entity, each, column.key, record, old, new)
                    found += [change] if change else []
        return found

    def seen_value(
        self, entity: Entity, each: Field, column: str, record: Any, old: Any, new: Any
    ) -> FieldChange | None:
        """One field as the reader may see it; None where it is hidden from them."""
        levels, access = site().fields(self.policy, entity), self.known.access
        texts = [self.text(each, value) for value in (old, new)]
        if record is None or access.contains(levels.rows(each.key, "read"), record):
            return FieldChange(each.key, column, old, new, texts[0], texts[1])
        if not access.contains(levels.rows(each.key, "masked"), record):
            return None
        hidden = [mask(text) if text else "" for text in texts]
        return FieldChange(each.key, column, None, None, hidden[0], hidden[1], masked=True)

    def text(self, each: Field, value: Any) -> str:
        """A value in the reader's words; empty for none."""
        if value is None:
            return ""
        target = site().target(each) if each.reference else None
        if target is None:
            return each.kind.cell(value).text
        place = target.name, value
        if place not in self.labels:
            with acting(self.session, self.policy):
                column = target.key_attributes[0]
                record = self.session.scalars(select(target.model).where(column == value)).first()
            self.labels[place] = describe(target, record)[1] if record is not None else f"#{value}"
        return self.labels[place]


def visible(sight: Sight, rows: Sequence[Any]) -> list[Any]:
    """The rows that the reader may see, with their records loaded."""
    sight.load(rows)
    return [row for row in rows if sight.sees(row)]

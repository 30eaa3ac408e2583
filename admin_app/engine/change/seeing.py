"""What a reader of the history may see: rows of records that are, or were, within their rows; fields by their level.

A record that is gone is judged by its last state: by the owner, the department and the whole that it had.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, and_, cast, false, or_, select, true, type_coerce
from sqlalchemy.orm import Session

from admin_app.engine.access import Policy, Rows, acting
from admin_app.engine.access.policy import EVERYTHING, NOTHING
from admin_app.engine.change.history import history
from admin_app.engine.change.recalling import Records
from admin_app.engine.change.shape import Shape
from admin_app.engine.entity import Entity, Field
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
    """One reader's view of history rows; records and labels are loaded once for all the rows of a page."""

    def __init__(self, session: Session, policy: Policy) -> None:
        self.session = session
        self.policy = policy
        self.known = history()
        self.dialect = session.get_bind(ChangeRow.__mapper__).dialect.name
        self.records = Records(session, self.known)
        self.labels: dict[tuple[str, Any], str] = {}
        self._told: dict[str, list[tuple[Field, str, str]]] = {}

    def told(self, entity: Entity, shape: Shape) -> list[tuple[Field, str, str]]:
        """(field, attribute, column key) of all stored columns of an entity, in the order of its fields."""
        if entity.name not in self._told:
            # By identity: columns compared with each other become SQL, thousands of times a page.
            attributes = {id(column): key for key, column in shape.columns.items()}
            self._told[entity.name] = [
                (each, attributes[id(column)], column.key)
                for each in entity.fields.values()
                for column in each.columns
                if id(column) in attributes
            ]
        return self._told[entity.name]

    def rows(self, name: str) -> Rows:
        """The records whose past the reader may read: those of its pages, none where these do not open."""
        if self.policy.unlimited:
            return EVERYTHING
        entity = self.known.entity(name)
        if entity is None or not site().may(self.policy, "view", entity):
            return NOTHING
        return self.known.access.visible(self.policy, name)

    def criterion(self, row: Any) -> ColumnElement[bool]:
        """The rows (an alias of the history's table) whose record the reader may see."""
        if self.policy.unlimited:
            return true()
        tests = []
        for entity in site().entities:
            shape, rows = self.known.shape(entity.model), self.rows(entity.name)
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
                test = or_(test, and_(row.op == "delete", self._was(shape, rows, row)))
            tests.append(and_(row.entity == entity.name, test))
        return or_(false(), *tests)

    def _was(self, shape: Shape, rows: Rows, row: Any) -> ColumnElement[bool]:
        """Whether a deletion tells of a record that was within `rows`, by itself or by the whole that went too."""
        test = self.known.access.criterion(shape.model, rows, self._as_deleted(shape, row))
        guard = self.known.access.by_model.get(shape.model)
        above = self.known.shape(guard.parent) if guard is not None and guard.parent is not None else None
        if guard is None or above is None or not self.known.in_sql(above):
            return test
        ((local, _remote),) = guard.parent_property.local_remote_pairs or ()
        codec = next(shape.codecs[key] for key, column in shape.columns.items() if column is local)
        whole = _ROWS.alias()
        gone = select(1).where(
            whole.c.entity == self.known.name(above),
            whole.c.record_key == cast(codec.value(row.before, self.dialect), Text),
            whole.c.op == "delete",
            self._was(above, rows, whole.c),
        )
        return or_(test, gone.exists())

    def _as_deleted(self, shape: Shape, row: Any) -> Any:
        return SimpleNamespace(
            **{
                column.key: type_coerce(shape.codecs[key].value(row.before, self.dialect), column.type)
                for key, column in shape.columns.items()
                if column.primary_key or column.foreign_keys
            }
        )

    def load(self, rows: Sequence[Any]) -> None:
        """Load the records of these rows, as they are or as they last were, and the labels of what they refer to."""
        self.records.load((row.entity, row.record_key) for row in rows)
        wanted: dict[str, set[Any]] = {}
        for row in rows:
            entity, shape = self.known.entity(row.entity), self.known.by_name.get(row.entity)
            if entity is None or shape is None:
                continue
            for each, key, column in self.told(entity, shape):
                target = site().target(each) if each.reference else None
                if target is not None:
                    sides = [(side or {}).get(column) for side in (row.before, row.after)]
                    values = {shape.codecs[key].restore(value) for value in sides if value is not None}
                    wanted.setdefault(target.name, set()).update(values)
        for name, values in wanted.items():
            self.name(site().by_name[name], values)

    def name(self, target: Entity, values: Collection[Any]) -> None:
        """Find what records are called, by the value that refers to them; those out of reach stay numbers."""
        missing = [value for value in values if (target.name, value) not in self.labels]
        self.labels.update({(target.name, value): f"#{value}" for value in missing})
        if missing and target.label_key and len(target.key_kinds) == 1:
            column, label = target.key_attributes[0], getattr(target.model, target.label_key)
            with acting(self.session, self.policy):
                found = self.session.execute(select(column, label).where(column.in_(missing))).all()
            self.labels.update(
                {(target.name, key): str(text) for key, text in found if text not in (None, "")}
            )

    def sees(self, row: Any) -> bool:
        """Whether the reader may see the record of a loaded row."""
        if self.policy.unlimited:
            return True
        record = self.records.get(row.entity, row.record_key)
        return record is not None and self.known.access.contains(self.rows(row.entity), record)

    def changes(self, row: Any) -> list[FieldChange]:
        """The fields of a row as the reader may see them; those that did not change are left out."""
        entity, shape = self.known.entity(row.entity), self.known.by_name.get(row.entity)
        if entity is None or shape is None:
            return []
        before, after = row.before or {}, row.after or {}
        record = self.records.get(row.entity, row.record_key)
        found = []
        for each, key, column in self.told(entity, shape):
            if column not in before and column not in after:
                continue
            old, new = (shape.codecs[key].restore(side.get(column)) for side in (before, after))
            if old != new:
                change = self.seen_value(entity, each, column, record, old, new)
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
        self.name(target, [value])
        return self.labels[target.name, value]


def visible(sight: Sight, rows: Sequence[Any]) -> list[Any]:
    """The rows that the reader may see, with their records loaded."""
    sight.load(rows)
    return [row for row in rows if sight.sees(row)]

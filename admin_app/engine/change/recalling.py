"""The records that rows of history tell of, as they are or as they last were: a page's worth in a few statements."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.attributes import set_committed_value

from admin_app.engine.access import SYSTEM, Guard, acting
from admin_app.engine.change.history import History
from admin_app.engine.change.shape import Shape
from admin_app.engine.entity import Entity
from admin_app.engine.forms import describe
from admin_app.engine.keys import decode_key
from models.change import ChangeRow

Place = tuple[str, str]


class Records:
    """Records by (entity, key), loaded once; None where history knows of none. Nobody's rights are asked here."""

    def __init__(self, session: Session, known: History) -> None:
        self.session = session
        self.known = known
        self.found: dict[Place, Any] = {}

    def get(self, name: str, key: str) -> Any:
        """A record that was loaded."""
        return self.found.get((name, key))

    def load(self, places: Iterable[Place]) -> None:
        """Load these records: those that exist, and the last state of those that do not."""
        wanted: dict[str, set[str]] = {}
        for name, key in places:
            if (name, key) not in self.found:
                wanted.setdefault(name, set()).add(key)
        for name, keys in wanted.items():
            entity, shape = self.known.entity(name), self.known.by_name.get(name)
            if entity is None or shape is None:
                continue
            with acting(self.session, SYSTEM):
                for key, record in self._current(entity, keys).items():
                    self.found[name, key] = record
                gone = keys - {key for each, key in self.found if each == name}
                states = self._last_states(name, gone) if gone else {}
            for key, record in self.made(shape, states).items():
                self.found[name, key] = record
            for key in gone - states.keys():
                self.found[name, key] = None

    def _current(self, entity: Entity, keys: Iterable[str]) -> dict[str, Any]:
        found = {}
        decoded = {key: decode_key(key, entity.key_kinds) for key in keys}
        single = [values[0] for values in decoded.values() if values is not None and len(values) == 1]
        if single:
            column = entity.key_attributes[0]
            records = select(entity.model).where(column.in_(single)).options(*self._wholes(entity.model))
            for record in self.session.scalars(records):
                found[describe(entity, record)[0]] = record
        for key, values in decoded.items():
            if values is not None and len(values) > 1:
                record = self.session.get(entity.model, values)
                if record is not None:
                    found[key] = record
        return found

    def _wholes(self, model: type[Any]) -> list[Any]:
        """Whatever a part follows comes with it: rights ask for it."""
        option: Any = None
        guard = self.known.access.by_model.get(model)
        while guard is not None and guard.follows is not None:
            link = getattr(guard.model, guard.follows)
            option = joinedload(link) if option is None else option.joinedload(link)
            guard = self.known.access.parent_of(guard)
        return [] if option is None else [option]

    def _last_states(self, name: str, keys: Collection[str]) -> dict[str, Mapping[str, Any]]:
        """What each of these records held when it was deleted for the last time."""
        deletions = (
            select(ChangeRow.record_key, ChangeRow.before)
            .where(ChangeRow.entity == name, ChangeRow.record_key.in_(keys), ChangeRow.op == "delete")
            .order_by(ChangeRow.set_id, ChangeRow.number)
        )
        return {key: before for key, before in self.session.execute(deletions) if before is not None}

    def made(self, shape: Shape, states: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Records in no session made of history's values, each with the whole that it follows."""
        made = {}
        for key, plain in states.items():
            record = shape.mapper.class_manager.new_instance()
            for name, column in shape.columns.items():
                set_committed_value(record, name, shape.codecs[name].restore(plain.get(column.key)))
            made[key] = record
        guard = self.known.access.by_model.get(shape.model)
        if guard is not None and guard.follows is not None and made:
            self._tie(shape, guard, made)
        return made

    def _tie(self, shape: Shape, guard: Guard, made: Mapping[str, Any]) -> None:
        above = self.known.access.parent_of(guard)
        ((local, _remote),) = guard.parent_property.local_remote_pairs or ()
        attribute = next(name for name, column in shape.columns.items() if column is local)
        keys = {key: getattr(record, attribute) for key, record in made.items()}
        name = above.name if above is not None else ""
        self.load((name, str(value)) for value in keys.values() if value is not None)
        for key, record in made.items():
            set_committed_value(record, str(guard.follows), self.get(name, str(keys[key])))

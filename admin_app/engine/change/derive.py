"""Derived facts after a write that no form made: the hooks of the entities are asked about every record it touched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, cast, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.change.history import history
from admin_app.engine.change.recorder import recorder_of
from admin_app.engine.change.shape import Shape
from admin_app.engine.entity import Entity
from models.change import ChangeRow

#: Records loaded at a time.
_CHUNK: Final = 500
_ROWS: Any = ChangeRow.__table__


def keep_true(session: Session, policy: Policy, after: int) -> None:
    """Call the hooks for what this transaction wrote since row number `after` of its change set.

    Only rows that a statement told are looked at: what a flush writes, a form has asked about already.
    """
    recorder = recorder_of(session, make=False)
    known = history()
    if recorder is None or not recorder.early or recorder.number == after:
        return
    until = recorder.number
    kinds = select(_ROWS.c.entity).where(*_between(recorder.reserve(), after, until)).distinct()
    with acting(session, SYSTEM):
        names = session.scalars(kinds).all()
    for name in names:
        entity, shape = known.entity(name), known.by_name.get(name)
        if entity is None or shape is None or not (entity.after_save or entity.after_delete):
            continue
        for rows in _pages(session, recorder.reserve(), name, after, until):
            _ask(session, policy, entity, shape, rows)


def _between(set_id: int, after: int, until: int) -> list[Any]:
    return [_ROWS.c.set_id == set_id, _ROWS.c.number > after, _ROWS.c.number <= until]


def _pages(session: Session, set_id: int, name: str, after: int, until: int) -> Iterator[Sequence[Any]]:
    last = after
    while True:
        statement = (
            select(
                _ROWS.c.number,
                _ROWS.c.op,
                _ROWS.c.before,
                cast(_ROWS.c.record_key, BigInteger).label("key"),
            )
            .where(*_between(set_id, last, until), _ROWS.c.entity == name)
            .order_by(_ROWS.c.number)
            .limit(_CHUNK)
        )
        with acting(session, SYSTEM):
            rows = session.execute(statement).all()
        if not rows:
            return
        last = rows[-1].number
        yield rows


def _ask(session: Session, policy: Policy, entity: Entity, shape: Shape, rows: Sequence[Any]) -> None:
    """The hooks for one page of rows."""
    there = [row.key for row in rows if row.op != "delete"]
    with acting(session, SYSTEM):
        found = session.scalars(select(shape.model).where(getattr(shape.model, shape.keys[0]).in_(there)))
        records = {getattr(record, shape.keys[0]): record for record in found}
    links = {key for keys in shape.links.values() for key in keys}
    moved = [
        _as_before(shape, row, records[row.key])
        for row in rows
        if row.op == "update"
        and row.key in records
        and any(shape.columns[key].key in (row.before or {}) for key in links)
    ]
    gone = [_as_before(shape, row) for row in rows if row.op == "delete"]
    with session.no_autoflush:
        if entity.after_save:
            # Whoever it belonged to before has to be asked too.
            for record in (*records.values(), *moved):
                entity.after_save(session, policy, record)
        if entity.after_delete:
            for record in gone:
                entity.after_delete(session, policy, record)


def _as_before(shape: Shape, row: Any, record: Any = None) -> Any:
    """A record as it was, which belongs to no session."""
    made = shape.mapper.class_manager.new_instance()
    for key, column in shape.columns.items():
        if column.key in (row.before or {}):
            value = shape.codecs[key].restore(row.before[column.key])
        else:
            value = getattr(record, key) if record is not None else None
        set_committed_value(made, key, value)
    return made


__all__ = ["keep_true"]

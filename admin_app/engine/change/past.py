"""One record as it was at a moment, with what referred to it then; and the way back for a field, a record, or a part
of a deletion.

    as_it_was(session, entity, key, moment, policy)             AsItWas, or None where the reader sees nothing
    restore_fields(session, set_id, number, policy, fields)     these columns (or all) as they were before that row
    restore_deleted(session, set_id, number, policy)            a record from the trash, with the parts that went along
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.change.history import History, history
from admin_app.engine.change.seeing import FieldChange, Sight
from admin_app.engine.change.shape import Shape
from admin_app.engine.change.undo import UndoPlan, undo
from admin_app.engine.entity import Entity, Field
from admin_app.engine.forms import describe
from admin_app.engine.keys import decode_key
from admin_app.engine.site import site
from models.change import ChangeRow, ChangeSet

#: Records of one related list.
RELATED: Final = 100


@dataclass(frozen=True)
class Related:
    """Records of `entity` that referred to the record by `field` at the moment, as (key, label)."""

    entity: str
    field: str
    records: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class AsItWas:
    """A record at a moment. `fields` hold the value then in `old` and the present one in `new`, for the reader.

    One that had not `existed` then did not exist yet, or was `deleted` at the time.
    """

    entity: str
    record_key: str
    moment: datetime
    existed: bool
    exists: bool
    deleted: bool = False
    label: str = ""
    fields: Sequence[FieldChange] = field(default_factory=list)
    related: Sequence[Related] = field(default_factory=list)


def as_it_was(session: Session, entity: Entity, key: str, moment: datetime, policy: Policy) -> AsItWas | None:
    """The record as it was at `moment`: from what it is, or was at last, back through every row since."""
    known = history()
    shape = known.by_name.get(entity.name)
    if shape is None:
        return None
    sight = Sight(session, policy)
    with acting(session, SYSTEM):
        now = _present(session, shape, entity, [key]).get(key)
        then = _then(session, known, shape, {key: now}, moment)[key]
        deleted = then is None and _last_op(session, entity.name, key, moment) == "delete"
        sight.records.load([(entity.name, key)])
    record = sight.records.get(entity.name, key)
    if record is None or not known.access.contains(sight.rows(entity.name), record):
        return None
    row = ChangeRow(entity=entity.name, record_key=key, op="update", before=then or {}, after=now or {})
    sight.load([row])
    fields = _fields(sight, entity, shape, row)
    label = describe(entity, sight.records.made(shape, {key: then})[key] if then else record)[1]
    related = _related(session, sight, entity, key, moment) if then is not None else []
    return AsItWas(
        entity.name, key, moment, then is not None, now is not None, deleted, label, fields, related
    )


def _last_op(session: Session, name: str, key: str, moment: datetime) -> str | None:
    """What the last row of a record until the moment tells."""
    rows = (
        select(ChangeRow.op)
        .join(ChangeSet, ChangeSet.id == ChangeRow.set_id)
        .where(ChangeRow.entity == name, ChangeRow.record_key == key, ChangeSet.at <= moment)
        .order_by(ChangeSet.position.desc(), ChangeRow.number.desc())
        .limit(1)
    )
    return session.scalar(rows)


def _present(
    session: Session, shape: Shape, entity: Entity, keys: Collection[str]
) -> dict[str, dict[str, Any]]:
    """By key, the values of the records that exist, as history spells them."""
    decoded = [values for values in (decode_key(key, entity.key_kinds) for key in keys) if values is not None]
    if not decoded:
        return {}
    columns = [column.label(name) for name, column in shape.columns.items()]
    own = [shape.columns[name] for name in shape.keys]
    alone = len(own) == 1
    test = own[0].in_([value for (value,) in decoded]) if alone else tuple_(*own).in_(decoded)
    rows = session.execute(select(*columns).where(test), bind_arguments={"mapper": shape.mapper})
    found = (dict(row._mapping) for row in rows)
    return {shape.record_key([row[name] for name in shape.keys]): shape.plain(row) for row in found}


def _then(
    session: Session,
    known: History,
    shape: Shape,
    present: Mapping[str, dict[str, Any] | None],
    moment: datetime,
) -> dict[str, dict[str, Any] | None]:
    """By key, the values at the moment: each row since takes what is there at present one step back."""
    rows = (
        select(ChangeRow.record_key, ChangeRow.op, ChangeRow.before)
        .join(ChangeSet, ChangeSet.id == ChangeRow.set_id)
        .where(
            ChangeRow.entity == known.name(shape),
            ChangeRow.record_key.in_(present.keys()),
            ChangeSet.at > moment,
        )
        .order_by(ChangeSet.position.desc(), ChangeRow.number.desc())
    )
    states = {key: None if now is None else dict(now) for key, now in present.items()}
    for key, op, before in session.execute(rows):
        state = states[key]
        if op == "create":
            states[key] = None
        elif op == "delete":
            states[key] = dict(before or {})
        elif state is not None:
            state.update(before or {})
    return states


def _fields(sight: Sight, entity: Entity, shape: Shape, row: ChangeRow) -> list[FieldChange]:
    """All fields that the reader may see, changed or not."""
    changed = {each.column: each for each in sight.changes(row)}
    found = []
    for each in entity.fields.values():
        for column in each.columns:
            found += (
                [changed[column.key]] if column.key in changed else _same(sight, entity, each, column, row)
            )
    return found


def _same(sight: Sight, entity: Entity, each: Field, column: Any, row: ChangeRow) -> list[FieldChange]:
    """A field with the same value then and now."""
    shape = sight.known.by_name[entity.name]
    codec = next((shape.codecs[key] for key, own in shape.columns.items() if own is column), None)
    if codec is None:
        return []
    value = codec.restore((row.before or {}).get(column.key))
    if value != codec.restore((row.after or {}).get(column.key)):
        # It changed, and the reader may not know.
        return []
    record = sight.records.get(entity.name, row.record_key)
    found = sight.seen_value(entity, each, column.key, record, value, value)
    return [found] if found else []


def _related(session: Session, sight: Sight, entity: Entity, key: str, moment: datetime) -> list[Related]:
    """What referred to the record at the moment: what does now and did not come since, and what did until since."""
    found: list[Related] = []
    if not key.isdecimal():
        return found
    for child, link in site().referrers(entity):
        shape = sight.known.shape(child.model)
        if shape is None or len(link.columns) > 1 or not sight.known.in_sql(shape):
            continue
        column = link.column
        (far,) = column.foreign_keys
        if not entity.table.primary_key.columns.contains_column(far.column):
            continue
        rows = sight.rows(child.name)
        if not rows:
            continue
        with acting(session, SYSTEM):
            keys = sorted(_candidates(session, sight, shape, column, key, moment), key=int)
            present = _present(session, shape, child, keys)
            states = _then(session, sight.known, shape, {each: present.get(each) for each in keys}, moment)
            here = {each: then for each, then in states.items() if then and str(then.get(column.key)) == key}
            records = sight.records.made(shape, here)
        seen = [
            (each, describe(child, record)[1])
            for each, record in records.items()
            if sight.known.access.contains(rows, record)
        ][:RELATED]
        if seen:
            found.append(Related(child.name, link.key, seen))
    return found


def _candidates(
    session: Session, sight: Sight, shape: Shape, column: Any, key: str, moment: datetime
) -> set[str]:
    within = sight.known.access.criterion(shape.model, sight.rows(sight.known.name(shape)), shape.table.c)
    present = session.execute(
        select(shape.key_column).where(column == int(key), within).order_by(shape.key_column).limit(RELATED),
        bind_arguments={"mapper": shape.mapper},
    )
    keys = {str(each[0]) for each in present}
    codec = next(shape.codecs[name] for name, own in shape.columns.items() if own is column)
    rows: Any = ChangeRow.__table__
    since = (
        select(rows.c.record_key)
        .join(ChangeSet, ChangeSet.id == rows.c.set_id)
        .where(
            rows.c.entity == sight.known.name(shape),
            rows.c.op != "create",
            ChangeSet.at > moment,
            codec.value(rows.c.before, sight.dialect) == int(key),
        )
        .limit(RELATED)
    )
    return keys | set(session.scalars(since))


def restore_fields(
    session: Session,
    set_id: int,
    number: int,
    policy: Policy,
    fields: Collection[str] | None = None,
    reason: str | None = None,
) -> UndoPlan:
    """Put columns of one record back to what they were before one row of a change set; all that it changed if None."""
    return undo(session, set_id, policy, numbers=[number], fields=fields, reason=reason)


def restore_deleted(
    session: Session, set_id: int, number: int, policy: Policy, reason: str | None = None
) -> UndoPlan:
    """Bring one deleted record back, with the parts that went along and the links that were cut."""
    return undo(session, set_id, policy, numbers=parts_of(session, set_id, number), reason=reason)


def parts_of(session: Session, set_id: int, number: int) -> list[int]:
    """The rows of a set that tell of one deleted record and of what its deletion took along, by their numbers."""
    known = history()
    with acting(session, SYSTEM):
        rows = session.execute(
            select(
                ChangeRow.number, ChangeRow.entity, ChangeRow.record_key, ChangeRow.op, ChangeRow.before
            ).where(ChangeRow.set_id == set_id, ChangeRow.op != "create")
        ).all()
    found = {row.number: row for row in rows}
    if number not in found:
        return [number]
    chosen, waiting = {number}, [found[number]]
    while waiting:
        whole = waiting.pop()
        above = known.by_name.get(whole.entity)
        for row in rows:
            part = known.by_name.get(row.entity)
            if row.number in chosen or above is None or part is None:
                continue
            if _hangs_on(part, row.before or {}, above, whole):
                chosen.add(row.number)
                if row.op == "delete":
                    waiting.append(row)
    return sorted(chosen)


def _hangs_on(part: Shape, before: Mapping[str, Any], above: Shape, whole: Any) -> bool:
    """Whether a row's record referred to another deleted one."""
    for constraint in part.table.foreign_key_constraints:
        if constraint.referred_table is not above.table or not constraint.ondelete:
            continue
        pairs = [(each.parent.key, each.column.key) for each in constraint.elements]
        values = [(before.get(near), (whole.before or {}).get(far)) for near, far in pairs]
        if all(near is not None and near == far for near, far in values):
            return True
    return False

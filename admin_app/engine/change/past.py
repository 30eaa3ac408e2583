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

from sqlalchemy import select
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
    """A record at a moment. `fields` hold the value then in `old` and the present one in `new`, for the reader."""

    entity: str
    record_key: str
    moment: datetime
    existed: bool
    exists: bool
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
        now = _present(session, shape, entity, key)
        then = _then(session, known, shape, key, moment, now)
        record = _record(session, sight, shape, entity.name, key, now)
    if record is None or not (
        policy.unlimited or known.access.contains(known.access.visible(policy, entity.name), record)
    ):
        return None
    sight.records[entity.name, key] = record
    row = ChangeRow(entity=entity.name, record_key=key, op="update", before=then or {}, after=now or {})
    fields = _fields(sight, entity, shape, row)
    label = describe(entity, sight.made_of(shape, then))[1] if then else describe(entity, record)[1]
    related = _related(session, sight, entity, key, moment) if then is not None else []
    return AsItWas(entity.name, key, moment, then is not None, now is not None, label, fields, related)


def _present(session: Session, shape: Shape, entity: Entity, key: str) -> dict[str, Any] | None:
    """The record's values as history spells them; None where there is none."""
    values = decode_key(key, entity.key_kinds)
    if values is None:
        return None
    columns = [column.label(name) for name, column in shape.columns.items()]
    tests = [shape.columns[name] == value for name, value in zip(shape.keys, values, strict=True)]
    row = session.execute(
        select(*columns).where(*tests), bind_arguments={"mapper": shape.mapper}
    ).one_or_none()
    return None if row is None else shape.plain(dict(row._mapping))


def _then(
    session: Session, known: History, shape: Shape, key: str, moment: datetime, now: dict[str, Any] | None
) -> dict[str, Any] | None:
    """The values at the moment: each row since takes them one step back."""
    rows = (
        select(ChangeRow.op, ChangeRow.before)
        .join(ChangeSet, ChangeSet.id == ChangeRow.set_id)
        .where(ChangeRow.entity == known.name(shape), ChangeRow.record_key == key, ChangeSet.at > moment)
        .order_by(ChangeSet.position.desc(), ChangeRow.number.desc())
    )
    state = None if now is None else dict(now)
    for op, before in session.execute(rows):
        if op == "create":
            state = None
        elif op == "delete":
            state = dict(before or {})
        elif state is not None:
            state.update(before or {})
    return state


def _record(
    session: Session, sight: Sight, shape: Shape, name: str, key: str, now: dict[str, Any] | None
) -> Any:
    if now is None:
        return sight.last_state(shape, name, key)
    return sight.made_of(shape, now)


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
    record = sight.records[entity.name, row.record_key]
    found = sight.seen_value(entity, each, column.key, record, value, value)
    return [found] if found else []


def _related(session: Session, sight: Sight, entity: Entity, key: str, moment: datetime) -> list[Related]:
    """What referred to the record at the moment: what does now and did not come since, and what did until since."""
    found = []
    for child, link in site().referrers(entity):
        shape = sight.known.shape(child.model)
        if shape is None or len(link.columns) > 1 or not sight.known.in_sql(shape):
            continue
        column = link.column
        (far,) = column.foreign_keys
        if not entity.table.primary_key.columns.contains_column(far.column):
            continue
        with acting(session, SYSTEM):
            keys = _candidates(session, sight, shape, column, key, moment)
            records = []
            for each in sorted(keys, key=int)[: RELATED * 2]:
                now = _present(session, shape, child, each)
                then = _then(session, sight.known, shape, each, moment, now)
                if then is not None and str(then.get(column.key)) == key:
                    records.append((each, sight.made_of(shape, then)))
        rows = sight.known.access.visible(sight.policy, child.name)
        seen = [
            (each, describe(child, record)[1])
            for each, record in records
            if sight.policy.unlimited or sight.known.access.contains(rows, record)
        ][:RELATED]
        if seen:
            found.append(Related(child.name, link.key, seen))
    return found


def _candidates(
    session: Session, sight: Sight, shape: Shape, column: Any, key: str, moment: datetime
) -> set[str]:
    present = session.execute(
        select(shape.key_column).where(column == int(key)).limit(RELATED),
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

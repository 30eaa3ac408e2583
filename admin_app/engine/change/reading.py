"""Reading history: a record's timeline, the log of change sets, the rows of one, and what lies in the trash.

    timeline(session, entity, key, policy, before=None, limit=20)      newest first; entries of one record
    change_sets(session, policy, ..., before=None, limit=50)           newest first; sets with anything to see
    change_log(session, policy, ..., before=None, limit=50)            a page of them, and where the next one begins
    seen_sets(session, policy, ids)                                    some of them by their id
    set_rows(session, set_id, policy, after=0, limit=50)               rows of one set, in their order
    first_rows(session, set_ids, policy)                               of some sets, the first one each
    seen_counts(session, set_ids, policy)                              {set id: {(entity, op): of its first rows}}
    set_counts(session, set_id, policy)                                {(entity, op): rows that the reader may see}
    trash(session, entity, policy, before=None, limit=50)              deleted records that were not restored

Rows of records that the reader may not see are absent; hidden fields are absent, masked ones masked.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, cast, func, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.change.history import history
from admin_app.engine.change.seeing import FieldChange, Sight, visible
from admin_app.engine.entity import Entity
from admin_app.engine.forms import describe
from models.change import ChangeRow, ChangeSet

Place = tuple[int, int]
Kind = tuple[str, str]
#: How many rows of each set the log looks into.
SAID: Final = 100
#: What a change set's action says as a rule; any other is an action of its own ("regrade", "import").
KINDS: Final = ("create", "edit", "delete", "undo")
OTHER: Final = "other"
#: How many change sets a page of the log looks at.
LOOKED: Final = 20_000


@dataclass(frozen=True)
class Entry:
    """One row of history for a reader. `label` names the record; `place` is what the next page begins before."""

    change_set: ChangeSet
    number: int
    entity: str
    record_key: str
    op: str
    label: str
    changes: Sequence[FieldChange] = field(default_factory=list)

    @property
    def place(self) -> Place:
        """(set id, number): the keyset of timelines and the trash."""
        return self.change_set.id, self.number


def timeline(
    session: Session, entity: Entity, key: str, policy: Policy, before: Place | None = None, limit: int = 20
) -> list[Entry]:
    """What happened to one record, newest first; empty where the reader may not see it. `before` is a `place`."""
    rows = _joined().where(ChangeRow.entity == entity.name, ChangeRow.record_key == key)
    if before is not None:
        rows = rows.where(tuple_(ChangeRow.set_id, ChangeRow.number) < tuple_(*before))
    rows = rows.order_by(ChangeRow.set_id.desc(), ChangeRow.number.desc()).limit(limit)
    return _entries(session, policy, rows)


@dataclass(frozen=True)
class Log:
    """A page of the log. `older` is the position that the next page begins before; None at the end."""

    sets: Sequence[ChangeSet]
    older: int | None


def change_log(
    session: Session, policy: Policy, *, before: int | None = None, limit: int = 50, **filters: Any
) -> Log:
    """A page of change sets with at least one row that the reader may see, newest first; `before` is a position.

    It looks at LOOKED sets at most: who sees little of the history looks further back by the next page, which may
    follow an empty one. `filters` are those of `change_sets`.
    """
    floor = select(func.max(ChangeSet.position))
    if filters.get("until") is not None:
        # Times follow positions, but for the moment that a commit takes.
        late = ChangeSet.at < filters["until"]
        floor = select(ChangeSet.position).where(late).order_by(ChangeSet.at.desc()).limit(1)
    if before is None:
        with acting(session, SYSTEM):
            before = (session.scalar(floor) or 0) + 1
    after = max(before - LOOKED, 0)
    found = change_sets(session, policy, before=before, after=after, limit=limit + 1, **filters)
    if len(found) > limit:
        return Log(found[:limit], found[limit - 1].position)
    return Log(found, after or None)


def change_sets(
    session: Session,
    policy: Policy,
    *,
    people: Collection[int] | None = None,
    entity: str | None = None,
    source: str | None = None,
    action: str | None = None,
    undo_of: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    after: int = 0,
    limit: int = 50,
) -> list[ChangeSet]:
    """Change sets with at least one row that the reader may see, newest first; between two positions.

    Args:
        people: keys of users who did it, or for whom it was done.
        action: as the set bears it; OTHER for whatever is no key of KINDS.

    Sets without rows (starting data, retention) are for who may see everything.
    """
    row: Any = ChangeRow.__table__.alias("seen")
    statement = select(ChangeSet).order_by(ChangeSet.position.desc()).limit(limit)
    seen = select(1).select_from(row).where(row.c.set_id == ChangeSet.id)
    if entity is not None:
        seen = seen.where(row.c.entity == entity)
    if entity is not None or not policy.unlimited:
        seen = seen.where(Sight(session, policy).criterion(row.c))
        statement = statement.where(seen.correlate(ChangeSet).exists())
    for column, value in ((ChangeSet.source, source), (ChangeSet.undo_of_id, undo_of)):
        if value is not None:
            statement = statement.where(column == value)
    if action == OTHER:
        statement = statement.where(ChangeSet.action.not_in(KINDS))
    elif action is not None:
        statement = statement.where(ChangeSet.action == action)
    if people is not None:
        statement = statement.where(or_(ChangeSet.actor_id.in_(people), ChangeSet.acting_for_id.in_(people)))
    if since is not None:
        statement = statement.where(ChangeSet.at >= since)
    if until is not None:
        statement = statement.where(ChangeSet.at < until)
    if before is not None:
        statement = statement.where(ChangeSet.position < before)
    if after:
        statement = statement.where(ChangeSet.position >= after)
    with acting(session, SYSTEM):
        return list(session.scalars(statement))


def seen_sets(session: Session, policy: Policy, ids: Collection[int]) -> dict[int, ChangeSet]:
    """Of these change sets those with anything that the reader may see, by their id."""
    row: Any = ChangeRow.__table__.alias("seen")
    statement = select(ChangeSet).where(ChangeSet.id.in_(ids))
    if not policy.unlimited:
        seen = select(1).select_from(row).where(row.c.set_id == ChangeSet.id)
        seen = seen.where(Sight(session, policy).criterion(row.c))
        statement = statement.where(seen.correlate(ChangeSet).exists())
    with acting(session, SYSTEM):
        return {each.id: each for each in session.scalars(statement)}


def set_rows(
    session: Session,
    set_id: int,
    policy: Policy,
    after: int = 0,
    limit: int = 50,
    numbers: Collection[int] | None = None,
) -> list[Entry]:
    """Rows of one change set from number `after` on (of `numbers` alone), as far as the reader may see them."""
    rows = _joined().where(ChangeRow.set_id == set_id, ChangeRow.number > after)
    if numbers is not None:
        rows = rows.where(ChangeRow.number.in_(numbers))
    criterion = Sight(session, policy).criterion(ChangeRow.__table__.c)
    return _entries(session, policy, rows.where(criterion).order_by(ChangeRow.number).limit(limit))


def set_counts(session: Session, set_id: int, policy: Policy) -> dict[Kind, int]:
    """How many rows of a set the reader may see, by (entity, op)."""
    criterion = Sight(session, policy).criterion(ChangeRow.__table__.c)
    statement = (
        select(ChangeRow.entity, ChangeRow.op, func.count())
        .where(ChangeRow.set_id == set_id, criterion)
        .group_by(ChangeRow.entity, ChangeRow.op)
    )
    with acting(session, SYSTEM):
        return {(entity, op): count for entity, op, count in session.execute(statement)}


def trash(
    session: Session, entity: Entity, policy: Policy, before: Place | None = None, limit: int = 50
) -> list[Entry]:
    """Deleted records of an entity that do not exist again, newest first; each with its last deletion."""
    shape = history().shape(entity.model)
    if shape is None or not history().in_sql(shape):
        return []
    later = aliased(ChangeRow)
    now = shape.table.alias()
    exists = (
        select(1)
        .select_from(now)
        .where(now.c[shape.key_column.key] == cast(ChangeRow.record_key, BigInteger))
    )
    newer = select(1).where(
        later.entity == ChangeRow.entity,
        later.record_key == ChangeRow.record_key,
        later.op == "delete",
        tuple_(later.set_id, later.number) > tuple_(ChangeRow.set_id, ChangeRow.number),
    )
    criterion = Sight(session, policy).criterion(ChangeRow.__table__.c)
    rows = _joined().where(
        ChangeRow.entity == entity.name,
        ChangeRow.op == "delete",
        ~exists.exists(),
        ~newer.exists(),
        criterion,
    )
    if before is not None:
        rows = rows.where(tuple_(ChangeRow.set_id, ChangeRow.number) < tuple_(*before))
    rows = rows.order_by(ChangeRow.set_id.desc(), ChangeRow.number.desc()).limit(limit)
    return _entries(session, policy, rows)


def first_rows(session: Session, set_ids: Collection[int], policy: Policy) -> dict[int, Entry]:
    """Of each change set the first row that the reader may see, among its first SAID; by set id."""
    row = ChangeRow.__table__.c
    seen = Sight(session, policy).criterion(row)
    first = (
        select(ChangeRow.set_id, func.min(ChangeRow.number).label("number"))
        .where(ChangeRow.set_id.in_(set_ids), ChangeRow.number <= SAID, seen)
        .group_by(ChangeRow.set_id)
        .subquery("first")
    )
    here = (ChangeRow.set_id == first.c.set_id) & (ChangeRow.number == first.c.number)
    return {entry.change_set.id: entry for entry in _entries(session, policy, _joined().join(first, here))}


def seen_counts(session: Session, set_ids: Collection[int], policy: Policy) -> dict[int, dict[Kind, int]]:
    """By set id, how many of its first SAID rows the reader may see, by (entity, op)."""
    row = ChangeRow.__table__.c
    statement = (
        select(ChangeRow.set_id, ChangeRow.entity, ChangeRow.op, func.count())
        .where(ChangeRow.set_id.in_(set_ids), ChangeRow.number <= SAID, Sight(session, policy).criterion(row))
        .group_by(ChangeRow.set_id, ChangeRow.entity, ChangeRow.op)
        .order_by(ChangeRow.set_id, func.count().desc(), ChangeRow.entity, ChangeRow.op)
    )
    found: dict[int, dict[Kind, int]] = {}
    with acting(session, SYSTEM):
        for set_id, entity, op, count in session.execute(statement):
            found.setdefault(set_id, {})[entity, op] = count
    return found


def _joined() -> Any:
    return select(ChangeRow, ChangeSet).join(ChangeSet, ChangeSet.id == ChangeRow.set_id)


def _entries(session: Session, policy: Policy, statement: Any) -> list[Entry]:
    sight = Sight(session, policy)
    with acting(session, SYSTEM):
        pairs = list(session.execute(statement).all())
    seen = {(row.set_id, row.number) for row in visible(sight, [row for row, _set in pairs])}
    return [
        Entry(
            change_set,
            row.number,
            row.entity,
            row.record_key,
            row.op,
            _label(sight, row),
            sight.changes(row),
        )
        for row, change_set in pairs
        if (row.set_id, row.number) in seen
    ]


def _label(sight: Sight, row: ChangeRow) -> str:
    entity = sight.known.entity(row.entity)
    record = sight.records.get(row.entity, row.record_key)
    return describe(entity, record)[1] if entity is not None and record is not None else f"#{row.record_key}"

"""Undo: a change set taken back where its records still hold what it wrote, previewed first, told as a set of its own.

    plan_undo(session, set_id, policy)   what would happen: counts by state, samples of what would be skipped
    undo(session, set_id, policy)        the same, done; flushed, not committed

`numbers` takes back single rows of the set, `fields` single columns (by column key). Records that somebody edited since
are left alone and listed with both values. Deleted records come back with their key and their references; created ones
go where nothing depends on them. Derived facts are asked anew. What stays and is not the actor's to see, no plan tells.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.change.deleted import Deleted
from admin_app.engine.change.derive import keep_true
from admin_app.engine.change.history import History, history
from admin_app.engine.change.kind import DONE, Kind, names_of
from admin_app.engine.change.recorder import context, current_set, recorder_of
from admin_app.engine.change.reverse import Created, Updated
from admin_app.engine.change.seeing import Sight
from admin_app.engine.change.shape import Shape
from admin_app.errors import Conflict, NotFound
from models.change import ChangeRow, ChangeSet

SAMPLES: Final = 20
_ROWS: Any = ChangeRow.__table__
_KINDS: Final[Mapping[str, type[Kind]]] = {"create": Created, "update": Updated, "delete": Deleted}
_ORDER: Final = {"delete": 0, "update": 1, "create": 2}


@dataclass(frozen=True)
class Count:
    """Rows of an entity that the set wrote by `op`, and what becomes of them: a state of `kind.py`, or "foreign"."""

    entity: str
    op: str
    state: str
    number: int


@dataclass(frozen=True)
class Skipped:
    """A row that is left alone. `fields` are, by column key, what the set wrote and what stands there now."""

    entity: str
    record_key: str
    number: int
    op: str
    state: str
    fields: Mapping[str, tuple[Any, Any]]


@dataclass
class UndoPlan:
    """What undoing comes to. `emptied` counts, by (entity, column key), references that cannot be given back; `going`
    are the numbers of the first rows that go back."""

    set_id: int
    counts: list[Count] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    emptied: dict[tuple[str, str], int] = field(default_factory=dict)
    going: list[int] = field(default_factory=list)
    made: int | None = None

    def total(self, *states: str) -> int:
        """How many rows are in one of these states; all of them without any."""
        return sum(each.number for each in self.counts if not states or each.state in states)

    @property
    def done(self) -> int:
        """How many rows are, or would be, taken back."""
        return self.total(DONE)


def plan_undo(
    session: Session,
    set_id: int,
    policy: Policy,
    *,
    numbers: Collection[int] | None = None,
    fields: Collection[str] | None = None,
    samples: int = SAMPLES,
) -> UndoPlan:
    """What `undo` would do, without doing it. Raises NotFound for a change set that does not exist."""
    session.flush()
    plan, sight = UndoPlan(set_id), Sight(session, policy)
    with acting(session, SYSTEM):
        for reverse in _reverses(session, set_id, policy, numbers, fields, plan):
            reverse.foreseen = True
            reverse.told = sight.criterion
            for state, number in session.execute(reverse.states()):
                plan.counts.append(Count(reverse.name, reverse.op, state, number))
            for column, statement in reverse.emptied().items():
                count = session.scalar(statement)
                if count:
                    plan.emptied[reverse.name, column] = count
            if (
                samples
                and plan.counts
                and any(
                    each.state == DONE and (each.entity, each.op) == (reverse.name, reverse.op)
                    for each in plan.counts
                )
            ):
                plan.going += session.scalars(reverse.going(samples))
            room = samples - len(plan.skipped)
            if room > 0 and any(
                each.state not in (DONE, "unchanged") for each in plan.counts if each.entity == reverse.name
            ):
                plan.skipped += _samples(session, reverse, room)
    plan.going = sorted(plan.going)[:samples]
    plan.counts = [
        each for each in plan.counts if each.state != "foreign" or sight.rows(each.entity).everything
    ]
    return plan


def undo(
    session: Session,
    set_id: int,
    policy: Policy,
    *,
    numbers: Collection[int] | None = None,
    fields: Collection[str] | None = None,
    reason: str | None = None,
) -> UndoPlan:
    """Take a change set back as far as it can be, and flush; returns what was done, with what was left alone.

    Raises:
        NotFound: there is no such change set.
        Conflict: a rule of the database is in the way of the whole.
    """
    plan = plan_undo(session, set_id, policy, numbers=numbers, fields=fields)
    if not plan.done:
        return plan
    recorder = recorder_of(session)
    assert recorder is not None
    first = recorder.number
    context(session, action="undo", reason=reason, undo_of=set_id)
    plan.made = current_set(session)
    done: dict[tuple[str, str], int] = {}
    try:
        with acting(session, SYSTEM), session.begin_nested():
            for reverse in _reverses(session, set_id, policy, numbers, fields, UndoPlan(set_id)):
                place = reverse.name, reverse.op
                done[place] = done.get(place, 0) + reverse.apply()
            keep_true(session, policy, first)
            session.flush()
    except IntegrityError:
        raise Conflict(_("Something that came since is in the way. Undo single records instead.")) from None
    return plan


def _reverses(
    session: Session,
    set_id: int,
    policy: Policy,
    numbers: Collection[int] | None,
    fields: Collection[str] | None,
    plan: UndoPlan,
) -> Iterator[Kind]:
    """The kinds of rows of a set, in the order in which they can be taken back: parents before parts, and at the end
    parts before parents. Rows that cannot be undone here go into the plan as "foreign"."""
    known = history()
    kinds: list[tuple[tuple[int, int], Shape, str, str]] = []
    for entity, op, names, count in _kinds(session, set_id, numbers):
        shape = known.by_name.get(entity)
        if shape is None or not known.in_sql(shape):
            plan.counts.append(Count(entity, op, "foreign", count))
            continue
        depth = _depth(known, shape)
        kinds.append(((_ORDER[op], -depth if op == "create" else depth), shape, op, names or ""))
    if not kinds and not plan.counts:
        with acting(session, SYSTEM):
            if session.get(ChangeSet, set_id) is None:
                raise NotFound(_("There is no such change."))
    for _place, shape, op, names in sorted(kinds, key=lambda each: (each[0], known.name(each[1]), each[3])):
        yield _KINDS[op](session, known, policy, set_id, shape, op, names, numbers, fields)


def _kinds(session: Session, set_id: int, numbers: Collection[int] | None) -> list[Any]:
    dialect = session.get_bind(ChangeRow.__mapper__).dialect.name
    names = names_of(_ROWS.c.op, _ROWS.c.after, dialect).label("names")
    inner = select(_ROWS.c.entity, _ROWS.c.op, names).where(_ROWS.c.set_id == set_id)
    if numbers is not None:
        inner = inner.where(_ROWS.c.number.in_(sorted(numbers)))
    rows = inner.subquery("kinds")
    grouped = select(rows.c.entity, rows.c.op, rows.c.names, func.count()).group_by(
        rows.c.entity, rows.c.op, rows.c.names
    )
    with acting(session, SYSTEM):
        return list(session.execute(grouped).all())


def _depth(known: History, shape: Shape) -> int:
    """How far down a table stands: parents first."""
    tables = shape.table.metadata.sorted_tables
    return tables.index(shape.table)


def _samples(session: Session, reverse: Kind, limit: int) -> list[Skipped]:
    rows = session.execute(reverse.skipped(limit)).all()
    shape = reverse.shape
    keys = [int(row.record_key) for row in rows if row.state == "edited"]
    columns = [column for key, column in shape.columns.items() if key in reverse.keys]
    now = {
        row[0]: row[1:]
        for row in session.execute(
            select(shape.key_column, *columns).where(shape.key_column.in_(keys)),
            bind_arguments={"mapper": shape.mapper},
        )
    }
    found = []
    for row in rows:
        fields: dict[str, tuple[Any, Any]] = {}
        for column, value in zip(columns, now.get(int(row.record_key), ()), strict=False):
            codec = next(each for each in shape.codecs.values() if each.column is column)
            wrote = codec.restore((row.after or {}).get(column.key))
            if wrote != value:
                fields[column.key] = wrote, value
        found.append(Skipped(reverse.name, row.record_key, row.number, reverse.op, row.state, fields))
    return found

"""The guard of all doors: whatever writes a state past a declared step is refused, by flush and by statement alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from flask import current_app, has_app_context
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Connection, and_, event, false, inspect, or_, select, true
from sqlalchemy.orm import Mapper, Session, class_mapper

from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.entity import Entity
from admin_app.engine.labels import labels
from admin_app.engine.states.machine import Machine
from admin_app.errors import Refused

_MACHINES: Final[dict[type[Any], Machine]] = {}
_STEPPING: Final = "states_stepping"


class UndeclaredStep(Refused):
    """No declared step leads from the stored state to the new one."""


def install_states(entities: Iterable[Entity]) -> None:
    """Guard the classes of these entities from now on, in every session; twice is harmless."""
    for entity in entities:
        if entity.states is None:
            continue
        _MACHINES[entity.model] = entity.states
        for name, check in (("before_insert", _check_insert), ("before_update", _check_update)):
            if not event.contains(entity.model, name, check):
                event.listen(entity.model, name, check)


def machine_of(model: type[Any]) -> Machine | None:
    """The machine that guards a class; None where there is none."""
    return _MACHINES.get(model)


@contextmanager
def stepping(session: Session) -> Iterator[None]:
    """Let the statements of the block write states: those of steps, and of the way back of an undo."""
    before = session.info.get(_STEPPING, False)
    session.info[_STEPPING] = True
    try:
        yield
    finally:
        session.info[_STEPPING] = before


def state_column(model: type[Any], machine: Machine) -> Any:
    """The table's column that holds the state."""
    return class_mapper(model).get_property(machine.field).columns[0]


def refuse_steps(
    session: Session,
    model: type[Any],
    source: Any,
    conditions: Sequence[ColumnElement[bool]],
    given: Mapping[str, ColumnElement[Any]],
) -> None:
    """Raise UndeclaredStep where an update would bring any record to a state that no step leads to from its own.

    Args:
        source: what the update reads, the table or a join with it.
        conditions: which rows it writes.
        given: the new values by attribute key.
    """
    machine = _MACHINES.get(model)
    if machine is None or machine.field not in given or session.info.get(_STEPPING):
        return
    column, new = state_column(model, machine), given[machine.field]
    declared = (and_(column == before, new == after) for before, after in sorted(machine.pairs))
    broken = or_(false(), column == new, *declared).is_distinct_from(true())
    found = select(column, new.label("after")).select_from(source).where(*conditions, broken).limit(1)
    with acting(session, SYSTEM):
        row = session.execute(found, bind_arguments={"mapper": class_mapper(model)}).first()
    if row is not None:
        raise UndeclaredStep(no_step(str(column.table.name), machine, row[0], row[1]), machine.field)


def refuse_beginnings(session: Session, model: type[Any], given: Any) -> None:
    """Raise UndeclaredStep where any row of `given` (columns by attribute key) would begin in a wrong state."""
    machine = _MACHINES.get(model)
    if machine is None or machine.field not in given.c or session.info.get(_STEPPING):
        return
    state = given.c[machine.field]
    found = select(state).where(state.not_in(sorted(machine.first))).limit(1)
    with acting(session, SYSTEM):
        wrong = session.scalar(found, bind_arguments={"mapper": class_mapper(model)})
    if wrong is not None:
        name = str(class_mapper(model).local_table)
        raise UndeclaredStep(no_beginning(name, machine, wrong), machine.field)


def _check_insert(mapper: Mapper[Any], _connection: Connection, target: Any) -> None:
    machine = _MACHINES[mapper.class_]
    state = getattr(target, machine.field)
    if state is not None and state not in machine.first:
        raise UndeclaredStep(no_beginning(str(mapper.local_table), machine, state), machine.field)


def _check_update(mapper: Mapper[Any], connection: Connection, target: Any) -> None:
    machine = _MACHINES[mapper.class_]
    history = inspect(target).attrs[machine.field].history
    if not history.added:
        return
    if history.deleted:
        before = history.deleted[0]
    else:
        # The session never loaded what it overwrites.
        key = mapper.primary_key_from_instance(target)
        which = (column == value for column, value in zip(mapper.primary_key, key, strict=True))
        before = connection.scalar(select(state_column(mapper.class_, machine)).where(*which))
    after = history.added[0]
    if before != after and (before, after) not in machine.pairs:
        raise UndeclaredStep(no_step(str(mapper.local_table), machine, before, after), machine.field)


def no_step(entity: str, machine: Machine, before: Any, after: Any) -> str:
    """Why a record does not get from one state to the other, for the reader."""
    return str(
        _(
            "No step leads from “%(before)s” to “%(after)s”.",
            before=state_label(entity, machine, before),
            after=state_label(entity, machine, after),
        )
    )


def no_beginning(entity: str, machine: Machine, state: Any) -> str:
    """Why a new record is not stored in this state, for the reader."""
    return str(
        _("No new record begins as “%(state)s”.", state=state_label(entity, machine, state)),
    )


def state_label(entity: str, machine: Machine, state: Any) -> str:
    """A state as the reader calls it; its code where nobody reads."""
    if state is not None and has_app_context() and "dutybook" in current_app.extensions:
        return labels().choice(entity, machine.field, str(state))
    return str(state)

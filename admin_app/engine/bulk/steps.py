"""Steps as actions: one function with a form serves the button of a record, the bulk bar, and the command line."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any

from flask_babel import LazyString
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from admin_app.engine.access import Policy
from admin_app.engine.bulk.action import Action, ActionForm, Barrier, Plan, beyond
from admin_app.engine.bulk.classify import attributes
from admin_app.engine.change import update_rows
from admin_app.engine.entity import Entity
from admin_app.engine.labels import labels
from admin_app.engine.site import site
from admin_app.engine.states.guard import state_label, stepping
from admin_app.engine.states.machine import Machine, Step


def step_actions(entity: Entity) -> tuple[Action, ...]:
    """The steps of an entity's machine as actions; none where it has no machine."""
    return _actions(entity.name, entity.states) if entity.states is not None else ()


@lru_cache(maxsize=64)
def _actions(name: str, machine: Machine) -> tuple[Action, ...]:
    return tuple(
        Action(
            name=step.name,
            label=LazyString(_label, name, step.name),
            icon=step.icon,
            word=step.word,
            form=step.form or _no_form,
            plan=partial(_plan, machine, step),
            entities=frozenset({name}),
            reasons={**step.reasons, "state": partial(_elsewhere, name, machine, step)},
            # A record's page draws them beside its state.
            button=False,
            needs_reason=step.needs_reason,
            step=True,
        )
        for step in machine.steps
    )


def _label(entity: str, step: str) -> str:
    return labels().step(entity, step)


def _no_form(
    _entity: Entity, _session: Session, _policy: Policy, sent: MultiDict[str, Any] | None
) -> ActionForm:
    return ActionForm(sent)


def _elsewhere(name: str, machine: Machine, step: Step, state: str) -> str:
    """Why a record in `state` does not take the step."""
    return str(
        _(
            "“%(state)s”: the step begins at %(ways)s.",
            state=state_label(name, machine, state),
            ways=beginnings(name, machine, step),
        )
    )


def beginnings(name: str, machine: Machine, step: Step) -> str:
    """The states in which a step can be taken, for the reader."""
    return str(_(", ")).join(f"“{state_label(name, machine, each)}”" for each in step.sources)


def _plan(machine: Machine, step: Step, session: Session, policy: Policy, entity: Entity, form: Any) -> Plan:
    state = getattr(entity.model, machine.field)
    more = dict(step.values(form))
    levels = site().fields(policy, entity)
    closed = (
        beyond(policy, entity, levels.rows(key, "write"), f"field:{key}")
        for key in more
        if key in entity.form_fields
    )
    barriers = [
        *(each for each in closed if each is not None),
        *step.barriers(session, policy),
        *state_barriers(entity, machine, step),
    ]
    values: dict[str, Any] = {machine.field: step.target, **more}

    def write(session: Session, policy: Policy, which: ColumnElement[bool]) -> int:
        rows = site().rows(policy, step.word, entity)
        going = and_(which, state.in_(step.sources), site().access.criterion(entity.model, rows))
        if step.before is not None:
            step.before(session, policy, going, form)
        columns = {attribute.key: values[key] for key, attribute in attributes(entity, values).items()}
        with stepping(session):
            changed = update_rows(session, entity, going, columns, policy=policy, action=step.word)
        if step.after is not None and changed:
            step.after(session, policy, and_(which, state == step.target), form)
        return changed

    return Plan(state == step.target, write, values, barriers)


def state_barriers(entity: Entity, machine: Machine, step: Step) -> list[Barrier]:
    """One barrier for each state in which the step cannot be taken, so that each is told by its name."""
    state = getattr(entity.model, machine.field)
    codes: tuple[str, ...] = entity.fields[machine.field].kind.codes  # type: ignore[attr-defined]
    return [
        Barrier("invalid", f"state:{code}", state == code)
        for code in codes
        if code not in step.sources and code != step.target
    ]

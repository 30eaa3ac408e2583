"""A record's state on its page: where it stands, which steps lead on, and why the others do not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import current_app, url_for
from flask_babel import gettext as _
from sqlalchemy import case, literal, null, select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.bulk.action import sentence
from admin_app.engine.bulk.selection import key_of, supports
from admin_app.engine.bulk.shipped import action_of
from admin_app.engine.bulk.steps import beginnings
from admin_app.engine.entity import Entity
from admin_app.engine.labels import labels
from admin_app.engine.listing import Plan
from admin_app.engine.site import site
from admin_app.engine.states.guard import state_label
from admin_app.engine.states.machine import Step


def state_panel(
    session: Session, entity: Entity, policy: Policy, key: str, plan: Plan, row: Any
) -> dict[str, Any] | None:
    """What a record's page shows of its state, or None where it has none that the reader may see.

    {states: [{label, current}], steps: [{label, icon, url}], closed: [{label, why, word}]}: the steps that can be taken
    now, and the others with the reason; `word` is what "why not?" asks about, where the right is missing. At most one
    statement, where a step that could be taken asks for more than its word.
    """
    machine = entity.states
    if machine is None or machine.field not in plan.slots or not supports(entity):
        return None
    if "bulk.form" not in current_app.view_functions:
        return None
    current = plan.value(row, machine.field)
    held = {step.name: plan.within(row, site().rows(policy, step.word, entity)) for step in machine.steps}
    near = [step for step in machine.steps if current in step.sources and held[step.name]]
    barred = _barred(session, entity, policy, key, [step for step in near if step.guarded])
    steps: list[dict[str, str]] = []
    closed: list[dict[str, str | None]] = []
    for step in machine.steps:
        if current not in step.sources:
            closed.append(
                {
                    "label": labels().step(entity.name, step.name),
                    "why": _("It begins at %(ways)s.", ways=beginnings(entity.name, machine, step)),
                    "word": None,
                }
            )
        elif not held[step.name]:
            why = _("None of your positions lets you do this.")
            closed.append({"label": labels().step(entity.name, step.name), "why": why, "word": step.word})
        elif step.name in barred:
            closed.append(
                {"label": labels().step(entity.name, step.name), "why": barred[step.name], "word": None}
            )
        else:
            url = url_for("bulk.form", entity=entity.name, action=step.name, id=key)
            steps.append({"label": labels().step(entity.name, step.name), "icon": step.icon, "url": url})
    codes: tuple[str, ...] = entity.fields[machine.field].kind.codes  # type: ignore[attr-defined]
    states = [
        {"label": state_label(entity.name, machine, code), "current": code == current} for code in codes
    ]
    return {"states": states, "steps": steps, "closed": closed}


def _barred(
    session: Session, entity: Entity, policy: Policy, key: str, steps: Sequence[Step]
) -> dict[str, str]:
    """Why a barrier of its own keeps the record from these steps, by step."""
    tests = []
    for step in steps:
        barriers = step.barriers(session, policy)
        if barriers:
            codes = case(*((each.holds, literal(each.why)) for each in barriers), else_=null())
            tests.append((step, codes))
    if not tests:
        return {}
    with acting(session, SYSTEM):
        found = session.execute(
            select(*(test.label(step.name) for step, test in tests)).where(key_of(entity) == int(key))
        ).one()
    return {
        step.name: sentence(action_of(entity, step.name), entity, why, labels())
        for (step, _test), why in zip(tests, found, strict=True)
        if why is not None
    }

"""The life of a rule set: only a draft is edited; activating one retires the version before it."""

from __future__ import annotations

from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import ColumnElement, exists, false, func, inspect, select
from sqlalchemy.orm import Session, aliased
from werkzeug.datastructures import MultiDict

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.bulk.action import Action, ActionForm, Barrier, Plan
from admin_app.engine.change import update_rows
from admin_app.engine.entity import Entity
from admin_app.errors import Refused
from admin_app.services import clock
from admin_app.services.grading import flaws, read_rules
from models.grading import GradeBand, GradeDimension, GradeRate, GradeRule, GradeStep

RULE: Final = frozenset({"grade_rule"})
#: Columns that a copy gets by itself.
_OF_THE_RECORD: Final = {"id", "version", "created_at", "updated_at"}


def before_rule_saved(session: Session, _policy: Policy, rule: GradeRule) -> None:
    """Number a new version; refuse a change of one that is no draft, or of the class that it is for."""
    if inspect(rule).persistent:
        _must_be_draft(session, rule.id)
        if inspect(rule).attrs.customer_class.history.has_changes():
            raise Refused(
                _("A rule set stays with its class: its versions are counted there."), "customer_class"
            )
        return
    rule.state = "draft"
    rule.number = next_number(session, rule.customer_class)


def next_number(session: Session, customer_class: str) -> int:
    """The number of the next version for a class."""
    with acting(session, SYSTEM), session.no_autoflush:
        used = session.scalar(
            select(func.max(GradeRule.number)).where(GradeRule.customer_class == customer_class)
        )
    return (used or 0) + 1


def after_rule_deleted(_session: Session, _policy: Policy, rule: GradeRule) -> None:
    """Refuse: what was in force once stays, for grades refer to it."""
    if rule.state != "draft":
        raise Refused(_only_drafts())


def before_part_saved(session: Session, _policy: Policy, part: Any) -> None:
    """Refuse a line that was moved away from a version in force; the one that it comes to is asked afterwards."""
    if inspect(part).persistent:
        with acting(session, SYSTEM), session.no_autoflush:
            stored = session.execute(select(*_whole(type(part))).where(type(part).id == part.id)).scalar()
        if stored is not None:
            _must_be_draft(session, stored)


def after_part_changed(session: Session, _policy: Policy, part: Any) -> None:
    """Refuse a line that belongs to a version in force, also one that comes back from the history or goes."""
    if isinstance(part, GradeBand):
        with acting(session, SYSTEM):
            owner = session.scalar(
                select(GradeDimension.rule_id).where(GradeDimension.id == part.dimension_id)
            )
    else:
        owner = part.rule_id
    if owner is not None:
        _must_be_draft(session, owner)


def _whole(model: Any) -> tuple[Any, ...]:
    if model is GradeBand:
        own = select(GradeDimension.rule_id).where(GradeDimension.id == GradeBand.dimension_id)
        return (own.correlate(GradeBand).scalar_subquery(),)
    return (model.rule_id,)


def _must_be_draft(session: Session, rule_id: int) -> None:
    with acting(session, SYSTEM), session.no_autoflush:
        state = session.scalar(select(GradeRule.state).where(GradeRule.id == rule_id))
    if state is not None and state != "draft":
        raise Refused(_only_drafts())


def _only_drafts() -> str:
    return str(_("Only a draft is edited. Make a new version of this rule set."))


def _no_form(
    _entity: Entity, _session: Session, _policy: Policy, sent: MultiDict[str, Any] | None
) -> ActionForm:
    return ActionForm(sent)


def _plan_activate(session: Session, _policy: Policy, _entity: Entity, _form: Any) -> Plan:
    with acting(session, SYSTEM):
        drafts = session.scalars(select(GradeRule.id).where(GradeRule.state == "draft")).all()
    broken: dict[str, list[int]] = {}
    for rule in read_rules(session, drafts):
        for flaw in flaws(rule)[:1]:
            broken.setdefault(flaw, []).append(rule.id)

    def write(session: Session, policy: Policy, which: ColumnElement[bool]) -> int:
        today = clock.today()
        with acting(session, SYSTEM):
            classes = session.scalars(select(GradeRule.customer_class).where(which)).all()
        former = GradeRule.customer_class.in_(classes) & (GradeRule.state == "active")
        retired = {"state": "retired", "active_to": today}
        update_rows(session, GradeRule, former, retired, policy=SYSTEM, few=True)
        begun = {"state": "active", "active_from": today, "active_to": None}
        return update_rows(session, GradeRule, which, begun, policy=policy, action="configure", few=True)

    barriers = [
        Barrier("invalid", "not_draft", GradeRule.state == "retired"),
        *(Barrier("invalid", code, GradeRule.id.in_(ids)) for code, ids in broken.items()),
    ]
    return Plan(
        GradeRule.state == "active", write, {"state": "active", "active_from": clock.today()}, barriers
    )


def _plan_retire(_session: Session, _policy: Policy, _entity: Entity, _form: Any) -> Plan:
    def write(session: Session, policy: Policy, which: ColumnElement[bool]) -> int:
        values = {"state": "retired", "active_to": clock.today()}
        return update_rows(session, GradeRule, which, values, policy=policy, action="configure", few=True)

    barriers = [Barrier("invalid", "not_active", GradeRule.state == "draft")]
    return Plan(
        GradeRule.state == "retired", write, {"state": "retired", "active_to": clock.today()}, barriers
    )


def _plan_copy(_session: Session, _policy: Policy, _entity: Entity, _form: Any) -> Plan:
    def write(session: Session, _policy: Policy, which: ColumnElement[bool]) -> int:
        with acting(session, SYSTEM):
            rules = session.scalars(select(GradeRule).where(which)).all()
            for rule in rules:
                copy_rule(session, rule)
            session.flush()
        return len(rules)

    other = aliased(GradeRule)
    waiting = exists(
        select(other.id).where(other.customer_class == GradeRule.customer_class, other.state == "draft")
    )
    return Plan(false(), write, barriers=[Barrier("invalid", "draft_waits", waiting)])


def copy_rule(session: Session, rule: GradeRule) -> GradeRule:
    """A draft with the same lines, as the next version of its class, flushed; the session acts as the system."""
    number = next_number(session, rule.customer_class)
    made: GradeRule = _twin(rule, state="draft", active_from=None, active_to=None, number=number)
    session.add(made)
    session.flush()
    for model in (GradeStep, GradeRate):
        for line in session.scalars(select(model).where(model.rule_id == rule.id)):
            session.add(_twin(line, rule_id=made.id))
    for dimension in session.scalars(select(GradeDimension).where(GradeDimension.rule_id == rule.id)):
        twin = _twin(dimension, rule_id=made.id)
        session.add(twin)
        session.flush()
        for band in session.scalars(select(GradeBand).where(GradeBand.dimension_id == dimension.id)):
            session.add(_twin(band, dimension_id=twin.id))
    session.flush()
    return made


def _twin(line: Any, **changed: Any) -> Any:
    own = {each.key for each in inspect(type(line)).column_attrs} - _OF_THE_RECORD
    return type(line)(**{key: getattr(line, key) for key in own - set(changed)}, **changed)


ACTIVATE: Final = Action(
    "activate",
    lazy_gettext("Activate"),
    "player-play",
    "configure",
    _no_form,
    _plan_activate,
    RULE,
    reasons={
        "not_draft": lazy_gettext("It is retired. Make a new version of it."),
        "no_dimension": lazy_gettext("It has no dimension yet."),
        "no_step": lazy_gettext("It has no step yet that says from which total on a grade is given."),
        "no_band": lazy_gettext("One of its dimensions has no band yet."),
        "steps_mixed": lazy_gettext("A better grade needs more points than the one below it."),
        "floor_above_ceiling": lazy_gettext("Its lowest grade is better than its highest one."),
    },
    needs_reason=True,
)
RETIRE: Final = Action(
    "retire",
    lazy_gettext("Retire"),
    "archive",
    "configure",
    _no_form,
    _plan_retire,
    RULE,
    reasons={"not_active": lazy_gettext("It was never in force. Delete the draft instead.")},
    needs_reason=True,
)
NEW_VERSION: Final = Action(
    "new_version",
    lazy_gettext("New version"),
    "copy",
    "create",
    _no_form,
    _plan_copy,
    RULE,
    reasons={"draft_waits": lazy_gettext("Its class has a draft already. Edit that one.")},
)
ACTIONS: Final = (ACTIVATE, RETIRE, NEW_VERSION)

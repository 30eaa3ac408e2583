"""Grades by rule: the bulk action that gives them, what a grade by hand leaves behind, and where the two differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import ColumnElement, and_, case, cast, false, func, literal, null, or_
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.bulk.action import Action, ActionForm, Barrier, Computed, Plan
from admin_app.engine.change import update_rows
from admin_app.engine.entity import Entity
from admin_app.services import clock
from admin_app.services.grading import RuleSet, flaws, read_rules
from admin_app.services.grading_score import Score, score
from models.customer import Customer

#: What a grade by rule writes.
SETS: Final = ("grade", "grade_since", "grade_rule_id", "grade_points", "drift_grade", "drift_since")


class ByRuleForm(ActionForm):
    """Nothing but the reason: the active rule sets say the rest."""

    def __init__(self, sent: MultiDict[str, Any] | None, ready: bool) -> None:
        super().__init__(sent)
        self.form_errors: list[str] = []
        if not ready:
            self.form_errors.append(_("No rule set is active. Activate one first."))


def _by_rule_form(
    _entity: Entity, session: Session, _policy: Policy, sent: MultiDict[str, Any] | None
) -> ByRuleForm:
    return ByRuleForm(sent, bool(active_rules(session)))


def active_rules(session: Session) -> list[RuleSet]:
    """The rule sets in force that can grade, one at most of each class."""
    return [rule for rule in read_rules(session) if not flaws(rule)]


def _plan_by_rule(session: Session, _policy: Policy, _entity: Entity, _form: Any) -> Plan:
    today = clock.today()

    def compute(chosen: Sequence[ColumnElement[bool]]) -> Computed:
        rules = active_rules(session)
        found = score(rules, today, chosen).rows
        return Computed(
            rows=found,
            on=found.c.id == Customer.id,
            values={
                "grade": found.c.grade,
                "grade_since": literal(today, Customer.grade_since.type),
                "grade_rule_id": found.c.rule_id,
                "grade_points": found.c.total,
                "drift_grade": cast(null(), Customer.drift_grade.type),
                "drift_since": cast(null(), Customer.drift_since.type),
            },
            same=and_(found.c.id.is_not(None), found.c.ruled.is_not_distinct_from(Customer.grade)),
            barriers=[
                Barrier("invalid", "no_rule", found.c.id.is_(None)),
                Barrier("locked", "grade_stay", found.c.kept == "stay"),
            ],
        )

    def write(_session: Session, _policy: Policy, _which: ColumnElement[bool]) -> int:
        raise NotImplementedError("a computed plan writes what its preview found")

    barriers = [Barrier("locked", "grade_lock", locked_on(today))]
    return Plan(false(), write, {"grade": None}, barriers, computed=compute, sets=SETS, word="work")


def locked_on(day: date) -> ColumnElement[bool]:
    """Customers whose grade is locked on that day."""
    return func.coalesce(Customer.grade_locked_until >= day, False)


BY_RULE: Final = Action(
    "regrade_by_rule",
    lazy_gettext("Regrade by rule"),
    "stairs-up",
    "work",
    _by_rule_form,
    _plan_by_rule,
    frozenset({"customer"}),
    reasons={
        "grade_lock": lazy_gettext("Their grade is locked."),
        "grade_stay": lazy_gettext("They have had their grade for less than the minimum stay."),
        "no_rule": lazy_gettext("No rule set is active for their class."),
    },
    needs_reason=True,
    # Whoever works with customers proposes; a second person decides from a set number on.
    many="",
    approval="GRADING_APPROVAL",
    explains="grade.index",
)


def by_hand(grade: str | None, today: date) -> dict[str, Any]:
    """What goes with a grade by hand, as SQL by attribute: since when it holds, and that no rule gave it."""
    kind = Customer.grade.type
    changes = Customer.grade.is_distinct_from(literal(grade, kind))
    reached = func.coalesce(Customer.drift_grade == literal(grade, kind), False)
    return {
        "grade_since": case((changes, literal(today, Customer.grade_since.type)), else_=Customer.grade_since),
        "grade_rule_id": case((changes, null()), else_=Customer.grade_rule_id),
        "grade_points": case((changes, null()), else_=Customer.grade_points),
        "drift_grade": case((reached, null()), else_=Customer.drift_grade),
        "drift_since": case((reached, null()), else_=Customer.drift_since),
    }


def note_by_hand(customer: Customer, before: str | None, today: date) -> None:
    """The same for a customer that is saved with another grade than it had."""
    if customer.grade == before:
        return
    customer.grade_since = today if customer.grade is not None else None
    customer.grade_rule_id = customer.grade_points = None
    if customer.drift_grade == customer.grade:
        customer.drift_grade = customer.drift_since = None


def refresh_drift(session: Session, customer_ids: Iterable[int] | None, today: date) -> int:
    """Write where the grade that the active rules give differs from the stored one, and since when; returns how many
    customers changed. Flushes. None stands for all customers. Neither version nor time of change move.
    """
    session.flush()
    rules = active_rules(session)
    chosen: list[ColumnElement[bool]] = []
    if customer_ids is not None:
        chosen = [Customer.id.in_(sorted(set(customer_ids)))]
    with acting(session, SYSTEM):
        if not rules:
            nothing = {"drift_grade": None, "drift_since": None}
            drifting = and_(Customer.drift_since.is_not(None), *chosen)
            return update_rows(session, Customer, drifting, nothing, touch=False)
        found = score(rules, today, chosen)
        return _write_drift(session, found, chosen)


def _write_drift(session: Session, found: Score, chosen: Sequence[ColumnElement[bool]]) -> int:
    rows = found.rows
    drifts = rows.c.ruled.is_distinct_from(Customer.grade)
    as_before = Customer.drift_grade.is_not_distinct_from(rows.c.ruled)
    day = literal(found.day, Customer.grade_since.type)
    since = case((drifts & as_before, Customer.drift_since), (drifts, day))
    values = {"drift_grade": case((drifts, rows.c.ruled)), "drift_since": since}
    # Most customers do not drift, and did not before: they are left out at once.
    concerned = or_(drifts, Customer.drift_since.is_not(None))
    join = (rows, rows.c.id == Customer.id)
    return update_rows(session, Customer, and_(concerned, *chosen), values, touch=False, join=join)

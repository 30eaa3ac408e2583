"""Why a customer has its grade, and what another rule set would say: pages that write nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from flask import request, url_for
from flask_admin import expose
from flask_babel import format_decimal
from flask_babel import gettext as _
from sqlalchemy import select

from admin_app.db import db
from admin_app.engine.access import Policy, current_policy
from admin_app.engine.labels import labels
from admin_app.engine.site import Page, site
from admin_app.errors import BadInput, NotFound
from admin_app.services import clock
from admin_app.services.grade_explained import explain, grade_history, rule_names
from admin_app.services.grade_trial import LISTED, Trial, in_order
from admin_app.services.grading import RuleSet, flaws, read_rules
from models.customer import Customer
from models.grading import GradeRule
from models.types import GRADES
from views.asking import AccessPage
from views.grading_chart import chart
from views.grading_words import contracts, kept_words, step, told

_FIRST_DAY: Final = date(1990, 1, 1)
_NONE: Final = "-"
_ASKED: Final = ("set", "other", "day")
#: Versions to choose from.
_VERSIONS: Final = 200


class GradingView(AccessPage):
    """`/grading/` tries a rule set."""

    @expose("/")
    def index(self) -> str:
        """A rule set, a day, perhaps a version to compare with; the matrix, and the customers of one of its cells."""
        session, policy = db.session(), current_policy()
        choices = _choices()
        asked = request.args.get("set", "") or next((key for key, _label, _class in choices), "")
        day = _day()
        found: dict[str, Any] = {
            "rules": [(str(key), label) for key, label, _class in choices],
            "day": day.isoformat(),
            "today": clock.today().isoformat(),
            "asked": str(asked),
            "other": request.args.get("other", ""),
            "trial": None,
        }
        if not asked:
            return str(self.render("admin/grading/trial.html", **found))
        rule, other = _rule(str(asked)), _rule(found["other"]) if found["other"] else None
        if other is not None and other.customer_class != rule.customer_class:
            raise BadInput(_("These two versions are for different classes. Choose two of one class."))
        wrong = [each for each in (rule, other) if each is not None and flaws(each)]
        if wrong:
            found["trouble"] = _("This version cannot grade yet: it lacks dimensions, bands or steps.")
        else:
            found["trial"] = _trial(Trial(rule, day, other), session, policy)
        return str(self.render("admin/grading/trial.html", **found))


class GradeView(AccessPage):
    """`/grade/` explains the grade of one customer."""

    @expose("/")
    def index(self) -> str:
        """Points by dimension, the contracts that count, and the grades until now."""
        session, policy = db.session(), current_policy()
        entity = site().by_name["customer"]
        text = request.args.get("id", "")
        key = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
        customer = session.get(Customer, key) if site().may(policy, "view", entity) else None
        if customer is None:
            raise NotFound(_("The record is gone, or it is not yours to see."))
        day = _day()
        asked = request.args.get("set", "")
        rules = [_rule(asked)] if asked else [each for each in read_rules(session) if not flaws(each)]
        found = next(
            (each for rule in rules if not flaws(rule) and (each := explain(session, key, rule, day))), None
        )
        steps = grade_history(session, customer)
        names = rule_names(session, [each.rule for each in steps if each.rule is not None])
        amounts = site().fields(policy, entity).rows("contract_total", "read")
        readable = site().access.contains(amounts, customer)
        return str(
            self.render(
                "admin/grading/grade.html",
                customer={
                    "label": customer.name,
                    "code": customer.code,
                    "url": url_for("customer.details_view", id=key),
                    "list_url": url_for("customer.index_view"),
                    "grade": customer.grade,
                    "since": customer.grade_since,
                    "locked_until": customer.grade_locked_until,
                    "lock_reason": customer.grade_lock_reason,
                    "points": customer.grade_points,
                },
                locked=customer.grade_locked_until is not None and customer.grade_locked_until >= day,
                day=day,
                told=told(found, readable) if found else None,
                contracts=contracts(found, key, policy) if found else None,
                steps=[step(each, names) for each in reversed(steps)],
                chart=chart(steps, clock.today()),
                plural=labels().plural("customer"),
            )
        )


def _day() -> date:
    text = request.args.get("day", "").strip()
    if not text:
        return clock.today()
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadInput(_("“%(value)s” is no day. Write it as 2026-11-24.", value=text)) from None
    if not _FIRST_DAY <= day <= clock.today():
        raise BadInput(_("Choose a day from 1990 up to today."))
    return day


def _choices() -> list[tuple[int, str, str]]:
    """(id, label, class) of all versions, the active ones first, within the reader's rows."""
    session = db.session()
    rules = session.scalars(select(GradeRule).order_by(GradeRule.id.desc()).limit(_VERSIONS)).all()
    order = {"active": 0, "draft": 1, "retired": 2}
    rules = sorted(rules, key=lambda rule: (order[rule.state], rule.customer_class, -rule.number))
    find = labels().choice
    return [
        (
            rule.id,
            f"{rule.name} · {_('version %(number)s', number=rule.number)} · "
            f"{find('grade_rule', 'state', rule.state)}",
            rule.customer_class,
        )
        for rule in rules
    ]


def _rule(text: str) -> RuleSet:
    """The rule set of that key within the reader's rows; the rules themselves are read by nobody's rights."""
    session = db.session()
    key = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    if session.scalar(select(GradeRule.id).where(GradeRule.id == key)) is None:
        raise NotFound(_("There is no such rule set."))
    return read_rules(session, [key])[0]


def _trial(trial: Trial, session: Any, policy: Policy) -> dict[str, Any]:
    cells = trial.matrix(session, policy)
    readable = site().fields(policy, site().by_name["customer"]).readable("contract_total")
    befores = in_order([was for was, _becomes in cells])
    afters = in_order([becomes for _was, becomes in cells])
    most = max((cell.number for cell in cells.values()), default=1)

    def url(was: str | None, becomes: str | None, **more: Any) -> str:
        arguments: dict[str, Any] = {key: request.args[key] for key in _ASKED if request.args.get(key)}
        return url_for(
            "grading.index", **arguments, was=was or _NONE, to=becomes or _NONE, **more, _anchor="who"
        )

    rows = []
    for was in befores:
        line = []
        for becomes in afters:
            cell = cells.get((was, becomes))
            line.append(
                {
                    "same": was == becomes,
                    "number": cell.number if cell else 0,
                    "count": format_decimal(cell.number) if cell else "",
                    "share": cell.number / most if cell else 0,
                    "money": _money(cell.money) if cell and readable else [],
                    "url": url(was, becomes) if cell else None,
                }
            )
        rows.append({"grade": was or _("No grade"), "cells": line})
    moving = sum(cell.number for (was, becomes), cell in cells.items() if was != becomes)
    return {
        "rows": rows,
        "afters": [each or _("No grade") for each in afters],
        "moving": format_decimal(moving),
        "number": moving,
        "all": format_decimal(sum(cell.number for cell in cells.values())),
        "who": _movers(trial, session, policy, url),
        "compared": trial.other is not None,
    }


def _movers(trial: Trial, session: Any, policy: Policy, url: Any) -> dict[str, Any] | None:
    was, becomes = request.args.get("was"), request.args.get("to")
    if not was or not becomes:
        return None
    after = request.args.get("after", "")
    last = int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0
    if not {was, becomes} <= {_NONE, *GRADES}:
        raise BadInput(_("There is no such grade."))
    pair = [None if each == _NONE else each for each in (was, becomes)]
    found = trial.movers(session, policy, pair[0], pair[1], last)
    shown = found[:LISTED]
    return {
        "was": pair[0] or _("No grade"),
        "becomes": pair[1] or _("No grade"),
        "rows": [
            {
                "label": each.name,
                "code": each.code,
                "url": url_for("customer.details_view", id=each.id),
                "total": each.total,
                "before": each.total_before,
                "kept": kept_words(each.kept),
                "why": url_for("grade.index", id=each.id, set=trial.rule.id, day=trial.day.isoformat()),
            }
            for each in shown
        ],
        "more": url(pair[0], pair[1], after=shown[-1].id) if len(found) > LISTED else None,
    }


def _money(amounts: Mapping[str, Decimal]) -> list[str]:
    return [f"{amount:,.0f} {currency}" for currency, amount in sorted(amounts.items()) if amount]


def may_try(policy: Policy) -> bool:
    """Whether this person reads rule sets and customers."""
    return all(site().may(policy, "view", site().by_name[name]) for name in ("grade_rule", "customer"))


def may_ask(policy: Policy) -> bool:
    """Whether this person reads customers."""
    return site().may(policy, "view", site().by_name["customer"])


TRIAL: Final = Page("grading", "customer", "scale", GradingView, may_try)
GRADE: Final = Page("grade", None, "stairs-up", GradeView, may_ask, listed=False)

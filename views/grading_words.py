"""What the pages about grades say: scores, contracts and steps as their templates show them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from admin_app.db import db
from admin_app.engine.access import Policy, current_policy
from admin_app.engine.labels import labels
from admin_app.engine.site import site
from admin_app.services.grade_explained import Explanation, Line, Step, counting_contracts
from admin_app.services.grading import AMOUNTS, Band, RuleSet
from models.contract import Contract


def kept_words(kept: str | None) -> str:
    """What keeps a grade although the rules say otherwise."""
    words = {
        "locked": _("The grade is locked."),
        "stay": _("The minimum stay is not over."),
        "margin": _("The margin is not passed."),
    }
    return str(words[kept]) if kept else ""


def told(found: Explanation, readable: bool) -> dict[str, Any]:
    """What a rule set says of a customer; without its lines for whom the amounts are not `readable`.

    Each line's points tell the band that its amount falls into, and all others together tell those of the one left out.
    """
    rule = found.rule
    lowest = rule.steps[-1][0]
    return {
        "rule": {
            "label": rule.name,
            "number": rule.number,
            "state": labels().choice("grade_rule", "state", rule.state),
            "url": url_for("grade_rule.details_view", id=rule.id)
            if site().may(current_policy(), "view", site().by_name["grade_rule"])
            else None,
        },
        "total": found.total,
        "best": sum(each.best for each in rule.dimensions),
        "stored": found.stored,
        "ruled": found.ruled,
        "plain": found.plain,
        "grade": found.grade,
        "kept": kept_words(found.kept),
        "differs": found.ruled != found.stored,
        "margin": rule.margin,
        "steps": [
            {"grade": grade, "points": None if grade == lowest else points, "reached": grade == found.plain}
            for grade, points in rule.steps
        ],
        "lines": [_line(each, rule) for each in found.lines] if readable else [],
    }


def _line(line: Line, rule: RuleSet) -> dict[str, Any]:
    dimension = line.dimension
    label = labels().choice("grade_dimension", "kind", dimension.kind)

    def text(value: Decimal | int | None) -> str:
        if value is None:
            return "—"
        return f"{value:,.2f} {rule.currency}" if dimension.kind in AMOUNTS else f"{value:,.0f}"

    return {
        "label": label,
        "months": _("within %(n)s months", n=dimension.months) if dimension.months else "",
        "value": text(line.value),
        "points": line.points,
        "weight": dimension.weight,
        "adds": line.adds,
        "band": _("from %(value)s", value=text(line.band.threshold)) if line.band else "",
        "following": _following(line.following, text) if line.following else "",
        "share": abs(line.adds) / max(dimension.best, abs(line.adds), 1),
        "negative": line.adds < 0,
    }


def _following(band: Band, text: Callable[[Decimal], str]) -> str:
    points, value = band.points, text(band.threshold)
    return str(_("%(points)s points from %(value)s on", points=points, value=value))


def contracts(found: Explanation, key: int, policy: Policy) -> dict[str, Any] | None:
    entity = site().by_name["contract"]
    if not site().may(policy, "view", entity):
        return None
    seen, hidden = counting_contracts(db.session(), found, key)
    readable = site().fields(policy, entity).readable("amount")
    return {
        "rows": [_contract(each, found.rule, readable) for each in seen],
        "hidden": hidden,
        "plural": labels().plural("contract"),
    }


def _contract(contract: Contract, rule: RuleSet, readable: bool) -> dict[str, Any]:
    counts = contract.currency == rule.currency or contract.currency in rule.rates
    return {
        "label": contract.title,
        "number": contract.number,
        "url": url_for("contract.details_view", id=contract.id),
        "signed_on": contract.signed_on,
        "status": labels().choice("contract", "status", contract.status),
        "amount": f"{contract.amount:,.2f} {contract.currency}" if readable else _("hidden"),
        "rate": rule.rates.get(contract.currency),
        "left_out": not counts,
    }


def step(each: Step, names: Mapping[int, tuple[str, int]]) -> dict[str, Any]:
    named = names.get(each.rule) if each.rule is not None else None
    if each.undone:
        how = _("Undone")
    elif named is not None:
        how = _(
            "%(rule)s, version %(number)s: %(points)s points",
            rule=named[0],
            number=named[1],
            points=each.points,
        )
    else:
        how = _("By hand") if each.who else ""
    return {
        "day": each.day,
        "grade": each.grade or _("No grade"),
        "how": how,
        "who": each.who or "",
        "reason": each.reason or "",
    }

"""Scoring customers by rule sets: one statement for any number of them, with the same result on both databases.

Everything is compared as whole numbers, exact decimals or days: nothing is divided, rounded or counted in a database's
own way. What happened after the day in question does not count.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Select, Subquery, and_, case, func, literal, null, or_, select

from admin_app.services.grading import AMOUNTS, RANK, Dimension, RuleSet
from admin_app.services.grading_facts import SOURCES, Facts, own_value, summed
from models.customer import Customer
from models.types import Money

#: What a customer bears already, and needs no sum.
OWN: Final = ("annual_revenue", "judgement")
#: Dimensions without a value where nothing is known; elsewhere nothing is 0.
UNKNOWN: Final = (*OWN, "contract_recency")


@dataclass(frozen=True)
class Score:
    """Scored customers as a subquery, a row each.

    Columns: id; rule_id; total; stored (the present grade); plain (the grade of the total alone); ruled (with the
    margin by which one leaves a grade); grade (what comes of it: `ruled`, unless something keeps the present one); kept
    ("locked", "stay", "margin" or NULL); for each dimension v<its id> (the value: an amount times 100, a number, or a
    day) and p<its id> (the points).
    """

    rows: Subquery
    rules: tuple[RuleSet, ...]
    day: date


def score(rules: Sequence[RuleSet], day: date, chosen: Sequence[ColumnElement[bool]] = ()) -> Score:
    """Score the customers of the rules' classes; the session that sends it acts as the system.

    Args:
        rules: at least one, and at most one of each class; customers of other classes are left out.
        day: as of when.
        chosen: conditions over Customer; all customers without.
    """
    dimensions = [dimension for rule in rules for dimension in rule.dimensions]
    parts = [_graded(rule, day, chosen, dimensions) for rule in rules]
    united = sa.union_all(*parts) if len(parts) > 1 else parts[0]
    return Score(united.subquery("score"), tuple(rules), day)


def _graded(
    rule: RuleSet, day: date, chosen: Sequence[ColumnElement[bool]], dimensions: Sequence[Dimension]
) -> Select[Any]:
    points = _points(rule, day, chosen).subquery(f"points_{rule.customer_class}")
    shown = [each for each in points.c if each.name[0] in "vp" and each.name[1:].isdigit()]
    facts = [points.c[name] for name in ("id", "total", "stored", "since", "locked_until")]
    # Step by step, each in a query around the one before: written into each other they would grow without end.
    ranked = select(
        *facts,
        *shown,
        case(*((points.c.stored == code, place) for code, place in RANK.items())).label("present"),
        _rank_of(rule, points.c.total).label("plain"),
        _rank_of(rule, points.c.total - rule.margin).label("up"),
        _rank_of(rule, points.c.total + rule.margin).label("down"),
    ).subquery(f"ranked_{rule.customer_class}")
    ruled = case(
        (ranked.c.present.is_(None), ranked.c.plain),
        (ranked.c.up < ranked.c.present, ranked.c.up),
        (ranked.c.down > ranked.c.present, ranked.c.down),
        else_=ranked.c.present,
    )
    settled = select(*ranked.c, ruled.label("ruled")).subquery(f"settled_{rule.customer_class}").c
    changes = settled.ruled.is_distinct_from(settled.present)
    locked = and_(changes, settled.locked_until.is_not(None), settled.locked_until >= day)
    stays: ColumnElement[bool] = sa.false()
    if rule.min_stay_days:
        since = _before(day, rule.min_stay_days)
        stays = and_(changes, settled.stored.is_not(None), settled.since > since, settled.since <= day)
    own = {dimension.id for dimension in rule.dimensions}
    values = [
        settled[name].label(name)
        if dimension.id in own
        else sa.cast(null(), _type(dimension) if name[0] == "v" else sa.Integer()).label(name)
        for dimension in dimensions
        for name in (f"v{dimension.id}", f"p{dimension.id}")
    ]
    return select(
        settled.id,
        literal(rule.id, sa.BigInteger).label("rule_id"),
        settled.total,
        settled.stored,
        _code(settled.plain).label("plain"),
        _code(settled.ruled).label("ruled"),
        case((or_(locked, stays), settled.stored), else_=_code(settled.ruled)).label("grade"),
        case(
            (locked, "locked"), (stays, "stay"), (settled.plain.is_distinct_from(settled.ruled), "margin")
        ).label("kept"),
        *values,
    )


def _points(rule: RuleSet, day: date, chosen: Sequence[ColumnElement[bool]]) -> Select[Any]:
    among = [Customer.customer_class == rule.customer_class, *chosen]
    facts = Facts(rule, day, select(Customer.id).where(*among) if chosen else None)
    source: Any = Customer
    values: dict[int, ColumnElement[Any]] = {
        each.id: own_value(rule, each) for each in rule.dimensions if each.kind in OWN
    }
    for name, kinds in SOURCES.items():
        dimensions = [each for each in rule.dimensions if each.kind in kinds]
        if dimensions:
            sums = summed(facts, name, dimensions)
            source = sa.outerjoin(source, sums, sums.c.customer_id == Customer.id)
            values |= {each.id: sums.c[f"v{each.id}"] for each in dimensions}
    columns: list[ColumnElement[Any]] = []
    total: ColumnElement[Any] = literal(0, sa.Integer)
    for dimension in rule.dimensions:
        value = values[dimension.id]
        if dimension.kind not in UNKNOWN:
            value = func.coalesce(value, literal(0, _type(dimension)), type_=_type(dimension))
        points = _banded(dimension, value, day)
        columns += [value.label(f"v{dimension.id}"), points.label(f"p{dimension.id}")]
        total = total + points * dimension.weight
    return (
        select(
            Customer.id.label("id"),
            Customer.grade.label("stored"),
            Customer.grade_since.label("since"),
            Customer.grade_locked_until.label("locked_until"),
            total.label("total"),
            *columns,
        )
        .select_from(source)
        .where(*among)
    )


def _banded(dimension: Dimension, value: ColumnElement[Any], day: date) -> ColumnElement[int]:
    """The points of the last band whose threshold the value reaches; 0 below the first and where there is none."""
    reached: list[tuple[ColumnElement[bool], Any]] = []
    for band in reversed(dimension.bands):
        if dimension.kind in AMOUNTS:
            test = value >= literal(band.threshold, Money()) * 100
        elif dimension.kind == "contract_recency":
            test = value <= _before(day, math.ceil(band.threshold))
        else:
            test = value >= math.ceil(band.threshold)
        reached.append((test, literal(band.points, sa.Integer)))
    return case(*reached, else_=literal(0, sa.Integer)) if reached else literal(0, sa.Integer)


def _rank_of(rule: RuleSet, total: ColumnElement[Any]) -> ColumnElement[int]:
    """The place of the grade that a total gives."""
    *above, (lowest, _always) = rule.given
    tests = [(total >= points, literal(RANK[grade], sa.Integer)) for grade, points in above]
    last = literal(RANK[lowest], sa.Integer)
    return case(*tests, else_=last) if tests else last


def _code(rank: ColumnElement[int]) -> ColumnElement[str]:
    codes: Mapping[Any, Any] = {place: literal(code, Customer.grade.type) for code, place in RANK.items()}
    return case(codes, value=rank)


def _type(dimension: Dimension) -> Any:
    if dimension.kind in AMOUNTS:
        return Money()
    return sa.Date() if dimension.kind == "contract_recency" else sa.Integer()


def _before(day: date, days: int) -> date:
    """The day `days` before `day`, as far as there are days."""
    return day - timedelta(days=days) if days <= (day - date.min).days else date.min

"""Grading by rule a second time: slow, obvious Python over lists, which shares no code with the SQL."""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

ORDER = ["A+", "A", "B", "C", "D"]
SIGNED = {"signed", "performing", "completed", "terminated", "archived"}
OPEN = {"draft", "review", "approved"}
ZONE = ZoneInfo("Asia/Shanghai")


@dataclass
class Deal:
    """A contract with its payments [(day, amount)]."""

    status: str
    signed_on: date | None
    amount: Decimal
    currency: str
    created_at: datetime = datetime(2020, 1, 1, tzinfo=UTC)
    payments: list[tuple[date, Decimal]] = field(default_factory=list)


@dataclass
class Complaint:
    """When it came, when it was closed, and its kind."""

    received_at: datetime
    closed_at: datetime | None
    kind: str


@dataclass
class Person:
    """A customer as the rules see it."""

    grade: str | None = None
    since: date | None = None
    locked_until: date | None = None
    currency: str = "CNY"
    annual_revenue: Decimal | None = None
    judgement: int | None = None
    deals: list[Deal] = field(default_factory=list)
    complaints: list[Complaint] = field(default_factory=list)


@dataclass
class Verdict:
    """What `score` gives."""

    total: int
    plain: str
    ruled: str
    grade: str | None
    kept: str | None
    points: list[int]
    values: list[object]


def earlier(day: date, months: int | None) -> date:
    """The day so many months before, or the last one of that month."""
    if months is None:
        return date.min
    count = day.year * 12 + day.month - 1 - months
    year, month = count // 12, count % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def local(moment: datetime) -> date:
    """The company's day."""
    return moment.astimezone(ZONE).date()


def converted(rule, amount: Decimal, currency: str) -> Decimal | None:
    """In the rule set's currency."""
    if currency == rule.currency:
        return amount
    return amount * rule.rates[currency] if currency in rule.rates else None


def value_of(rule, dimension, person: Person, day: date):
    """The value of one dimension; None where nothing is known."""
    start = earlier(day, dimension.months)
    signed = [
        deal
        for deal in person.deals
        if deal.status in SIGNED and deal.signed_on is not None and deal.signed_on <= day
    ]
    within = [deal for deal in signed if deal.signed_on > start]
    grave = [
        each
        for each in person.complaints
        if each.kind in ("complaint", "dispute") and local(each.received_at) <= day
    ]
    if dimension.kind == "contract_amount":
        amounts = [converted(rule, deal.amount, deal.currency) for deal in within]
        return sum((each for each in amounts if each is not None), Decimal(0))
    if dimension.kind == "contract_count":
        return len(within)
    if dimension.kind == "contract_recency":
        return (day - max(deal.signed_on for deal in within)).days if within else None
    if dimension.kind == "payments":
        paid = [
            converted(rule, amount, deal.currency)
            for deal in person.deals
            for when, amount in deal.payments
            if start < when <= day
        ]
        return sum((each for each in paid if each is not None), Decimal(0))
    if dimension.kind == "complaints":
        return sum(1 for each in grave if local(each.received_at) > start)
    if dimension.kind == "open_complaints":
        return sum(1 for each in grave if each.closed_at is None or local(each.closed_at) > day)
    if dimension.kind == "pipeline":
        amounts = [
            converted(rule, deal.amount, deal.currency)
            for deal in person.deals
            if deal.status in OPEN and local(deal.created_at) <= day
        ]
        return sum((each for each in amounts if each is not None), Decimal(0))
    if dimension.kind == "annual_revenue":
        return (
            None if person.annual_revenue is None else converted(rule, person.annual_revenue, person.currency)
        )
    return person.judgement


def points_of(dimension, value) -> int:
    """The points of the highest band that the value reaches."""
    points = 0
    for band in sorted(dimension.bands, key=lambda band: band.threshold):
        if value is not None and value >= band.threshold:
            points = band.points
    return points


def given(rule, total: int) -> str:
    """The grade of a total alone."""
    found = max((grade for grade, _points in rule.steps), key=ORDER.index)
    for grade, points in sorted(rule.steps, key=lambda step: ORDER.index(step[0]), reverse=True):
        if total >= points:
            found = grade
    if rule.ceiling is not None and ORDER.index(found) < ORDER.index(rule.ceiling):
        found = rule.ceiling
    if rule.floor is not None and ORDER.index(found) > ORDER.index(rule.floor):
        found = rule.floor
    return found


def grade(rule, person: Person, day: date) -> Verdict:
    """What the rule set says of one customer on a day."""
    values = [value_of(rule, dimension, person, day) for dimension in rule.dimensions]
    points = [points_of(dimension, value) for dimension, value in zip(rule.dimensions, values, strict=True)]
    total = sum(each * dimension.weight for each, dimension in zip(points, rule.dimensions, strict=True))
    plain = ruled = given(rule, total)
    if person.grade is not None and rule.margin:
        better, worse = given(rule, total - rule.margin), given(rule, total + rule.margin)
        if ORDER.index(better) < ORDER.index(person.grade):
            ruled = better
        elif ORDER.index(worse) > ORDER.index(person.grade):
            ruled = worse
        else:
            ruled = person.grade
    result, kept = ruled, None
    held = person.grade is not None and person.since is not None and person.since <= day
    if ruled != person.grade and person.locked_until is not None and person.locked_until >= day:
        result, kept = person.grade, "locked"
    elif ruled != person.grade and held and day - person.since < timedelta(days=rule.min_stay_days):
        result, kept = person.grade, "stay"
    elif ruled != plain:
        kept = "margin"
    return Verdict(total, plain, ruled, result, kept, points, values)

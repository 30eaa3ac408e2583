"""Complaints and their timelines, as rows. Pure functions, like those of ``seed.dealings``."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from seed import texts
from seed.bulk import Row
from seed.names import Dice
from seed.plan import Plan

#: Hours until the first answer, and days until the remedy, by severity.
_DUE = {"critical": (2, 1), "high": (4, 2), "medium": (8, 5), "low": (24, 10)}
_SEVERITIES = ("low",) * 6 + ("medium",) * 8 + ("high",) * 4 + ("critical",)
_KINDS = ("complaint",) * 7 + ("dispute",) * 2 + ("suggestion",) * 2
_CHANNELS = ("phone",) * 6 + ("mail",) * 3 + ("web",) * 3 + ("visit", "social", "social")
_RECENT = (
    "new",
    "new",
    "assigned",
    "assigned",
    "in_progress",
    "in_progress",
    "in_progress",
    "waiting",
    "solved",
)
_OLDER = ("closed",) * 15 + ("confirmed", "solved", "reopened", "in_progress", "waiting")
#: The steps that bring a complaint into a status; those in brackets are taken by some only.
_STEPS = {
    "new": "logged",
    "assigned": "logged assessed assigned",
    "in_progress": "logged assessed assigned [relayed] contacted [noted]",
    "waiting": "logged assessed assigned contacted waiting",
    "solved": "logged assessed assigned contacted [noted] [escalated] solved",
    "confirmed": "logged assessed assigned contacted [waiting+resumed] solved confirmed",
    "closed": "logged assessed assigned [relayed] contacted [waiting+resumed] [escalated] solved confirmed closed",
    "reopened": "logged assessed assigned contacted solved confirmed closed reopened",
}


class ComplaintRows(NamedTuple):
    """A complaint and its timeline, first step first."""

    complaint: Row
    events: list[Row]


def complaint_rows(dice: Dice, plan: Plan, chinese: bool, contacts: int, department: str) -> ComplaintRows:
    """One complaint of the last 24 months; ``contact_id`` is an index among the customer's `contacts` or None.

    Customer service keeps most complaints, whichever department looks after the customer.
    """
    recent = dice.chance(0.24)
    ago = dice.between(1, 20) if recent else dice.between(21, 715)
    status = dice.pick(_RECENT if recent else _OLDER)
    grievance = dice.pick(texts.GRIEVANCES)
    severity = dice.pick(_SEVERITIES)
    tongue = 0 if chinese else 1
    owned = plan.owned(dice, "CS" if dice.chance(0.75) else department)
    if status == "new":
        owned["owner_id"] = None
    received = plan.calendar.moment(ago, dice)
    steps = _taken(dice, status)
    desk = plan.teams["CS"].members
    events = _timeline(dice, plan, ago, received, steps, tongue, owned["owner_id"] or dice.pick(desk))
    answer, remedy = _DUE[severity]
    row: Row = {
        "id": None,
        "number": None,
        "customer_id": None,
        "contact_id": dice.between(0, contacts - 1) if contacts and dice.chance(0.85) else None,
        "channel": dice.pick(_CHANNELS),
        "kind": "suggestion" if "建议" in grievance.subject[0] else dice.pick(_KINDS[:9]),
        "severity": severity,
        "emergency": severity == "critical" or dice.chance(0.04),
        "reputation": dice.chance(0.06),
        "status": status,
        "subject": grievance.subject[tongue],
        "description": grievance.description[tongue],
        "root_cause": grievance.cause[tongue] if "solved" in steps else None,
        "received_at": received,
        "respond_by": received + timedelta(hours=answer),
        "resolve_by": received + timedelta(days=remedy),
        "closed_at": events[-1]["at"] if status == "closed" else None,
        **owned,
        "version": len(steps),
        "created_at": received,
        "updated_at": events[-1]["at"],
    }
    return ComplaintRows(row, events)


def _taken(dice: Dice, status: str) -> list[str]:
    steps: list[str] = []
    for step in _STEPS[status].split():
        if not step.startswith("["):
            steps.append(step)
        elif dice.chance(0.3):
            steps += step.strip("[]").split("+")
    return steps


def _timeline(
    dice: Dice, plan: Plan, ago: int, received: datetime, steps: list[str], tongue: int, author: int
) -> list[Row]:
    """One row a step, each later than the one before and none later than yesterday."""
    rows: list[Row] = []
    at = received
    for step in steps:
        if rows:
            ago = max(1, ago - dice.pick((0, 0, 1, 1, 2, 3)))
            later = plan.calendar.moment(ago, dice)
            at = later if later > at else at + timedelta(minutes=dice.between(3, 20))
        rows.append(
            {
                "id": None,
                "complaint_id": None,
                "at": at,
                "kind": step,
                "text": texts.EVENTS[step][tongue],
                "author_id": author,
                "version": 1,
                "created_at": at,
                "updated_at": at,
            }
        )
    return rows

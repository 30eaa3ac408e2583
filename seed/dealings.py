"""What happens with a customer, as rows: contracts with obligations and performance, and activities.

Every function is pure: the same dice and plan give the same rows. Keys and numbers are given out later.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from admin_app.services.contracts import CONCLUDED
from seed import texts
from seed.bulk import Row
from seed.names import Dice
from seed.plan import Plan

_STATUSES = (
    *("draft",) * 7,
    *("review",) * 6,
    *("approved",) * 5,
    *("signed",) * 12,
    *("performing",) * 33,
    *("completed",) * 20,
    *("terminated",) * 5,
    *("archived",) * 12,
)
_STEPS = (1_000, 1_000, 5_000, 5_000, 20_000, 60_000)


class ContractRows(NamedTuple):
    """A contract with its parts, and what the customer's derived columns need to know of it."""

    contract: Row
    obligations: list[Row]
    performances: list[Row]
    #: Day of the last performance, None without any.
    performed_on: date | None


class Party(NamedTuple):
    """The other side of a contract, as far as the contract's own columns depend on it."""

    kind: str
    name: str | None
    chinese: bool
    currency: str
    department: str


def contract_rows(dice: Dice, plan: Plan, party: Party, lapsed: bool) -> ContractRows:
    """One contract of the last 24 months in any status; with `lapsed` one that ended more than a year ago."""
    calendar = plan.calendar
    status = ("archived", "completed")[dice.between(0, 1)] if lapsed else dice.pick(_STATUSES)
    signed, start, end = _dates(dice, status, lapsed)
    amount = Decimal(dice.between(8, 95) * dice.pick(_STEPS))
    created = min((signed if signed is not None else dice.between(1, 80)) + dice.between(3, 25), 729)
    signed = signed if signed is None else min(signed, created)
    at = calendar.moment(created, dice)
    tongue = 0 if party.chinese else 1
    department = _department(dice, party.department)
    row: Row = {
        "id": None,
        "number": None,
        "title": dice.pick(texts.CONTRACT_TITLES)[tongue],
        "counterparty_kind": party.kind,
        "customer_id": None,
        "counterparty_name": party.name,
        "amount": amount,
        "currency": party.currency,
        "status": status,
        "signed_on": None if signed is None else calendar.workday(signed),
        "starts_on": None if start is None else calendar.day(start),
        "ends_on": None if end is None else calendar.day(end),
        "terms": dice.pick(texts.TERMS)[tongue],
        "risks": dice.pick(texts.RISKS)[tongue] if dice.chance(0.2) else None,
        "archive_number": None,
        **plan.owned(dice, department),
        "version": 1,
        "created_at": at,
        "updated_at": at,
    }
    if status not in CONCLUDED or signed is None or start is None or end is None:
        return ContractRows(row, [], [], None)
    performances, last = _performances(dice, plan, row, start, end, tongue)
    obligations = _obligations(dice, plan, row, signed, end, tongue) if plan.rich else []
    return ContractRows(row, obligations, performances, last)


def _dates(dice: Dice, status: str, lapsed: bool) -> tuple[int | None, int | None, int | None]:
    """Signing, first and last day as days ago; a negative number is still to come."""
    if lapsed:
        end = dice.between(380, 520)
        start = dice.between(end + 60, 690)
        return start + dice.between(3, 20), start, end
    if status not in CONCLUDED:
        if dice.chance(0.4):
            return None, None, None
        start = -dice.between(10, 90)
        return None, start, start - dice.between(90, 700)
    if status == "signed":
        signed = dice.between(1, 45)
        start = signed - dice.between(5, 60)
        return signed, start, start - dice.between(120, 720)
    if status == "performing":
        start = dice.between(20, 600)
        # A quarter of what runs is near its end, some of it overdue.
        end = dice.between(-60, 5) if dice.chance(0.25) else -dice.between(30, 420)
    else:
        end = dice.between(210, 480) if status == "archived" else dice.between(3, 380)
        start = min(end + dice.between(60, 240), 690)
    return start + dice.between(3, 20), start, end


def _department(dice: Dice, department: str) -> str:
    # The contract office keeps most contracts; key accounts keep their own.
    if department == "SAL":
        return "SAL" if dice.chance(0.75) else "BIZ"
    # The service department is taking contracts over; of the others few keep theirs.
    return "BIZ" if dice.chance(0.5 if department == "CS" else 0.85) else department


def _performances(
    dice: Dice, plan: Plan, contract: Row, start: int, end: int, tongue: int
) -> tuple[list[Row], date | None]:
    status, amount = contract["status"], contract["amount"]
    if status == "signed" or (status == "terminated" and dice.chance(0.4)):
        return [], None
    parts = dice.between(1, 4) if plan.rich else 1
    whole = status in ("completed", "archived")
    done = parts if whole else dice.between(1, parts)
    # Running contracts are never performed in full, not even at the last of their parts.
    part = (amount / (parts if whole else parts + 1)).quantize(Decimal("1.00"))
    latest, rows, last = max(end, 1), [], start
    for index in range(done):
        spread = (start - latest) * (index + 1) // parts if plan.rich else dice.between(0, start - latest)
        last = start - spread
        at = plan.calendar.moment(last, dice)
        rows.append(
            {
                "id": None,
                "contract_id": None,
                "performed_on": plan.calendar.day(last),
                "amount": amount - part * (parts - 1) if whole and index == parts - 1 else part,
                "note": dice.pick(texts.PERFORMED)[tongue],
                "version": 1,
                "created_at": at,
                "updated_at": at,
            }
        )
    return rows, plan.calendar.day(last)


def _obligations(dice: Dice, plan: Plan, contract: Row, signed: int, end: int, tongue: int) -> list[Row]:
    rows: list[Row] = []
    over = contract["status"] in ("completed", "archived")
    for side, pool in (("ours", texts.OUR_DUTIES), ("theirs", texts.THEIR_DUTIES)):
        for _ in range(dice.between(1, 2)):
            due = dice.between(min(end, signed), signed)
            kept = over or (due > 0 and contract["status"] != "terminated" and dice.chance(0.85))
            rows.append(
                {
                    "id": None,
                    "contract_id": None,
                    "side": side,
                    "description": dice.pick(pool)[tongue],
                    "due_on": plan.calendar.workday(due),
                    "done_on": plan.calendar.workday(max(1, due - dice.between(-3, 6))) if kept else None,
                    "amount": (contract["amount"] * 3 / 10).quantize(Decimal("1.00"))
                    if side == "theirs"
                    else None,
                    "version": 1,
                    "created_at": contract["created_at"],
                    "updated_at": contract["created_at"],
                }
            )
    return rows


def activity_rows(dice: Dice, plan: Plan, chinese: bool, contacts: int, owned: Row) -> list[Row]:
    """Dealings with one customer ; ``contact_id`` is an index among its `contacts` or None."""
    rows: list[Row] = []
    tongue = 0 if chinese else 1
    for _ in range(dice.pick((0, 1, 2, 2, 3, 3, 4, 4, 5, 6))):
        kind = dice.pick(("call", "call", "call", "visit", "visit", "meeting", "mail", "mail", "note"))
        # Squared, so that more of them are recent.
        ago = 1 + int(dice.random() ** 2 * 640)
        at = plan.calendar.moment(ago, dice)
        row: Row = {
            "id": None,
            "customer_id": None,
            "contact_id": dice.between(0, contacts - 1) if contacts and dice.chance(0.8) else None,
            "kind": kind,
            "at": at,
            "subject": dice.pick(texts.ACTIVITIES[kind])[tongue],
            "text": dice.pick(texts.OUTCOMES)[tongue] if dice.chance(0.7) else None,
            **owned,
            "version": 1,
            "created_at": at,
            "updated_at": at,
        }
        rows.append(row)
    return rows

"""What waits for somebody: complaints, contracts that end, overdue obligations, and what one changed lately.

Everything goes through the ORM, so it counts what the reader may see, and costs a number of statements that does not
depend on the rows. Each tally brings the list filter that opens its rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, case, func, literal, or_, select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, acting
from admin_app.services import clock, complaints, contracts
from models.complaint import Complaint
from models.contract import Contract, Obligation
from models.customer import Customer
from models.duty import Duty, PositionDuty
from models.organisation import Post
from models.types import utc_now

#: A contract that ends within this many days is announced.
ENDING_DAYS: Final = 30
#: Tallies stop counting here, as lists do: "1,000+".
CAP: Final = 1000
_SHOWN: Final = 6
_SEVERE: Final = ("high", "critical")


@dataclass(frozen=True)
class Tally:
    """A number of rows, at most CAP + 1, and the list arguments that show them."""

    count: int
    filters: Mapping[str, str]


@dataclass(frozen=True)
class Item:
    """One row of a list: whose page it opens, its name, the customer's name where one may see it, and its day.

    `due` is the company's date by which something has to happen, `since` the one from which it waits.
    """

    entity: str
    id: int
    label: str
    customer: str | None
    due: date | None = None
    since: date | None = None
    pressing: bool = False


#: The list of open complaints.
OPEN_COMPLAINTS: Final[Mapping[str, str]] = {"status:in": ",".join(complaints.OPEN)}


def open_complaints(session: Session) -> Tally:
    """Complaints in which somebody has to do something."""
    return Tally(_count(session, Complaint.id, Complaint.status.in_(complaints.OPEN)), OPEN_COMPLAINTS)


def severe_complaints(session: Session) -> Tally:
    """Open complaints of high or critical severity."""
    return Tally(
        _count(session, Complaint.id, Complaint.status.in_(complaints.OPEN), Complaint.severity.in_(_SEVERE)),
        {**OPEN_COMPLAINTS, "severity:in": ",".join(_SEVERE)},
    )


def own_complaints(session: Session, user_id: int) -> Tally:
    """Open complaints that this person looks after."""
    return Tally(
        _count(session, Complaint.id, Complaint.status.in_(complaints.OPEN), Complaint.owner_id == user_id),
        {**OPEN_COMPLAINTS, "owner:eq": "me"},
    )


def ending_filters(today: date) -> dict[str, str]:
    """The list of running contracts that end from today on within ENDING_DAYS."""
    return {
        "status:in": ",".join(contracts.RUNNING),
        "ends_on:ge": today.isoformat(),
        "ends_on:le": (today + timedelta(days=ENDING_DAYS)).isoformat(),
    }


def ending_contracts(session: Session, today: date) -> Tally:
    """Running contracts that end from today on within ENDING_DAYS."""
    return Tally(_count(session, Contract.id, *_ending(today)), ending_filters(today))


def overdue_obligations(session: Session, today: date) -> Tally:
    """Obligations, ours and theirs, that should have been done before today."""
    yesterday = today - timedelta(days=1)
    return Tally(
        _count(session, Obligation.id, Obligation.due_on <= yesterday, Obligation.done_on.is_(None)),
        {"due_on:le": yesterday.isoformat(), "done_on:empty": "1"},
    )


def unperformed_customers(session: Session) -> Tally:
    """Customers with a concluded contract that waits for its first performance."""
    return Tally(
        _count(session, Customer.id, Customer.transaction_status == "signed_unperformed"),
        {"transaction_status:eq": "signed_unperformed"},
    )


def drifting_customers(session: Session) -> Tally:
    """Customers whose grade is another one than the rules give, with what there is to know about it in the list."""
    shown = "grade,drift_grade,drift_since,grade_locked_until,contract_total,owner"
    return Tally(
        _count(session, Customer.id, Customer.drift_since.is_not(None)),
        {"drift_since:filled": "1", "cols": shown},
    )


def complaints_to_handle(session: Session, now: datetime | None = None) -> list[Item]:
    """The most pressing open complaints: emergencies, then the most severe, then the oldest."""
    moment = now or utc_now()
    rank = case({"critical": 0, "high": 1, "medium": 2}, value=Complaint.severity, else_=3)
    statement = (
        select(
            Complaint.id,
            Complaint.subject,
            Customer.name,
            Complaint.resolve_by,
            Complaint.received_at,
            Complaint.emergency,
            Complaint.severity,
        )
        .outerjoin(Complaint.customer)
        .where(Complaint.status.in_(complaints.OPEN))
        .order_by(Complaint.emergency.desc(), rank, Complaint.received_at, Complaint.id)
        .limit(_SHOWN)
    )
    return [
        Item(
            "complaint",
            row.id,
            row.subject,
            row.name,
            clock.day_of(row.resolve_by) if row.resolve_by else None,
            clock.day_of(row.received_at),
            row.emergency
            or row.severity in _SEVERE
            or (row.resolve_by is not None and row.resolve_by < moment),
        )
        for row in session.execute(statement)
    ]


def contracts_to_renew(session: Session, today: date) -> list[Item]:
    """The running contracts that end next."""
    statement = (
        select(Contract.id, Contract.title, Customer.name, Contract.ends_on)
        .outerjoin(Contract.customer)
        .where(*_ending(today))
        .order_by(Contract.ends_on, Contract.id)
        .limit(_SHOWN)
    )
    soon = today + timedelta(days=7)
    return [
        Item("contract", row.id, row.title, row.name, row.ends_on, pressing=row.ends_on <= soon)
        for row in session.execute(statement)
    ]


def changed_lately(
    session: Session, model: type[Any], label: str, user_id: int
) -> list[tuple[datetime, Item]]:
    """The records of one owned class that this person looks after and that changed last, newest first."""
    customer = Customer.name if hasattr(model, "customer") else literal(None)
    statement = select(
        model.id, getattr(model, label).label("label"), model.updated_at, customer.label("customer")
    )
    if hasattr(model, "customer"):
        statement = statement.outerjoin(model.customer)
    statement = (
        statement.where(model.owner_id == user_id)
        .order_by(model.updated_at.desc(), model.id.desc())
        .limit(_SHOWN)
    )
    return [
        (row.updated_at, Item(model.__table__.name, row.id, row.label, row.customer))
        for row in session.execute(statement)
    ]


def duties_of(session: Session, user_id: int, today: date) -> list[tuple[Duty, str]]:
    """Duties of the posts that this person holds today, with their letters: what one owns first."""
    order = case({"A": 0, "R": 1, "V": 2, "C": 3}, value=PositionDuty.letter, else_=4)
    held = (
        select(Post.id)
        .where(
            Post.position_id == PositionDuty.position_id,
            Post.user_id == user_id,
            Post.valid_from <= today,
            or_(Post.valid_to.is_(None), Post.valid_to >= today),
        )
        .exists()
    )
    statement = (
        select(Duty, PositionDuty.letter)
        .join(PositionDuty, PositionDuty.duty_id == Duty.id)
        .where(held)
        .order_by(order, Duty.id)
    )
    # Everybody may know the own posts, whatever else of posts is shown.
    with acting(session, SYSTEM):
        letters: dict[Duty, str] = {}
        for duty, letter in session.execute(statement):
            letters.setdefault(duty, letter)
    return list(letters.items())


def _ending(today: date) -> tuple[ColumnElement[bool], ...]:
    return (
        Contract.status.in_(contracts.RUNNING),
        Contract.ends_on.between(today, today + timedelta(days=ENDING_DAYS)),
    )


def _count(session: Session, key: Any, *conditions: ColumnElement[bool]) -> int:
    limited = select(key).where(*conditions).limit(CAP + 1).subquery()
    return session.scalar(select(func.count()).select_from(limited)) or 0

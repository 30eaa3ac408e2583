"""Numbers for charts. Each is one statement that groups in the database, through the ORM, so that it counts what the
reader may see; each point brings the list filter that opens its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from admin_app.services import clock
from admin_app.services.contracts import CONCLUDED
from models.complaint import Complaint
from models.contract import Contract
from models.customer import Customer
from models.types import GRADES

#: Grades that the chart shows also where nobody has them; the others appear with their first customer.
USUAL: Final = ("A", "B", "C")
#: Months in the chart of contract amounts, the current one included.
MONTHS: Final = 12


@dataclass(frozen=True)
class Point:
    """One number. `code` says of what (None: of rows without a value), `filters` are list arguments for its rows."""

    code: str | None
    value: int | Decimal
    filters: Mapping[str, str]


@dataclass(frozen=True)
class MonthlyAmounts:
    """Contract amounts by month of signing, oldest first; a point's code is the month, "2026-03".

    Amounts of different currencies do not add up: `currency` is the one that most contracts of the time are in, ""
    where there are none.
    """

    currency: str
    points: Sequence[Point] = field(default_factory=tuple)


def customers_by_grade(session: Session) -> list[Point]:
    """Customers of each grade, then those without one."""
    counted = dict(session.execute(select(Customer.grade, func.count()).group_by(Customer.grade)).all())
    shown = [grade for grade in GRADES if grade in USUAL or counted.get(grade)]
    points = [Point(grade, counted.get(grade, 0), {"grade:eq": grade}) for grade in shown]
    return [*points, Point(None, counted.get(None, 0), {"grade:empty": "1"})]


def complaints_by_status(session: Session) -> list[Point]:
    """Complaints in each status, in the order in which a complaint passes through them."""
    counted = dict(session.execute(select(Complaint.status, func.count()).group_by(Complaint.status)).all())
    order: Sequence[str] = Complaint.__table__.c.status.type.enums  # type: ignore[attr-defined]
    return [Point(status, counted.get(status, 0), {"status:eq": status}) for status in order]


def contract_amounts_by_month(session: Session, today: date) -> MonthlyAmounts:
    """Concluded contracts by the month of their signing, up to the month of `today`."""
    months = clock.months_until(today, MONTHS)
    # CASE instead of a date function: the databases share none that takes a month apart.
    month = case(*((Contract.signed_on <= last, index) for index, (_first, last) in enumerate(months))).label(
        "month"
    )
    statement = (
        select(Contract.currency, month, func.count(), func.sum(Contract.amount))
        .where(Contract.signed_on.between(months[0][0], months[-1][1]), Contract.status.in_(CONCLUDED))
        .group_by(Contract.currency, month)
    )
    numbers: Counter[str] = Counter()
    amounts: dict[tuple[str, int], Decimal] = {}
    for currency, index, number, amount in session.execute(statement):
        numbers[currency] += number
        amounts[currency, index] = amount
    if not numbers:
        return MonthlyAmounts("")
    main = min(numbers, key=lambda code: (-numbers[code], code))
    points = [
        Point(
            f"{first:%Y-%m}",
            amounts.get((main, index), Decimal(0)),
            {
                "signed_on:ge": first.isoformat(),
                "signed_on:le": last.isoformat(),
                "currency:eq": main,
                "status:in": ",".join(CONCLUDED),
            },
        )
        for index, (first, last) in enumerate(months)
    ]
    return MonthlyAmounts(main, points)

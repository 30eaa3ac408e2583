"""What rule sets look at, as SQL: sums over contracts, performance and complaints up to a day, grouped by customer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Select, Subquery, and_, case, func, select

from admin_app.services import clock
from admin_app.services.contracts import CONCLUDED
from admin_app.services.grading import Dimension, RuleSet
from models.complaint import Complaint
from models.contract import Contract, Performance
from models.customer import Customer

#: Contracts that may come to be.
PIPELINE: Final = ("draft", "review", "approved")
#: What counts as a complaint; a suggestion does not.
COMPLAINTS: Final = ("complaint", "dispute")
#: The dimensions that one pass over a table serves.
SOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "contract": ("contract_amount", "contract_count", "contract_recency", "pipeline"),
    "performance": ("payments",),
    "complaint": ("complaints", "open_complaints"),
}


@dataclass(frozen=True)
class Facts:
    """Whose facts, and up to when; `customers` None stands for everybody's."""

    rule: RuleSet
    day: date
    customers: Select[Any] | None

    def since(self, dimension: Dimension) -> date | None:
        """The last day that counts no more; None where all do."""
        return window_start(self.day, dimension.months)


def window_start(day: date, months: int | None) -> date | None:
    """The day before a window of so many months that ends with `day`; None where it has no beginning."""
    if months is None or day.year * 12 + day.month - 1 - months < 12:
        return None
    return clock.months_before(day, months)


def worth(rule: RuleSet, amount: Any, currency: Any) -> ColumnElement[Any]:
    """An amount in the rule set's currency, times 100; NULL in a currency without a rate."""
    rates = [(currency == code, amount * int(rate * 100)) for code, rate in sorted(rule.rates.items())]
    return case((currency == rule.currency, amount * 100), *rates)


def own_value(rule: RuleSet, dimension: Dimension) -> ColumnElement[Any]:
    """The value of what stands with the customer itself."""
    if dimension.kind == "judgement":
        return Customer.judgement + 0
    return worth(rule, Customer.annual_revenue, Customer.currency)


def summed(facts: Facts, name: str, dimensions: Sequence[Dimension]) -> Subquery:
    """One row a customer that has any: customer_id, and v<id> for each of the dimensions, which one table serves."""
    columns = [_SUMS[each.kind](facts, each).label(f"v{each.id}") for each in dimensions]
    owner: Any = Complaint.customer_id if name == "complaint" else Contract.customer_id
    statement = select(owner.label("customer_id"), *columns).group_by(owner)
    if name == "performance":
        statement = statement.join(Performance, Performance.contract_id == Contract.id)
    if facts.customers is not None:
        statement = statement.where(owner.in_(facts.customers))
    elif name != "complaint":
        statement = statement.where(owner.is_not(None))
    return statement.subquery(f"{name}_{facts.rule.customer_class}")


def concluded(facts: Facts, dimension: Dimension) -> ColumnElement[bool]:
    """Contracts that were signed within the dimension's time."""
    signed = [Contract.status.in_(CONCLUDED), Contract.signed_on <= facts.day]
    since = facts.since(dimension)
    return and_(*signed, *([Contract.signed_on > since] if since else []))


def _amount(facts: Facts, dimension: Dimension) -> ColumnElement[Any]:
    value = worth(facts.rule, Contract.amount, Contract.currency)
    return func.sum(case((concluded(facts, dimension), value)))


def _count(facts: Facts, dimension: Dimension) -> ColumnElement[Any]:
    return func.count(case((concluded(facts, dimension), 1)))


def _newest(facts: Facts, dimension: Dimension) -> ColumnElement[Any]:
    return func.max(case((concluded(facts, dimension), Contract.signed_on)), type_=sa.Date())


def _pipeline(facts: Facts, dimension: Dimension) -> ColumnElement[Any]:
    value = worth(facts.rule, Contract.amount, Contract.currency)
    # When a contract was only a draft is not known: what is one now counts from the day on which it was written down.
    written = Contract.created_at < clock.end_of(facts.day)
    return func.sum(case((and_(Contract.status.in_(PIPELINE), written), value)))


def _payments(facts: Facts, dimension: Dimension) -> ColumnElement[Any]:
    since = facts.since(dimension)
    within = [Performance.performed_on <= facts.day]
    if since:
        within.append(Performance.performed_on > since)
    value = worth(facts.rule, Performance.amount, Contract.currency)
    return func.sum(case((and_(*within), value)))


def _complaints(facts: Facts, dimension: Dimension) -> ColumnElement[Any]:
    since = facts.since(dimension)
    within = [Complaint.kind.in_(COMPLAINTS), Complaint.received_at < clock.end_of(facts.day)]
    if since:
        within.append(Complaint.received_at >= clock.end_of(since))
    return func.count(case((and_(*within), 1)))


def _open(facts: Facts, dimension: Dimension) -> ColumnElement[Any]:
    over = clock.end_of(facts.day)
    still = sa.or_(Complaint.closed_at.is_(None), Complaint.closed_at >= over)
    within = and_(Complaint.kind.in_(COMPLAINTS), Complaint.received_at < over, still)
    return func.count(case((within, 1)))


_SUMS: Final[Mapping[str, Callable[[Facts, Dimension], ColumnElement[Any]]]] = {
    "contract_amount": _amount,
    "contract_count": _count,
    "contract_recency": _newest,
    "pipeline": _pipeline,
    "payments": _payments,
    "complaints": _complaints,
    "open_complaints": _open,
}

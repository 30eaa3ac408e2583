"""Why a customer has its grade: the points of each dimension, the contracts that count, and the grades that it had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.change.telling import heads
from admin_app.services import clock
from admin_app.services.grading import AMOUNTS, Band, Dimension, RuleSet
from admin_app.services.grading_facts import Facts, concluded
from admin_app.services.grading_score import score
from models.change import ChangeRow, ChangeSet
from models.contract import Contract
from models.customer import Customer
from models.grading import GradeRule

#: Dimensions that look at concluded contracts.
OF_CONTRACTS: Final = ("contract_amount", "contract_count", "contract_recency")
#: Contracts that an explanation lists, and changes that a grade's past is read from.
LISTED: Final = 50
CHANGES: Final = 400


@dataclass(frozen=True)
class Line:
    """One dimension of a score. `value` is an amount, a number, days since the last contract, or None: nothing known.

    `band` is the one that the value reached, `following` the next one.
    """

    dimension: Dimension
    value: Decimal | int | None
    points: int
    band: Band | None
    following: Band | None

    @property
    def adds(self) -> int:
        """What it adds to the total."""
        return self.points * self.dimension.weight


@dataclass(frozen=True)
class Explanation:
    """What a rule set says of one customer on a day; see `grading_score.Score` for plain, ruled, grade and kept."""

    rule: RuleSet
    day: date
    total: int
    stored: str | None
    plain: str
    ruled: str
    grade: str | None
    kept: str | None
    lines: Sequence[Line] = field(default_factory=tuple)


def explain(session: Session, customer_id: int, rule: RuleSet, day: date) -> Explanation | None:
    """The score of one customer in words and numbers; None where the rule set is for another class."""
    with acting(session, SYSTEM):
        found = session.execute(select(score([rule], day, [Customer.id == customer_id]).rows)).first()
    if found is None:
        return None
    row = found._mapping
    lines = [_line(each, row, day) for each in rule.dimensions]
    total, stored, plain, ruled = (row[name] for name in ("total", "stored", "plain", "ruled"))
    return Explanation(rule, day, total, stored, plain, ruled, row["grade"], row["kept"], lines)


def _line(dimension: Dimension, row: Any, day: date) -> Line:
    value = row[f"v{dimension.id}"]
    if value is not None and dimension.kind in AMOUNTS:
        value = value / 100
    elif isinstance(value, date):
        value = (day - value).days
    reached = [band for band in dimension.bands if value is not None and value >= band.threshold]
    above = [band for band in dimension.bands if value is None or value < band.threshold]
    return Line(
        dimension,
        value,
        row[f"p{dimension.id}"],
        reached[-1] if reached else None,
        above[0] if above else None,
    )


def counting_contracts(
    session: Session, explanation: Explanation, customer_id: int
) -> tuple[list[Contract], int]:
    """The concluded contracts that count, the latest first, within the reader's rows; and how many others there are."""
    facts = Facts(explanation.rule, explanation.day, None)
    windows = [concluded(facts, each) for each in explanation.rule.dimensions if each.kind in OF_CONTRACTS]
    if not windows:
        return [], 0
    theirs = select(Contract).where(Contract.customer_id == customer_id, or_(*windows))
    newest = theirs.order_by(Contract.signed_on.desc(), Contract.id.desc())
    with acting(session, SYSTEM):
        known = len(session.execute(newest.with_only_columns(Contract.id).limit(1_000)).all())
    seen = list(session.scalars(newest.limit(LISTED)))
    return seen, known - len(seen)


@dataclass(frozen=True)
class Step:
    """A grade that a customer got, on a day; `rule` is the version that gave it for `points`, None: a person did."""

    day: date
    grade: str | None
    rule: int | None = None
    points: int | None = None
    who: str | None = None
    reason: str | None = None
    undone: bool = False


def grade_history(session: Session, customer: Customer) -> list[Step]:
    """The grades of a customer whom the reader may see, the oldest first, out of its history."""
    rows = (
        select(ChangeRow.op, ChangeRow.before, ChangeRow.after, ChangeSet)
        .join(ChangeSet, ChangeSet.id == ChangeRow.set_id)
        .where(ChangeRow.entity == "customer", ChangeRow.record_key == str(customer.id))
        .order_by(ChangeRow.set_id.desc(), ChangeRow.number.desc())
        .limit(CHANGES)
    )
    with acting(session, SYSTEM):
        found = [row for row in session.execute(rows) if "grade" in ((row.after or {}) | (row.before or {}))]
    found.reverse()
    known = heads(session, (row.ChangeSet for row in found))
    steps: list[Step] = []
    for op, before, after, made in found:
        after, before = after or {}, before or {}
        if not steps and op != "create" and before.get("grade") is not None:
            since = before.get("grade_since")
            steps.append(Step(date.fromisoformat(since) if since else _born(customer), before["grade"]))
        if op == "create" and after.get("grade") is None:
            continue
        steps.append(
            Step(
                clock.day_of(made.at),
                after.get("grade"),
                after.get("grade_rule_id"),
                after.get("grade_points"),
                known[made.id]["who"],
                made.reason,
                made.action == "undo",
            )
        )
    if not steps and customer.grade is not None:
        steps.append(Step(customer.grade_since or _born(customer), customer.grade))
    return steps


def _born(customer: Customer) -> date:
    return clock.day_of(customer.created_at)


def rule_names(session: Session, ids: Sequence[int]) -> dict[int, tuple[str, int]]:
    """(name, version) of these rule sets."""
    with acting(session, SYSTEM):
        named = select(GradeRule.id, GradeRule.name, GradeRule.number).where(GradeRule.id.in_(ids))
        return {key: (name, number) for key, name, number in session.execute(named)}

"""Rule sets as plain values: what scoring, screens and tests read, apart from the rows that hold it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, acting
from models.grading import GradeBand, GradeDimension, GradeRate, GradeRule, GradeStep
from models.types import GRADES

#: Dimensions whose values are amounts in the rule set's currency.
AMOUNTS: Final = ("contract_amount", "payments", "pipeline", "annual_revenue")
#: Dimensions that count only what happened within some months.
WINDOWED: Final = ("contract_amount", "contract_count", "payments", "complaints")
#: Places of the grades, the best one first.
RANK: Final[Mapping[str, int]] = {code: place for place, code in enumerate(GRADES)}


@dataclass(frozen=True)
class Band:
    """`points` for values from `threshold` on."""

    threshold: Decimal
    points: int


@dataclass(frozen=True)
class Dimension:
    """One thing that is looked at. `bands` are in the order of their thresholds; below the first one there are none."""

    id: int
    kind: str
    months: int | None
    weight: int
    bands: tuple[Band, ...] = ()

    @property
    def best(self) -> int:
        """The most that it adds to a total."""
        return self.weight * max((0, *(band.points for band in self.bands)))


@dataclass(frozen=True)
class RuleSet:
    """One version of a class's rules.

    `steps` are (grade, points from which on it is given), the best grade first. `rates` say what a unit of another
    currency is worth in `currency`; amounts in a currency that stands nowhere do not count.
    """

    id: int
    customer_class: str
    number: int
    name: str
    state: str
    currency: str
    dimensions: tuple[Dimension, ...] = ()
    steps: tuple[tuple[str, int], ...] = ()
    rates: Mapping[str, Decimal] = field(default_factory=dict)
    floor: str | None = None
    ceiling: str | None = None
    margin: int = 0
    min_stay_days: int = 0
    active_from: date | None = None
    active_to: date | None = None

    def clamped(self, grade: str) -> str:
        """`grade`, or the floor or ceiling that it lies beyond."""
        if self.ceiling is not None and RANK[grade] < RANK[self.ceiling]:
            return self.ceiling
        if self.floor is not None and RANK[grade] > RANK[self.floor]:
            return self.floor
        return grade

    @property
    def given(self) -> tuple[tuple[str, int | None], ...]:
        """(grade, points from which on) as they are given, the best one first; None: whatever the total is."""
        lowest = self.steps[-1][0]
        return tuple(
            (self.clamped(grade), None if grade == lowest else points) for grade, points in self.steps
        )


def read_rules(session: Session, ids: Sequence[int] | None = None) -> list[RuleSet]:
    """These rule sets, or the active ones; five statements whatever their number."""
    chosen = GradeRule.state == "active" if ids is None else GradeRule.id.in_(ids)
    with acting(session, SYSTEM):
        rules = session.scalars(select(GradeRule).where(chosen).order_by(GradeRule.customer_class)).all()
        keys = [rule.id for rule in rules]
        steps = session.execute(
            select(GradeStep.rule_id, GradeStep.grade, GradeStep.points).where(GradeStep.rule_id.in_(keys))
        ).all()
        rates = session.execute(
            select(GradeRate.rule_id, GradeRate.currency, GradeRate.rate).where(GradeRate.rule_id.in_(keys))
        ).all()
        dimensions = session.scalars(
            select(GradeDimension).where(GradeDimension.rule_id.in_(keys)).order_by(GradeDimension.id)
        ).all()
        bands = session.execute(
            select(GradeBand.dimension_id, GradeBand.threshold, GradeBand.points)
            .join(GradeDimension, GradeDimension.id == GradeBand.dimension_id)
            .where(GradeDimension.rule_id.in_(keys))
            .order_by(GradeBand.threshold)
        ).all()
    return [
        RuleSet(
            id=rule.id,
            customer_class=rule.customer_class,
            number=rule.number,
            name=rule.name,
            state=rule.state,
            currency=rule.currency,
            dimensions=tuple(
                Dimension(
                    each.id,
                    each.kind,
                    each.months,
                    each.weight,
                    tuple(Band(edge, points) for key, edge, points in bands if key == each.id),
                )
                for each in dimensions
                if each.rule_id == rule.id
            ),
            steps=tuple(
                sorted(
                    ((grade, points) for key, grade, points in steps if key == rule.id),
                    key=lambda step: RANK[step[0]],
                )
            ),
            rates={currency: rate for key, currency, rate in rates if key == rule.id},
            floor=rule.floor,
            ceiling=rule.ceiling,
            margin=rule.margin,
            min_stay_days=rule.min_stay_days,
            active_from=rule.active_from,
            active_to=rule.active_to,
        )
        for rule in rules
    ]


def flaws(rule: RuleSet) -> list[str]:
    """Codes of what keeps a rule set from grading: no_dimension, no_step, no_band, steps_mixed, floor_above_ceiling."""
    found = []
    if not rule.dimensions:
        found.append("no_dimension")
    if not rule.steps:
        found.append("no_step")
    if any(not dimension.bands for dimension in rule.dimensions):
        found.append("no_band")
    points = [each for _grade, each in rule.steps]
    if points != sorted(points, reverse=True) or len(set(points)) != len(points):
        found.append("steps_mixed")
    if rule.floor and rule.ceiling and RANK[rule.floor] < RANK[rule.ceiling]:
        found.append("floor_above_ceiling")
    return found

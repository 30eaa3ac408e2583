"""The rule sets that a company starts with, one for each class of customers; it changes them on screen."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from sqlalchemy.orm import Session

from models.base import Base
from models.grading import GradeBand, GradeDimension, GradeRate, GradeRule, GradeStep

NAMES: Final = {"resource": "资源类客户 · Resource customers", "project": "项目类客户 · Project customers"}
#: From which total on, for both classes: the best total is 1,200.
STEPS: Final = {"A": 600, "B": 380, "C": 0}
#: Rough rates on purpose: they say which band an amount falls into, not what is booked.
RATES: Final = {"USD": "7.10", "EUR": "7.80", "GBP": "9.10", "JPY": "0.05", "HKD": "0.91", "SGD": "5.30"}
#: (what is looked at, within months, weight, (from which value on, points) …); amounts in yuan.
DIMENSIONS: Final = (
    (
        "contract_amount",
        36,
        5,
        ((10_000, 15), (50_000, 30), (100_000, 50), (300_000, 65), (800_000, 85), (2_000_000, 100)),
    ),
    ("contract_count", 36, 1, ((1, 40), (2, 70), (4, 100))),
    ("contract_recency", None, 1, ((0, 100), (181, 60), (366, 30), (731, 0))),
    ("payments", 36, 2, ((50_000, 40), (300_000, 70), (800_000, 100))),
    ("complaints", 12, 1, ((2, -30), (4, -100))),
    ("pipeline", None, 1, ((100_000, 40), (500_000, 100))),
    ("judgement", None, 2, ((3, 20), (5, 50), (8, 100))),
)
MARGIN: Final = 20
STAY: Final = 30


def load_rules(session: Session, today: date) -> dict[str, list[Base]]:
    """Add an active rule set for each class; returns the new records by table. Flushes nothing."""
    made: dict[str, list[Base]] = {
        name: [] for name in ("grade_rule", "grade_step", "grade_rate", "grade_dimension", "grade_band")
    }
    for customer_class, name in NAMES.items():
        rule = GradeRule(
            customer_class=customer_class,
            number=1,
            name=name,
            state="active",
            currency="CNY",
            margin=MARGIN,
            min_stay_days=STAY,
            active_from=today,
        )
        made["grade_rule"].append(rule)
        made["grade_step"] += [GradeStep(rule=rule, grade=code, points=each) for code, each in STEPS.items()]
        made["grade_rate"] += [
            GradeRate(rule=rule, currency=code, rate=Decimal(rate)) for code, rate in RATES.items()
        ]
        for kind, months, weight, bands in DIMENSIONS:
            dimension = GradeDimension(rule=rule, kind=kind, months=months, weight=weight)
            made["grade_dimension"].append(dimension)
            made["grade_band"] += [
                GradeBand(dimension=dimension, threshold=Decimal(edge), points=points)
                for edge, points in bands
            ]
    return made

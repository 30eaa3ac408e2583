"""Rule sets that grade customers: dimensions with bands, the points that a grade takes, and what an amount is worth."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.mixins import Record
from models.types import Money, choice, grade_code

_ACTIVE = text("state = 'active'")


class GradeRule(Record, Base):
    """One version of the rule set of a customer class; only a draft is edited, and one at most is active.

    A total is the sum of points times weight over the dimensions. The grade is the best one whose step the total
    reaches, or else the lowest that has a step, between ``floor`` (the lowest that is given) and ``ceiling``. A
    customer leaves its present grade only where the total passes the step by ``margin`` points, and after
    ``min_stay_days``. Amounts count in ``currency``.
    """

    __tablename__ = "grade_rule"
    __table_args__ = (
        UniqueConstraint("customer_class", "number"),
        Index(
            "uq_grade_rule_active",
            "customer_class",
            unique=True,
            sqlite_where=_ACTIVE,
            postgresql_where=_ACTIVE,
        ),
        CheckConstraint("margin >= 0", name="margin_not_negative"),
        CheckConstraint("min_stay_days BETWEEN 0 AND 36500", name="stay_in_days"),
        CheckConstraint("length(currency) = 3", name="currency_code"),
        CheckConstraint("state = 'draft' OR active_from IS NOT NULL", name="active_has_a_day"),
        CheckConstraint("active_to >= active_from", name="ends_after_start"),
    )

    customer_class: Mapped[str] = mapped_column(choice("customer_class", "resource", "project"), index=True)
    number: Mapped[int] = mapped_column(info={"derived": True})
    name: Mapped[str] = mapped_column(String(100), index=True)
    state: Mapped[str] = mapped_column(
        choice("state", "draft", "active", "retired"), default="draft", index=True, info={"derived": True}
    )
    currency: Mapped[str] = mapped_column(String(3), default="CNY")
    floor: Mapped[str | None] = mapped_column(grade_code("floor"))
    ceiling: Mapped[str | None] = mapped_column(grade_code("ceiling"))
    margin: Mapped[int] = mapped_column(default=0)
    min_stay_days: Mapped[int] = mapped_column(default=0)
    note: Mapped[str | None] = mapped_column(Text)
    active_from: Mapped[date | None] = mapped_column(index=True, info={"derived": True})
    active_to: Mapped[date | None] = mapped_column(index=True, info={"derived": True})


class GradeStep(Record, Base):
    """The total from which on a rule set gives a grade."""

    __tablename__ = "grade_step"
    __table_args__ = (UniqueConstraint("rule_id", "grade"), UniqueConstraint("rule_id", "points"))

    rule_id: Mapped[int] = mapped_column(ForeignKey("grade_rule.id", ondelete="CASCADE"), index=True)
    grade: Mapped[str] = mapped_column(grade_code("grade"))
    points: Mapped[int]

    rule: Mapped[GradeRule] = relationship()


class GradeRate(Record, Base):
    """What one unit of another currency is worth in the currency of the rule set."""

    __tablename__ = "grade_rate"
    __table_args__ = (
        UniqueConstraint("rule_id", "currency"),
        CheckConstraint("length(currency) = 3", name="currency_code"),
        CheckConstraint("rate > 0", name="rate_positive"),
    )

    rule_id: Mapped[int] = mapped_column(ForeignKey("grade_rule.id", ondelete="CASCADE"), index=True)
    currency: Mapped[str] = mapped_column(String(3))
    rate: Mapped[Decimal] = mapped_column(Money())

    rule: Mapped[GradeRule] = relationship()


class GradeDimension(Record, Base):
    """One thing that a rule set looks at, with its weight; what happened counts within ``months`` (empty: always)."""

    __tablename__ = "grade_dimension"
    __table_args__ = (
        CheckConstraint("weight BETWEEN 1 AND 1000", name="weight_positive"),
        CheckConstraint("months BETWEEN 1 AND 600", name="months_positive"),
    )

    rule_id: Mapped[int] = mapped_column(ForeignKey("grade_rule.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(
        choice(
            "kind",
            "contract_amount",
            "contract_count",
            "contract_recency",
            "payments",
            "complaints",
            "open_complaints",
            "pipeline",
            "annual_revenue",
            "judgement",
        ),
        index=True,
    )
    months: Mapped[int | None]
    weight: Mapped[int] = mapped_column(default=1)

    rule: Mapped[GradeRule] = relationship()


class GradeBand(Record, Base):
    """The points that a dimension gives from a value on, up to the next band; ``threshold`` itself belongs to it.

    It is an amount in the currency of the rule set, a number, or, for recency, days since the last contract.
    """

    __tablename__ = "grade_band"
    __table_args__ = (
        UniqueConstraint("dimension_id", "threshold"),
        CheckConstraint("points BETWEEN -1000 AND 1000", name="points_in_range"),
    )

    dimension_id: Mapped[int] = mapped_column(
        ForeignKey("grade_dimension.id", ondelete="CASCADE"), index=True
    )
    threshold: Mapped[Decimal] = mapped_column(Money())
    points: Mapped[int]

    dimension: Mapped[GradeDimension] = relationship()

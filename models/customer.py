"""Customers: what they are, how they stand with the company, and what they bring."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.mixins import Owned, Record, ordered, ordered_within, pages
from models.types import Money, choice, grade_code

if TYPE_CHECKING:
    from models.grading import GradeRule


class Customer(Record, Owned, Base):
    """An organisation that buys, may buy, or matters for its standing.

    ``transaction_status``, ``contract_total`` (in ``currency``) and ``last_contact_on`` follow from contracts
    and activities; a service writes them. ``code`` (KH-00001) is generated when empty. ``grade`` holds since
    ``grade_since``; ``grade_rule`` gave it for ``grade_points``, or a person where there is none. ``drift_grade`` is
    what the active rule set would give instead, since ``drift_since``. ``judgement`` is the owner's, from 0 to 10.
    """

    __tablename__ = "customer"
    __table_args__ = (
        CheckConstraint(
            "(customer_class = 'resource' AND customer_subtype IN ('admin_public', 'enterprise'))"
            " OR (customer_class = 'project' AND customer_subtype IN ('single', 'multi'))",
            name="subtype_belongs_to_class",
        ),
        CheckConstraint("parent_id <> id", name="not_own_parent"),
        CheckConstraint("length(currency) = 3", name="currency_code"),
        CheckConstraint("employees >= 0", name="employees_not_negative"),
        CheckConstraint("annual_revenue >= 0", name="annual_revenue_not_negative"),
        CheckConstraint(
            "grade_locked_until IS NULL OR length(trim(coalesce(grade_lock_reason, ''))) > 0",
            name="grade_lock_explained",
        ),
        CheckConstraint("judgement BETWEEN 0 AND 10", name="judgement_in_range"),
        CheckConstraint(
            "judgement IS NULL OR length(trim(coalesce(judgement_note, ''))) > 0", name="judgement_explained"
        ),
        CheckConstraint("founded_year BETWEEN 1000 AND 9999", name="founded_year_of_four_digits"),
        *pages(),
        *ordered_within("name", "contract_total", "last_contact_on"),
        *ordered(
            "customer_class",
            "transaction_status",
            "lifecycle",
            "grade",
            "region",
            "industry",
            "credit_code",
            "grade_locked_until",
            "drift_since",
        ),
        # What is asked for most: good customers that buy, the most valuable first.
        Index("ix_customer_best", "grade", "transaction_status", "contract_total", "id"),
        *(
            Index(f"ix_customer_{whose}_best", whose, "grade", "transaction_status", "contract_total", "id")
            for whose in ("department_id", "owner_id")
        ),
    )

    code: Mapped[str] = mapped_column(String(40), unique=True, info={"derived": True})
    name: Mapped[str] = mapped_column(String(200))
    customer_class: Mapped[str] = mapped_column(choice("customer_class", "resource", "project"))
    customer_subtype: Mapped[str] = mapped_column(
        choice("customer_subtype", "admin_public", "enterprise", "single", "multi")
    )
    transaction_status: Mapped[str] = mapped_column(
        choice("transaction_status", "existing", "signed_unperformed", "potential", "lapsed"),
        default="potential",
        info={"derived": True},
    )
    lifecycle: Mapped[str] = mapped_column(
        choice("lifecycle", "potential", "active", "loyal", "lapsed"), default="potential"
    )
    grade: Mapped[str | None] = mapped_column(grade_code("grade"))
    grade_locked_until: Mapped[date | None]
    grade_lock_reason: Mapped[str | None] = mapped_column(String(300))
    grade_since: Mapped[date | None] = mapped_column(info={"derived": True})
    grade_rule_id: Mapped[int | None] = mapped_column(
        ForeignKey("grade_rule.id", ondelete="RESTRICT"), index=True, info={"derived": True}
    )
    grade_points: Mapped[int | None] = mapped_column(info={"derived": True})
    drift_grade: Mapped[str | None] = mapped_column(grade_code("drift_grade"), info={"derived": True})
    drift_since: Mapped[date | None] = mapped_column(info={"derived": True})
    judgement: Mapped[int | None]
    judgement_note: Mapped[str | None] = mapped_column(String(300))
    region: Mapped[str | None] = mapped_column(String(60))
    industry: Mapped[str | None] = mapped_column(String(60))
    credit_code: Mapped[str | None] = mapped_column(String(40), unique=True)
    phone: Mapped[str | None] = mapped_column(String(40))
    email: Mapped[str | None] = mapped_column(String(200))
    website: Mapped[str | None] = mapped_column(String(300))
    address: Mapped[str | None] = mapped_column(String(300), info={"multiline": True})
    employees: Mapped[int | None]
    annual_revenue: Mapped[Decimal | None] = mapped_column(Money())
    currency: Mapped[str] = mapped_column(String(3), default="CNY")
    founded_year: Mapped[int | None]
    source: Mapped[str | None] = mapped_column(String(60))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id", ondelete="SET NULL"), index=True)
    note: Mapped[str | None] = mapped_column(Text)
    contract_total: Mapped[Decimal] = mapped_column(Money(), default=Decimal(0), info={"derived": True})
    next_action: Mapped[str | None] = mapped_column(String(300))
    last_contact_on: Mapped[date | None] = mapped_column(info={"derived": True})

    parent: Mapped[Customer | None] = relationship(remote_side="Customer.id")
    grade_rule: Mapped[GradeRule | None] = relationship()

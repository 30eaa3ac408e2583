"""Contracts, what each side owes under them, and what has been performed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.mixins import Owned, Record, ordered, ordered_within, pages
from models.types import Money, choice

if TYPE_CHECKING:
    from models.customer import Customer


class Contract(Record, Owned, Base):
    """An agreement with a customer, a supplier or a partner; ``amount`` is in ``currency``.

    Suppliers and partners that are no customers are named in ``counterparty_name``. ``number`` may be the
    counterparty's own, and is generated when empty.
    """

    __tablename__ = "contract"
    __table_args__ = (
        CheckConstraint(
            "status NOT IN ('signed', 'performing', 'completed') OR signed_on IS NOT NULL",
            name="signed_needs_date",
        ),
        CheckConstraint("status <> 'archived' OR archive_number IS NOT NULL", name="archived_needs_number"),
        CheckConstraint("ends_on >= starts_on", name="ends_after_start"),
        CheckConstraint("amount >= 0", name="amount_not_negative"),
        CheckConstraint("length(currency) = 3", name="currency_code"),
        CheckConstraint(
            "customer_id IS NOT NULL OR (counterparty_kind <> 'customer' AND counterparty_name IS NOT NULL)",
            name="counterparty_given",
        ),
        *pages(),
        *ordered_within("title", "amount", "signed_on", "ends_on"),
        *ordered("counterparty_kind", "status", "starts_on", "archive_number"),
    )

    number: Mapped[str] = mapped_column(String(60), unique=True, info={"generated": True})
    title: Mapped[str] = mapped_column(String(200))
    counterparty_kind: Mapped[str] = mapped_column(
        choice("counterparty_kind", "customer", "supplier", "partner"), default="customer"
    )
    customer_id: Mapped[int | None] = mapped_column(
        ForeignKey("customer.id", ondelete="RESTRICT"), index=True
    )
    counterparty_name: Mapped[str | None] = mapped_column(String(200))
    amount: Mapped[Decimal] = mapped_column(Money(), default=Decimal(0))
    currency: Mapped[str] = mapped_column(String(3), default="CNY")
    status: Mapped[str] = mapped_column(
        choice(
            "status",
            "draft",
            "review",
            "approved",
            "signed",
            "performing",
            "completed",
            "terminated",
            "archived",
        ),
        default="draft",
    )
    signed_on: Mapped[date | None] = mapped_column()
    starts_on: Mapped[date | None] = mapped_column()
    ends_on: Mapped[date | None] = mapped_column()
    terms: Mapped[str | None] = mapped_column(Text)
    risks: Mapped[str | None] = mapped_column(Text)
    archive_number: Mapped[str | None] = mapped_column(String(60))

    customer: Mapped[Customer | None] = relationship()


class Obligation(Record, Base):
    """Something that one side has to do under a contract; its ``amount`` is in the contract's currency."""

    __tablename__ = "obligation"
    __table_args__ = (CheckConstraint("amount >= 0", name="amount_not_negative"),)

    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id", ondelete="CASCADE"), index=True)
    side: Mapped[str] = mapped_column(choice("side", "ours", "theirs"), index=True)
    description: Mapped[str] = mapped_column(Text)
    due_on: Mapped[date | None] = mapped_column(index=True)
    done_on: Mapped[date | None] = mapped_column(index=True)
    amount: Mapped[Decimal | None] = mapped_column(Money())

    contract: Mapped[Contract] = relationship()


class Performance(Record, Base):
    """A part of a contract performed on a day, in the contract's currency; a correction may be negative."""

    __tablename__ = "performance"

    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id", ondelete="CASCADE"), index=True)
    performed_on: Mapped[date] = mapped_column(index=True)
    amount: Mapped[Decimal] = mapped_column(Money(), index=True)
    note: Mapped[str | None] = mapped_column(Text)

    contract: Mapped[Contract] = relationship()

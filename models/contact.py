"""People at customers: who they are, where they work, and which part they play there."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.mixins import Owned, Record, ordered, ordered_within, pages
from models.types import choice

if TYPE_CHECKING:
    from models.customer import Customer


class Contact(Record, Owned, Base):
    """A person outside the company."""

    __tablename__ = "contact"
    __table_args__ = (
        *pages(),
        *ordered_within("name"),
        *ordered("phone", "mobile", "email", "wechat", "birthday"),
    )

    name: Mapped[str] = mapped_column(String(100))
    phone: Mapped[str | None] = mapped_column(String(40))
    mobile: Mapped[str | None] = mapped_column(String(40))
    email: Mapped[str | None] = mapped_column(String(200))
    wechat: Mapped[str | None] = mapped_column(String(60))
    birthday: Mapped[date | None] = mapped_column()
    language: Mapped[str] = mapped_column(choice("language", "zh", "en"), default="zh")
    note: Mapped[str | None] = mapped_column(Text)


class Affiliation(Record, Base):
    """A contact's place at a customer, with a job title; ``primary`` marks the one to turn to first."""

    __tablename__ = "affiliation"
    __table_args__ = (
        CheckConstraint("valid_to >= valid_from", name="ends_after_start"),
        UniqueConstraint("contact_id", "customer_id", "valid_from"),
    )

    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"), index=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"), index=True)
    title: Mapped[str | None] = mapped_column(String(100), index=True)
    valid_from: Mapped[date | None] = mapped_column(index=True)
    valid_to: Mapped[date | None] = mapped_column(index=True)
    primary: Mapped[bool] = mapped_column(default=False)

    contact: Mapped[Contact] = relationship()
    customer: Mapped[Customer] = relationship()


class ContactRole(Record, Base):
    """A part that a contact plays for a customer, for a time; one person may play several at once."""

    __tablename__ = "contact_role"
    __table_args__ = (
        CheckConstraint("valid_to >= valid_from", name="ends_after_start"),
        UniqueConstraint("contact_id", "customer_id", "role", "valid_from"),
    )

    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"), index=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(
        choice("role", "investor", "decision_maker", "user", "supporter"), index=True
    )
    valid_from: Mapped[date | None] = mapped_column(index=True)
    valid_to: Mapped[date | None] = mapped_column(index=True)

    contact: Mapped[Contact] = relationship()
    customer: Mapped[Customer] = relationship()

"""What was done with a customer: calls, visits, meetings, mails and notes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.mixins import Owned, Record, ordered, ordered_within, pages
from models.types import choice, utc_now

if TYPE_CHECKING:
    from models.contact import Contact
    from models.customer import Customer


class Activity(Record, Owned, Base):
    """One dealing with a customer, at a moment."""

    __tablename__ = "activity"
    __table_args__ = (
        *pages(),
        *ordered_within("at"),
        *ordered("kind", "subject"),
        Index(None, "customer_id", "at"),
    )

    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id", ondelete="SET NULL"), index=True)
    kind: Mapped[str] = mapped_column(choice("kind", "call", "visit", "meeting", "mail", "note"))
    at: Mapped[datetime] = mapped_column(default=utc_now)
    subject: Mapped[str] = mapped_column(String(200))
    text: Mapped[str | None] = mapped_column(Text)

    customer: Mapped[Customer] = relationship()
    contact: Mapped[Contact | None] = relationship()

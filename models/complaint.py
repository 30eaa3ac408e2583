"""Complaints, and the timeline of each, which can only grow."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.mixins import AppendOnly, Owned, Record, ordered, ordered_within, pages
from models.types import choice, utc_now

if TYPE_CHECKING:
    from models.contact import Contact
    from models.customer import Customer
    from models.organisation import User


class Complaint(Record, Owned, Base):
    """Something that a customer is unhappy about.

    ``number`` is generated when empty; ``closed_at`` is set by whoever closes.
    """

    __tablename__ = "complaint"
    __table_args__ = (
        CheckConstraint("closed_at >= received_at", name="closed_after_received"),
        CheckConstraint("(status = 'closed') = (closed_at IS NOT NULL)", name="closed_has_moment"),
        *pages(),
        *ordered_within("received_at", "respond_by", "resolve_by", "subject"),
        *ordered("channel", "kind", "severity", "status", "closed_at"),
    )

    number: Mapped[str] = mapped_column(String(40), unique=True, info={"derived": True})
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="RESTRICT"), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id", ondelete="SET NULL"), index=True)
    channel: Mapped[str] = mapped_column(choice("channel", "phone", "mail", "visit", "social", "web"))
    kind: Mapped[str] = mapped_column(
        choice("kind", "complaint", "dispute", "suggestion"), default="complaint"
    )
    severity: Mapped[str] = mapped_column(
        choice("severity", "low", "medium", "high", "critical"), default="medium"
    )
    emergency: Mapped[bool] = mapped_column(default=False)
    reputation: Mapped[bool] = mapped_column(default=False)
    status: Mapped[str] = mapped_column(
        choice(
            "status",
            "new",
            "assigned",
            "in_progress",
            "waiting",
            "solved",
            "confirmed",
            "closed",
            "reopened",
        ),
        default="new",
    )
    subject: Mapped[str] = mapped_column(String(200))
    description: Mapped[str | None] = mapped_column(Text)
    root_cause: Mapped[str | None] = mapped_column(Text)
    received_at: Mapped[datetime] = mapped_column(default=utc_now)
    respond_by: Mapped[datetime | None] = mapped_column()
    resolve_by: Mapped[datetime | None] = mapped_column()
    closed_at: Mapped[datetime | None] = mapped_column(info={"derived": True})

    customer: Mapped[Customer] = relationship()
    contact: Mapped[Contact | None] = relationship()


class ComplaintEvent(Record, AppendOnly, Base):
    """A step in a complaint's life. Once stored it stays as it is, and goes only with its complaint.

    An author cannot be deleted, for the timeline must go on saying who did what, and in whose place.
    """

    __tablename__ = "complaint_event"
    __table_args__ = (Index(None, "complaint_id", "at"),)

    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaint.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    kind: Mapped[str] = mapped_column(
        choice(
            "kind",
            "logged",
            "assessed",
            "assigned",
            "relayed",
            "escalated",
            "contacted",
            "noted",
            "waiting",
            "resumed",
            "solved",
            "confirmed",
            "closed",
            "reopened",
        ),
        index=True,
    )
    text: Mapped[str | None] = mapped_column(Text)
    author_id: Mapped[int | None] = mapped_column(
        ForeignKey("user.id", ondelete="RESTRICT"), index=True, info={"derived": True}
    )
    acting_for_id: Mapped[int | None] = mapped_column(
        ForeignKey("user.id", ondelete="RESTRICT"), index=True, info={"derived": True}
    )

    complaint: Mapped[Complaint] = relationship()
    author: Mapped[User | None] = relationship(foreign_keys=[author_id])
    acting_for: Mapped[User | None] = relationship(foreign_keys=[acting_for_id])

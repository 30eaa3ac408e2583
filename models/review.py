"""The yearly review, in which a head confirms or removes what each person may do, item by item."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.mixins import Record
from models.types import choice

if TYPE_CHECKING:
    from models.duty import Duty
    from models.grant import AccessGrant
    from models.organisation import Position, User


class AccessReview(Record, Base):
    """One head's review of one year."""

    __tablename__ = "access_review"
    __table_args__ = (
        UniqueConstraint("year", "head_id"),
        CheckConstraint("year BETWEEN 1000 AND 9999", name="year_of_four_digits"),
    )

    year: Mapped[int] = mapped_column(index=True)
    head_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="RESTRICT"), index=True)

    head: Mapped[User] = relationship()


class AccessReviewItem(Record, Base):
    """One source of a person's access: a cell of the matrix (position and duty), or a grant by hand.

    ``acting_for`` is whom the one who decided stood in for.
    """

    __tablename__ = "access_review_item"
    __table_args__ = (
        CheckConstraint(
            "(source = 'cell' AND grant_id IS NULL)"
            " OR (source = 'grant' AND position_id IS NULL AND duty_id IS NULL)",
            name="one_source",
        ),
        CheckConstraint(
            "decision <> 'removed' OR length(trim(coalesce(reason, ''))) > 0", name="removal_explained"
        ),
    )

    review_id: Mapped[int] = mapped_column(ForeignKey("access_review.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    source: Mapped[str] = mapped_column(choice("source", "cell", "grant"), index=True)
    position_id: Mapped[int | None] = mapped_column(
        ForeignKey("position.id", ondelete="SET NULL"), index=True
    )
    duty_id: Mapped[int | None] = mapped_column(ForeignKey("duty.id", ondelete="SET NULL"), index=True)
    grant_id: Mapped[int | None] = mapped_column(
        ForeignKey("access_grant.id", ondelete="SET NULL"), index=True
    )
    decision: Mapped[str] = mapped_column(
        choice("decision", "open", "confirmed", "removed"), default="open", index=True
    )
    reason: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(index=True, info={"derived": True})
    decided_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user.id", ondelete="SET NULL"), index=True, info={"derived": True}
    )

    acting_for_id: Mapped[int | None] = mapped_column(
        ForeignKey("user.id", ondelete="SET NULL"), index=True, info={"derived": True}
    )

    review: Mapped[AccessReview] = relationship()
    user: Mapped[User] = relationship(foreign_keys=[user_id])
    position: Mapped[Position | None] = relationship()
    duty: Mapped[Duty | None] = relationship()
    grant: Mapped[AccessGrant | None] = relationship()
    decided_by: Mapped[User | None] = relationship(foreign_keys=[decided_by_id])
    acting_for: Mapped[User | None] = relationship(foreign_keys=[acting_for_id])

"""Records that went from one owner to another in one step, so that the step can be taken back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.mixins import Record
from models.types import Document, utc_now

if TYPE_CHECKING:
    from models.organisation import User


class Handover(Record, Base):
    """``items`` names the records that moved: ``{entity: [ids]}``. ``undone_at`` says when it was taken back."""

    __tablename__ = "handover"
    __table_args__ = (
        CheckConstraint("length(trim(reason)) > 0", name="reason_given"),
        CheckConstraint("from_user_id <> to_user_id", name="two_people"),
    )

    from_user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="RESTRICT"), index=True)
    to_user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="RESTRICT"), index=True)
    author_id: Mapped[int | None] = mapped_column(
        ForeignKey("user.id", ondelete="RESTRICT"), index=True, info={"derived": True}
    )
    at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    reason: Mapped[str] = mapped_column(Text)
    items: Mapped[dict[str, list[int]]] = mapped_column(Document)
    undone_at: Mapped[datetime | None] = mapped_column(index=True, info={"derived": True})
    undone_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user.id", ondelete="RESTRICT"), index=True, info={"derived": True}
    )

    from_user: Mapped[User] = relationship(foreign_keys=[from_user_id])
    to_user: Mapped[User] = relationship(foreign_keys=[to_user_id])
    author: Mapped[User | None] = relationship(foreign_keys=[author_id])
    undone_by: Mapped[User | None] = relationship(foreign_keys=[undone_by_id])

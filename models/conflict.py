"""Separation of duties: what must not come together in one hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.mixins import Record
from models.types import choice

if TYPE_CHECKING:
    from models.duty import Duty


class DutyConflict(Record, Base):
    """Two duties, or two actions on one entity, that exclude each other.

    ``reach`` says where: in one position, in one person, or on one record, where only actions make sense. The
    order of the two does not matter.
    """

    __tablename__ = "duty_conflict"
    __table_args__ = (
        CheckConstraint(
            "(duty_id IS NOT NULL AND other_duty_id IS NOT NULL"
            " AND entity IS NULL AND action IS NULL AND other_action IS NULL)"
            " OR (duty_id IS NULL AND other_duty_id IS NULL"
            " AND entity IS NOT NULL AND action IS NOT NULL AND other_action IS NOT NULL)",
            name="one_kind_of_pair",
        ),
        CheckConstraint("reach <> 'record' OR entity IS NOT NULL", name="record_needs_actions"),
        CheckConstraint("duty_id <> other_duty_id", name="two_duties"),
        CheckConstraint("action <> other_action", name="two_actions"),
    )

    name_zh: Mapped[str] = mapped_column(String(100), index=True)
    name_en: Mapped[str] = mapped_column(String(100), index=True)
    reach: Mapped[str] = mapped_column(choice("reach", "position", "person", "record"), index=True)
    duty_id: Mapped[int | None] = mapped_column(ForeignKey("duty.id", ondelete="CASCADE"), index=True)
    other_duty_id: Mapped[int | None] = mapped_column(ForeignKey("duty.id", ondelete="CASCADE"), index=True)
    entity: Mapped[str | None] = mapped_column(String(60), index=True)
    action: Mapped[str | None] = mapped_column(String(40), index=True)
    other_action: Mapped[str | None] = mapped_column(String(40), index=True)

    duty: Mapped[Duty | None] = relationship(foreign_keys=[duty_id])
    other_duty: Mapped[Duty | None] = relationship(foreign_keys=[other_duty_id])

"""The role-duty matrix: what has to be done, and which position has which share in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.mixins import Record
from models.types import choice

if TYPE_CHECKING:
    from models.organisation import Position


class Duty(Record, Base):
    """Something that the company wants done. ``category`` is a short code that groups duties."""

    __tablename__ = "duty"

    code: Mapped[str] = mapped_column(String(20), unique=True)
    name_zh: Mapped[str] = mapped_column(String(100), index=True)
    name_en: Mapped[str] = mapped_column(String(100), index=True)
    category: Mapped[str] = mapped_column(String(20), index=True)
    category_zh: Mapped[str] = mapped_column(String(60))
    category_en: Mapped[str] = mapped_column(String(60))


class PositionDuty(Record, Base):
    """A cell of the matrix: R does it, A owns and approves it, V supervises, C coordinates, S assists."""

    __tablename__ = "position_duty"
    __table_args__ = (UniqueConstraint("position_id", "duty_id"),)

    position_id: Mapped[int] = mapped_column(ForeignKey("position.id", ondelete="CASCADE"), index=True)
    duty_id: Mapped[int] = mapped_column(ForeignKey("duty.id", ondelete="CASCADE"), index=True)
    letter: Mapped[str] = mapped_column(choice("letter", "R", "A", "V", "C", "S"), index=True)
    detail_zh: Mapped[str | None] = mapped_column(Text)
    detail_en: Mapped[str | None] = mapped_column(Text)

    position: Mapped[Position] = relationship()
    duty: Mapped[Duty] = relationship()

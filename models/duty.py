"""The role-duty matrix: what has to be done, and which position has which share in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.mixins import Record
from models.types import Document, letter, reach

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
    """A cell of the matrix.

    ``rows`` and ``field_levels`` are its own where it differs from its letter's profile. ``field_levels`` maps
    groups of fields to levels, ``{"customer.contact": "masked"}``; a group that is missing has the letter's.
    """

    __tablename__ = "position_duty"
    __table_args__ = (UniqueConstraint("position_id", "duty_id"),)

    position_id: Mapped[int] = mapped_column(ForeignKey("position.id", ondelete="CASCADE"), index=True)
    duty_id: Mapped[int] = mapped_column(ForeignKey("duty.id", ondelete="CASCADE"), index=True)
    letter: Mapped[str] = mapped_column(letter(), index=True)
    detail_zh: Mapped[str | None] = mapped_column(Text)
    detail_en: Mapped[str | None] = mapped_column(Text)
    rows: Mapped[str | None] = mapped_column(reach(), index=True)
    field_levels: Mapped[dict[str, str] | None] = mapped_column(Document)

    position: Mapped[Position] = relationship()
    duty: Mapped[Duty] = relationship()

"""From a letter in the matrix to access: the entities that a duty needs, and what a letter lets one do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.mixins import Record
from models.types import choice

if TYPE_CHECKING:
    from models.duty import Duty


class DutyAccess(Record, Base):
    """An entity, by its table name, that a duty needs. It may name an entity that does not exist (yet)."""

    __tablename__ = "duty_access"
    __table_args__ = (UniqueConstraint("duty_id", "entity"),)

    duty_id: Mapped[int] = mapped_column(ForeignKey("duty.id", ondelete="CASCADE"), index=True)
    entity: Mapped[str] = mapped_column(String(60), index=True)

    duty: Mapped[Duty] = relationship()


class LetterProfile(Record, Base):
    """What a letter gives: ``actions`` are words with spaces between them, ``rows`` says on whose records."""

    __tablename__ = "letter_profile"

    letter: Mapped[str] = mapped_column(choice("letter", "R", "A", "V", "C", "S"), unique=True)
    actions: Mapped[str] = mapped_column(Text)
    rows: Mapped[str] = mapped_column(
        choice("rows", "own", "subordinates", "department", "department_tree", "all"), index=True
    )

"""How the matrix came to be as it is: every version of it, and changes that wait for somebody's yes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.mixins import AppendOnly, Keyed, Record
from models.types import Document, choice, utc_now

if TYPE_CHECKING:
    from models.organisation import User


class MatrixVersion(Keyed, AppendOnly, Base):
    """The whole matrix after one change; without an author the system made it.

    ``acting_for`` is whom the author stood in for.

    ``changes`` is a list of ``{"position", "duty", "before", "after"}``: codes, and for before and after either
    ``{"letter", "rows", "field_levels"}`` or None. ``cells`` is a list of ``[position code, duty code, letter,
    rows, field_levels]``. ``restored_from`` is the number of the version that this one brought back.
    """

    __tablename__ = "matrix_version"
    __table_args__ = (CheckConstraint("length(trim(reason)) > 0", name="reason_given"),)

    number: Mapped[int] = mapped_column(unique=True, info={"derived": True})
    at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    author_id: Mapped[int | None] = mapped_column(
        ForeignKey("user.id", ondelete="RESTRICT"), index=True, info={"derived": True}
    )
    acting_for_id: Mapped[int | None] = mapped_column(
        ForeignKey("user.id", ondelete="RESTRICT"), index=True, info={"derived": True}
    )
    reason: Mapped[str] = mapped_column(Text)
    changes: Mapped[list[dict[str, Any]]] = mapped_column(Document)
    cells: Mapped[list[list[Any]]] = mapped_column(Document)
    restored_from: Mapped[int | None] = mapped_column(index=True)

    author: Mapped[User | None] = relationship(foreign_keys=[author_id])
    acting_for: Mapped[User | None] = relationship(foreign_keys=[acting_for_id])


class MatrixRequest(Record, Base):
    """A change of the matrix beyond its author's reach, put before a head; ``changes`` as in a version."""

    __tablename__ = "matrix_request"
    __table_args__ = (
        CheckConstraint("length(trim(reason)) > 0", name="reason_given"),
        CheckConstraint(
            "status <> 'refused' OR length(trim(coalesce(answer, ''))) > 0", name="refusal_explained"
        ),
    )

    author_id: Mapped[int] = mapped_column(
        ForeignKey("user.id", ondelete="RESTRICT"), index=True, info={"derived": True}
    )
    asked_id: Mapped[int | None] = mapped_column(
        ForeignKey("user.id", ondelete="SET NULL"), index=True, info={"derived": True}
    )
    changes: Mapped[list[dict[str, Any]]] = mapped_column(Document)
    reason: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(
        choice("status", "open", "applied", "refused"), default="open", index=True, info={"derived": True}
    )
    answer: Mapped[str | None] = mapped_column(Text, info={"derived": True})
    decided_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user.id", ondelete="SET NULL"), index=True, info={"derived": True}
    )
    decided_at: Mapped[datetime | None] = mapped_column(index=True, info={"derived": True})

    author: Mapped[User] = relationship(foreign_keys=[author_id])
    asked: Mapped[User | None] = relationship(foreign_keys=[asked_id])
    decided_by: Mapped[User | None] = relationship(foreign_keys=[decided_by_id])

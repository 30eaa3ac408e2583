"""Access beside the matrix: what somebody asked for, and what was granted by hand for a time."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.mixins import Record
from models.types import choice, field_level, reach

if TYPE_CHECKING:
    from models.organisation import Department, User


class AccessRequest(Record, Base):
    """Somebody asks the head to be allowed an ``action`` on an ``entity``, or on one record of it.

    ``record_key`` is the record's primary key as it stands in addresses; empty means the entity as a whole.
    ``acting_for`` is whom the one who decided stood in for.
    """

    __tablename__ = "access_request"
    __table_args__ = (
        CheckConstraint("length(trim(reason)) > 0", name="reason_given"),
        CheckConstraint(
            "status IN ('open', 'withdrawn') OR length(trim(coalesce(answer, ''))) > 0", name="answer_given"
        ),
        Index(None, "entity", "record_key"),
    )

    user_id: Mapped[int] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), index=True, info={"derived": True}
    )
    entity: Mapped[str] = mapped_column(String(60))
    action: Mapped[str] = mapped_column(String(40), index=True)
    record_key: Mapped[str | None] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(
        choice("status", "open", "granted", "refused", "withdrawn"),
        default="open",
        index=True,
        info={"derived": True},
    )
    head_id: Mapped[int | None] = mapped_column(
        ForeignKey("user.id", ondelete="SET NULL"), index=True, info={"derived": True}
    )
    decided_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user.id", ondelete="SET NULL"), index=True, info={"derived": True}
    )
    acting_for_id: Mapped[int | None] = mapped_column(
        ForeignKey("user.id", ondelete="SET NULL"), index=True, info={"derived": True}
    )
    decided_at: Mapped[datetime | None] = mapped_column(index=True, info={"derived": True})
    answer: Mapped[str | None] = mapped_column(Text, info={"derived": True})

    user: Mapped[User] = relationship(foreign_keys=[user_id])
    head: Mapped[User | None] = relationship(foreign_keys=[head_id])
    decided_by: Mapped[User | None] = relationship(foreign_keys=[decided_by_id])
    acting_for: Mapped[User | None] = relationship(foreign_keys=[acting_for_id])


class AccessGrant(Record, Base):
    """Access given by hand: ``actions`` are words with spaces between them, ``rows`` starts at ``department``.

    A grant for one record has its ``record_key``, as it stands in addresses, instead of ``rows``. It is in force from
    the first day to the last, both included, and nobody approves their own; ``acting_for`` is whom the approver stood
    in for.
    """

    __tablename__ = "access_grant"
    __table_args__ = (
        CheckConstraint("length(trim(reason)) > 0", name="reason_given"),
        CheckConstraint("approver_id <> user_id", name="approver_not_receiver"),
        CheckConstraint("valid_to >= valid_from", name="ends_after_start"),
        CheckConstraint("(rows IS NULL) <> (record_key IS NULL)", name="rows_or_record"),
        Index(None, "department_id", "id"),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    entity: Mapped[str] = mapped_column(String(60), index=True)
    actions: Mapped[str] = mapped_column(Text)
    rows: Mapped[str | None] = mapped_column(reach(), index=True)
    record_key: Mapped[str | None] = mapped_column(String(200), index=True, info={"derived": True})
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id", ondelete="RESTRICT"))
    field_level: Mapped[str] = mapped_column(field_level(), default="read", index=True)
    reason: Mapped[str] = mapped_column(Text)
    approver_id: Mapped[int] = mapped_column(
        ForeignKey("user.id", ondelete="RESTRICT"), index=True, info={"derived": True}
    )
    acting_for_id: Mapped[int | None] = mapped_column(
        ForeignKey("user.id", ondelete="SET NULL"), index=True, info={"derived": True}
    )
    valid_from: Mapped[date] = mapped_column(index=True)
    valid_to: Mapped[date] = mapped_column(index=True)
    request_id: Mapped[int | None] = mapped_column(
        ForeignKey("access_request.id", ondelete="SET NULL"), index=True, info={"derived": True}
    )

    user: Mapped[User] = relationship(foreign_keys=[user_id])
    department: Mapped[Department] = relationship()
    approver: Mapped[User] = relationship(foreign_keys=[approver_id])
    acting_for: Mapped[User | None] = relationship(foreign_keys=[acting_for_id])
    request: Mapped[AccessRequest | None] = relationship()

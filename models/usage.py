"""What people made of their access: when they last used it, which hidden values they looked at, whom they saw it as."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.mixins import AppendOnly, Keyed
from models.types import choice, utc_now

if TYPE_CHECKING:
    from models.organisation import User


class AccessUse(Keyed, Base):
    """The last day on which a person did an ``action`` on an ``entity``.

    Without a version, as two requests of one person may write it at once.
    """

    __tablename__ = "access_use"
    __history__: ClassVar[bool] = False
    __table_args__ = (UniqueConstraint("user_id", "entity", "action"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    entity: Mapped[str] = mapped_column(String(60), index=True)
    action: Mapped[str] = mapped_column(String(40), index=True)
    last_on: Mapped[date] = mapped_column(index=True)

    user: Mapped[User] = relationship()


class RevealLog(Keyed, AppendOnly, Base):
    """A masked value was shown to somebody, who said why; whoever stands in the log cannot be deleted.

    ``record_key`` is the record's primary key as it stands in addresses, ``acting_for`` whom the person stood in
    for.
    """

    __tablename__ = "reveal_log"
    __table_args__ = (
        CheckConstraint("length(trim(reason)) > 0", name="reason_given"),
        Index(None, "entity", "record_key"),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="RESTRICT"), index=True)
    entity: Mapped[str] = mapped_column(String(60))
    record_key: Mapped[str] = mapped_column(String(200))
    field: Mapped[str] = mapped_column(String(60), index=True)
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    acting_for_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="RESTRICT"), index=True)

    user: Mapped[User] = relationship(foreign_keys=[user_id])
    acting_for: Mapped[User | None] = relationship(foreign_keys=[acting_for_id])


class ViewAsLog(Keyed, AppendOnly, Base):
    """An administrator began, or ceased, to see the product as a position or a person sees it.

    ``seen_as`` is a position's code or a person's user name. Whoever stands in the log cannot be deleted.
    """

    __tablename__ = "view_as_log"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="RESTRICT"), index=True)
    step: Mapped[str] = mapped_column(choice("step", "began", "ended"), index=True)
    kind: Mapped[str] = mapped_column(choice("kind", "position", "person"), index=True)
    seen_as: Mapped[str] = mapped_column(String(60), index=True)
    at: Mapped[datetime] = mapped_column(default=utc_now, index=True)

    user: Mapped[User] = relationship()

"""Logging in: sessions that end when they should, and counted attempts.

Neither table has a version: two requests of one person touch ``last_seen_at`` at once, and neither
may fail for it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.mixins import Keyed
from models.types import utc_now

if TYPE_CHECKING:
    from models.organisation import User


class LoginSession(Keyed, Base):
    """One login of one browser; only a hash of its token is stored, so a stolen table opens nothing."""

    __tablename__ = "login_session"
    __history__: ClassVar[bool] = False

    token_hash: Mapped[str] = mapped_column(String(64), unique=True, info={"secret": True})
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_seen_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ip: Mapped[str | None] = mapped_column(String(45))
    user_agent: Mapped[str | None] = mapped_column(String(400))

    user: Mapped[User] = relationship()


class LoginAttempt(Keyed, Base):
    """One try to log in, counted under a ``key`` such as a user name or an address."""

    __tablename__ = "login_attempt"
    __history__: ClassVar[bool] = False
    __table_args__ = (Index(None, "key", "at"),)

    key: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    succeeded: Mapped[bool]

"""Who did what on which record, as far as two deeds on one record must not come from one hand."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.mixins import AppendOnly, Keyed
from models.types import utc_now

if TYPE_CHECKING:
    from models.organisation import User


class Deed(Keyed, AppendOnly, Base):
    """A person did an ``action`` on the record of ``entity`` with this primary key; told once, the first time."""

    __tablename__ = "deed"
    __table_args__ = (UniqueConstraint("entity", "record_key", "action", "user_id"),)

    entity: Mapped[str] = mapped_column(String(60))
    record_key: Mapped[str] = mapped_column(String(200))
    action: Mapped[str] = mapped_column(String(40))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(default=utc_now)

    user: Mapped[User] = relationship()

"""Work that outlives a request: each job is one row, and the row is the truth about it, whatever happens to a queue."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.mixins import Keyed
from models.types import Document, choice, utc_now

if TYPE_CHECKING:
    from models.organisation import User


class Job(Keyed, Base):
    """One order. ``actor`` is whose rights it runs with, None for the system's own work.

    Who runs it stands in ``worker``, and may until ``lease_until``, which each sign of life moves on. ``cursor`` is
    what is finished already, in the words of its kind: it is written in the transaction of that work. ``attempts``
    counts the starts since the last progress. Without a version: worker and canceller write at once.
    """

    __tablename__ = "job"
    __history__ = False
    __table_args__ = (
        CheckConstraint(
            "state <> 'running' OR (worker IS NOT NULL AND lease_until IS NOT NULL)", name="leased"
        ),
        CheckConstraint("done >= 0 AND total >= 0 AND attempts >= 0", name="counts_not_negative"),
        Index(None, "state", "queued_at"),
    )

    kind: Mapped[str] = mapped_column(String(60))
    arguments: Mapped[Any] = mapped_column(Document, default=dict)
    state: Mapped[str] = mapped_column(
        choice("state", "queued", "running", "done", "failed", "cancelled"), default="queued"
    )
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"), index=True)
    idempotency_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    queued_at: Mapped[datetime] = mapped_column(default=utc_now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    worker: Mapped[str | None] = mapped_column(String(200))
    lease_until: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    cursor: Mapped[Any | None] = mapped_column(Document)
    result: Mapped[Any | None] = mapped_column(Document)
    error: Mapped[str | None] = mapped_column(Text)

    actor: Mapped[User | None] = relationship()

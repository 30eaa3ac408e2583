"""Changes of many records at once: what was chosen, what the preview found for each of them, what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.change import Canonical
from models.mixins import Keyed
from models.types import Document, choice, utc_now

if TYPE_CHECKING:
    from models.job import Job
    from models.organisation import User


class BulkRun(Keyed, Base):
    """One action on one selection, from its preview on.

    ``selection`` is the description of what was chosen, ``values`` what the form held, both as they were sent.
    ``counts`` are numbers of records by outcome. ``sets`` are the ids of the change sets that it wrote: one, or one a
    chunk; records up to ``cursor`` are done. Without a version: a worker writes it and people look on.
    """

    __tablename__ = "bulk_run"
    __history__: ClassVar[bool] = False
    __table_args__ = (
        CheckConstraint("state <> 'waiting' OR decided_by_id IS NULL", name="waits_undecided"),
        CheckConstraint("decided_by_id <> actor_id", name="decided_by_another"),
    )

    entity: Mapped[str] = mapped_column(String(60))
    action: Mapped[str] = mapped_column(String(40))
    selection: Mapped[Any] = mapped_column(Document)
    values: Mapped[Any] = mapped_column(Document)
    reason: Mapped[str | None] = mapped_column(Text)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"), index=True)
    at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    state: Mapped[str] = mapped_column(
        choice("state", "previewed", "waiting", "refused", "ordered", "done", "undone"),
        default="previewed",
        index=True,
    )
    counts: Mapped[Any] = mapped_column(Document, default=dict)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"), index=True)
    decided_at: Mapped[datetime | None]
    answer: Mapped[str | None] = mapped_column(Text)
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id", ondelete="SET NULL"), index=True)
    cursor: Mapped[int] = mapped_column(BigInteger, default=0)
    applied: Mapped[int] = mapped_column(BigInteger, default=0)
    sets: Mapped[Any] = mapped_column(Document, default=list)

    actor: Mapped[User | None] = relationship(foreign_keys=[actor_id])
    decided_by: Mapped[User | None] = relationship(foreign_keys=[decided_by_id])
    job: Mapped[Job | None] = relationship()


class BulkItem(Base):
    """What the preview found for one record: the version that it saw, and what will become of it.

    ``why`` is the code of the reason, where there is one; ``after`` holds the new values of an action that computes
    them, by column key as history spells them. No foreign keys: a hundred thousand of these are written at
    once, in the order of their key, and they go with their run.
    """

    __tablename__ = "bulk_item"
    __history__: ClassVar[bool] = False
    __table_args__ = ({"sqlite_with_rowid": False},)

    run_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    record_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    version: Mapped[int]
    outcome: Mapped[str] = mapped_column(
        choice("outcome", "change", "same", "denied", "locked", "invalid", "moved")
    )
    why: Mapped[str | None] = mapped_column(String(80))
    after: Mapped[Any | None] = mapped_column(Canonical())

"""Who works here: departments as a tree, positions, people, and the posts that people hold."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.mixins import Record
from models.types import choice


class Department(Record, Base):
    """A department; one without a parent is a root."""

    __tablename__ = "department"
    __table_args__ = (CheckConstraint("parent_id <> id", name="not_own_parent"),)

    code: Mapped[str] = mapped_column(String(20), unique=True)
    name_zh: Mapped[str] = mapped_column(String(100), index=True)
    name_en: Mapped[str] = mapped_column(String(100), index=True)
    parent_id: Mapped[int | None] = mapped_column(
        ForeignKey("department.id", ondelete="RESTRICT"), index=True
    )

    parent: Mapped[Department | None] = relationship(remote_side="Department.id")


class Position(Record, Base):
    """A job with its duties. An overlay adds to a person's own position and may belong to no department."""

    __tablename__ = "position"

    code: Mapped[str] = mapped_column(String(20), unique=True)
    name_zh: Mapped[str] = mapped_column(String(100), index=True)
    name_en: Mapped[str] = mapped_column(String(100), index=True)
    department_id: Mapped[int | None] = mapped_column(
        ForeignKey("department.id", ondelete="RESTRICT"), index=True
    )
    overlay: Mapped[bool] = mapped_column(default=False)

    department: Mapped[Department | None] = relationship()


class User(Record, Base):
    """A person who may log in."""

    __tablename__ = "user"

    username: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(100), index=True)
    email: Mapped[str | None] = mapped_column(String(200), index=True)
    phone: Mapped[str | None] = mapped_column(String(40))
    language: Mapped[str] = mapped_column(choice("language", "zh", "en"), default="zh")
    is_active: Mapped[bool] = mapped_column(default=True, index=True)
    is_admin: Mapped[bool] = mapped_column(default=False)
    password_hash: Mapped[str | None] = mapped_column(String(300), info={"secret": True, "derived": True})
    last_login_at: Mapped[datetime | None] = mapped_column(
        index=True, info={"derived": True, "history": False}
    )


class Post(Record, Base):
    """A position that a person holds in a department, from one day to another, both included.

    No last day means until further notice. Whoever acts holds it in place of ``acting_for``, for some days.
    """

    __tablename__ = "post"
    __table_args__ = (
        CheckConstraint("valid_to >= valid_from", name="ends_after_start"),
        CheckConstraint("acting_for_id IS NULL OR acting", name="acts_for_somebody"),
        CheckConstraint("acting_for_id <> user_id", name="acts_for_another"),
        UniqueConstraint("user_id", "position_id", "department_id", "valid_from"),
        Index(None, "department_id", "id"),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    position_id: Mapped[int] = mapped_column(ForeignKey("position.id", ondelete="RESTRICT"), index=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id", ondelete="RESTRICT"))
    valid_from: Mapped[date] = mapped_column(index=True)
    valid_to: Mapped[date | None] = mapped_column(index=True)
    acting: Mapped[bool] = mapped_column(default=False)
    acting_for_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"), index=True)

    user: Mapped[User] = relationship(foreign_keys=[user_id])
    acting_for: Mapped[User | None] = relationship(foreign_keys=[acting_for_id])
    position: Mapped[Position] = relationship()
    department: Mapped[Department] = relationship()

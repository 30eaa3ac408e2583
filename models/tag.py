"""The tag library: families of tags, and the tags that customers bear."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.mixins import Record
from models.types import choice

if TYPE_CHECKING:
    from models.customer import Customer


class TagFamily(Record, Base):
    """Tags that answer one question, such as industry or how often a customer buys."""

    __tablename__ = "tag_family"

    code: Mapped[str] = mapped_column(String(40), unique=True)
    name_zh: Mapped[str] = mapped_column(String(60), index=True)
    name_en: Mapped[str] = mapped_column(String(60), index=True)


class Tag(Record, Base):
    """One possible answer; ``colour`` is ``#rrggbb``."""

    __tablename__ = "tag"
    __table_args__ = (
        UniqueConstraint("family_id", "name_zh"),
        CheckConstraint("length(colour) = 7 AND substr(colour, 1, 1) = '#'", name="colour_of_six_digits"),
    )

    family_id: Mapped[int] = mapped_column(ForeignKey("tag_family.id", ondelete="CASCADE"), index=True)
    name_zh: Mapped[str] = mapped_column(String(60), index=True)
    name_en: Mapped[str] = mapped_column(String(60), index=True)
    colour: Mapped[str | None] = mapped_column(String(7))

    family: Mapped[TagFamily] = relationship()


class CustomerTag(Record, Base):
    """A tag on a customer, put there by hand or by a rule, perhaps until a last day."""

    __tablename__ = "customer_tag"
    __table_args__ = (UniqueConstraint("customer_id", "tag_id"),)

    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"), index=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("tag.id", ondelete="CASCADE"), index=True)
    source: Mapped[str] = mapped_column(choice("source", "hand", "rule"), default="hand", index=True)
    expires_on: Mapped[date | None] = mapped_column(index=True)

    customer: Mapped[Customer] = relationship()
    tag: Mapped[Tag] = relationship()

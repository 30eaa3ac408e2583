"""From a letter in the matrix to access: the entities a duty needs, what a letter gives, and when either changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Connection,
    ForeignKey,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
    insert,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.mixins import Keyed, Record
from models.types import field_level, letter, reach

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
    """What a letter gives: ``actions`` are words with spaces between them, ``rows`` says on whose records.

    ``field_level`` is how far one gets with fields that belong to a group.
    """

    __tablename__ = "letter_profile"

    letter: Mapped[str] = mapped_column(letter(), unique=True)
    actions: Mapped[str] = mapped_column(Text)
    rows: Mapped[str] = mapped_column(reach(), index=True)
    field_level: Mapped[str] = mapped_column(field_level(), default="read", index=True)


class AccessStamp(Keyed, Base):
    """One row, whose ``value`` goes up together with anything that access rests on: an older policy is stale."""

    __tablename__ = "access_stamp"
    __history__: ClassVar[bool] = False
    __table_args__ = (CheckConstraint("id = 1", name="single_row"),)

    value: Mapped[int] = mapped_column(BigInteger, default=1)


@event.listens_for(AccessStamp.__table__, "after_create")
def _first_stamp(table: Table, connection: Connection, **_options: Any) -> None:
    connection.execute(insert(table).values(id=1, value=1))

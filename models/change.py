"""History: every write as a change set with its rows, chained by hashes so that nothing can be altered unseen.

No column here refers to another table: history outlives whatever it tells of.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Connection,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
    insert,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from models.base import Base
from models.mixins import AppendOnly, Keyed
from models.types import choice, utc_now

#: What the hash of the first change set follows.
GENESIS = "0" * 64


def canonical(value: Any) -> str:
    """JSON text with one spelling per value: sorted keys, no spaces, no escapes but the necessary ones."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class Canonical(TypeDecorator[Any]):
    """A JSON document kept as text, byte for byte: hashes are taken over it. None is NULL."""

    impl = Text
    cache_ok = True

    def __repr__(self) -> str:
        return "Text()"

    def process_bind_param(self, value: Any | None, dialect: Dialect) -> str | None:
        return None if value is None else canonical(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any | None:
        return None if value is None else json.loads(value)


class ChangeSet(Keyed, AppendOnly, Base):
    """What one transaction changed: who did it, for whom, when, why and from where.

    ``position`` is its place in the chain, in the order of commits, without gaps; ``previous`` and ``hash`` tie it to
    the one before. ``rows`` counts its rows; ``tally`` counts, by entity, what was written in bulk without a row each
    (starting data). An ``actor_id`` of NULL is the system.
    """

    __tablename__ = "change_set"
    __table_args__ = (
        UniqueConstraint("position"),
        CheckConstraint("rows >= 0", name="rows_not_negative"),
        Index(None, "actor_id", "id"),
    )
    __history__: ClassVar[bool] = False

    position: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    actor_name: Mapped[str] = mapped_column(String(100))
    acting_for_id: Mapped[int | None] = mapped_column(BigInteger)
    source: Mapped[str] = mapped_column(
        choice("source", "screen", "import", "job", "api", "command", "system"), index=True
    )
    action: Mapped[str] = mapped_column(String(40), index=True)
    reason: Mapped[str | None] = mapped_column(Text)
    undo_of_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    request_id: Mapped[str | None] = mapped_column(String(40))
    rows: Mapped[int] = mapped_column(BigInteger)
    tally: Mapped[Any | None] = mapped_column(Canonical())
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class ChangeRow(AppendOnly, Base):
    """One record in one change set, ``number`` 1, 2, 3 … within the set.

    ``record_key`` is the primary key as it stands in addresses. ``before`` and ``after`` hold stored values by column
    key: all of them where a record came or went, the changed ones where it was updated.
    """

    __tablename__ = "change_row"
    __table_args__ = (
        Index(None, "entity", "record_key", "set_id", "number"),
        # The trash: what was deleted of an entity, the newest first. Other rows cost nothing here.
        Index(
            "ix_change_row_deleted",
            "entity",
            "set_id",
            "number",
            sqlite_where=text("op = 'delete'"),
            postgresql_where=text("op = 'delete'"),
        ),
        # The key holds the rows themselves: a set lies together, and there is one index less to write.
        {"sqlite_with_rowid": False},
    )
    __history__: ClassVar[bool] = False

    set_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entity: Mapped[str] = mapped_column(String(60))
    record_key: Mapped[str] = mapped_column(String(200))
    op: Mapped[str] = mapped_column(choice("op", "create", "update", "delete"))
    before: Mapped[Any | None] = mapped_column(Canonical())
    after: Mapped[Any | None] = mapped_column(Canonical())
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class ChangeHead(Keyed, Base):
    """One row: the end of the chain, which every writer locks at its commit, and where the kept part begins.

    ``base_position`` and ``base_hash`` are those of the last change set that retention removed. ``pruning`` opens
    the one door through which rows may leave.
    """

    __tablename__ = "change_head"
    __table_args__ = (CheckConstraint("id = 1", name="single_row"),)
    __history__: ClassVar[bool] = False

    position: Mapped[int] = mapped_column(BigInteger, default=0)
    previous: Mapped[str] = mapped_column(String(64), default=GENESIS)
    hash: Mapped[str] = mapped_column(String(64), default=GENESIS)
    base_position: Mapped[int] = mapped_column(BigInteger, default=0)
    base_hash: Mapped[str] = mapped_column(String(64), default=GENESIS)
    pruning: Mapped[bool] = mapped_column(default=False)


@event.listens_for(ChangeHead.__table__, "after_create")
def _first_head(table: Table, connection: Connection, **_options: Any) -> None:
    start = {"position": 0, "previous": GENESIS, "hash": GENESIS, "base_position": 0, "base_hash": GENESIS}
    connection.execute(insert(table).values(id=1, pruning=False, **start))

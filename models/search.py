"""The search index: which tables have one, and by which rules it was filled.

The indexes themselves are no tables of the schema: each database keeps them in its own way, made by a migration (an
FTS5 table on SQLite, a table with a GIN index on PostgreSQL). To give one to another entity, add its table here, and
a migration that makes it, like "The search index".
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.mixins import Keyed
from models.types import utc_now

#: Tables with an index, each with a single number as its key.
INDEXED: Final = frozenset(
    {
        "activity",
        "complaint",
        "contact",
        "contract",
        "customer",
        "department",
        "duty",
        "position",
        "tag",
        "tag_family",
        "user",
    }
)


def index_name(table: str) -> str:
    """The name of the index of `table`."""
    return f"search_{table}"


def is_index(name: str) -> bool:
    """Whether a table of this name is a search index, or belongs to one: FTS5 keeps each in some tables of its own."""
    return any(name == index_name(table) or name.startswith(index_name(table) + "_") for table in INDEXED)


def forgetting(table: str) -> str:
    """The DDL of the trigger by which a record on SQLite takes its document along, in whatever way it goes."""
    name = index_name(table)
    return (
        f'CREATE TRIGGER IF NOT EXISTS {name}_gone AFTER DELETE ON "{table}" '  # noqa: S608 - our own names
        f"BEGIN DELETE FROM {name} WHERE rowid = old.id; END"
    )


class SearchState(Keyed, Base):
    """By which rules the index of one table was filled; without a row it was not, and nobody asks it."""

    __tablename__ = "search_state"
    __history__ = False

    name: Mapped[str] = mapped_column(String(60), unique=True)
    making: Mapped[str] = mapped_column(String(40))
    filled_at: Mapped[datetime] = mapped_column(default=utc_now)

"""The declarative base, the names of constraints, and the one error that models raise themselves.

Every constraint gets a name from the convention below, so that a migration can drop it and an
``IntegrityError`` can be traced to a rule on both databases.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from models.types import UtcDateTime

NAMING_CONVENTION = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}


class AppendOnlyError(Exception):
    """A flush tried to change or delete a stored record that may only ever be added to."""


class Base(DeclarativeBase):
    """Base of every mapped class; ``Base.metadata`` is the whole schema once ``models`` is imported."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UtcDateTime()}

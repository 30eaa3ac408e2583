"""What several tables have in common: a key, a version with times, an owner with a department, a past that stays."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import ForeignKey, Index, event
from sqlalchemy.orm import Mapped, Mapper, declared_attr, mapped_column, object_session, relationship

from models.base import AppendOnlyError
from models.types import Key, utc_now

if TYPE_CHECKING:
    from models.organisation import Department, User


class Keyed:
    """A table with a number of its own as primary key."""

    id: Mapped[int] = mapped_column(Key, primary_key=True, sort_order=-1, info={"derived": True})


class Record(Keyed):
    """A table that people edit: ``version`` goes up with each change; a save on an old version is refused.

    The refusal is ``sqlalchemy.orm.exc.StaleDataError`` at flush.
    """

    version: Mapped[int] = mapped_column(default=1, sort_order=20, info={"derived": True})
    created_at: Mapped[datetime] = mapped_column(default=utc_now, sort_order=20, info={"derived": True})
    updated_at: Mapped[datetime] = mapped_column(
        default=utc_now, onupdate=utc_now, sort_order=20, info={"derived": True}
    )

    __mapper_args__: ClassVar[Any] = {"version_id_col": version}


class Owned:
    """A record that somebody looks after, and whose department decides who may see it.

    Owner and department bear no index of their own: each owned table has those of ``pages()``.
    """

    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"), sort_order=10)
    department_id: Mapped[int] = mapped_column(
        ForeignKey("department.id", ondelete="RESTRICT"), sort_order=10
    )

    @declared_attr
    def owner(cls) -> Mapped[User | None]:
        return relationship("User", foreign_keys=f"{cls.__name__}.owner_id")  # type: ignore[attr-defined]

    @declared_attr
    def department(cls) -> Mapped[Department]:
        return relationship("Department", foreign_keys=f"{cls.__name__}.department_id")  # type: ignore[attr-defined]


def pages() -> tuple[Index, ...]:
    """Indexes of an owned table that give a department's and an owner's rows in the order of the pages.

    Each holds the other column too, so that rows are counted without reading the table.
    """
    return Index(None, "department_id", "id", "owner_id"), Index(None, "owner_id", "id", "department_id")


def ordered(*columns: str) -> tuple[Index, ...]:
    """Indexes that keep all rows in the order of each column, equal ones by key."""
    return tuple(Index(None, column, "id") for column in columns)


def ordered_within(*columns: str) -> tuple[Index, ...]:
    """``ordered``, and the same within each department and each owner, for those who see only such rows."""
    return (
        *ordered(*columns),
        *(Index(None, whose, column, "id") for column in columns for whose in ("department_id", "owner_id")),
    )


class AppendOnly:
    """A record that stays as it was stored, and goes only with what it belongs to.

    A flush that would change or delete one raises ``AppendOnlyError``.
    """


@event.listens_for(AppendOnly, "before_update", propagate=True)
def _refuse_update(mapper: Mapper[Any], _connection: Any, target: Any) -> None:
    session = object_session(target)
    # Touching an attribute without changing it also brings a record here.
    if session is not None and session.is_modified(target):
        raise AppendOnlyError(f"{mapper.local_table} {target.id} cannot be changed")


@event.listens_for(AppendOnly, "before_delete", propagate=True)
def _refuse_delete(mapper: Mapper[Any], _connection: Any, target: Any) -> None:
    raise AppendOnlyError(f"{mapper.local_table} {target.id} cannot be deleted")

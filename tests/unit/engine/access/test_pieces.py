"""Pieces of what one sees: together exactly that, no row twice, whatever one owns and leads."""

from __future__ import annotations

import itertools

import pytest
from sqlalchemy import create_engine, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from admin_app.engine.access import Guard
from admin_app.engine.access.pieces import MOST, pieces
from admin_app.engine.access.policy import EVERYTHING, NOTHING, Rows


class Drawer(DeclarativeBase):
    """Where the records of these tests lie."""


class Record(Drawer):
    """Something with an owner and a department; its columns bear other names than its attributes."""

    __tablename__ = "record"

    key: Mapped[int] = mapped_column("id", primary_key=True)
    owner_id: Mapped[int | None]
    department_id: Mapped[int]


GUARD = Guard("record", Record)
ALL = [
    {"id": 10 + key, "owner_id": owner, "department_id": department}
    for key, (owner, department) in enumerate(itertools.product((None, 1, 2, 3), (7, 8, 9)))
]


def named(*keys: int) -> frozenset[tuple[str, str]]:
    """Single records."""
    return frozenset(("record", str(key)) for key in keys)


@pytest.mark.parametrize("keys", [(), (10,), (10, 11, 15, 17, 21)])
@pytest.mark.parametrize("owners", [(), (1,), (1, 2)])
@pytest.mark.parametrize("departments", [(), (7,), (7, 9)])
def test_the_pieces_are_the_rows_each_once(
    owners: tuple[int, ...], departments: tuple[int, ...], keys: tuple[int, ...]
) -> None:
    rows = Rows(owners=frozenset(owners), departments=frozenset(departments), keys=named(*keys))
    engine = create_engine("sqlite://")
    Drawer.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(insert(Record.__table__), ALL)
        parts = pieces(GUARD, rows)
        if not rows:
            assert parts is None
            return
        assert parts is not None
        assert len(parts) == len(owners) + len(departments) + bool(keys)
        found = [
            row.id for part in parts for row in connection.execute(select(Record.__table__).where(*part))
        ]
    engine.dispose()
    assert sorted(found) == [
        each["id"]
        for each in ALL
        if rows.hold(each["owner_id"], each["department_id"] or 0) or each["id"] in keys
    ]


@pytest.mark.parametrize(
    "rows",
    [
        EVERYTHING,
        NOTHING,
        Rows(keys=frozenset({("paper", "10"), ("record", "x")})),
        Rows(owners=frozenset(range(MOST + 1))),
        Rows(owners=frozenset(range(MOST)), keys=named(10)),
    ],
)
def test_what_is_no_few_owners_and_departments_is_not_cut_up(rows: Rows) -> None:
    assert pieces(GUARD, rows) is None


def test_as_many_as_may_be_are_cut_up() -> None:
    parts = pieces(GUARD, Rows(owners=frozenset(range(MOST))))
    assert parts is not None
    assert len(parts) == MOST

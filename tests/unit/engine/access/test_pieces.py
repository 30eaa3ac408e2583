"""Pieces of what one sees: together exactly that, no row twice, whatever one owns and leads."""

from __future__ import annotations

import itertools

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, insert, select

from admin_app.engine.access.pieces import MOST, pieces
from admin_app.engine.access.policy import EVERYTHING, NOTHING, Rows

RECORDS = Table(
    "record",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("owner_id", Integer),
    Column("department_id", Integer, nullable=False),
)
ALL = [
    {"owner_id": owner, "department_id": department}
    for owner, department in itertools.product((None, 1, 2, 3), (7, 8, 9))
]


@pytest.mark.parametrize("owners", [(), (1,), (1, 2)])
@pytest.mark.parametrize("departments", [(), (7,), (7, 9)])
def test_the_pieces_are_the_rows_each_once(owners: tuple[int, ...], departments: tuple[int, ...]) -> None:
    rows = Rows(owners=frozenset(owners), departments=frozenset(departments))
    engine = create_engine("sqlite://")
    RECORDS.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(insert(RECORDS), ALL)
        parts = pieces(RECORDS, rows)
        if not owners and not departments:
            assert parts is None
            return
        assert parts is not None
        found = [row for part in parts for row in connection.execute(select(RECORDS).where(*part))]
    engine.dispose()
    seen = sorted((row.owner_id or 0, row.department_id) for row in found)
    held = [each for each in ALL if rows.hold(each["owner_id"], each["department_id"] or 0)]
    assert seen == sorted((each["owner_id"] or 0, each["department_id"]) for each in held)


@pytest.mark.parametrize(
    "rows",
    [
        EVERYTHING,
        NOTHING,
        Rows(departments=frozenset({7}), keys=frozenset({("record", "1")})),
        Rows(owners=frozenset(range(MOST + 1))),
    ],
)
def test_what_is_no_few_owners_and_departments_is_not_cut_up(rows: Rows) -> None:
    assert pieces(RECORDS, rows) is None

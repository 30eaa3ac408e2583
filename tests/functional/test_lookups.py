"""A lookup offers the first of one's rows, and reads hardly more than it offers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from admin_app.db import db
from admin_app.engine.access import Policy, Rows, acting, compile_policy
from admin_app.engine.access.pieces import MOST
from admin_app.engine.change.doors import without_rows
from admin_app.engine.entity import Entity
from admin_app.engine.lookup import LIMIT, lookup
from admin_app.engine.site import Site
from models.customer import Customer
from models.organisation import User
from tests.access.worlds import TODAY
from views.site import build_site

SITE = build_site()
OWNED = [
    entity.name
    for entity in SITE.entities
    if {"owner", "department"} <= entity.fields.keys() and SITE.referrers(entity)
]
#: How each database calls the way from the keys that were found to their records.
KEYS = {"sqlite": "primary key", "postgresql": "pk_customer"}
#: Enough for a planner to take an index seriously.
COPIES = 60


class Sent(NamedTuple):
    """One statement as it went to the database."""

    text: str
    parameters: Any


@pytest.fixture
def site(app: Flask) -> Site:
    found: Site = app.extensions["dutybook"]
    return found


@pytest.fixture
def clerk(session: Session) -> User:
    return session.scalars(sa.select(User).where(User.username == "csd")).one()


@contextmanager
def watching() -> Iterator[list[Sent]]:
    """Collects what is sent meanwhile."""
    sent: list[Sent] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        sent.append(Sent(statement, parameters))

    engine = db.engines[None].engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def who_sees(user: User, rows: Rows) -> Policy:
    """Somebody who may view these rows of every entity that has owners."""
    return Policy(user.username, user.id, grants={(name, "view"): rows for name in OWNED})


def expected(session: Session, entity: Entity) -> list[str]:
    """The keys of the actor's first rows by label, asked in the plainest way."""
    label = getattr(entity.model, str(entity.label_key))
    return [
        str(key)
        for key in session.scalars(sa.select(entity.model.id).order_by(label, entity.model.id).limit(LIMIT))
    ]


def arrange(session: Session, statement: sa.Executable) -> None:
    """Write what a test starts from at a stroke, which the history would refuse."""
    with without_rows(session, {}, "arranged for a test"):
        session.execute(statement)


def offered(session: Session, entity: Entity) -> list[str]:
    return [key for key, _label in lookup(session, entity, "")]


def test_everybody_is_offered_the_first_of_their_own_rows(session: Session, site: Site) -> None:
    different = set()
    for user in session.scalars(sa.select(User)).all():
        policy = compile_policy(session, user, TODAY)
        with acting(session, policy):
            for name in OWNED:
                keys = offered(session, site.by_name[name])
                assert keys == expected(session, site.by_name[name]), (user.username, name)
                different.add((name, tuple(keys)))
    assert len(different) > 10


@pytest.mark.parametrize("number", [0, 1, 2])
def test_single_records_come_among_the_others(session: Session, site: Site, clerk: User, number: int) -> None:
    departments = session.scalars(sa.select(Customer.department_id).distinct()).all()
    theirs = session.scalars(sa.select(Customer.id).where(Customer.department_id != departments[0])).all()
    single = frozenset(("customer", str(key)) for key in theirs[:number])
    rows = Rows(owners=frozenset({clerk.id}), departments=frozenset(departments[:1]), keys=single)
    with acting(session, who_sees(clerk, rows)):
        assert offered(session, site.by_name["customer"]) == expected(session, site.by_name["customer"])
    arrange(session, sa.update(Customer).where(Customer.id.in_(theirs[:number])).values(name="0"))
    with acting(session, who_sees(clerk, rows)):
        assert offered(session, site.by_name["customer"])[:number] == [str(key) for key in theirs[:number]]


@pytest.mark.parametrize("name", OWNED)
@pytest.mark.parametrize("departments", [0, 1, 3, MOST - 1, MOST])
def test_however_many_departments_one_sees_the_first_rows_come_first(
    session: Session, site: Site, clerk: User, departments: int, name: str
) -> None:
    rows = Rows(owners=frozenset({clerk.id}), departments=frozenset(range(1, departments + 1)))
    with acting(session, who_sees(clerk, rows)):
        assert offered(session, site.by_name[name]) == expected(session, site.by_name[name])


def test_a_record_that_is_ones_own_and_the_departments_is_offered_once(
    session: Session, site: Site, clerk: User
) -> None:
    department = session.scalars(sa.select(Customer.department_id)).first()
    arrange(session, sa.update(Customer).values(owner_id=clerk.id, department_id=department))
    rows = Rows(owners=frozenset({clerk.id}), departments=frozenset({department or 0}))
    with acting(session, who_sees(clerk, rows)):
        keys = offered(session, site.by_name["customer"])
    assert len(keys) == len(set(keys)) == LIMIT


def test_a_lookup_is_one_statement_for_whomever(session: Session, site: Site, clerk: User) -> None:
    for rows in (
        Rows(everything=True),
        Rows(),
        Rows(owners=frozenset({clerk.id})),
        Rows(owners=frozenset({clerk.id}), departments=frozenset({1, 2, 3})),
    ):
        with acting(session, who_sees(clerk, rows)), watching() as sent:
            lookup(session, site.by_name["customer"], "")
        assert len(sent) == 1


@pytest.mark.parametrize("name", OWNED)
def test_whatever_has_owners_and_is_referred_to_keeps_its_labels_in_order(name: str) -> None:
    entity = SITE.by_name[name]
    kept = {tuple(index.columns.keys()) for index in entity.table.indexes}
    for pattern in dict.fromkeys(str(entity.label_pattern).format(lang=code) for code in ("zh", "en")):
        assert {("owner_id", pattern, "id"), ("department_id", pattern, "id")} <= kept


def test_the_first_rows_are_read_and_none_beside_them(session: Session, site: Site, clerk: User) -> None:
    """The rest of the customers come before the department's and the clerk's in the alphabet, and are passed by."""
    places = session.scalars(sa.select(Customer.department_id).distinct()).all()
    _multiply(session, places[0], clerk.id)
    rows = Rows(owners=frozenset({clerk.id}), departments=frozenset({places[0]}))
    policy = who_sees(clerk, rows)
    with acting(session, policy), watching() as sent:
        lookup(session, site.by_name["customer"], "")
    explain = {"sqlite": _sqlite_reads, "postgresql": _postgresql_reads}[session.connection().dialect.name]
    assert sorted(explain(session, sent[0])) == [
        "ix_customer_department_id_name_id",
        "ix_customer_owner_id_name_id",
        KEYS[session.connection().dialect.name],
    ]


def _multiply(session: Session, department: int, owner: int) -> None:
    """COPIES of each customer: a fifth of them the department's, another fifth the owner's, all late by name."""
    table = Customer.__table__
    others = session.scalars(sa.select(User.id).where(User.id != owner)).first()
    elsewhere = session.scalars(
        sa.select(Customer.department_id).where(Customer.department_id != department)
    ).first()
    highest = session.scalar(sa.select(sa.func.max(Customer.id)))
    for number in range(1, COPIES + 1):
        key = table.c.id + number * highest
        part = key % 5
        values: dict[str, Any] = {
            "id": key,
            "code": sa.literal(f"C{number}-") + table.c.code,
            "name": sa.case((part < 2, "龙门"), else_="七里") + table.c.name,
            "credit_code": sa.null(),
            "parent_id": sa.null(),
            "department_id": sa.case((part == 0, department), else_=elsewhere),
            "owner_id": sa.case((part == 1, owner), else_=others),
        }
        columns = [values.get(column.name, column) for column in table.columns]
        source = sa.select(*columns).where(table.c.id <= highest)
        arrange(session, sa.insert(table).from_select(table.columns.keys(), source))
    first = sa.update(Customer).where(Customer.id <= highest)
    arrange(session, first.values(owner_id=others, department_id=elsewhere))
    session.execute(sa.text("ANALYZE customer"))


def _sqlite_reads(session: Session, sent: Sent) -> Iterator[str]:
    """The index by which each part of the plan reads the table; fails where rows are sorted before the limit."""
    rows: Sequence[Any] = (
        session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {sent.text}", sent.parameters).all()
    )
    parts = {row[0] for row in rows if row[3].startswith("CO-ROUTINE")}
    for number, parent, _unused, detail in rows:
        assert number in parts or parent not in parts or "TEMP B-TREE" not in detail, rows
        if "customer" in detail:
            found = re.match(
                r"SEARCH customer USING (?:COVERING )?(?:INDEX (\w+)|INTEGER PRIMARY KEY)", detail
            )
            assert found, rows
            yield found[1] or KEYS["sqlite"]


def _postgresql_reads(session: Session, sent: Sent) -> Iterator[str]:
    """The index by which each part of the plan reads the table; fails where it reads more than is offered."""
    answer = (
        session.connection()
        .exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {sent.text}", sent.parameters)
        .scalar_one()
    )
    plan = json.loads(answer) if isinstance(answer, str) else answer

    def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield node
        for inner in node.get("Plans", ()):
            yield from nodes(inner)

    for node in nodes(plan[0]["Plan"]):
        assert node["Actual Rows"] <= 2 * LIMIT, plan
        if "Scan" in node["Node Type"] and node.get("Relation Name") == "customer":
            assert not node.get("Rows Removed by Filter"), plan
            yield node["Index Name"]

"""The demo company: believable, always the same, and true in what it derives."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Row, func, select, text
from sqlalchemy.orm import Session

from admin_app.errors import Conflict
from admin_app.passwords import verify_password
from admin_app.services.contracts import refresh_customers
from models.activity import Activity
from models.base import Base
from models.complaint import Complaint, ComplaintEvent
from models.contact import Affiliation, Contact, ContactRole
from models.contract import Contract, Obligation, Performance
from models.customer import Customer
from models.organisation import Department, Post, User
from models.tag import CustomerTag, Tag
from seed.accounts import create_admin
from seed.demo import DemoResult, load_demo
from tests.unit.seed.conftest import Opener, opened

TODAY = date(2026, 11, 24)
PASSWORD = "correct horse battery"
CONCLUDED = {"signed", "performing", "completed", "terminated", "archived"}


@pytest.fixture(scope="module")
def loaded() -> Iterator[tuple[Session, DemoResult]]:
    with opened("sqlite://") as session:
        result = load_demo(session, today=TODAY, password=PASSWORD)
        session.commit()
        yield session, result


@pytest.fixture
def demo(loaded: tuple[Session, DemoResult]) -> Iterator[Session]:
    yield loaded[0]
    loaded[0].rollback()


def rows(session: Session, table: str) -> list[Row[Any]]:
    found = Base.metadata.tables[table]
    return list(session.execute(select(found).order_by(*found.primary_key)))


def count(session: Session, model: type[Base]) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_there_is_about_as_much_as_was_asked_for(demo: Session) -> None:
    assert count(demo, Customer) == 300
    assert 570 <= count(demo, Contact) == count(demo, Affiliation) <= 630
    assert 380 <= count(demo, Contract) <= 430
    assert 180 <= count(demo, Complaint) <= 220
    assert 850 <= count(demo, Activity) <= 960
    assert count(demo, ContactRole) >= 500
    assert count(demo, CustomerTag) >= 300
    assert count(demo, Obligation) >= 400
    assert count(demo, Performance) >= 400


def test_what_was_written_is_reported(loaded: tuple[Session, DemoResult]) -> None:
    session, result = loaded
    assert result.counts == {name: len(rows(session, name)) for name in result.counts}
    assert result.password == PASSWORD


def test_the_same_day_gives_the_same_company(demo: Session, fresh: Opener) -> None:
    again = fresh()
    load_demo(again, today=TODAY, password=PASSWORD)
    for table in Base.metadata.tables:
        if table not in ("user", "login_session") and rows(demo, table):
            stamped = table in (
                "department",
                "position",
                "duty",
                "position_duty",
                "duty_access",
                "letter_profile",
                "duty_conflict",
                "grade_rule",
                "grade_step",
                "grade_rate",
                "grade_dimension",
                "grade_band",
            )
            assert stamped or rows(again, table) == rows(demo, table), table


def test_fewer_customers_are_the_first_of_them(demo: Session, fresh: Opener) -> None:
    small = fresh()
    load_demo(small, customers=20, today=TODAY, password=PASSWORD)
    assert rows(small, "customer") == rows(demo, "customer")[:20]


@pytest.mark.parametrize("today", [date(2027, 2, 28), date(2028, 2, 29), date(2031, 8, 3)])
def test_on_any_day_something_is_open_and_something_ends_soon(fresh: Opener, today: date) -> None:
    session = fresh()
    load_demo(session, customers=120, today=today, password=PASSWORD)
    ending = select(func.count()).where(
        Contract.status.in_(("signed", "performing")),
        Contract.ends_on.between(today, today + timedelta(days=30)),
    )
    assert (session.scalar(ending) or 0) >= 2
    opened = select(func.count()).where(Complaint.status.in_(("new", "assigned", "in_progress", "waiting")))
    assert (session.scalar(opened) or 0) >= 10
    latest = session.scalars(select(Complaint.received_at).order_by(Complaint.received_at.desc())).first()
    assert latest is not None
    assert timedelta(0) < today - latest.date() < timedelta(days=10)


def test_derived_columns_follow_from_contracts_and_activities(demo: Session) -> None:
    contracts, performed, contacted = defaultdict(list), defaultdict(list), defaultdict(list)
    for contract in demo.scalars(select(Contract).where(Contract.customer_id.is_not(None))):
        contracts[contract.customer_id].append(contract)
    for performance in demo.scalars(select(Performance)):
        performed[performance.contract_id].append(performance.performed_on)
    for activity in demo.scalars(select(Activity).where(Activity.kind != "note")):
        contacted[activity.customer_id].append(activity.at.date())
    found: Counter[str] = Counter()
    for customer in demo.scalars(select(Customer)):
        concluded = [each for each in contracts[customer.id] if each.status in CONCLUDED]
        days = [day for each in contracts[customer.id] for day in performed[each.id]]
        running = any(each.status in ("signed", "performing") for each in concluded)
        if days:
            expected = "existing" if running or max(days) > date(2025, 11, 24) else "lapsed"
        else:
            expected = "signed_unperformed" if concluded else "potential"
        assert customer.transaction_status == expected, customer.code
        assert {each.currency for each in concluded} <= {customer.currency}
        assert customer.contract_total == sum((each.amount for each in concluded), Decimal(0)), customer.code
        assert customer.last_contact_on == max(contacted[customer.id], default=None), customer.code
        found[expected] += 1
    assert set(found) == {"existing", "lapsed", "signed_unperformed", "potential"}
    assert min(found.values()) >= 10


def test_the_service_that_derives_finds_nothing_to_change(demo: Session) -> None:
    before = rows(demo, "customer")
    refresh_customers(demo, None, TODAY)
    assert rows(demo, "customer") == before


def test_every_status_class_and_department_occurs(demo: Session) -> None:
    for column, least in (
        (Contract.status, 8),
        (Complaint.status, 8),
        (Complaint.channel, 5),
        (Complaint.kind, 3),
        (Complaint.severity, 4),
        (Customer.customer_subtype, 4),
        (Customer.lifecycle, 4),
        (Customer.grade, 4),
        (Customer.region, 30),
        (Customer.industry, 10),
        (ContactRole.role, 4),
        (Activity.kind, 5),
        (Contract.counterparty_kind, 3),
        (Obligation.side, 2),
        (CustomerTag.source, 2),
    ):
        assert len(demo.execute(select(column).distinct()).all()) == least or least >= 10, column
        assert len(demo.execute(select(column).distinct()).all()) >= least, column
    for model, departments in (
        (Customer, "CR SAL CS BIZ MAL MKT DAT"),
        (Contract, "BIZ SAL"),
        (Complaint, "CS CR SAL"),
    ):
        kept = select(Department.code).join(model, model.department_id == Department.id).distinct()
        assert set(demo.scalars(kept)) >= set(departments.split()), model


def test_owners_work_in_the_department_of_what_they_own(demo: Session) -> None:
    posts = {tuple(row) for row in demo.execute(select(Post.user_id, Post.department_id))}
    for model in (Customer, Contact, Contract, Complaint, Activity):
        owned = select(model.owner_id, model.department_id).where(model.owner_id.is_not(None)).distinct()
        assert {tuple(row) for row in demo.execute(owned)} <= posts


def test_performance_and_obligations_fit_their_contract(demo: Session) -> None:
    paid: defaultdict[int, Decimal] = defaultdict(Decimal)
    for performance in demo.scalars(select(Performance)):
        assert performance.contract.signed_on is not None
        assert performance.contract.signed_on < performance.performed_on < TODAY
        paid[performance.contract_id] += performance.amount
    earliest = TODAY - timedelta(days=732)
    for contract in demo.scalars(select(Contract)):
        assert earliest <= contract.created_at.date() < TODAY
        if contract.status in CONCLUDED:
            assert contract.signed_on is not None
            assert contract.created_at.date() <= contract.signed_on < TODAY
        else:
            assert contract.signed_on is None
        whole = contract.status in ("completed", "archived")
        assert paid[contract.id] == contract.amount if whole else paid[contract.id] < contract.amount
        assert (contract.archive_number is not None) == (contract.status == "archived")
    assert all(each.done_on < TODAY for each in demo.scalars(select(Obligation)) if each.done_on)


def test_a_timeline_begins_with_the_log_and_ends_where_the_complaint_stands(demo: Session) -> None:
    timelines = defaultdict(list)
    for event in demo.scalars(select(ComplaintEvent).order_by(ComplaintEvent.id)):
        timelines[event.complaint_id].append(event)
    for complaint in demo.scalars(select(Complaint)):
        events = timelines[complaint.id]
        assert (events[0].kind, events[0].at) == ("logged", complaint.received_at)
        assert all(one.at < other.at for one, other in pairwise(events))
        assert events[-1].at.date() < TODAY
        assert complaint.closed_at == (events[-1].at if complaint.status == "closed" else None)
        if complaint.status in ("solved", "closed", "reopened", "assigned", "waiting", "confirmed"):
            assert events[-1].kind == complaint.status


def test_tags_by_rule_fit_the_customer(demo: Session) -> None:
    tagged = select(Tag.name_zh, Customer.industry).select_from(CustomerTag).join(CustomerTag.tag)
    industry = tagged.join(CustomerTag.customer).where(Tag.family.has(code="industry"))
    assert all(name == industry for name, industry in demo.execute(industry))
    assert len(demo.execute(industry).all()) == 300


def test_documents_are_numbered_in_the_order_of_their_dates(demo: Session) -> None:
    codes = demo.scalars(select(Customer.code).order_by(Customer.id)).all()
    assert codes == [f"KH-{number:05d}" for number in range(1, 301)]
    for column, order, pattern in (
        (Contract.number, Contract.created_at, r"HT-20\d\d-\d{4}"),
        (Complaint.number, Complaint.received_at, r"TS-\d{4}-\d{4}"),
    ):
        numbers = demo.scalars(select(column).order_by(order, column)).all()
        assert all(re.fullmatch(pattern, number) for number in numbers)
        assert sorted(numbers) == numbers


def test_a_customer_has_one_contact_to_turn_to_first(demo: Session) -> None:
    first = select(Affiliation.customer_id).where(Affiliation.primary, Affiliation.valid_to.is_(None))
    assert sorted(demo.scalars(first)) == sorted(demo.scalars(select(Customer.id)))


def test_a_second_load_is_refused_and_changes_nothing(demo: Session) -> None:
    before = rows(demo, "user")
    with pytest.raises(Conflict):
        load_demo(demo, customers=5, today=TODAY)
    assert rows(demo, "user") == before


def test_a_load_without_the_organisation_is_refused(fresh: Opener) -> None:
    session = fresh()
    session.execute(text("DELETE FROM position_duty"))
    session.execute(text("DELETE FROM position WHERE code = 'CSD'"))
    with pytest.raises(Conflict, match="CSD"):
        load_demo(session, customers=5, today=TODAY)


def test_an_administrator_who_is_there_keeps_the_password(fresh: Opener) -> None:
    session = fresh()
    admin = create_admin(session, PASSWORD)
    with pytest.raises(Conflict):
        create_admin(session, "another long password")
    result = load_demo(session, customers=5, today=TODAY)
    assert verify_password(admin.password_hash, PASSWORD)
    assert "admin" not in {login.username for login in result.logins}
    agent = session.scalars(select(User).where(User.username == "csd")).one()
    assert len(result.password) >= 12
    assert verify_password(agent.password_hash, result.password)


def test_progress_ends_with_all_of_them(fresh: Opener) -> None:
    told: list[tuple[int, int]] = []
    load_demo(fresh(), customers=7, today=TODAY, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (7, 7)

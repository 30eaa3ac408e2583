"""Charts count what the lists behind them show."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select, true

from admin_app.engine.access import Policy, Rows, acting
from admin_app.engine.change import delete_rows
from admin_app.services import metrics
from admin_app.services.contracts import CONCLUDED
from models.complaint import Complaint
from models.contract import Contract
from models.customer import Customer
from models.types import utc_now

TODAY = date(2026, 3, 15)


def only_department(department_id):
    rows = Rows(departments=frozenset({department_id}))
    return Policy(
        "reader", 10**6, grants={(name, "view"): rows for name in ("customer", "contract", "complaint")}
    )


def test_customers_of_each_grade_and_of_none(session):
    points = {point.code: point.value for point in metrics.customers_by_grade(session)}
    assert list(points) == ["A", "B", "C", None]
    assert sum(points.values()) == session.scalar(select(func.count(Customer.id)))
    assert points[None] == session.scalar(select(func.count(Customer.id)).where(Customer.grade.is_(None)))


def test_complaints_in_the_order_of_their_course(session):
    points = metrics.complaints_by_status(session)
    assert [point.code for point in points][:3] == ["new", "assigned", "in_progress"]
    assert sum(point.value for point in points) == session.scalar(select(func.count(Complaint.id)))


def test_only_what_the_reader_may_see_is_counted(session, make_customer, clerk):
    customer = make_customer(grade="A")
    with acting(session, only_department(customer.department_id)):
        seen = sum(point.value for point in metrics.customers_by_grade(session))
    here = select(func.count(Customer.id)).where(Customer.department_id == customer.department_id)
    assert seen == session.scalar(here)
    with acting(session, Policy("nobody in particular", 10**6)):
        assert sum(point.value for point in metrics.customers_by_grade(session)) == 0
        assert metrics.contract_amounts_by_month(session, TODAY).points == ()


@pytest.fixture
def no_contracts(session):
    delete_rows(session, Contract, true())


def test_amounts_stand_in_the_month_of_signing(session, no_contracts, make_customer, make_contract):
    customer = make_customer()
    for amount, day in (("1.10", date(2025, 4, 1)), ("2", date(2026, 3, 31)), ("3", date(2026, 3, 1))):
        make_contract(customer, amount, signed_on=day)
    make_contract(customer, "70", signed_on=date(2025, 3, 31))
    make_contract(customer, "70", signed_on=date(2026, 4, 1))
    make_contract(customer, "70", signed_on=date(2026, 3, 2), status="draft")
    make_contract(customer, "70", signed_on=date(2026, 3, 2), currency="EUR")
    found = metrics.contract_amounts_by_month(session, TODAY)
    assert found.currency == "CNY"
    assert [point.code for point in found.points] == [f"2025-{month:02}" for month in range(4, 13)] + [
        "2026-01",
        "2026-02",
        "2026-03",
    ]
    amounts = [point.value for point in found.points]
    assert amounts == [Decimal("1.10"), *[0] * 10, Decimal(5)]
    assert all(isinstance(amount, Decimal) for amount in amounts)
    assert found.points[-1].filters == {
        "signed_on:ge": "2026-03-01",
        "signed_on:le": "2026-03-31",
        "currency:eq": "CNY",
        "status:in": ",".join(CONCLUDED),
    }


def test_no_contract_gives_no_points(session, no_contracts):
    assert metrics.contract_amounts_by_month(session, utc_now().date()) == metrics.MonthlyAmounts("")

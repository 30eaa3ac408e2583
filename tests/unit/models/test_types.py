"""Money is exact, times know their zone, choices are choices."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, literal, make_url, select, text
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session

from models.complaint import Complaint
from models.contract import Contract
from models.customer import Customer
from models.types import Money, exact_money

Contracts = Callable[..., None]


@pytest.fixture
def sign(model_session: Session, customer: Customer) -> Contracts:
    def sign(*amounts: Any) -> None:
        for number, amount in enumerate(amounts):
            model_session.add(
                Contract(
                    number=f"HT-{number}",
                    title="供货",
                    customer=customer,
                    amount=amount,
                    department_id=customer.department_id,
                )
            )
        model_session.flush()
        model_session.expire_all()

    return sign


def test_money_comes_back_with_two_places(model_session: Session, sign: Contracts) -> None:
    sign(Decimal("1234567890123456.78"), 5, "0.10")
    amounts = list(model_session.scalars(select(Contract.amount).order_by(Contract.id)))
    assert [str(amount) for amount in amounts] == ["1234567890123456.78", "5.00", "0.10"]


def test_a_sum_of_money_is_exact_and_stays_money(model_session: Session, sign: Contracts) -> None:
    sign(*["0.10"] * 3, "99999999999999.99")
    total = model_session.scalar(select(func.sum(Contract.amount)))
    assert total == Decimal("100000000000000.29")
    assert isinstance(total, Decimal)
    none = select(func.coalesce(func.sum(Contract.amount), 0)).where(Contract.amount < 0)
    assert str(model_session.scalar(none)) == "0.00"


def test_money_compares_adds_and_multiplies_as_money(model_session: Session, sign: Contracts) -> None:
    sign("9.99", "10.00", "10.01")
    count = select(func.count()).select_from(Contract)
    assert model_session.scalar(count.where(Contract.amount > 10)) == 1
    assert model_session.scalar(count.where(Contract.amount.between("9.99", Decimal(10)))) == 2
    assert model_session.scalar(select(func.max(Contract.amount + Decimal("0.01")))) == Decimal("10.02")
    assert model_session.scalar(select(func.max(Contract.amount * 3))) == Decimal("30.03")


def test_money_is_whole_cents_on_sqlite(model_session: Session, sign: Contracts) -> None:
    sign("10.50")
    assert model_session.execute(text("SELECT amount, typeof(amount) FROM contract")).one() == (
        1050,
        "integer",
    )


@pytest.mark.parametrize("value", [0.1, "0.001", Decimal("NaN"), Decimal("Infinity"), 10**16, "ten"])
def test_money_refuses_what_is_not_an_exact_amount(model_session: Session, value: Any) -> None:
    with pytest.raises(StatementError):
        model_session.scalar(select(literal(value, Money())))


def test_money_on_postgresql_stays_a_numeric() -> None:
    money, dialect = Money(), make_url("postgresql+psycopg://").get_dialect()()
    assert money.compile(dialect=dialect) == "NUMERIC(18, 2)"
    assert money.process_bind_param("10.5", dialect) == Decimal("10.50")
    assert str(money.process_result_value(Decimal("10.5"), dialect)) == "10.50"


def test_exact_money_names_the_bad_value() -> None:
    with pytest.raises(ValueError, match=r"two decimal places: '1\.005'"):
        exact_money("1.005")


def test_a_time_without_a_zone_is_refused(model_session: Session, customer: Customer) -> None:
    customer.created_at = datetime(2026, 3, 1, 8, 0)
    with pytest.raises(StatementError, match="a time needs its zone"):
        model_session.flush()


def test_a_time_of_any_zone_comes_back_as_the_same_moment_in_utc(
    model_session: Session, customer: Customer
) -> None:
    morning = datetime(2026, 3, 1, 8, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
    customer.created_at = morning
    model_session.flush()
    model_session.refresh(customer)
    assert customer.created_at == morning
    assert customer.created_at.tzinfo is UTC
    assert model_session.scalar(select(Customer.id).where(Customer.created_at == morning)) == customer.id


def test_an_unknown_code_is_refused_before_the_database_sees_it(
    model_session: Session, customer: Customer
) -> None:
    customer.grade = "E"
    with pytest.raises(StatementError, match="'E' is not among"):
        model_session.flush()


def test_missing_values_stay_missing(model_session: Session, customer: Customer) -> None:
    model_session.refresh(customer)
    assert customer.annual_revenue is None
    complaint = Complaint(
        number="TS-1",
        customer=customer,
        channel="phone",
        subject="迟到",
        department_id=customer.department_id,
    )
    model_session.add(complaint)
    model_session.flush()
    model_session.refresh(complaint)
    assert complaint.respond_by is None

"""Derived facts stay true when a change is taken back: a customer's total and standing follow the contracts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM
from admin_app.engine.change import delete_rows, update_rows
from admin_app.engine.change.undo import undo
from admin_app.services import clock
from admin_app.services.contracts import refresh_customers
from models.change import ChangeSet
from models.contract import Contract, Performance
from models.customer import Customer


def newest(session: Session) -> int:
    """The id of the newest change set."""
    return int(session.scalars(select(ChangeSet.id).order_by(ChangeSet.position.desc()).limit(1)).one())


@pytest.fixture
def pair(session: Session) -> tuple[Customer, Customer, Contract]:
    """Two customers in yuan, and a signed contract of the first."""
    first, second = session.scalars(select(Customer).where(Customer.currency == "CNY").limit(2)).all()
    contract = Contract(
        number="HT-TEST",
        title="Undone",
        counterparty_kind="customer",
        customer=first,
        amount=Decimal("1000.00"),
        currency="CNY",
        status="signed",
        signed_on=date(2026, 1, 5),
        department_id=first.department_id,
    )
    session.add(contract)
    session.flush()
    refresh_customers(session, [first.id, second.id], date(2026, 2, 1))
    session.commit()
    return first, second, contract


def totals(session: Session, *customers: Customer) -> list[Any]:
    """What the customers' totals say, and what they should say."""
    session.expire_all()
    said = [customer.contract_total for customer in customers]
    refresh_customers(session, [customer.id for customer in customers], clock.today())
    session.expire_all()
    assert [customer.contract_total for customer in customers] == said
    return said


def test_a_contract_that_moves_back_counts_where_it_was(session: Session, pair: Any) -> None:
    first, second, contract = pair
    before = totals(session, first, second)
    update_rows(
        session, Contract, Contract.id == contract.id, {"customer_id": second.id, "amount": Decimal(5)}
    )
    refresh_customers(session, [first.id, second.id], clock.today())
    session.commit()
    moved = newest(session)
    other = Contract(
        number="HT-OTHER",
        title="Since",
        counterparty_kind="customer",
        customer=second,
        amount=Decimal("7.00"),
        currency="CNY",
        status="signed",
        signed_on=date(2026, 1, 6),
        department_id=second.department_id,
    )
    session.add(other)
    session.flush()
    refresh_customers(session, [second.id], clock.today())
    session.commit()
    plan = undo(session, moved, SYSTEM)
    session.commit()
    assert plan.total("edited") == 0
    assert totals(session, first, second) == [before[0], before[1] + 7]


def test_a_contract_that_comes_back_counts_again(session: Session, pair: Any) -> None:
    first, _second, contract = pair
    session.add(Performance(contract=contract, performed_on=clock.today(), amount=Decimal(10)))
    session.commit()
    (before,) = totals(session, first)
    session.commit()
    delete_rows(session, Contract, Contract.id == contract.id)
    refresh_customers(session, [first.id], clock.today())
    session.commit()
    undo(session, newest(session), SYSTEM)
    session.commit()
    assert totals(session, first) == [before]
    assert first.transaction_status == "existing"

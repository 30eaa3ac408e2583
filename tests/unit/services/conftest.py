"""A person to act as, and records that the rules are tried on."""

from datetime import date
from decimal import Decimal
from itertools import count

import pytest
from sqlalchemy import select

from admin_app.engine.access import Policy
from admin_app.services.contracts import after_contract_saved, before_contract_saved
from admin_app.services.customers import before_customer_saved
from models.contract import Contract, Performance
from models.customer import Customer
from models.organisation import Department, User

TODAY = date(2026, 11, 24)


@pytest.fixture
def clerk(session):
    """A policy of some user in some department. The services do not ask what it may do: the doors do."""
    user = session.scalars(select(User).where(User.username == "csd")).one()
    department = session.scalars(select(Department).where(Department.code == "CS")).one()
    return Policy(user.username, user.id, home_department=department.id)


@pytest.fixture
def make_customer(session, clerk):
    """Make a customer the way a form does."""
    numbers = count(1)

    def make(**values):
        customer = Customer(**{"name": f"Lindqvist {next(numbers)}", "customer_class": "project", **values})
        with session.no_autoflush:
            session.add(customer)
            before_customer_saved(session, clerk, customer)
        session.flush()
        return customer

    return make


@pytest.fixture
def make_contract(session, clerk):
    """Make a contract the way a form does, signed when its status needs a date."""

    def make(customer, amount="100", status="signed", performed_on=None, **values):
        # Nobody writes a contract that is reviewed or approved: it gets there, step by step.
        path = ("draft", "review", "approved")
        ways = path[1 : path.index(status) + 1] if status in path else ()
        written = "draft" if ways else status
        contract = Contract(
            **{
                "title": "Maintenance",
                "customer": customer,
                "amount": Decimal(amount),
                "status": written,
                "signed_on": date(2025, 1, 1),
                "archive_number": "DA-1" if status == "archived" else None,
                **values,
            }
        )
        with session.no_autoflush:
            session.add(contract)
            before_contract_saved(session, clerk, contract)
            session.flush()
            after_contract_saved(session, clerk, contract)
        for state in ways:
            contract.status = state
            session.flush()
        if performed_on:
            session.add(Performance(contract=contract, performed_on=performed_on, amount=Decimal(amount)))
            session.flush()
        return contract

    return make

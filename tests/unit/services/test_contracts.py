"""Transaction status and contract total follow from contracts."""

from datetime import date
from decimal import Decimal

import pytest

from admin_app.engine.access import NOBODY, Policy, acting
from admin_app.services import clock
from admin_app.services.contracts import (
    after_contract_deleted,
    after_contract_saved,
    after_performance_deleted,
    after_performance_saved,
    before_contract_saved,
    before_performance_saved,
    refresh_customers,
)
from models.contract import Performance

TODAY = date(2026, 11, 24)
RECENT, LONG_AGO = date(2026, 5, 1), date(2024, 5, 1)


@pytest.fixture(autouse=True)
def fixed_day(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: TODAY)


def status_of(session, customer):
    refresh_customers(session, [customer.id], TODAY)
    return customer.transaction_status


def test_never_a_contract_is_potential(session, make_customer):
    assert status_of(session, make_customer()) == "potential"


@pytest.mark.parametrize("status", ["draft", "review", "approved"])
def test_a_contract_that_is_not_concluded_counts_for_nothing(session, make_customer, make_contract, status):
    customer = make_customer()
    make_contract(customer, status=status)
    assert status_of(session, customer) == "potential"
    assert customer.contract_total == 0


@pytest.mark.parametrize("status", ["signed", "performing", "completed", "terminated", "archived"])
def test_a_concluded_contract_without_performance(session, make_customer, make_contract, status):
    customer = make_customer()
    make_contract(customer, status=status)
    assert status_of(session, customer) == "signed_unperformed"
    assert customer.contract_total == 100


@pytest.mark.parametrize(
    ("status", "performed_on", "expected"),
    [
        ("performing", RECENT, "existing"),
        ("performing", LONG_AGO, "existing"),
        ("signed", LONG_AGO, "existing"),
        ("completed", RECENT, "existing"),
        ("completed", LONG_AGO, "lapsed"),
        ("terminated", LONG_AGO, "lapsed"),
        ("completed", date(2025, 11, 25), "existing"),
        ("completed", date(2025, 11, 24), "lapsed"),
    ],
)
def test_performance_makes_existing_until_it_is_a_year_old(
    session, make_customer, make_contract, status, performed_on, expected
):
    customer = make_customer()
    make_contract(customer, status=status, performed_on=performed_on)
    assert status_of(session, customer) == expected


def test_any_running_contract_keeps_a_customer(session, make_customer, make_contract):
    customer = make_customer()
    make_contract(customer, status="completed", performed_on=LONG_AGO)
    make_contract(customer, status="signed")
    assert status_of(session, customer) == "existing"


def test_the_total_is_exact_and_of_one_currency(session, make_customer, make_contract):
    customer = make_customer()
    make_contract(customer, "0.10")
    make_contract(customer, "0.20", status="terminated")
    make_contract(customer, "1000", currency="EUR")
    make_contract(customer, "5", status="draft")
    refresh_customers(session, [customer.id], TODAY)
    assert customer.contract_total == Decimal("0.30")


def test_others_are_left_alone_and_none_means_all(session, make_customer, make_contract):
    mine, other = make_customer(), make_customer()
    for customer in (mine, other):
        make_contract(customer, performed_on=RECENT)
    refresh_customers(session, [mine.id], TODAY)
    assert (mine.transaction_status, other.transaction_status) == ("existing", "signed_unperformed")
    refresh_customers(session, None, TODAY)
    assert other.transaction_status == "existing"


def test_nobodys_open_form_goes_stale(session, make_customer, make_contract):
    customer = make_customer()
    before = (customer.version, customer.updated_at)
    make_contract(customer)
    session.refresh(customer)
    assert customer.transaction_status == "signed_unperformed"
    assert (customer.version, customer.updated_at) == before


def test_it_is_written_whoever_saves(session, make_customer, make_contract, clerk):
    customer = make_customer()
    contract = make_contract(customer, status="approved")
    contract.status = "signed"
    with acting(session, Policy("stranger", 10**6)):
        before_contract_saved(session, NOBODY, contract)
        session.flush()
        after_contract_saved(session, NOBODY, contract)
    assert customer.transaction_status == "signed_unperformed"


def test_a_contract_that_moves_changes_both_customers(session, make_customer, make_contract, clerk):
    old, new = make_customer(), make_customer()
    contract = make_contract(old)
    with session.no_autoflush:
        contract.customer = new
        before_contract_saved(session, clerk, contract)
        session.flush()
        after_contract_saved(session, clerk, contract)
    assert (old.transaction_status, old.contract_total) == ("potential", 0)
    assert (new.transaction_status, new.contract_total) == ("signed_unperformed", 100)


def test_a_deleted_contract_no_longer_counts(session, make_customer, make_contract, clerk):
    customer = make_customer()
    contract = make_contract(customer, performed_on=RECENT)
    session.delete(contract)
    session.flush()
    after_contract_deleted(session, clerk, contract)
    assert (customer.transaction_status, customer.contract_total) == ("potential", 0)


def test_a_contract_with_a_supplier_has_no_customer_to_refresh(make_contract):
    contract = make_contract(None, counterparty_kind="supplier", counterparty_name="Holt & Sons")
    assert contract.number.startswith("HT-")


def test_performance_counts_when_it_is_saved_moved_and_deleted(session, make_customer, make_contract, clerk):
    first, second = make_customer(), make_customer()
    here, there = make_contract(first), make_contract(second)
    with session.no_autoflush:
        performance = Performance(contract=here, performed_on=RECENT, amount=Decimal(1))
        session.add(performance)
        before_performance_saved(session, clerk, performance)
        session.flush()
        after_performance_saved(session, clerk, performance)
        assert first.transaction_status == "existing"
        performance.contract = there
        before_performance_saved(session, clerk, performance)
        session.flush()
        after_performance_saved(session, clerk, performance)
    assert (first.transaction_status, second.transaction_status) == ("signed_unperformed", "existing")
    session.delete(performance)
    session.flush()
    after_performance_deleted(session, clerk, performance)
    assert second.transaction_status == "signed_unperformed"

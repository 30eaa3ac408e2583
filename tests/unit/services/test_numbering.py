"""Numbers are free, rising, and nobody's twice."""

import threading
from collections.abc import Iterator
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from admin_app.services import clock
from admin_app.services.numbering import next_complaint_number, next_contract_number, next_customer_code
from models.customer import Customer
from models.organisation import Department
from tests.databases import bare_app
from tests.unit.engine.listing.test_plan import statements


def highest(session, prefix="KH-"):
    return max(int(code.removeprefix(prefix)) for code in session.scalars(select(Customer.code)))


def test_the_next_number_follows_the_highest(session, make_customer):
    before = highest(session)
    assert make_customer().code == f"KH-{before + 1:05}"
    assert make_customer().code == f"KH-{before + 2:05}"


def test_a_record_that_is_not_flushed_keeps_its_number(session, make_customer):
    first = make_customer()
    with session.no_autoflush:
        session.add(Customer(name="Unflushed", code="KH-77777", customer_class="project"))
        assert next_customer_code(session) == "KH-77778"
    assert first.code != "KH-77778"


def test_after_the_ninety_nine_thousandth_comes_the_hundred_thousandth(session, make_customer):
    make_customer(code="KH-99999")
    assert make_customer().code == "KH-100000"
    assert make_customer().code == "KH-100001"


def test_numbers_that_people_typed_are_neither_counted_nor_given_again(session, make_customer, make_contract):
    customer = make_customer()
    ours = make_contract(customer).number
    year, last = ours.rsplit("-", 1)
    following = f"{year}-{int(last) + 1:04}"
    make_contract(customer, number=f"{year}-17b")
    make_contract(customer, number="A 1")
    assert next_contract_number(session) == following
    taken = make_contract(customer, number=following)
    for number in range(60):
        make_contract(customer, number=f"A-{number}")
    assert next_contract_number(session) > taken.number


def test_each_year_and_each_month_begin_anew(session, monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: date(2031, 2, 1))
    assert next_contract_number(session) == "HT-2031-0001"
    assert next_complaint_number(session) == "TS-3102-0001"


def test_a_new_year_does_not_walk_back_through_the_old_one(
    session, make_contract, make_customer, monkeypatch
):
    make_contract(make_customer())
    monkeypatch.setattr(clock, "today", lambda: date(2031, 2, 1))
    with statements(session) as sent:
        assert next_contract_number(session) == "HT-2031-0001"
    assert not any("LIKE" in statement for statement in sent)


@pytest.fixture
def bare(database_url: str, tmp_path) -> Iterator[Flask]:
    app = bare_app(database_url, tmp_path)
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        session.add(Department(code="CS", name_zh="客服", name_en="Service"))
        session.commit()
    yield app
    with app.app_context():
        db.engine.dispose()


def test_two_who_ask_at_once_get_different_numbers(bare):
    problems = []
    ready = threading.Barrier(2)

    def work():
        try:
            for _ in range(10):
                with bare.app_context(), acting(db.session(), SYSTEM) as session:
                    ready.wait(timeout=30)
                    customer = Customer(
                        name="Twin", customer_class="project", customer_subtype="single", department_id=1
                    )
                    customer.code = next_customer_code(session)
                    session.add(customer)
                    session.commit()
        except Exception as problem:
            problems.append(problem)
            ready.abort()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    with bare.app_context(), acting(db.session(), SYSTEM) as session:
        codes = session.scalars(select(Customer.code).order_by(Customer.id)).all()
    assert sorted(codes) == [f"KH-{number:05}" for number in range(1, 21)]

"""Numbers are free, rising, and nobody's twice."""

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from admin_app.services.numbering import next_number
from models.contract import Contract
from models.customer import Customer
from models.organisation import Department
from tests.databases import bare_app


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
        assert next_number(session, Customer.code, "KH-") == "KH-77778"
    assert first.code != "KH-77778"


def test_after_the_ninety_nine_thousandth_comes_the_hundred_thousandth(session, make_customer):
    make_customer(code="KH-99999")
    assert make_customer().code == "KH-100000"
    assert make_customer().code == "KH-100001"


def test_numbers_that_people_typed_are_neither_counted_nor_given_again(session, make_customer, make_contract):
    customer = make_customer()
    ours = make_contract(customer).number
    following = f"HT-{int(ours.removeprefix('HT-')) + 1:05}"
    make_contract(customer, number="HT-2026/17")
    make_contract(customer, number="A 1")
    assert next_number(session, Contract.number, "HT-") == following
    taken = make_contract(customer, number=following)
    for number in range(60):
        make_contract(customer, number=f"A-{number}")
    assert next_number(session, Contract.number, "HT-") > taken.number


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
                    customer.code = next_number(session, Customer.code, "KH-")
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

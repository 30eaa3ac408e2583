"""The work of each day."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from admin_app.engine.change import update_rows
from admin_app.jobs.order import order
from admin_app.jobs.run import run_job
from models.contract import Contract, Performance
from models.customer import Customer
from models.job import Job

pytestmark = pytest.mark.usefixtures("rollback")


def test_time_alone_makes_a_customer_lapse(session):
    customer = session.scalars(select(Customer).where(Customer.transaction_status == "existing")).first()
    for status, following in (("signed", "performing"), ("performing", "completed")):
        which = (Contract.customer_id == customer.id) & (Contract.status == status)
        update_rows(session, Contract, which, {"status": following})
    contracts = select(Contract.id).where(Contract.customer_id == customer.id)
    long_ago = {"performed_on": date(2020, 1, 1)}
    update_rows(session, Performance, Performance.contract_id.in_(contracts), long_ago)
    number = order(session, "refresh_customers", {}, None).id
    key = customer.id
    session.commit()
    run_job(number)
    assert session.get(Job, number).state == "done"
    assert session.get(Customer, key).transaction_status == "lapsed"

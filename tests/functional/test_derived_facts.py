"""What follows from a saved form: customers' standing, timelines, numbers."""

import re
from datetime import date

import pytest
from sqlalchemy import select

from admin_app.engine.change import update_rows
from admin_app.services.contracts import refresh_customers
from models.complaint import Complaint, ComplaintEvent
from models.contract import Contract
from models.customer import Customer
from models.organisation import User


@pytest.fixture
def send(client, login):
    """Send a form as the administrator, with its tokens; everything typed that is not given stays as it is shown."""
    login("admin")

    def send(url, **typed):
        page = client.get(url).text
        hidden = re.findall(
            r'<input type="hidden" name="(csrf_token|_token|selection)" value="([^"]*)"', page
        )
        answer = client.post(url, data=dict(hidden) | typed)
        assert answer.status_code in (302, 303), re.sub(r"<[^>]+>", " ", answer.text)
        return int(re.search(r"id=(\d+)", answer.headers["Location"])[1])

    return send


@pytest.fixture
def new_customer(send):
    def make(name):
        typed = {"name": name, "customer_class": "project", "lifecycle": "potential", "currency": "CNY"}
        return send("/customer/new/", **typed)

    return make


def standing(session, key):
    columns = (Customer.transaction_status, Customer.contract_total)
    return tuple(session.execute(select(*columns).where(Customer.id == key)).one())


def test_contracts_and_performance_make_a_customer_existing(send, new_customer, session):
    first, second = new_customer("Ostwind Logistik"), new_customer("青禾仓储")
    assert standing(session, first) == ("potential", 0)
    contract = {
        "title": "Yearly service",
        "counterparty_kind": "customer",
        "customer": str(first),
        "amount": "1200.50",
        "currency": "CNY",
        "signed_on": "2026-01-05",
    }
    key = send("/contract/new/", **contract)
    number = session.scalar(select(Contract.number).where(Contract.id == key))
    assert re.fullmatch(r"HT-\d{4}-\d{4}", number)
    for status in ("review", "approved", "signed", "performing"):
        update_rows(session, Contract, Contract.id == key, {"status": status})
    refresh_customers(session, [first], date(2026, 11, 24))
    session.commit()
    assert [str(each) for each in standing(session, first)] == ["signed_unperformed", "1200.50"]
    send("/performance/new/", contract=str(key), performed_on="2026-02-01", amount="100")
    assert standing(session, first)[0] == "existing"
    ownership = {"owner": "1", "department": "1", "number": number}
    send(f"/contract/edit/?id={key}", **{**contract, **ownership, "customer": str(second)})
    assert standing(session, first) == ("potential", 0)
    assert [str(each) for each in standing(session, second)] == ["existing", "1200.50"]


def test_a_complaint_writes_its_own_timeline(send, new_customer, session):
    typed = {
        "customer": str(new_customer("Ostwind Logistik")),
        "channel": "phone",
        "kind": "complaint",
        "subject": "The pallets came wet",
        "severity": "high",
        "status": "new",
    }
    key = send("/complaint/new/", **typed)
    number, received_at = session.execute(
        select(Complaint.number, Complaint.received_at).where(Complaint.id == key)
    ).one()
    assert re.fullmatch(r"TS-\d{4}-\d{4}", number)
    typed |= {"received_at": f"{received_at:%Y-%m-%dT%H:%M}", "owner": "1", "department": "1"}
    send(f"/complaint/edit/?id={key}", **{**typed, "status": "in_progress"})
    assert session.scalar(select(Complaint.status).where(Complaint.id == key)) == "new"
    send(f"/bulk/complaint/dispatch/?id={key}", owner="1", _step="now")
    events = select(ComplaintEvent.kind, ComplaintEvent.text).where(ComplaintEvent.complaint_id == key)
    assert [tuple(each) for each in session.execute(events.order_by(ComplaintEvent.id))] == [
        ("logged", None),
        ("assigned", "新受理 → 已指派 · " + str(session.scalar(select(User.name).where(User.id == 1)))),
    ]

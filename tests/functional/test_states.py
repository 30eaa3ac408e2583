"""States over HTTP and at every other door: declared steps lead on, anything else is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, compile_policy
from admin_app.engine.change import insert_rows, update_rows
from admin_app.engine.change.undo import undo
from admin_app.engine.states.guard import UndeclaredStep
from admin_app.services import clock
from models.bulk import BulkRun
from models.change import ChangeSet
from models.complaint import Complaint, ComplaintEvent
from models.contract import Contract
from models.customer import Customer
from models.organisation import Department, User
from tests.conftest import csrf_token, sign_in
from tests.functional.browsing import words

Make = Callable[..., Any]


class Steps:
    """A person who takes steps, without a screen."""

    def __init__(self, client: FlaskClient, entity: str) -> None:
        self.client = client
        self.entity = entity
        self.token = csrf_token(client.get("/account/password").text)
        client.post("/language", data={"csrf_token": self.token, "code": "en", "next": "/"})

    def form(self, step: str, *keys: int) -> str:
        """The page that asks what the step needs."""
        ids = "&".join(f"id={key}" for key in keys)
        answer = self.client.get(f"/bulk/{self.entity}/{step}/?{ids}")
        assert answer.status_code == 200, answer.text
        return str(answer.text)

    def take(self, step: str, *keys: int, **typed: Any) -> Any:
        """Fill the form in and send it; the answer."""
        selection = re.search(r'name="selection" value="([^"]+)"', self.form(step, *keys))
        assert selection
        data = {"csrf_token": self.token, "selection": selection[1], "_step": "now", **typed}
        return self.client.post(f"/bulk/{self.entity}/{step}/", data=data)

    def done(self, step: str, key: int, **typed: Any) -> None:
        """Take a step of one record, and see that it was taken."""
        answer = self.take(step, key, **typed)
        assert (answer.status_code, answer.location) == (302, f"/{self.entity}/details/?id={key}")

    def page(self, key: int) -> str:
        """The record's page."""
        return str(self.client.get(f"/{self.entity}/details/?id={key}").text)


def offered(page: str) -> list[str]:
    """The steps on the buttons of a record's page."""
    panel = page.split('class="db-state-steps"')[1].split("</section>")[0]
    return re.findall(r'href="/bulk/\w+/(\w+)/', panel)


@pytest.fixture
def ct(app: Flask, rollback: None) -> Steps:
    """The contract office: works on contracts of its department and approves them."""
    return Steps(sign_in(app.test_client(), "ct"), "contract")


@pytest.fixture
def csd(app: Flask, rollback: None) -> Steps:
    """The service desk."""
    return Steps(sign_in(app.test_client(), "csd"), "complaint")


@pytest.fixture
def make_contract(session: Session) -> Make:
    """Make a contract of the contract office that somebody else looks after."""

    def make(owner: str = "bd", **values: Any) -> Contract:
        made = Contract(
            **{
                "number": f"HT-T-{len(values)}-{session.query(Contract).count()}",
                "title": "Lifts",
                "customer": session.scalars(select(Customer).where(Customer.currency == "CNY")).first(),
                "amount": Decimal(1000),
                "owner": session.scalars(select(User).where(User.username == owner)).one(),
                "department": session.scalars(select(Department).where(Department.code == "BIZ")).one(),
                **values,
            }
        )
        session.add(made)
        session.commit()
        return made

    return make


def status(session: Session, record: Any) -> str:
    session.expire_all()
    return str(record.status)


def newest(session: Session) -> ChangeSet:
    return session.scalars(select(ChangeSet).order_by(ChangeSet.position.desc()).limit(1)).one()


def timeline(session: Session, complaint: Complaint) -> list[tuple[str, str | None]]:
    events = select(ComplaintEvent.kind, ComplaintEvent.text).where(
        ComplaintEvent.complaint_id == complaint.id
    )
    return [tuple(row) for row in session.execute(events.order_by(ComplaintEvent.id))]


def test_one_contract_lives_from_draft_to_archive(session: Session, ct: Steps, make_contract: Make) -> None:
    contract = make_contract()
    key, customer = contract.id, contract.customer
    before = customer.contract_total
    assert offered(ct.page(key)) == ["submit"]
    ct.done("submit", key)
    assert offered(ct.page(key)) == ["withdraw", "approve", "send_back"]
    ct.done("approve", key, reason="checked with the lawyer")
    assert (newest(session).action, newest(session).reason) == ("approve", "checked with the lawyer")
    ct.done("sign", key, signed_on=str(clock.today()))
    session.expire_all()
    assert (contract.signed_on, customer.contract_total) == (clock.today(), before + 1000)
    ct.done("perform", key)
    ct.done("complete", key)
    ct.done("archive", key)
    session.expire_all()
    assert (contract.status, contract.archive_number) == ("archived", f"DA-{contract.number}")
    page = ct.page(key)
    assert offered(page) == []
    assert "Terminate It begins at “Signed”, “Performing”." in words(
        ct.client.get(f"/contract/details/?id={key}")
    )


def test_what_a_step_asks_for_is_checked_and_kept(session: Session, ct: Steps, make_contract: Make) -> None:
    contract = make_contract()
    for state in ("review", "approved"):
        contract.status = state
        session.commit()
    tomorrow = str(clock.today() + timedelta(days=1))
    answer = ct.take("sign", contract.id, signed_on=tomorrow, reason="at the fair")
    assert "This day is still to come." in answer.text
    assert f'value="{tomorrow}"' in answer.text
    assert ">at the fair</textarea>" in answer.text
    assert "Fill this in." in ct.take("sign", contract.id, signed_on="").text
    assert status(session, contract) == "approved"


def test_a_reason_is_asked_for_where_it_matters(session: Session, ct: Steps, make_contract: Make) -> None:
    contract = make_contract(status="performing", signed_on=date(2026, 1, 5))
    assert "Write why" in ct.take("terminate", contract.id).text
    ct.done("terminate", contract.id, reason="insolvent")
    assert status(session, contract) == "terminated"


def test_who_looks_after_a_contract_does_not_approve_it(
    session: Session, ct: Steps, make_contract: Make
) -> None:
    contract = make_contract(owner="ct")
    ct.done("submit", contract.id)
    assert "approve" not in offered(ct.page(contract.id))
    assert "Somebody else has to do this" in ct.page(contract.id)
    answer = ct.take("approve", contract.id)
    page = ct.client.get(answer.location).text
    assert 'data-outcome="denied"' in page
    assert "Somebody else has to do this" in page
    assert status(session, contract) == "review"


def test_the_author_stays_the_author_when_the_contract_is_given_away(
    session: Session, ct: Steps, make_contract: Make
) -> None:
    typed = {"title": "Mine", "counterparty_kind": "supplier", "counterparty_name": "Holt & Sons"}
    typed |= {"amount": "5", "currency": "CNY", "csrf_token": ct.token}
    answer = ct.client.post("/contract/new/", data=typed)
    assert answer.status_code == 302, words(answer)
    key = int(answer.location.rpartition("=")[2])
    contract = session.get(Contract, key)
    assert contract is not None
    contract.owner = session.scalars(select(User).where(User.username == "bd")).one()
    session.commit()
    ct.done("submit", key)
    assert "approve" not in offered(ct.page(key))


def test_many_at_once_tell_those_in_another_state_by_name(
    session: Session, ct: Steps, make_contract: Make
) -> None:
    drafts = [make_contract() for _number in range(3)]
    signed = make_contract(status="signed", signed_on=date(2026, 1, 5))
    keys = [each.id for each in (*drafts, signed)]
    url = ct.take("submit", *keys).location
    page = ct.client.get(url).text
    assert re.findall(r'data-outcome="(\w+)".*?number">(\d+)<', page, re.DOTALL) == [
        ("change", "3"),
        ("invalid", "1"),
    ]
    assert "“Signed”: the step begins at “Draft”." in page
    assert [status(session, each) for each in drafts] == ["draft"] * 3
    ct.client.post(f"{url}apply", data={"csrf_token": ct.token})
    assert [status(session, each) for each in drafts] == ["review"] * 3
    assert status(session, signed) == "signed"


def test_a_state_that_moved_after_the_preview_is_left_alone(
    session: Session, ct: Steps, make_contract: Make
) -> None:
    one, other = make_contract(), make_contract()
    url = ct.take("submit", one.id, other.id).location
    one.status = "review"
    session.commit()
    one.status = "draft"
    session.commit()
    ct.client.post(f"{url}apply", data={"csrf_token": ct.token})
    assert (status(session, one), status(session, other)) == ("draft", "review")


def test_the_steps_of_a_list_stand_under_one_button(ct: Steps) -> None:
    page = ct.client.get("/contract/").text
    assert "Next step" in page
    assert '/bulk/contract/approve/"' in page


def test_no_form_and_no_bulk_edit_writes_a_state(session: Session, make_contract: Make, app: Flask) -> None:
    admin = Steps(sign_in(app.test_client(), "admin"), "contract")
    contract = make_contract()
    url = f"/contract/edit/?id={contract.id}"
    page = admin.client.get(url).text
    assert 'name="status"' not in page
    hidden = dict(re.findall(r'name="(_token|_url)" value="([^"]*)"', page))
    data = {**hidden, "csrf_token": admin.token, "title": "Other", "status": "signed", "amount": "1000.00"}
    data |= {"customer": str(contract.customer_id), "counterparty_kind": "customer", "currency": "CNY"}
    data |= {"number": contract.number, "owner": str(contract.owner_id)}
    data |= {"department": str(contract.department_id)}
    assert admin.client.post(url, data=data).status_code == 302
    assert (status(session, contract), contract.title) == ("draft", "Other")
    answer = admin.take("edit", contract.id, set="status", status="signed")
    assert "Choose at least one field." in answer.text
    assert 'name="status"' not in admin.client.get("/contract/new/?status=approved").text


def test_a_flush_past_the_steps_is_refused(session: Session, make_contract: Make) -> None:
    contract = make_contract()
    contract.status = "signed"
    with pytest.raises(UndeclaredStep, match=r"Signed|已签"):
        session.flush()
    session.rollback()
    # Nothing loaded: what is overwritten is read first.
    session.expire_all()
    contract.status = "archived"
    with pytest.raises(UndeclaredStep):
        session.flush()
    session.rollback()
    with pytest.raises(UndeclaredStep):
        make_contract(status="approved")
    session.rollback()
    contract.status = "review"
    session.flush()


def test_a_statement_past_the_steps_is_refused(session: Session, make_contract: Make) -> None:
    draft, signed = make_contract(), make_contract(status="signed", signed_on=date(2026, 1, 5))
    both = Contract.id.in_([draft.id, signed.id])
    for value in ("performing", literal("performing")):
        with pytest.raises(UndeclaredStep):
            update_rows(session, Contract, both, {"status": value})
    assert update_rows(session, Contract, Contract.id == signed.id, {"status": "performing"}) == 1
    table = Contract.__table__.c
    columns = ("title", "counterparty_kind", "customer_id", "amount", "currency", "department_id")
    rows = select(
        *(table[key].label(key) for key in columns),
        literal("X-1").label("number"),
        literal("review", table.status.type).label("status"),
    ).where(table.id == draft.id)
    with pytest.raises(UndeclaredStep):
        insert_rows(session, Contract, rows)


def test_an_undo_goes_back_along_a_step_of_ones_own(session: Session, ct: Steps, make_contract: Make) -> None:
    contract = make_contract()
    ct.done("submit", contract.id)
    made = newest(session).id
    rm = session.scalars(select(User).where(User.username == "csd")).one()
    stranger = compile_policy(session, rm, clock.today())
    assert undo(session, made, stranger).done == 0
    mine = compile_policy(
        session, session.scalars(select(User).where(User.username == "ct")).one(), clock.today()
    )
    assert undo(session, made, mine).done == 1
    session.commit()
    assert status(session, contract) == "draft"


def test_what_was_approved_is_approved_again_only_by_approving(
    session: Session, ct: Steps, make_contract: Make
) -> None:
    contract = make_contract()
    ct.done("submit", contract.id)
    ct.done("approve", contract.id)
    approval = newest(session).id
    ct.done("revise", contract.id, reason="another price")
    revision = newest(session).id
    plan = undo(session, revision, SYSTEM)
    assert (plan.done, plan.total("step")) == (0, 1)
    ct.done("submit", contract.id)
    assert status(session, contract) == "review"
    other = make_contract()
    ct.done("submit", other.id)
    ct.done("approve", other.id)
    approval = newest(session).id
    undone = undo(session, approval, SYSTEM)
    session.commit()
    assert (undone.total("done"), status(session, other)) == (1, "review")
    assert undone.made is not None
    assert undo(session, undone.made, SYSTEM).total("step") == 1


def test_a_bulk_run_of_steps_is_taken_back(session: Session, ct: Steps, make_contract: Make) -> None:
    keys = [make_contract().id for _number in range(3)]
    url = ct.take("submit", *keys).location
    ct.client.post(f"{url}apply", data={"csrf_token": ct.token})
    run = session.scalars(select(BulkRun).order_by(BulkRun.id.desc())).first()
    assert run is not None
    ct.client.post(f"{url}undo", data={"csrf_token": ct.token, "reason": "too early"})
    session.expire_all()
    found = session.scalars(select(Contract.status).where(Contract.id.in_(keys))).all()
    assert list(found) == ["draft"] * 3


def test_a_complaint_goes_its_course_and_its_timeline_grows(
    session: Session, csd: Steps, complaint: Complaint
) -> None:
    key, owner = complaint.id, complaint.owner
    assert owner is not None
    assert offered(csd.page(key)) == ["dispatch"]
    assert "Choose whom they go to." in csd.take("dispatch", key).text
    csd.done("dispatch", key, owner=str(owner.id))
    csd.done("start", key)
    csd.done("wait", key, reason="the photo")
    csd.done("resume", key)
    csd.done("solve", key, root_cause="A worn cable")
    csd.done("confirm", key)
    csd.done("close", key)
    session.expire_all()
    assert (complaint.status, complaint.root_cause) == ("closed", "A worn cable")
    assert complaint.closed_at is not None
    assert "Write why" in csd.take("reopen", key).text
    csd.done("reopen", key, reason="it stands still again")
    session.expire_all()
    assert (complaint.status, complaint.closed_at) == ("reopened", None)
    assert timeline(session, complaint) == [
        ("assigned", f"New → Assigned · {owner.name}"),
        ("resumed", "Assigned → In progress"),
        ("waiting", "In progress → Waiting for the customer · the photo"),
        ("resumed", "Waiting for the customer → In progress"),
        ("solved", "In progress → Solved"),
        ("confirmed", "Solved → Confirmed"),
        ("closed", "Confirmed → Closed"),
        ("reopened", "Closed → Reopened · it stands still again"),
    ]
    author = session.scalars(select(ComplaintEvent.author_id).where(ComplaintEvent.complaint_id == key))
    assert set(author) == {owner.id}


def test_an_undone_closing_keeps_the_timeline_and_adds_to_it(
    session: Session, csd: Steps, complaint: Complaint
) -> None:
    for state in ("assigned", "in_progress", "solved", "confirmed"):
        complaint.status = state
        session.commit()
    csd.done("close", complaint.id)
    made = newest(session).id
    assert undo(session, made, SYSTEM).done == 1
    session.commit()
    session.expire_all()
    assert (complaint.status, complaint.closed_at) == ("confirmed", None)
    (closed, undone) = timeline(session, complaint)
    assert closed[0] == "closed"
    assert undone[0] == "noted"


def test_nobody_steps_without_the_duty(app: Flask, csd: Steps, make_contract: Make) -> None:
    contract = make_contract()
    assert csd.client.get(f"/bulk/contract/submit/?id={contract.id}").status_code == 403
    assert (
        csd.client.post(
            "/bulk/contract/submit/", data={"csrf_token": csd.token, "id": contract.id}
        ).status_code
        == 403
    )


def test_the_command_takes_steps_too(app: Flask, session: Session, make_contract: Make) -> None:
    contract = make_contract()
    asked = ["bulk", "submit", "contract", "--id", str(contract.id), "--reason", "ready", "--yes"]
    answer = app.test_cli_runner().invoke(args=asked)
    assert answer.exit_code == 0, answer.output
    assert status(session, contract) == "review"
    again = app.test_cli_runner().invoke(
        args=["bulk", "sign", "contract", "--id", str(contract.id), "--dry-run"]
    )
    assert "signed_on" in again.output or "Not possible" in again.output

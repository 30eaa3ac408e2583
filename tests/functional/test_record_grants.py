"""Access to one record, over HTTP: asked for at the record, granted for it and its parts, and gone with it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from admin_app.services import clock
from models.complaint import Complaint
from models.contract import Contract, Obligation
from models.grant import AccessGrant, AccessRequest
from models.organisation import Department, User
from tests.functional.browsing import Sign, post, stored, words


@pytest.fixture
def contracts(app: Flask, rollback: None) -> tuple[int, int]:
    """Two contracts of the contract department, each with an obligation, which no clerk of the service sees."""
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        home = session.scalars(select(Department).where(Department.code == "CR")).one()
        made = []
        for number in ("HT-EINS", "HT-ZWEI"):
            contract = Contract(
                number=number,
                title=f"Frame {number}",
                counterparty_kind="supplier",
                counterparty_name="Nordwind",
                amount=5,
                department=home,
            )
            session.add_all(
                [contract, Obligation(contract=contract, side="ours", description=f"Due {number}")]
            )
            made.append(contract)
        session.commit()
        return made[0].id, made[1].id


def ask(app: Flask, client: FlaskClient, **fields: Any) -> int:
    """Send a request and return its number."""
    given = {"entity": "contract", "reason": "The customer calls about it", **fields}
    assert post(client, "/requests/new", **given).status_code == 302
    found: int = stored(app, select(func.max(AccessRequest.id)))
    return found


def terms(**fields: Any) -> dict[str, Any]:
    """A decision about one record, as the form sends it."""
    until = clock.today() + timedelta(days=7)
    return {"field_level": "write", "until": until.isoformat(), "answer": "For this case", **fields}


def test_a_request_about_a_record_gives_that_record_and_its_parts_alone(
    app: Flask, person: Sign, contracts: tuple[int, int]
) -> None:
    first, second = contracts
    clerk, admin = person("csd"), person("admin")
    assert clerk.get("/contract/").status_code == 403
    number = ask(app, clerk, action="edit", id=first)
    page = admin.get("/requests/")
    assert "For this record and its parts alone." in words(page) and f'id="rows-{number}"' not in page.text
    assert post(admin, "/requests/grant", id=number, **terms()).status_code == 302
    listed = words(clerk.get("/contract/"))
    assert "Frame HT-EINS" in listed and "Frame HT-ZWEI" not in listed
    assert clerk.get(f"/contract/edit/?id={first}").status_code == 200
    assert clerk.get(f"/contract/edit/?id={second}").status_code == 404
    assert clerk.get(f"/contract/delete/?id={first}").status_code == 403
    parts = words(clerk.get("/obligation/"))
    assert "Due HT-EINS" in parts and "Due HT-ZWEI" not in parts
    mine, other = (
        stored(app, select(Obligation.id).where(Obligation.contract_id == key)) for key in (first, second)
    )
    assert clerk.get(f"/obligation/edit/?id={mine}").status_code == 200
    assert clerk.get(f"/obligation/edit/?id={other}").status_code == 404
    text = words(clerk.get(f"/why/?action=edit&entity=obligation&id={mine}"))
    assert "Because it was granted by hand" in text and "edit a single one of the contracts" in text
    assert "one record" in words(clerk.get("/access_report/"))


def test_what_a_record_grant_gives_can_be_changed_but_not_moved_elsewhere(
    app: Flask, person: Sign, contracts: tuple[int, int]
) -> None:
    first, second = contracts
    clerk, admin = person("csd"), person("admin")
    number = ask(app, clerk, action="edit", id=first)
    assert post(admin, "/requests/grant", id=number, **terms()).status_code == 302
    form = {"side": "ours", "description": "Deliver", "contract": first}
    assert post(clerk, "/obligation/new/", **form).status_code == 302
    refused = post(clerk, "/obligation/new/", **{**form, "contract": second})
    assert refused.status_code in (200, 400, 403)
    kept = select(func.count(Obligation.id)).where(Obligation.description == "Deliver")
    assert stored(app, kept) == 1


def test_a_head_grants_a_record_only_when_holding_it(app: Flask, person: Sign) -> None:
    inside, outside = (
        stored(app, select(func.max(Complaint.id)).join(Complaint.department).where(Department.code == code))
        for code in ("CS", "CR")
    )
    clerk, head = person("st"), person("csm")
    fields = {"entity": "complaint", "action": "delete"}
    number = ask(app, clerk, id=inside, **fields)
    asked = select(User.username).join(AccessRequest, AccessRequest.head_id == User.id)
    assert stored(app, asked.where(AccessRequest.id == number)) == "csm"
    assert post(head, "/requests/grant", id=number, **terms()).status_code == 302
    given = select(AccessGrant.record_key).where(AccessGrant.request_id == number, AccessGrant.rows.is_(None))
    assert stored(app, given) == str(inside)
    # Whether there is such a record, neither of the two learns.
    for key in (outside, 999_999_999):
        hidden = ask(app, clerk, id=key, **fields)
        assert stored(app, asked.where(AccessRequest.id == hidden)) == "csm"
        page = head.get("/requests/")
        assert "gone or not yours to see: you can only refuse it" in words(page)
        assert post(head, "/requests/grant", id=hidden, **terms()).status_code == 400
        assert post(head, "/requests/refuse", id=hidden, answer="No").status_code == 302


def test_what_is_not_done_with_a_record_is_asked_for_in_general(app: Flask, person: Sign) -> None:
    number = ask(app, person("csd"), action="create", id=1)
    assert stored(app, select(AccessRequest.record_key).where(AccessRequest.id == number)) is None


def test_the_grant_goes_with_its_record(app: Flask, person: Sign, contracts: tuple[int, int]) -> None:
    clerk, admin = person("csd"), person("admin")
    part = stored(app, select(Obligation.id).where(Obligation.contract_id == contracts[1]))
    for fields in (
        {"id": contracts[0], "action": "view"},
        {"id": part, "action": "view", "entity": "obligation"},
    ):
        assert post(admin, "/requests/grant", id=ask(app, clerk, **fields), **terms()).status_code == 302
    count = select(func.count(AccessGrant.id)).where(AccessGrant.record_key.is_not(None))
    assert stored(app, count) == 2
    # Parts go without anybody naming them.
    assert post(admin, f"/contract/delete/?id={contracts[1]}").status_code == 302
    assert stored(app, count) == 1
    assert post(admin, f"/contract/delete/?id={contracts[0]}").status_code == 302
    assert stored(app, count) == 0


def test_a_record_grant_is_not_widened_on_its_page(
    app: Flask, person: Sign, contracts: tuple[int, int]
) -> None:
    clerk, admin = person("csd"), person("admin")
    number = ask(app, clerk, action="edit", id=contracts[0])
    assert post(admin, "/requests/grant", id=number, **terms()).status_code == 302
    grant = stored(app, select(func.max(AccessGrant.id)))
    page = admin.get(f"/access_grant/edit/?id={grant}").text
    assert 'name="record_key"' not in page
    (token,) = re.findall(r'name="_token" value="([^"]*)"', page)
    form = {
        "user": stored(app, select(User.id).where(User.username == "csd")),
        "entity": "contract",
        "actions": "view edit",
        "department": stored(app, select(Department.id).where(Department.code == "CR")),
        "field_level": "write",
        "reason": "For this case",
        "valid_from": clock.today().isoformat(),
        "valid_to": clock.today().isoformat(),
        "_token": token,
    }
    for wrong, words_of_refusal in (
        ({"rows": "all"}, "it has no other reach"),
        ({"actions": "view create"}, "With one record:"),
    ):
        answer = post(admin, f"/access_grant/edit/?id={grant}", **{**form, **wrong})
        assert words_of_refusal in answer.text, wrong
    rows = select(AccessGrant.actions).where(AccessGrant.id == grant, AccessGrant.rows.is_(None))
    assert stored(app, rows) == "view edit"

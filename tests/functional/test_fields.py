"""A cell can hide, mask or lock a group of fields: no door then tells more than the cell allows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.engine.change import update_rows
from models.customer import Customer
from models.duty import Duty, PositionDuty
from models.organisation import Department, Position
from models.usage import RevealLog
from tests.conftest import csrf_token

PHONE = "13812345678"
MASKED = "138****5678"


@pytest.fixture
def level(session: Session) -> Callable[[str], None]:
    """Give all cells of the position CSD one level for the contact details of customers."""

    def give(word: str) -> None:
        position = session.scalars(select(Position).where(Position.code == "CSD")).one()
        for cell in session.scalars(select(PositionDuty).where(PositionDuty.position_id == position.id)):
            cell.field_levels = {"customer.contact": word}
        session.commit()

    return give


@pytest.fixture
def customer(session: Session) -> Customer:
    """A customer of the service department, whose phone everybody would know again."""
    service = session.scalars(select(Department).where(Department.code == "CS")).one()
    record = Customer(
        code="KH-90001",
        name="清浦测试器材有限公司",
        customer_class="resource",
        customer_subtype="enterprise",
        phone=PHONE,
        email="office@qingpu.example",
        department_id=service.id,
    )
    session.add(record)
    session.commit()
    return record


@pytest.fixture
def clerk(login: Callable[..., FlaskClient], customer: Customer) -> FlaskClient:
    """A clerk who has signed in before any cell changes."""
    return login("csd")


def pages_of(clerk: FlaskClient, customer: Customer) -> dict[str, str]:
    return {
        "list": clerk.get("/customer/?cols=phone,email&q=清浦").text,
        "details": clerk.get(f"/customer/details/?id={customer.id}").text,
        "edit": clerk.get(f"/customer/edit/?id={customer.id}").text,
    }


def test_a_masked_field_shows_its_ends_only_and_is_no_input(clerk: Any, customer: Any, level: Any) -> None:
    level("masked")
    pages = pages_of(clerk, customer)
    assert all(PHONE not in text and "office@qingpu" not in text for text in pages.values())
    assert MASKED in pages["list"] and MASKED in pages["details"]
    assert "o***@qingpu.example" in pages["list"]
    assert 'name="phone"' not in pages["edit"]


def test_a_hidden_field_is_nowhere(clerk: Any, customer: Any, level: Any) -> None:
    level("hidden")
    assert clerk.get("/customer/?cols=phone").status_code == 400
    details = clerk.get(f"/customer/details/?id={customer.id}").text
    assert PHONE not in details and MASKED not in details and "电话" not in details


@pytest.mark.parametrize("word", ["masked", "hidden"])
@pytest.mark.parametrize(
    "query", ["phone:eq=13812345678", "phone:starts=138", "phone:filled=1", "email:has=qingpu"]
)
def test_a_filter_on_what_one_may_not_read_is_refused(
    clerk: Any, customer: Any, level: Any, word: str, query: str
) -> None:
    level(word)
    assert clerk.get(f"/customer/?{query}").status_code == 400
    assert clerk.get(f"/customer/export/csv/?{query}").status_code in (400, 403)


def test_the_search_box_does_not_look_behind_a_mask(clerk: Any, customer: Any, level: Any) -> None:
    assert "KH-90001" in clerk.get(f"/customer/?q={PHONE}").text
    level("masked")
    assert "KH-90001" not in clerk.get(f"/customer/?q={PHONE}").text


@pytest.mark.parametrize("word", ["masked", "hidden"])
def test_what_one_may_not_read_is_offered_as_no_filter(
    clerk: Any, customer: Any, level: Any, word: str
) -> None:
    def offered(part: str) -> set[str]:
        told = clerk.get("/customer/tools/", headers={"Accept": "application/json"}).json
        return {each["key"] for each in told[part]}

    assert {"phone", "email"} <= offered("fields") & offered("columns")
    level(word)
    assert not {"phone", "email"} & offered("fields")
    assert ({"phone", "email"} <= offered("columns")) == (word == "masked")
    assert 'name="phone:' not in clerk.get("/customer/tools/").text


def test_lookups_do_not_look_behind_a_mask(clerk: Any, customer: Any, level: Any) -> None:
    path = f"/complaint/ajax/lookup/?name=customer&query={PHONE}"
    assert [label for _key, label in clerk.get(path).json] != []
    level("masked")
    assert clerk.get(path).json == []


@pytest.mark.parametrize("word", ["masked", "hidden", "read"])
def test_a_forged_value_for_a_locked_field_changes_nothing(
    clerk: Any, customer: Any, level: Any, session: Session, word: str
) -> None:
    # Editing customers is what INF2 gives; a clerk of the service desk holds it through complaints (CMP1).
    level(word)
    page = clerk.get(f"/customer/edit/?id={customer.id}").text
    token = page.split('name="_token" value="')[1].split('"')[0]
    data = {"csrf_token": csrf_token(page), "_token": token, "name": "清浦新名", "phone": "1", "email": ""}
    data |= {"customer_class": "resource", "customer_subtype": "enterprise", "lifecycle": "potential"}
    data |= {"currency": "CNY", "department": str(customer.department_id)}
    assert clerk.post(f"/customer/edit/?id={customer.id}", data=data).status_code == 302
    session.expire_all()
    stored = session.get(Customer, customer.id)
    assert stored is not None
    assert (stored.name, stored.phone, stored.email) == ("清浦新名", PHONE, "office@qingpu.example")


def test_looking_behind_a_mask_takes_a_reason_and_is_written_down(
    clerk: Any, customer: Any, level: Any, session: Session
) -> None:
    level("masked")
    path = f"/customer/reveal/?id={customer.id}&field=phone"
    asked = clerk.get(path).text
    assert PHONE not in asked
    refused = clerk.post(path, data={"csrf_token": csrf_token(asked), "reason": "  "})
    assert refused.status_code == 400 and PHONE not in refused.text
    assert session.scalars(select(RevealLog)).all() == []
    shown = clerk.post(path, data={"csrf_token": csrf_token(asked), "reason": "客户来电核对"})
    assert PHONE in shown.text
    (row,) = session.scalars(select(RevealLog)).all()
    assert (row.entity, row.record_key, row.field, row.reason) == (
        "customer",
        str(customer.id),
        "phone",
        "客户来电核对",
    )


@pytest.mark.parametrize("field", ["name", "password_hash", "note", "nonsense"])
def test_only_grouped_fields_can_be_revealed(clerk: Any, customer: Any, level: Any, field: str) -> None:
    level("masked")
    assert clerk.get(f"/customer/reveal/?id={customer.id}&field={field}").status_code == 403


def test_a_hidden_field_cannot_be_revealed(clerk: Any, customer: Any, level: Any) -> None:
    level("hidden")
    assert clerk.get(f"/customer/reveal/?id={customer.id}&field=phone").status_code == 403


def test_a_changed_letter_shows_on_the_next_click(clerk: Any, customer: Any, session: Session) -> None:
    assert clerk.get("/contract/").status_code == 403
    position = session.scalars(select(Position.id).where(Position.code == "CSD")).one()
    duty = session.scalars(select(Duty.id).where(Duty.code == "CTR4")).one()
    session.add(PositionDuty(position_id=position, duty_id=duty, letter="R"))
    session.commit()
    assert clerk.get("/contract/").status_code == 200
    cell = (PositionDuty.position_id == position) & (PositionDuty.duty_id == duty)
    update_rows(session, PositionDuty, cell, {"letter": "I"})
    session.commit()
    assert clerk.get("/contract/new/").status_code == 403

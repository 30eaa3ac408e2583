"""What the database refuses, by the name of the rule, and how a record guards its own history."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from models.base import AppendOnlyError
from models.complaint import Complaint, ComplaintEvent
from models.contact import Affiliation, Contact
from models.contract import Contract, Obligation, Performance
from models.customer import Customer
from models.organisation import Department, Position, Post, User
from models.tag import Tag, TagFamily


def contract(partner: Customer, /, **columns: Any) -> Contract:
    given = {"number": "HT-1", "title": "供货", "customer": partner, "department_id": partner.department_id}
    return Contract(**{**given, **columns})


def complaint(partner: Customer, /, **columns: Any) -> Complaint:
    given = {
        "number": "TS-1",
        "subject": "送货迟到",
        "channel": "phone",
        "customer": partner,
        "department_id": partner.department_id,
    }
    return Complaint(**{**given, **columns})


@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        ({"customer_class": "resource"}, "ck_customer_subtype_belongs_to_class"),
        ({"customer_subtype": "enterprise"}, "ck_customer_subtype_belongs_to_class"),
        ({"parent_id": 1}, "ck_customer_not_own_parent"),
        ({"currency": "yuan"}, "ck_customer_currency_code"),
        ({"employees": -1}, "ck_customer_employees_not_negative"),
        ({"annual_revenue": -1}, "ck_customer_annual_revenue_not_negative"),
        ({"founded_year": 98}, "ck_customer_founded_year_of_four_digits"),
    ],
)
def test_a_customer_must_make_sense(
    model_session: Session, customer: Customer, columns: dict[str, Any], rule: str
) -> None:
    for name, value in columns.items():
        setattr(customer, name, value)
    with pytest.raises(IntegrityError, match=rule):
        model_session.flush()


@pytest.mark.parametrize(
    ("customer_class", "subtype"),
    [("resource", "admin_public"), ("resource", "enterprise"), ("project", "single"), ("project", "multi")],
)
def test_each_class_has_its_two_subtypes(
    model_session: Session, customer: Customer, customer_class: str, subtype: str
) -> None:
    customer.customer_class, customer.customer_subtype = customer_class, subtype
    model_session.flush()


@pytest.mark.parametrize("status", ["signed", "performing", "completed"])
def test_a_signed_contract_needs_its_date(model_session: Session, customer: Customer, status: str) -> None:
    model_session.add(contract(customer, status=status, signed_on=date(2026, 3, 1)))
    model_session.flush()
    model_session.add(contract(customer, number="HT-2", status=status))
    with pytest.raises(IntegrityError, match="ck_contract_signed_needs_date"):
        model_session.flush()


def test_an_archived_contract_needs_its_number(model_session: Session, customer: Customer) -> None:
    model_session.add(contract(customer, status="archived", archive_number="DA-1"))
    model_session.flush()
    model_session.add(contract(customer, number="HT-2", status="archived"))
    with pytest.raises(IntegrityError, match="ck_contract_archived_needs_number"):
        model_session.flush()


@pytest.mark.parametrize(("status", "closed"), [("closed", False), ("reopened", True)])
def test_a_complaint_has_a_moment_of_closing_exactly_when_it_is_closed(
    model_session: Session, customer: Customer, status: str, closed: bool
) -> None:
    now = datetime.now(UTC)
    case = Complaint(
        number="TS-1",
        customer=customer,
        channel="phone",
        subject="Noise",
        status=status,
        received_at=now,
        closed_at=now if closed else None,
        department_id=customer.department_id,
    )
    model_session.add(case)
    with pytest.raises(IntegrityError, match="ck_complaint_closed_has_moment"):
        model_session.flush()


@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        ({"starts_on": date(2026, 3, 2), "ends_on": date(2026, 3, 1)}, "ck_contract_ends_after_start"),
        ({"amount": -1}, "ck_contract_amount_not_negative"),
        ({"currency": ""}, "ck_contract_currency_code"),
        ({"customer": None}, "ck_contract_counterparty_given"),
        ({"customer": None, "counterparty_name": "某甲"}, "ck_contract_counterparty_given"),
        ({"customer": None, "counterparty_kind": "supplier"}, "ck_contract_counterparty_given"),
    ],
)
def test_a_contract_must_make_sense(
    model_session: Session, customer: Customer, columns: dict[str, Any], rule: str
) -> None:
    model_session.add(contract(customer, **columns))
    with pytest.raises(IntegrityError, match=rule):
        model_session.flush()


def test_a_supplier_needs_no_customer_and_a_contract_may_last_one_day(
    model_session: Session, customer: Customer
) -> None:
    day = date(2026, 3, 1)
    supplier = {"counterparty_kind": "supplier", "customer": None, "counterparty_name": "青禾纸业"}
    model_session.add(contract(customer, starts_on=day, ends_on=day, **supplier))
    model_session.flush()


def test_a_post_and_an_affiliation_end_no_earlier_than_they_begin(
    model_session: Session, customer: Customer, department: Department
) -> None:
    position = Position(code="CMS", name_zh="客户管理专员", name_en="CRM specialist", department=department)
    user = User(username="cms", name="沈一诺")
    days = {"valid_from": date(2026, 3, 2), "valid_to": date(2026, 3, 1)}
    with pytest.raises(IntegrityError, match="ck_post_ends_after_start"), model_session.begin_nested():
        model_session.add(Post(user=user, position=position, department=department, **days))
    contact = Contact(name="Ada Lindqvist", department=department)
    model_session.add(Affiliation(contact=contact, customer=customer, **days))
    with pytest.raises(IntegrityError, match="ck_affiliation_ends_after_start"):
        model_session.flush()


def test_a_tag_has_a_real_colour(model_session: Session) -> None:
    family = TagFamily(code="industry", name_zh="行业", name_en="Industry")
    model_session.add(Tag(family=family, name_zh="制造", name_en="Manufacturing", colour="#1a6faa"))
    model_session.flush()
    model_session.add(Tag(family=family, name_zh="零售", name_en="Retail", colour="red"))
    with pytest.raises(IntegrityError, match="ck_tag_colour_of_six_digits"):
        model_session.flush()


def test_a_customer_with_a_contract_stays_and_its_parts_go_with_the_contract(
    model_session: Session, customer: Customer
) -> None:
    signed = contract(customer)
    model_session.add_all(
        [
            Obligation(contract=signed, side="ours", description="交货"),
            Performance(contract=signed, performed_on=date(2026, 3, 1), amount=10),
        ]
    )
    model_session.commit()
    model_session.delete(customer)
    with pytest.raises(IntegrityError):
        model_session.flush()
    model_session.rollback()
    model_session.delete(signed)
    model_session.flush()
    for part in (Obligation, Performance):
        assert model_session.scalar(select(func.count()).select_from(part)) == 0


def test_a_complaint_closes_no_earlier_than_it_came(model_session: Session, customer: Customer) -> None:
    model_session.add(complaint(customer, closed_at=datetime(2020, 1, 1, tzinfo=UTC)))
    with pytest.raises(IntegrityError, match="ck_complaint_closed_after_received"):
        model_session.flush()


def test_an_event_can_be_added_but_neither_changed_nor_deleted(
    model_session: Session, customer: Customer
) -> None:
    logged = ComplaintEvent(complaint=complaint(customer), kind="logged", text="来电")
    model_session.add(logged)
    model_session.commit()

    assert logged.text == "来电"
    logged.text = "来电"
    model_session.flush()
    logged.text = "没有来电"
    with pytest.raises(AppendOnlyError, match="cannot be changed"):
        model_session.flush()
    model_session.rollback()
    model_session.delete(logged)
    with pytest.raises(AppendOnlyError, match="cannot be deleted"):
        model_session.flush()


def test_events_go_with_their_complaint(model_session: Session, customer: Customer) -> None:
    logged = ComplaintEvent(complaint=complaint(customer), kind="logged")
    model_session.add(logged)
    model_session.commit()
    model_session.delete(logged.complaint)
    model_session.commit()
    assert model_session.scalar(select(func.count()).select_from(ComplaintEvent)) == 0


def test_an_author_of_events_cannot_be_deleted(model_session: Session, customer: Customer) -> None:
    author = User(username="csd", name="陆小满")
    model_session.add(ComplaintEvent(complaint=complaint(customer), kind="logged", author=author))
    model_session.flush()
    with pytest.raises(IntegrityError):
        model_session.execute(delete(User).where(User.id == author.id))


def test_the_version_goes_up_and_a_stale_save_is_refused(
    model_session: Session, model_engine: Engine, customer: Customer
) -> None:
    assert customer.version == 1
    customer.name = "云杉精密机械"
    model_session.commit()
    assert customer.version == 2
    first_change = customer.updated_at

    with Session(model_engine) as other:
        same = other.get_one(Customer, customer.id)
        same.name = "云杉"
        other.commit()
    customer.name = "云杉集团"
    # The first session read version 2 before the other one saved.
    with pytest.raises(StaleDataError):
        model_session.flush()
    model_session.rollback()
    assert (customer.name, customer.version) == ("云杉", 3)
    assert customer.updated_at > first_change

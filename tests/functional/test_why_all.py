"""The page of all that one may do, at an entity and at a record; groups of fields; requests that lead from a no."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select

from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from models.complaint import Complaint
from models.customer import Customer
from models.duty import PositionDuty
from models.grant import AccessRequest
from models.organisation import Department, Position
from tests.functional.browsing import Sign, post, stored, words

Level = Callable[[str], None]


@pytest.fixture
def level(app: Flask, rollback: None) -> Level:
    """Give all cells of the position CSD one level for the contact details of customers."""

    def give(word: str) -> None:
        with app.app_context(), acting(db.session(), SYSTEM) as session:
            position = select(Position.id).where(Position.code == "CSD").scalar_subquery()
            for cell in session.scalars(select(PositionDuty).where(PositionDuty.position_id == position)):
                cell.field_levels = {"customer.contact": word}
            session.commit()

    return give


def record_of(app: Flask, model: type[Complaint] | type[Customer], code: str) -> int:
    """A record of the department with this code."""
    query = select(func.max(model.id)).join(Department, Department.id == model.department_id)
    found: int = stored(app, query.where(Department.code == code))
    return found


def row(page: str, name: str, value: str) -> str:
    """One line of the page, without marks."""
    found = re.search(rf'<tr data-{name}="{value}">(.*?)</tr>', page, re.DOTALL)
    assert found is not None, (name, value)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", found[1]))


def test_a_records_page_leads_to_every_action_with_its_reason(app: Flask, person: Sign) -> None:
    key = record_of(app, Complaint, "CS")
    client = person("csd")
    address = f"/why/all?entity=complaint&amp;id={key}"
    assert address in client.get(f"/complaint/details/?id={key}").text
    page = client.get(address.replace("&amp;", "&")).text
    yes, no = row(page, "action", "edit"), row(page, "action", "delete")
    assert " yes " in yes and "you hold R" in yes and "Request access" not in yes
    assert " no " in no and "None of your duties lets you delete complaints." in no
    assert "Who can: 罗嘉言" in no or "罗嘉言" in no
    assert "Request access" in no
    # What is not done with a record has no place on its page.
    assert 'data-action="create"' not in page and 'data-action="export"' not in page
    general = client.get("/why/all?entity=complaint").text
    assert " yes " in row(general, "action", "create")
    assert person("csd", "zh").get(f"/why/all?entity=complaint&id={key}").status_code == 200


def test_a_request_leads_from_the_no_to_the_head(app: Flask, person: Sign) -> None:
    key = record_of(app, Complaint, "CS")
    client = person("csd")
    page = client.get(f"/why/all?entity=complaint&id={key}").text
    link = f"/why/?entity=complaint&amp;id={key}&amp;action=delete#why-request"
    assert link in page
    assert 'id="why-request"' in client.get(link.partition("#")[0].replace("&amp;", "&")).text


def test_what_nobody_may_is_not_asked_for(app: Flask, person: Sign) -> None:
    line = row(person("csd").get("/why/all?entity=complaint_event").text, "action", "edit")
    assert "Nobody may edit" in line and "Request access" not in line


def test_an_administrator_reads_yes_everywhere(person: Sign) -> None:
    page = person("admin").get("/why/all?entity=customer").text
    assert "you are an administrator" in row(page, "action", "delete")
    assert "You read and change" in row(page, "fields", "contact")


def test_a_missing_and_an_invisible_record_get_the_same_page(app: Flask, person: Sign) -> None:
    hidden = record_of(app, Complaint, "CR")
    client = person("csd")
    assert client.get(f"/complaint/details/?id={hidden}").status_code == 404
    for address in ("/why/all?entity=complaint", "/why/?entity=complaint&action=view"):
        pages = [
            re.sub(
                rf'nonce="[^"]*"|name="csrf_token"[^>]*|\b{key}\b', "", client.get(f"{address}&id={key}").text
            )
            for key in (hidden, 999_999_999)
        ]
        assert "whether there is one is not said" in pages[0]
        assert pages[0] == pages[1]


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("hidden", "“How to reach them” of customers is hidden from you"),
        ("masked", "“How to reach them” of customers is masked for you"),
        ("read", "You read “How to reach them” of customers and do not change it."),
        ("write", "You read and change “How to reach them” of customers."),
    ],
)
def test_a_group_of_fields_says_how_much_and_why(
    app: Flask, person: Sign, level: Level, word: str, sentence: str
) -> None:
    key = record_of(app, Customer, "CS")
    client = person("csd")
    level(word)
    line = row(client.get(f"/why/all?entity=customer&id={key}").text, "fields", "contact")
    assert sentence in line
    plain = word in ("read", "write")
    assert ("These positions see them:" in line) is not plain
    assert ("Request access" in line) is not plain
    text = words(client.get(f"/why/?action=view&entity=customer&id={key}&fields=contact"))
    assert sentence in text and "Of “How to reach them” it gives:" in text
    assert ("Positions that see it" in text) is not plain
    assert ("Who sees it of this record" in text and "罗嘉言" in text) is not plain


def test_a_masked_value_leads_to_why_and_may_be_asked_for(app: Flask, person: Sign, level: Level) -> None:
    key = record_of(app, Customer, "CS")
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        session.get_one(Customer, key).phone = "13812345678"
        session.commit()
    client = person("csd")
    level("masked")
    link = f"/why/?action=view&amp;entity=customer&amp;id={key}&amp;fields=contact"
    assert link in client.get(f"/customer/details/?id={key}").text
    form = {"action": "view", "entity": "customer", "id": key, "fields": "contact", "reason": "I call them"}
    assert post(client, "/requests/new", **form).status_code == 302
    asked = select(AccessRequest.reason).order_by(AccessRequest.id.desc()).limit(1)
    assert stored(app, asked) == "To read “How to reach them”: I call them"
    level("read")
    assert link not in client.get(f"/customer/details/?id={key}").text
    assert post(client, "/requests/new", **form).status_code == 400
    assert post(client, "/requests/new", **{**form, "fields": "x"}).status_code == 400


def fields_of(page: str) -> list[str]:
    """The names of what may be typed on a form."""
    return re.findall(r'<(?:input|select|textarea)[^>]* name="(\w+)"', page)


def locked(page: str) -> dict[str, str]:
    """What stands locked on a form: the text by label."""
    found = re.findall(r'<div class="db-field is-locked">(.*?)</div>', page, re.DOTALL)
    parts = [re.findall(r">([^<>]+)<", each.replace("\n", "")) for each in found]
    return {texts[0].strip(): " ".join(filter(None, map(str.strip, texts[1:]))) for texts in parts}


@pytest.mark.parametrize("word", ["hidden", "masked", "read", "write"])
def test_a_form_shows_what_may_not_be_typed_in_its_place_and_why(
    app: Flask, person: Sign, level: Level, word: str
) -> None:
    key = record_of(app, Customer, "CS")
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        session.get_one(Customer, key).phone = "13812345678"
        session.commit()
    client = person("csd")
    level(word)
    page = client.get(f"/customer/edit/?id={key}").text
    assert f'href="/why/all?entity=customer&amp;id={key}"' in page
    assert ("phone" in fields_of(page)) is (word == "write")
    link = f"/why/?action=edit&amp;entity=customer&amp;id={key}&amp;fields=contact"
    assert (link in page) is (word in ("masked", "read"))
    assert ("13812345678" in page) is (word in ("read", "write"))
    if word in ("hidden", "write"):
        assert locked(page) == {}
        return
    assert (
        locked(page)["Phone"]
        == f"Not yours to change {'138****5678' if word == 'masked' else '13812345678'} Why?"
    )
    text = words(client.get(link.replace("&amp;", "&")))
    assert "Positions that change it" in text and "Who changes it of this record" in text
    assert "Request access" in text


def test_a_new_form_and_a_refused_one_show_it_too(app: Flask, person: Sign, level: Level) -> None:
    key = record_of(app, Customer, "CS")
    client = person("csd")
    level("read")
    page = client.get("/customer/new/").text
    assert 'href="/why/all?entity=customer"' in page
    assert locked(page)["Phone"] == "Not yours to change — Why?"
    assert "/why/?action=edit&amp;entity=customer&amp;fields=contact" in page
    answer = post(client, f"/customer/edit/?id={key}", name="", _token="0")
    assert answer.status_code == 409 and "Phone" in locked(answer.text)
    level("hidden")
    assert locked(client.get("/customer/new/").text) == {}


def test_one_may_ask_to_change_a_group_that_one_reads(app: Flask, person: Sign, level: Level) -> None:
    key = record_of(app, Customer, "CS")
    client = person("csd")
    form = {
        "action": "edit",
        "entity": "customer",
        "id": key,
        "fields": "contact",
        "reason": "Numbers change",
    }
    level("read")
    assert post(client, "/requests/new", **form).status_code == 302
    asked = select(AccessRequest).order_by(AccessRequest.id.desc()).limit(1)
    request = stored(app, asked)
    assert (request.action, request.reason) == ("view", "To change “How to reach them”: Numbers change")
    level("write")
    assert post(client, "/requests/new", **form).status_code == 400


@pytest.mark.parametrize(
    "query", ["", "entity=nonsense", "entity=%00", "entity=complaint&fields=x&action=view"]
)
def test_nonsense_is_a_400(person: Sign, query: str) -> None:
    page = "/why/" if "fields" in query else "/why/all"
    assert person("csd").get(f"{page}?{query}").status_code == 400

"""Saving what somebody else changed meanwhile, over HTTP: merged, asked about, or told that it is gone."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.engine.change import delete_rows, update_rows
from models.access import LetterProfile
from models.change import ChangeSet
from models.complaint import Complaint
from models.customer import Customer
from models.organisation import Department, User
from tests.conftest import csrf_token, sign_in
from tests.functional.browsing import words

Open = Callable[..., "Form"]


class Form:
    """An edit form that somebody has open: what it showed, and what is typed into it."""

    def __init__(self, client: FlaskClient, url: str) -> None:
        self.client, self.url = client, url
        self.read(client.get(url).text)

    def read(self, page: str) -> None:
        """Take the form of a page as a browser would."""
        self.page = page
        form = page.split("data-form", 1)[1].split("</form>")[0]
        self.data: dict[str, str] = {}
        for tag in re.findall(r"<input[^>]*>", form):
            name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
            kind = re.search(r'type="(\w+)"', tag)
            if name and (kind is None or kind[1] not in ("checkbox", "radio") or " checked" in tag):
                self.data[name[1]] = html.unescape(value[1]) if value else ""
        for name, body in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL):
            chosen = re.search(r'<option[^>]*selected[^>]*value="([^"]*)"', body) or re.search(
                r'<option selected value="([^"]*)"', body
            )
            self.data[name] = html.unescape(chosen[1]) if chosen else ""
        for name, body in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
            self.data[name] = html.unescape(body).removeprefix("\r\n").removeprefix("\n")

    def save(self, **typed: str) -> Any:
        """Type and save; on a page that comes back the form is read again."""
        self.data |= typed
        answer = self.client.post(self.url, data=self.data)
        if answer.status_code in (200, 409):
            self.read(answer.text)
        return answer

    @property
    def asked(self) -> list[str]:
        """The fields that are to be chosen."""
        return re.findall(r'data-merge="(\w+)"', self.page)

    def sides(self, key: str) -> list[str]:
        """What stands there now, and what stood there before, of a field that is to be chosen."""
        part = self.page.split(f'data-merge="{key}"')[1].split("</fieldset>")[0]
        return [html.unescape(text) for text in re.findall(r'db-merge-text">(.*?)</span>', part, re.DOTALL)]

    @property
    def taken(self) -> list[str]:
        """The fields that were taken over."""
        return re.findall(r'id="(\w+)-taken"', self.page)


@pytest.fixture
def complaint(session: Session, complaint: Complaint) -> Complaint:
    """One with a text and a ticked box more to change."""
    complaint.description, complaint.emergency = "On the third floor", True
    session.commit()
    return complaint


@pytest.fixture
def open_form(app: Flask, rollback: None) -> Open:
    """Open a record's form as somebody, in a browser of their own."""

    def open_it(username: str, record: Any, entity: str = "complaint") -> Form:
        client = sign_in(app.test_client(), username)
        token = csrf_token(client.get("/account/password").text)
        client.post("/language", data={"csrf_token": token, "code": "en", "next": "/"})
        return Form(client, f"/{entity}/edit/?id={record.id}")

    return open_it


def stored(session: Session, record: Any) -> Any:
    session.expire_all()
    return record


def test_what_one_side_alone_changed_is_saved_together_and_told(
    session: Session, complaint: Complaint, open_form: Open
) -> None:
    mine, theirs = open_form("csd", complaint), open_form("css", complaint)
    assert theirs.save(subject="Stuck between floors").status_code == 302
    data = {**mine.data, "description": "On the second floor"}
    data.pop("emergency")
    answer = mine.client.post(mine.url, data=data)
    assert answer.status_code == 302
    after = stored(session, complaint)
    assert (after.subject, after.description, after.emergency) == (
        "Stuck between floors",
        "On the second floor",
        False,
    )
    name = session.scalar(select(User.name).where(User.username == "css"))
    told = words(mine.client.get(answer.location))
    assert f"Saved, together with what {name} changed meanwhile" in told
    made = session.scalars(select(ChangeSet).order_by(ChangeSet.position.desc())).first()
    assert made is not None
    # The merged save tells only what it changed itself.
    assert made.actor_id == session.scalar(select(User.id).where(User.username == "csd"))


def test_equal_changes_are_no_conflict(session: Session, complaint: Complaint, open_form: Open) -> None:
    mine, theirs = open_form("csd", complaint), open_form("css", complaint)
    theirs.save(subject="Stuck", description="Nobody inside")
    assert mine.save(subject="Stuck").status_code == 302
    assert stored(session, complaint).description == "Nobody inside"


def test_where_both_changed_one_chooses_and_nothing_is_lost(
    session: Session, complaint: Complaint, open_form: Open
) -> None:
    mine, theirs = open_form("csd", complaint), open_form("css", complaint)
    theirs.save(subject="Theirs", severity="critical", root_cause="A worn cable")
    answer = mine.save(subject="Mine", severity="low", description="Mine too")
    assert answer.status_code == 409
    assert sorted(mine.asked) == ["severity", "subject"]
    assert mine.taken == ["root_cause"]
    assert (mine.data["subject"], mine.data["description"]) == ("Mine", "Mine too")
    assert mine.data["root_cause"] == "A worn cable"
    name = session.scalar(select(User.name).where(User.username == "css"))
    assert f"{name}, " in words(answer)
    assert mine.sides("subject") == ["Theirs", "The lift stands still"]
    assert mine.sides("severity") == ["Critical", "Medium"]
    assert stored(session, complaint).subject == "Theirs"
    # Saving again without a choice asks again.
    assert mine.save(**{"_pick-severity": "theirs"}).status_code == 409
    assert mine.asked == ["subject"]
    assert mine.save(**{"_pick-subject": "mine", "subject": "Mine, better"}).status_code == 302
    after = stored(session, complaint)
    assert (after.subject, after.severity) == ("Mine, better", "critical")
    assert (after.description, after.root_cause) == ("Mine too", "A worn cable")


def test_a_third_change_while_choosing_is_merged_again(
    session: Session, complaint: Complaint, open_form: Open
) -> None:
    mine, theirs = open_form("csd", complaint), open_form("css", complaint)
    theirs.save(subject="Theirs")
    mine.save(subject="Mine", description="Mine")
    update_rows(session, Complaint, Complaint.id == complaint.id, {"subject": "Third", "severity": "high"})
    session.commit()
    # The choice was made on what stood there then; what stands there now was not seen.
    assert mine.save(**{"_pick-subject": "mine"}).status_code == 409
    assert mine.asked == ["subject"]
    assert "Third" in mine.page
    assert mine.save(**{"_pick-subject": "theirs"}).status_code == 302
    after = stored(session, complaint)
    assert (after.subject, after.description, after.severity) == ("Third", "Mine", "high")


def test_a_form_that_carries_no_base_asks_about_every_difference(
    session: Session, complaint: Complaint, open_form: Open
) -> None:
    mine = open_form("csd", complaint)
    update_rows(session, Complaint, Complaint.id == complaint.id, {"subject": "Theirs"})
    session.commit()
    for base in ("", "{", "[1]", json.dumps({"subject": 1})):
        mine.data["_base"] = base
        assert mine.save().status_code == 409
        assert mine.asked == ["subject"]
        mine.data["_token"] = "0"
        mine.data["subject"] = "The lift stands still"
        mine.data.pop("_open")
    assert "not known" in mine.page


def test_a_reference_is_chosen_by_name(session: Session, complaint: Complaint, open_form: Open) -> None:
    mine, theirs = open_form("admin", complaint), open_form("css", complaint)
    people = {user.username: user for user in session.scalars(select(User))}
    theirs.save(owner=str(people["css"].id))
    assert mine.save(owner=str(people["admin"].id)).status_code == 409
    assert mine.asked == ["owner"]
    assert mine.sides("owner") == [people["css"].name, people["csd"].name]
    assert mine.save(**{"_pick-owner": "theirs"}).status_code == 302
    assert stored(session, complaint).owner_id == people["css"].id


def test_fields_that_one_may_not_write_are_neither_shown_nor_changed(
    session: Session, open_form: Open
) -> None:
    profile = session.scalars(select(LetterProfile).where(LetterProfile.letter == "R")).one()
    profile.field_level = "hidden"
    session.commit()
    who = session.scalars(select(User).where(User.username == "csd")).one()
    department = session.scalars(select(Department).where(Department.code == "CS")).one()
    customer = Customer(
        name="Lindqvist",
        customer_class="project",
        customer_subtype="single",
        owner=who,
        department=department,
        code="KH-M",
        phone="1",
    )
    session.add(customer)
    session.commit()
    mine = open_form("csd", customer, "customer")
    assert "phone" not in mine.data
    update_rows(
        session,
        Customer,
        Customer.id == customer.id,
        {"phone": "021-555", "name": "Theirs", "region": "East"},
    )
    session.commit()
    mine.data["_base"] = json.dumps({**json.loads(mine.data["_base"]), "phone": "1"})
    mine.data["_open"] = json.dumps({"phone": "1"})
    answer = mine.save(name="Mine", phone="stolen", **{"_pick-phone": "mine"})
    assert answer.status_code == 409
    assert mine.asked == ["name"]
    assert "021-555" not in answer.text
    assert mine.save(**{"_pick-name": "mine", "phone": "stolen"}).status_code == 302
    after = stored(session, customer)
    assert (after.name, after.phone, after.region) == ("Mine", "021-555", "East")


def test_a_record_that_was_deleted_meanwhile_gives_back_what_was_typed(
    session: Session, complaint: Complaint, open_form: Open
) -> None:
    mine = open_form("csd", complaint)
    delete_rows(session, Complaint, Complaint.id == complaint.id)
    session.commit()
    answer = mine.client.post(mine.url, data={**mine.data, "subject": "All <b>lost</b>?"})
    assert answer.status_code == 404
    text = words(answer)
    assert "Not saved: the record is gone" in text
    assert "deleted it" in text
    assert "All &lt;b&gt;lost&lt;/b&gt;?" in answer.text
    assert "Medium" in text
    # A new record is made of it by hand: nothing is saved before.
    form = answer.text.split('action="/complaint/new/"')[1].split("</form>")[0]
    data = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form))
    page = mine.client.post("/complaint/new/", data={key: html.unescape(text) for key, text in data.items()})
    assert page.status_code == 200
    assert "not saved yet" in page.text
    assert 'value="All &lt;b&gt;lost&lt;/b&gt;?"' in page.text
    assert session.scalar(select(Complaint.id).where(Complaint.subject.like("All%"))) is None


def test_a_record_that_left_ones_rows_tells_nothing_of_itself(
    session: Session, complaint: Complaint, open_form: Open
) -> None:
    mine = open_form("csd", complaint)
    other = session.scalars(select(Department).where(Department.code == "BIZ")).one()
    update_rows(
        session,
        Complaint,
        Complaint.id == complaint.id,
        {"department_id": other.id, "owner_id": None, "subject": "Secret"},
    )
    session.commit()
    answer = mine.client.post(mine.url, data={**mine.data, "description": "Mine"})
    assert answer.status_code == 404
    assert "Secret" not in answer.text
    assert "Mine" in answer.text
    assert "deleted it" not in words(answer)
    assert mine.client.get(mine.url).status_code == 404

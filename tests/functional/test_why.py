"""Why, why not, who, and asking for access, over HTTP: answers, no leak, and a grant that begins and ends by itself."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, true

from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.access.world import touch
from admin_app.engine.change import update_rows
from admin_app.services import clock
from models.complaint import Complaint
from models.grant import AccessGrant, AccessRequest
from models.organisation import Department, User
from tests.functional.browsing import Sign, post, stored, words


def complaint_of(app: Flask, code: str) -> int:
    """A complaint of the department with this code."""
    query = select(func.min(Complaint.id)).join(Department, Department.id == Complaint.department_id)
    found: int = stored(app, query.where(Department.code == code))
    return found


def test_a_yes_names_the_cell(person: Sign) -> None:
    answer = person("css").get("/why/?action=edit&entity=complaint")
    assert answer.status_code == 200
    assert "Yes: you may edit complaints." in words(answer)
    assert "as Service supervisor in Customer service you hold A" in words(answer)
    assert 'href="/matrix/?q=CMP3#CSS-CMP3"' in answer.text


def test_it_speaks_the_readers_language(person: Sign) -> None:
    text = words(person("css", "zh").get("/why/?action=edit&entity=complaint"))
    for name in ("客户服务主管", "客户服务部", "终级疑难投诉", "投诉"):
        assert name in text


def test_a_no_names_positions_people_and_offers_a_request(person: Sign) -> None:
    answer = person("csd").get("/why/?action=view&entity=contract")
    text = words(answer)
    assert "No: none of your duties lets you view contracts." in text
    assert "Contract role" in text and "秦守信" in text
    assert "/requests/new" in answer.text


def test_a_record_says_whose_it_is(app: Flask, person: Sign) -> None:
    key = complaint_of(app, "CS")
    text = words(person("csd").get(f"/why/?action=edit&entity=complaint&id={key}"))
    assert "in Customer service." in text and "belongs to" in text


def test_an_administrator_and_open_reading_have_their_own_sentences(person: Sign) -> None:
    assert "administrator" in words(person("admin").get("/why/?action=edit&entity=complaint"))
    assert "everybody who signs in" in words(person("csd").get("/why/?action=view&entity=department"))


def test_a_missing_and_an_invisible_record_get_the_same_answer(app: Flask, person: Sign) -> None:
    elsewhere = select(Department.id).where(Department.code != "CS")
    hidden = stored(app, select(func.max(Complaint.id)).where(Complaint.department_id.in_(elsewhere)))
    # A number that no position on the page bears.
    assert hidden > 29
    client = person("csd")
    assert client.get(f"/complaint/details/?id={hidden}").status_code == 404
    for page in ("/why/", "/why/who"):
        pages = [
            re.sub(rf'nonce="[^"]*"|name="csrf_token"[^>]*|\b{key}\b', "", client.get(url).text)
            for key in (hidden, 999_999_999)
            if (url := f"{page}?action=edit&entity=complaint&id={key}")
        ]
        assert "whether there is one is not said" in pages[0]
        assert pages[0] == pages[1]


@pytest.mark.parametrize(
    "query",
    [
        "action=view",
        "entity=complaint",
        "action=fly&entity=complaint",
        "action=view&entity=nonsense",
        "action=%00&entity=%00",
    ],
)
def test_nonsense_is_a_400(person: Sign, query: str) -> None:
    client = person("csd")
    assert client.get(f"/why/?{query}").status_code == 400
    assert client.get(f"/why/who?{query}").status_code == 400


def test_who_can_lists_people_and_reasons(person: Sign) -> None:
    text = words(person("csd").get("/why/who?action=delete&entity=complaint"))
    assert "罗嘉言" in text and "as Service supervisor in Customer service 罗嘉言 holds A" in text
    assert "马晨曦" not in text


def test_lists_details_and_refusals_lead_to_why(app: Flask, person: Sign) -> None:
    key = complaint_of(app, "CS")
    client = person("csd")
    assert "/why/?action=view&amp;entity=complaint" in client.get("/complaint/").text
    details = client.get(f"/complaint/details/?id={key}").text
    assert f"/why/all?entity=complaint&amp;id={key}" in details
    for url, leads in (
        ("/contract/", "/why/?action=view&amp;entity=contract"),
        (f"/complaint/delete/?id={key}", f"/why/?action=delete&amp;entity=complaint&amp;id={key}"),
        ("/complaint/export/csv/", "/why/?action=export&amp;entity=complaint"),
        ("/import/", "/why/?action=create&amp;entity=import"),
    ):
        refused = client.get(url)
        assert refused.status_code == 403, url
        assert leads in refused.text, url
    elsewhere = select(Department.id).where(Department.code != "CS")
    hidden = stored(app, select(func.max(Complaint.id)).where(Complaint.department_id.in_(elsewhere)))
    for number in (hidden, 999_999_999):
        gone = client.get(f"/complaint/details/?id={number}")
        assert gone.status_code == 404
        assert f"/why/?action=view&amp;entity=complaint&amp;id={number}" in gone.text
    script = client.get("/contract/", headers={"X-Requested-With": "XMLHttpRequest"})
    assert script.get_json()["why"] == "/why/?action=view&entity=contract"


def ask(app: Flask, client: FlaskClient, **fields: str) -> int:
    """Send a request and return its number."""
    given = {"action": "view", "entity": "tag", "reason": "Sort customers by tag"} | fields
    assert post(client, "/requests/new", **given).status_code == 302
    found: int = stored(app, select(func.max(AccessRequest.id)))
    return found


def terms(app: Flask, **fields: Any) -> dict[str, Any]:
    """A decision as the form sends it."""
    department = stored(app, select(Department.id).where(Department.code == "CS"))
    until = clock.today() + timedelta(days=7)
    return {
        "rows": "department",
        "department": department,
        "field_level": "read",
        "until": until.isoformat(),
        "answer": "For the tag project",
        **fields,
    }


def test_a_granted_request_opens_the_next_click_and_ends_by_its_date(app: Flask, person: Sign) -> None:
    clerk, head = person("csd"), person("css")
    assert clerk.get("/tag/").status_code == 403
    number = ask(app, clerk)
    assert "Sort customers by tag" in words(head.get("/requests/"))
    assert post(head, "/requests/grant", id=number, **terms(app)).status_code == 302
    assert clerk.get("/tag/").status_code == 200
    text = words(clerk.get("/why/?action=view&entity=tag"))
    assert "Because it was granted by hand by 罗嘉言" in text and "For the tag project" in text
    assert "Granted" in words(clerk.get("/requests/"))
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        yesterday = clock.today() - timedelta(days=1)
        update_rows(session, AccessGrant, true(), {"valid_from": yesterday, "valid_to": yesterday})
        touch(session)
        session.commit()
    assert clerk.get("/tag/").status_code == 403


def test_a_refusal_needs_a_reason_and_gives_nothing(app: Flask, person: Sign) -> None:
    clerk, head = person("csd"), person("css")
    number = ask(app, clerk)
    assert post(head, "/requests/refuse", id=number, answer=" ").status_code == 400
    assert post(head, "/requests/refuse", id=number, answer="Not needed").status_code == 302
    assert clerk.get("/tag/").status_code == 403
    assert "Not needed" in words(clerk.get("/requests/"))
    assert post(head, "/requests/grant", id=number, **terms(app)).status_code == 409


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"answer": ""}, 400),
        ({"until": ""}, 400),
        ({"until": "2001-01-01"}, 400),
        ({"until": "9999-01-01"}, 400),
        ({"rows": "galaxy"}, 400),
        ({"rows": "all"}, 403),
        ({"department": "1"}, 403),
        ({"field_level": "nonsense"}, 400),
    ],
)
def test_a_head_gives_only_what_the_head_holds(
    app: Flask, person: Sign, fields: dict[str, str], status: int
) -> None:
    number = ask(app, person("csd"))
    assert post(person("css"), "/requests/grant", id=number, **terms(app, **fields)).status_code == status
    assert stored(app, select(AccessGrant.id).where(AccessGrant.request_id == number)) is None


def test_nobody_decides_the_own_request_or_those_of_other_departments(app: Flask, person: Sign) -> None:
    clerk, head = person("csd"), person("css")
    number = ask(app, clerk)
    for client in (clerk, person("slm")):
        for door in ("grant", "refuse"):
            assert post(client, f"/requests/{door}", id=number, **terms(app)).status_code == 404
        assert "Sort customers by tag" not in words(client.get("/requests/")).partition("Your requests")[0]
    own = ask(app, head, entity="letter_profile", reason="I want more")
    assert post(head, "/requests/grant", id=own, **terms(app)).status_code == 404
    assert post(head, "/requests/withdraw", id=number).status_code == 404
    assert post(clerk, "/requests/withdraw", id=number).status_code == 302
    assert post(head, "/requests/grant", id=number, **terms(app)).status_code == 409


def test_what_no_head_holds_goes_to_an_administrator(app: Flask, person: Sign) -> None:
    number = ask(app, person("csd"), entity="letter_profile")
    asked = stored(app, select(User.username).join(AccessRequest, AccessRequest.head_id == User.id))
    assert asked == "admin"
    assert post(person("admin"), "/requests/grant", id=number, **terms(app, rows="all")).status_code == 302


def test_a_request_needs_a_reason_and_something_to_ask_for(app: Flask, person: Sign) -> None:
    clerk = person("csd")
    for fields, status in (
        ({"reason": " "}, 400),
        ({"entity": "complaint"}, 400),
        ({"entity": "nonsense"}, 400),
        ({"entity": "complaint_event", "action": "edit"}, 400),
        ({"entity": "complaint", "action": "view", "id": "9" * 201}, 400),
    ):
        given = {"action": "view", "entity": "tag", "reason": "Because", **fields}
        assert post(clerk, "/requests/new", **given).status_code == status, fields
    ask(app, clerk)
    assert post(clerk, "/requests/new", action="view", entity="tag", reason="Again").status_code == 409


def test_a_manual_grant_names_its_approver_and_is_never_for_oneself(app: Flask, person: Sign) -> None:
    admin = person("admin")
    department = stored(app, select(Department.id).where(Department.code == "CS"))
    csd = stored(app, select(User.id).where(User.username == "csd"))
    own = stored(app, select(User.id).where(User.username == "admin"))
    form = {
        "entity": "contract",
        "actions": "edit view",
        "rows": "department",
        "department": department,
        "field_level": "read",
        "reason": "Holiday cover",
        "valid_from": clock.today().isoformat(),
        "valid_to": clock.today().isoformat(),
    }
    assert "Nobody grants access to themselves" in post(admin, "/access_grant/new/", user=own, **form).text
    for wrong in ({"actions": "fly"}, {"actions": ""}, {"entity": "x"}, {"valid_to": ""}, {"reason": " "}):
        assert post(admin, "/access_grant/new/", user=csd, **{**form, **wrong}).status_code == 200, wrong
    mine = select(func.count(AccessGrant.id)).where(AccessGrant.user_id.in_([csd, own]))
    assert stored(app, mine) == 0
    assert post(admin, "/access_grant/new/", user=csd, **form).status_code == 302
    approver = select(AccessGrant.approver_id).where(AccessGrant.user_id == csd)
    assert stored(app, approver) == own
    assert person("csd").get("/contract/").status_code == 200
    assert person("css").get("/access_grant/").status_code == 403


def test_the_reason_of_a_grant_is_told_to_the_receiver_and_the_head_alone(app: Flask, person: Sign) -> None:
    clerk, head = person("csd"), person("css")
    assert post(head, "/requests/grant", id=ask(app, clerk), **terms(app)).status_code == 302
    question = "/why/who?action=view&entity=tag"
    for client, told in ((clerk, True), (head, True), (person("admin"), True), (person("slm"), False)):
        text = words(client.get(question))
        assert "林小满" in text
        assert ("For the tag project" in text) is told


def test_what_is_held_for_a_time_is_given_for_that_time_at_most(app: Flask, person: Sign) -> None:
    stand_in = person("csd2")
    number = ask(app, person("csd"))
    later = (clock.today() + timedelta(days=30)).isoformat()
    assert post(stand_in, "/requests/grant", id=number, **terms(app, until=later)).status_code == 403
    assert post(stand_in, "/requests/grant", id=number, **terms(app)).status_code == 302


def test_a_request_about_a_record_says_nothing_of_it_to_who_may_not_see_it(app: Flask, person: Sign) -> None:
    elsewhere = select(Department.id).where(Department.code == "CR")
    hidden = stored(app, select(func.max(Complaint.id)).where(Complaint.department_id.in_(elsewhere)))
    subject = stored(app, select(Complaint.subject).where(Complaint.id == hidden))
    clerk = person("csd")
    for key in (hidden, 999_999_999):
        ask(app, clerk, entity="complaint", id=str(key))
    for client in (clerk, person("css")):
        assert subject not in words(client.get("/requests/"))
    assert subject in words(person("admin").get("/requests/"))

"""View as: an administrator sees what others see, changes nothing, and it is marked and logged."""

from __future__ import annotations

import logging

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from models.complaint import Complaint
from models.organisation import User
from models.usage import ViewAsLog
from tests.conftest import csrf_token, sign_in

BAR = "db-viewing"


@pytest.fixture
def admin(app: Flask, rollback: None) -> FlaskClient:
    """The administrator, signed in."""
    return sign_in(app.test_client(), "admin")


def post(client: FlaskClient, url: str, **fields: str) -> int:
    """Send a form; the status."""
    token = csrf_token(client.get("/account/password").text)
    return client.post(url, data={"csrf_token": token, **fields}).status_code


def test_a_position_is_seen_with_its_rights_and_a_bar_on_every_page(admin: FlaskClient) -> None:
    assert admin.get("/contract/").status_code == 200
    assert BAR not in admin.get("/").text
    assert post(admin, "/why/as", position="CSD") == 302
    for url, status in (
        ("/", 200),
        ("/complaint/", 200),
        ("/contract/", 403),
        ("/why/", 200),
        ("/nowhere", 404),
    ):
        answer = admin.get(url)
        assert (answer.status_code, BAR in answer.text) == (status, True), url
    assert 'href="/contract/"' not in admin.get("/").text
    assert post(admin, "/why/as/end") == 302
    assert admin.get("/contract/").status_code == 200
    assert BAR not in admin.get("/").text


def test_a_person_is_seen_with_their_rows(app: Flask, admin: FlaskClient) -> None:
    assert post(admin, "/why/as", user="css") == 302
    assert BAR in admin.get("/complaint/").text
    assert admin.get("/letter_profile/").status_code == 403


def test_nothing_can_be_sent_but_the_end(app: Flask, admin: FlaskClient) -> None:
    assert post(admin, "/why/as", user="css") == 302
    token = csrf_token(admin.get("/account/password").text)
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        before = session.scalar(select(func.max(Complaint.version)))
        language = session.scalar(select(User.language).where(User.username == "admin"))
    tried = 0
    for rule in app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or rule.endpoint in ("why.end_view_as", "account.logout"):
            continue
        url = str(rule).replace("<export_type>", "csv")
        answer = admin.post(f"{url}?id=1", data={"csrf_token": token, "code": "en", "position": "EXE"})
        assert answer.status_code == 403, url
        tried += 1
    assert tried > 30
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        assert session.scalar(select(func.max(Complaint.version))) == before
        assert session.scalar(select(User.language).where(User.username == "admin")) == language
    assert BAR in admin.get("/").text


def test_signing_out_ends_it(app: Flask, admin: FlaskClient) -> None:
    assert post(admin, "/why/as", user="css") == 302
    assert post(admin, "/logout") == 302
    sign_in(admin, "admin")
    assert BAR not in admin.get("/").text


@pytest.mark.parametrize("fields", [{}, {"position": "NONE"}, {"user": "nobody"}, {"user": "csd4"}])
def test_there_has_to_be_such_a_position_or_person(admin: FlaskClient, fields: dict[str, str]) -> None:
    assert post(admin, "/why/as", **fields) == 400


def test_nobody_else_may(app: Flask, rollback: None) -> None:
    head = sign_in(app.test_client(), "css")
    assert post(head, "/why/as", user="exe") == 403
    assert "/why/as" not in head.get("/why/").text
    with head.session_transaction() as cookie:
        cookie["view_as"] = {"user": "admin"}
    assert head.get("/letter_profile/").status_code == 403
    assert BAR not in head.get("/").text


def test_it_is_logged_with_both_names(admin: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="dutybook.access"):
        post(admin, "/why/as", user="css")
        admin.get("/complaint/")
        post(admin, "/why/as/end")
    said = [record.getMessage() for record in caplog.records]
    for line in (
        "admin views as css",
        "admin as css: GET complaint.index_view",
        "admin no longer views as css",
    ):
        assert line in said


def test_who_saw_it_as_whom_stands_in_a_list_for_administrators(app: Flask, rollback: None) -> None:
    admin = sign_in(app.test_client(), "admin")
    post(admin, "/why/as", position="CSD")
    post(admin, "/why/as/end")
    post(admin, "/why/as", user="css")
    post(admin, "/why/as/end")
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        found = session.execute(
            select(ViewAsLog.step, ViewAsLog.kind, ViewAsLog.seen_as).order_by(ViewAsLog.id)
        ).all()
    assert [tuple(each) for each in found] == [
        ("began", "position", "CSD"),
        ("ended", "position", "CSD"),
        ("began", "person", "css"),
        ("ended", "person", "css"),
    ]
    listed = admin.get("/why/").text.partition('id="why-seen"')[2]
    assert listed.count("<tr>") == 5 and "CSD" in listed and "css" in listed
    assert 'id="why-seen"' not in sign_in(app.test_client(), "css").get("/why/").text

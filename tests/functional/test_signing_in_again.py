"""A session that ends over a form: after a new sign-in the form comes back, to the same person alone."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.complaint import Complaint
from models.session import LoginSession
from models.types import utc_now
from tests.conftest import PASSWORD, csrf_token, sign_in


@pytest.fixture
def clerk(app: Flask, rollback: None) -> FlaskClient:
    return sign_in(app.test_client(), "csd")


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page's forms."""
    tags = re.findall(r'<input[^>]*type="hidden"[^>]*>', page)
    pairs = [(re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)) for tag in tags]
    return {name[1]: html.unescape(value[1]) if value else "" for name, value in pairs if name}


def typed(client: FlaskClient, complaint: Complaint, **more: str) -> tuple[str, dict[str, str]]:
    """The address of the form, and what is sent of it."""
    url = f"/complaint/edit/?id={complaint.id}"
    shown = client.get(url).text
    whole = {
        "customer": str(complaint.customer_id),
        "channel": "phone",
        "kind": "complaint",
        "severity": "medium",
        "subject": "Typed <i>late</i>",
        "description": "Two\nlines",
        "owner": str(complaint.owner_id),
        "department": str(complaint.department_id),
    }
    received = re.search(r'name="received_at"[^>]*value="([^"]*)"', shown)
    assert received
    tokens = {key: text for key, text in hidden(shown).items() if key in ("_token", "_base", "csrf_token")}
    return url, {**tokens, **whole, "received_at": received[1], **more}


def end_sessions(session: Session) -> None:
    session.execute(update(LoginSession).values(last_seen_at=utc_now() - timedelta(hours=9)))
    session.commit()


def enter(client: FlaskClient, page: str, username: str) -> Any:
    return client.post("/login", data={**hidden(page), "username": username, "password": PASSWORD})


def test_the_form_comes_back_with_what_was_typed_and_nothing_is_saved(
    session: Session, clerk: FlaskClient, complaint: Complaint
) -> None:
    url, data = typed(clerk, complaint)
    end_sessions(session)
    asked = clerk.post(url, data={**data, "password": "secret"})
    assert asked.status_code == 401
    assert "secret" not in asked.text
    # A slip of the keyboard loses nothing.
    again = clerk.post("/login", data={**hidden(asked.text), "username": "csd", "password": "wrong"})
    assert hidden(again.text)["kept"] == hidden(asked.text)["kept"]
    back = enter(clerk, again.text, "csd")
    assert back.status_code == 200
    fields = hidden(back.text)
    assert (fields["subject"], fields["description"]) == ("Typed <i>late</i>", "Two\nlines")
    assert "password" not in fields
    assert f'action="{html.escape(url)}"' in back.text
    form = clerk.post(url, data=fields)
    assert form.status_code == 200
    assert 'value="Typed &lt;i&gt;late&lt;/i&gt;"' in form.text
    session.expire_all()
    assert complaint.subject == "The lift stands still"
    kept = {key: text for key, text in hidden(form.text).items() if key in ("_token", "_base", "csrf_token")}
    assert clerk.post(url, data={**data, **kept}).status_code == 302
    session.expire_all()
    assert complaint.subject == "Typed <i>late</i>"


def test_what_changed_meanwhile_is_merged_when_it_is_saved(
    session: Session, clerk: FlaskClient, complaint: Complaint
) -> None:
    url, data = typed(clerk, complaint)
    end_sessions(session)
    asked = clerk.post(url, data=data)
    complaint.root_cause = "A worn cable"
    session.commit()
    form = clerk.post(url, data=hidden(enter(clerk, asked.text, "csd").text))
    kept = {key: text for key, text in hidden(form.text).items() if key in ("_token", "_base", "csrf_token")}
    assert kept["_token"] == data["_token"]
    assert clerk.post(url, data={**data, **kept}).status_code == 302
    session.expire_all()
    assert (complaint.subject, complaint.root_cause) == ("Typed <i>late</i>", "A worn cable")


def test_nobody_else_gets_it(session: Session, clerk: FlaskClient, complaint: Complaint) -> None:
    url, data = typed(clerk, complaint)
    end_sessions(session)
    asked = clerk.post(url, data=data)
    answer = enter(clerk, asked.text, "css")
    assert answer.status_code == 302
    assert "Typed" not in clerk.get(answer.location).text


def test_a_new_record_comes_back_too(session: Session, clerk: FlaskClient) -> None:
    token = csrf_token(clerk.get("/complaint/new/").text)
    end_sessions(session)
    asked = clerk.post("/complaint/new/", data={"csrf_token": token, "subject": "New and late"})
    page = clerk.post("/complaint/new/", data=hidden(enter(clerk, asked.text, "csd").text))
    assert 'value="New and late"' in page.text
    assert session.scalar(select(Complaint.id).where(Complaint.subject == "New and late")) is None


@pytest.mark.parametrize("text", ["", "forged", "x" * 300_000])
def test_what_no_page_of_ours_carried_is_left_out(app: Flask, rollback: None, text: str) -> None:
    client = app.test_client()
    page = client.get("/login").text
    data = {**hidden(page), "kept": text, "username": "csd", "password": PASSWORD}
    assert client.post("/login", data=data).status_code == 302


def test_a_stranger_and_a_form_that_is_too_large_are_sent_to_sign_in(
    app: Flask, session: Session, clerk: FlaskClient, complaint: Complaint
) -> None:
    url, data = typed(clerk, complaint)
    assert app.test_client().post(url, data=data).status_code == 302
    end_sessions(session)
    # Noise does not pack.
    noise = "".join(f"{number * number:x}" for number in range(200_000))
    assert clerk.post(url, data={**data, "description": noise}).status_code == 302
    assert clerk.post("/account/password", data=data).status_code == 302


def test_a_script_is_told_in_its_own_way(session: Session, clerk: FlaskClient, complaint: Complaint) -> None:
    url, data = typed(clerk, complaint)
    end_sessions(session)
    answer = clerk.post(url, data=data, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")

"""The whole app at its front door: signing in and out, the gate, the language, errors, headers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from admin_app.gate import ANONYMOUS_ENDPOINTS
from admin_app.passwords import hash_password
from models.organisation import User

NAME = "front-door"
PASSWORD = "knock three times and wait"
ROUTE_VALUES = {"int": "1", "path": "x", "default": "x", "string": "x"}


@pytest.fixture
def somebody(app: Flask, client: FlaskClient) -> str:
    """An active administrator whose only purpose is to come and go; the user name."""
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        user = session.scalar(select(User).where(User.username == NAME)) or User(username=NAME)
        user.name, user.is_active, user.is_admin, user.language = "Front Door", True, True, "en"
        user.password_hash = hash_password(PASSWORD)
        session.add(user)
        session.commit()
    return NAME


@pytest.fixture
def come(app: Flask, somebody: str) -> Callable[..., FlaskClient]:
    """Open a new browser and sign in."""

    def sign_in(password: str = PASSWORD, target: str = "/") -> FlaskClient:
        client = app.test_client()
        data = {"username": somebody, "password": password, "next": target, "csrf_token": token(client)}
        client.last = client.post("/login", data=data)  # type: ignore[attr-defined]
        return client

    return sign_in


def token(client: FlaskClient, path: str = "/login") -> str:
    """The CSRF token of the forms on a page."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(path).text)
    assert found, f"{path} has no form"
    return found[1]


def test_a_person_comes_in_works_and_leaves(come: Callable[..., FlaskClient]) -> None:
    client = come(target="/account/password")
    assert client.last.headers["Location"] == "/account/password"  # type: ignore[attr-defined]
    page = client.get("/account/password")
    assert page.status_code == 200
    assert "Front Door" in page.text
    copied = client.get_cookie("dutybook")
    assert copied is not None
    assert client.post("/logout", data={"csrf_token": token(client, "/account/password")}).status_code == 302
    client.set_cookie("dutybook", copied.value)
    assert client.get("/account/password").headers["Location"] == "/login?next=/account/password"


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "https:evil.example"])
def test_next_stays_on_this_site(come: Callable[..., FlaskClient], target: str) -> None:
    assert come(target=target).last.headers["Location"] == "/"  # type: ignore[attr-defined]


def test_a_disabled_person_is_out_at_the_next_click(app: Flask, come: Callable[..., FlaskClient]) -> None:
    client = come()
    assert client.get("/account/password").status_code == 200
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        session.scalars(select(User).where(User.username == NAME)).one().is_active = False
        session.commit()
    assert client.get("/account/password").status_code == 302


def test_a_changed_token_is_a_400_page(come: Callable[..., FlaskClient]) -> None:
    client = come()
    good = token(client, "/account/password")
    answer = client.post("/logout", data={"csrf_token": good[:-1]})
    assert answer.status_code == 400
    assert answer.headers["X-Request-Id"] in answer.text
    assert client.get("/account/password").status_code == 200


def test_every_door_but_the_listed_ones_is_shut(app: Flask, client: FlaskClient) -> None:
    opened = []
    for rule in app.url_map.iter_rules():
        address = re.sub(
            r"<(?:(\w+)(?:\([^)]*\))?:)?\w+>", lambda m: ROUTE_VALUES[m[1] or "default"], rule.rule
        )
        for method in (rule.methods or set()) - {"OPTIONS"}:
            answer = client.open(address, method=method, buffered=True)
            shut = answer.status_code == 302 and answer.headers["Location"].startswith("/login")
            if not shut:
                opened.append(rule.endpoint)
    assert set(opened) == ANONYMOUS_ENDPOINTS


@pytest.mark.parametrize("code", ["zh", "en"])
def test_an_error_page_speaks_the_readers_language_and_names_its_request(
    come: Callable[..., FlaskClient], code: str
) -> None:
    client = come()
    client.post("/language", data={"code": code, "csrf_token": token(client, "/account/password")})
    answer = client.get("/no/such/page")
    assert answer.status_code == 404
    assert f'<html lang="{"zh-CN" if code == "zh" else "en"}"' in answer.text
    assert answer.headers["X-Request-Id"] in answer.text
    assert "The requested URL" not in answer.text


def test_a_fault_shows_its_number_and_no_more(
    app: Flask, come: Callable[..., FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ZeroDivisionError("an inner detail")

    client = come()
    monkeypatch.setitem(app.view_functions, "account.password", fail)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    answer = client.get("/account/password")
    assert answer.status_code == 500
    assert answer.headers["X-Request-Id"] in answer.text
    assert not [word for word in ("Traceback", "ZeroDivision", "inner detail") if word in answer.text]


def test_ten_failures_close_the_door_for_a_while(client: FlaskClient, somebody: str) -> None:
    elsewhere: dict[str, Any] = {"environ_overrides": {"REMOTE_ADDR": "198.51.100.7"}}
    for number in range(11):
        data = {"username": somebody, "password": f"guess {number}", "csrf_token": token(client)}
        answer = client.post("/login", data=data, **elsewhere)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("path", ["/", "/login", "/no/such/page"])
def test_pages_are_strict_about_what_they_load(come: Callable[..., FlaskClient], path: str) -> None:
    answer = come().get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    assert answer.headers["Cache-Control"] == "no-store"
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", answer.text)
    nonce = re.search(r"'nonce-([^']+)'", policy)
    assert nonce is not None
    for script in re.findall(r"<script[^>]*>", answer.text):
        assert f'nonce="{nonce[1]}"' in script


def test_the_session_is_loaded_with_one_statement(app: Flask, come: Callable[..., FlaskClient]) -> None:
    client = come()
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        assert client.get("/account/password").status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len([statement for statement in seen if "login_session" in statement]) == 1
    assert not [
        statement for statement in seen if re.search(r"password_hash", statement) and "JOIN" not in statement
    ]

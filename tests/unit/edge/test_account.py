"""Signing in and out, `next`, language, password: over HTTP, on the small app."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from admin_app.account import safe_next
from admin_app.db import db
from admin_app.passwords import PasswordHasher, verify_password
from models.organisation import User
from tests.unit.edge.conftest import PASSWORD

ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\u200b/evil.example",
    "/\t/[",
    "https:evil.example",
    "https://evil.example/",
    "javascript:alert(1)",
    " /secret",
    "secret",
    "",
    "/" + "x" * 2001,
]


def ada(app: Flask) -> User:
    """The stored person."""
    with app.app_context():
        return db.session.scalars(select(User).where(User.username == "ada")).one()


@pytest.mark.parametrize("target", ELSEWHERE)
def test_a_next_that_leads_elsewhere_is_ignored(browser, target: str) -> None:
    assert browser.sign_in(target=target).headers["Location"] == "/"
    browser.get("/page/x")
    assert browser.post("/language", {"code": "en", "next": target}).headers["Location"] == "/"


@pytest.mark.parametrize("target", ["/secret", "/customer/?q=a&sort=-name", "/客户/?x=//evil", "/a?b=c\\d"])
def test_a_next_on_this_site_is_followed(browser, target: str) -> None:
    answer = browser.sign_in(target=target)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/")
    assert len(answer.headers["Location"]) >= len(target)


def test_next_stays_under_the_prefix_of_the_app(edge_app: Flask) -> None:
    with edge_app.test_request_context(environ_overrides={"SCRIPT_NAME": "/duty"}):
        assert safe_next("//evil") == "/duty/"


def test_whoever_is_sent_to_the_sign_in_comes_back(browser) -> None:
    sent = browser.get("/secret?a=1&b=2")
    assert sent.status_code == 302
    assert sent.headers["Location"] == "/login?next=/secret?a%3D1%26b%3D2"
    page = browser.get(sent.headers["Location"])
    assert 'name="next" value="/secret?a=1&amp;b=2"' in page.text
    answer = browser.post("/login", {"username": "ada", "password": PASSWORD, "next": "/secret?a=1&b=2"})
    assert answer.headers["Location"] == "/secret?a=1&b=2"
    assert browser.get("/login?next=/secret").headers["Location"] == "/secret"


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("ada", "wrong"),
        ("nobody", PASSWORD),
        ("bob", PASSWORD),
        ("eve", ""),
        ("eve", "x"),
        ("ada", "x" * 5000),
    ],
)
def test_every_wrong_sign_in_gets_the_same_words(browser, username: str, password: str) -> None:
    answer = browser.sign_in(username, password)
    assert answer.status_code == 200
    words = "填写密码。" if not password else "用户名或密码不对。"
    assert words in answer.text
    assert browser.get("/secret").status_code == 302


@pytest.mark.parametrize("username", ["ada", "nobody", "bob", "eve"])
def test_the_password_is_looked_at_once_whoever_is_named(
    browser, username: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = []

    def count(stored: str | None, password: str) -> bool:
        looked.append(stored)
        return False

    monkeypatch.setattr("admin_app.account.verify_password", count)
    browser.sign_in(username, "x")
    assert len(looked) == 1


def test_the_eleventh_failure_is_a_429_with_retry_after_even_with_the_right_password(
    browser, other_browser
) -> None:
    for _ in range(10):
        browser.sign_in("ada", "wrong")
    answer = other_browser.sign_in()
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 15 * 60
    assert "分钟后再试" in answer.text
    assert other_browser.get("/secret").status_code == 302
    elsewhere = other_browser.sign_in(environ_overrides={"REMOTE_ADDR": "192.0.2.9"})
    assert elsewhere.status_code == 302


def test_a_sign_in_is_dated_without_making_a_form_about_the_person_stale(browser, edge_app: Flask) -> None:
    before = ada(edge_app)
    browser.sign_in()
    after = ada(edge_app)
    assert after.last_login_at is not None
    assert (after.version, after.updated_at) == (before.version, before.updated_at)


def test_a_hash_with_old_parameters_is_renewed_at_the_sign_in(browser, edge_app: Flask) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    with edge_app.app_context():
        db.session.scalars(select(User).where(User.username == "ada")).one().password_hash = old
        db.session.commit()
    browser.sign_in()
    assert "m=19456,t=2,p=1" in (ada(edge_app).password_hash or "")
    assert browser.get("/secret").status_code == 200


def test_the_language_stays_with_the_browser_and_moves_to_the_person(browser, edge_app: Flask) -> None:
    assert '<html lang="zh-CN">' in browser.get("/login").text
    assert browser.post("/language", {"code": "en", "next": "/login"}).headers["Location"] == "/login"
    assert '<html lang="en">' in browser.get("/login").text
    browser.post("/language", {"code": "zh"})
    browser.sign_in()
    assert ada(edge_app).language == "zh"
    browser.get("/page/x")
    browser.post("/language", {"code": "en"})
    assert ada(edge_app).language == "en"
    assert '<html lang="en">' in browser.get("/nowhere").text
    assert browser.post("/language", {"code": "fr"}).status_code == 400


def test_who_chose_nothing_before_keeps_their_language(browser, edge_app: Flask) -> None:
    browser.sign_in()
    assert ada(edge_app).language == "en"
    browser.get("/page/x")
    browser.post("/logout")
    assert '<html lang="zh-CN">' in browser.get("/login").text


def change_password(browser, current: str = PASSWORD, new: str = "another good one", repeat: str = ""):
    """Fill the form for the password in and send it."""
    browser.get("/account/password")
    return browser.post("/account/password", {"current": current, "new": new, "repeat": repeat or new})


def test_a_new_password_signs_every_other_browser_out(browser, other_browser, edge_app: Flask) -> None:
    browser.sign_in()
    other_browser.sign_in()
    old_cookie = browser.cookie()
    assert change_password(browser).status_code == 302
    assert browser.get("/secret").status_code == 200
    assert other_browser.get("/secret").status_code == 302
    other_browser.client.set_cookie("dutybook", old_cookie)
    assert other_browser.get("/secret").status_code == 302
    assert verify_password(ada(edge_app).password_hash, "another good one")
    assert other_browser.sign_in(password="another good one").status_code == 302


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"current": "wrong"}, "This is not the present password."),
        ({"new": "short"}, "Use 12 to 200 characters."),
        ({"new": PASSWORD}, "This is the present password."),
        ({"new": "ada ada ada and more"}, "Leave the user name out of the password."),
        ({"repeat": "something else entirely"}, "The two new passwords differ."),
    ],
)
def test_a_refused_password_says_why_at_its_field(browser, edge_app: Flask, sent: dict, words: str) -> None:
    browser.sign_in()
    before = ada(edge_app).password_hash
    answer = change_password(browser, **sent)
    assert answer.status_code == 200
    assert words in answer.text
    assert ada(edge_app).password_hash == before


def test_guessing_the_present_password_in_a_stolen_session_is_throttled(browser) -> None:
    browser.sign_in()
    answers = [change_password(browser, current=f"guess {number}").status_code for number in range(11)]
    assert answers == [200] * 10 + [429]

"""Deny by default: what opens without a sign-in is on a list, and every change needs its CSRF token."""

from __future__ import annotations

import pytest
from flask import Flask

from admin_app.gate import ANONYMOUS_ENDPOINTS


def test_only_the_listed_doors_open_to_anybody(browser, edge_app: Flask) -> None:
    assert sorted(ANONYMOUS_ENDPOINTS) == ["account.language", "account.login", "healthz", "static"]
    for rule in edge_app.url_map.iter_rules():
        if rule.endpoint in ANONYMOUS_ENDPOINTS:
            continue
        address = "/page/x" if rule.endpoint == "page" else rule.rule
        for method in rule.methods - {"OPTIONS"}:
            answer = browser.client.open(address, method=method)
            assert answer.status_code == 302, (rule, method)
            assert answer.headers["Location"].startswith("/login")


def test_an_address_that_leads_nowhere_is_shut_too(browser) -> None:
    answer = browser.get("/nowhere?x=1")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login")


def test_a_script_without_a_session_gets_a_401_and_no_page(browser) -> None:
    answer = browser.get("/secret", headers={"Accept": "application/json"})
    assert answer.status_code == 401
    assert answer.json["title"]


def test_a_form_that_outlived_its_session_leads_back_to_its_page(browser) -> None:
    assert browser.post("/secret?id=5").headers["Location"] == "/login?next=/secret?id%3D5"
    assert browser.post("/logout").headers["Location"] == "/login"
    assert browser.get("/").headers["Location"] == "/login"


@pytest.mark.parametrize("token", ["", "x", "IjEi.x.y"])
def test_a_missing_or_changed_token_is_a_400(browser, token: str) -> None:
    browser.sign_in()
    browser.get("/page/x")
    good = browser.token
    for path in ("/secret", "/logout", "/language", "/account/password"):
        browser.token = token or good[:-2]
        answer = browser.post(path)
        assert answer.status_code == 400
        assert "older session" in answer.text
    browser.token = good
    assert browser.post("/secret").status_code == 200


def test_a_token_of_another_session_is_a_400(browser, other_browser) -> None:
    browser.sign_in()
    other_browser.sign_in()
    browser.get("/page/x")
    other_browser.get("/page/x")
    browser.token = other_browser.token
    assert browser.post("/secret").status_code == 400


def test_a_sign_in_needs_its_token_as_well(browser) -> None:
    assert browser.post("/login", {"username": "ada", "password": "x"}).status_code == 400


def test_a_token_does_not_age(browser, edge_app: Flask) -> None:
    assert edge_app.config["WTF_CSRF_TIME_LIMIT"] is None

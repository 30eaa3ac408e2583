"""Each error is one page or one JSON problem, in the reader's language, with the request id of the log."""

from __future__ import annotations

import logging
import re

import pytest
from flask import Flask, Response
from werkzeug.exceptions import BadRequest

from admin_app import error_pages
from admin_app.edge import RequestIdFilter
from admin_app.engine.language import html_lang
from admin_app.errors import DutybookError, Forbidden, NotFound, TooLarge, WrongType
from tests.unit.edge.conftest import raising

PAGES = [
    ("/abort/400", 400),
    ("/abort/403", 403),
    ("/abort/404", 404),
    ("/abort/413", 413),
    ("/abort/415", 415),
    ("/abort/418", 418),
    ("/abort/429", 429),
    ("/nowhere", 404),
    ("/boom", 500),
    ("/broken", 500),
    ("/locked", 503),
    ("/busy", 503),
    ("/data", 400),
    ("/stale", 409),
    ("/integrity", 409),
    ("/conflict", 409),
]
INSIDE = ("Traceback", "SELECT", "INSERT", "UPDATE", "secret", "ZeroDivision", "werkzeug", "constraint")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("path", "status"), PAGES)
def test_an_error_is_a_page_with_the_id_of_its_request(
    browser, path: str, status: int, language: str
) -> None:
    browser.sign_in()
    browser.get("/page/x")
    browser.post("/language", {"code": language})
    answer = browser.get(path)
    assert answer.status_code == status
    assert f'<html lang="{"zh-CN" if language == "zh" else "en"}">' in answer.text
    assert f"<i>{answer.headers['X-Request-Id']}</i>" in answer.text
    assert '<a href="/">' in answer.text
    assert not [word for word in INSIDE if word in answer.text]


@pytest.mark.parametrize(("path", "status"), PAGES)
def test_a_script_gets_a_problem(browser, path: str, status: int) -> None:
    browser.sign_in()
    answer = browser.get(path, headers={"Accept": "application/json"})
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert answer.json["status"] == status
    assert answer.json["title"]
    assert answer.json["detail"]
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]
    assert not [word for word in INSIDE if word in answer.text]


def test_the_cause_of_a_500_is_in_the_log_under_the_id(browser, caplog: pytest.LogCaptureFixture) -> None:
    browser.sign_in()
    caplog.handler.addFilter(RequestIdFilter())
    with caplog.at_level(logging.ERROR):
        answer = browser.get("/boom")
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.request_id == answer.headers["X-Request-Id"]
    assert "the secret detail" in str(record.exc_info[1])


def test_a_405_keeps_the_methods_and_busy_says_when(browser) -> None:
    browser.sign_in()
    answer = browser.get("/logout")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert browser.get("/busy").headers["Retry-After"] == "7"


def test_an_answer_that_a_view_made_itself_passes_through(browser, edge_app: Flask) -> None:
    own = Response("own words", 410)
    edge_app.view_functions["boom"] = raising(BadRequest(response=own))
    browser.sign_in()
    answer = browser.get("/boom")
    assert (answer.status_code, answer.text) == (410, "own words")


def test_more_than_is_taken_at_once_is_a_413(browser, edge_app: Flask) -> None:
    browser.sign_in()
    browser.get("/page/x")
    edge_app.config["MAX_CONTENT_LENGTH"] = 1000
    answer = browser.post("/secret", {"text": "x" * 2000})
    assert answer.status_code == 413
    assert answer.headers["X-Request-Id"] in answer.text


def test_a_stale_form_offers_the_page_again_and_an_error_offers_the_start(browser) -> None:
    browser.sign_in()
    browser.get("/page/x")
    assert '<a href="/stale?id=5">' in browser.post("/stale?id=5").text
    assert '<a href="/boom' not in browser.get("/boom").text


def test_a_template_that_breaks_still_leaves_words(
    browser, edge_app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    browser.sign_in()
    edge_app.jinja_loader.mapping["admin/error.html"] = "{{ nothing.at.all }}"
    answer = browser.get("/nowhere<script>")
    assert answer.status_code == 404
    assert f"<p>{answer.headers['X-Request-Id']}</p>" in answer.text
    assert "<h1>404 Nothing here</h1>" in answer.text
    assert "The error page itself cannot be made" in caplog.text


def test_every_kind_of_refusal_has_a_title_and_a_message() -> None:
    assert error_pages.TITLES.keys() == error_pages.MESSAGES.keys()
    for kind, status in ((Forbidden, 403), (NotFound, 404), (TooLarge, 413), (WrongType, 415)):
        refusal = kind("words")
        assert isinstance(refusal, DutybookError)
        assert (refusal.status, str(refusal)) == (status, "words")
        assert status in error_pages.TITLES


@pytest.mark.parametrize(
    ("headers", "json"),
    [
        ({}, False),
        ({"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Sec-Fetch-Dest": "document"}, False),
        ({"Accept": "text/html", "Sec-Fetch-Dest": "empty"}, False),
        ({"Accept": "*/*", "Sec-Fetch-Dest": "empty"}, True),
        ({"Accept": "application/json"}, True),
        ({"X-Requested-With": "XMLHttpRequest"}, True),
    ],
)
def test_scripts_are_told_from_people(edge_app: Flask, headers: dict[str, str], json: bool) -> None:
    with edge_app.test_request_context(headers=headers):
        assert error_pages.wants_json() is json


@pytest.mark.parametrize(("sqlstate", "status"), [("57P01", 503), ("40001", 503), ("42703", 500)])
def test_postgresql_faults_are_told_apart_by_their_code(
    browser, edge_app: Flask, sqlstate: str, status: int
) -> None:
    original = Exception("words")
    original.sqlstate = sqlstate  # type: ignore[attr-defined]

    def view() -> str:
        raise error_pages.OperationalError("SELECT 1", {}, original)

    edge_app.view_functions["boom"] = view
    browser.sign_in()
    assert browser.get("/boom").status_code == status


def test_outside_of_a_request_the_language_is_the_default() -> None:
    assert html_lang() == "zh-CN"
    assert re.fullmatch("[a-z]{2}-[A-Z]{2}", html_lang())

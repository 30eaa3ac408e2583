"""What every response carries: headers, request id, log lines, caching, icons."""

from __future__ import annotations

import logging
import re

import pytest
from flask import Flask

from admin_app.edge import RequestIdFilter, icon, init_logging, request_id


def test_the_policy_has_no_unsafe_word_and_the_nonce_of_the_page(browser) -> None:
    browser.sign_in()
    first, second = browser.get("/page/home"), browser.get("/page/home")
    policy = first.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "*" not in policy
    assert policy.startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in policy
    nonce = re.search(r"'nonce-([^']+)'", policy)[1]
    assert f'nonce="{nonce}"' in first.text
    assert nonce not in second.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/login", "/nowhere", "/healthz", "/static/app.css", "/static/none.css"])
def test_every_response_carries_the_security_headers(browser, path: str) -> None:
    headers = browser.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert re.fullmatch("[0-9a-f]{16}", headers["X-Request-Id"])


def test_a_request_id_is_accepted_from_nobody(browser) -> None:
    answer = browser.get("/healthz", headers={"X-Request-Id": "0123456789abcdef"})
    assert answer.headers["X-Request-Id"] != "0123456789abcdef"
    assert request_id() == "-"


def test_pages_are_never_stored(browser) -> None:
    assert browser.get("/login").headers["Cache-Control"] == "no-store"
    assert browser.get("/static/none.css").headers["Cache-Control"] == "no-store"


def test_the_health_check_says_ok_and_nothing_else(browser) -> None:
    answer = browser.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok")
    assert "Set-Cookie" not in answer.headers


def test_the_log_has_one_line_per_request_with_its_id(browser, caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.addFilter(RequestIdFilter())
    with caplog.at_level(logging.INFO, "dutybook.access"):
        answer = browser.get("/nowhere/%0Aforged line/客户?q=a+name")
    (line,) = [record for record in caplog.records if record.name == "dutybook.access"]
    assert line.request_id == answer.headers["X-Request-Id"]
    text = line.getMessage()
    assert re.fullmatch(r"GET /nowhere/%0Aforged%20line/%E5%AE%A2%E6%88%B7 302 \d+ ms", text)


def test_logging_is_set_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    level = root.level
    try:
        init_logging()
        init_logging()
    finally:
        root.setLevel(level)
    (handler,) = root.handlers
    record = logging.LogRecord("a", logging.INFO, __file__, 1, "hello", None, None)
    assert handler.filter(record)
    assert handler.format(record).endswith(" INFO - a: hello")


def test_an_icon_escapes_its_name(edge_app: Flask) -> None:
    with edge_app.test_request_context():
        assert 'href="/static/vendor/icons.svg#home"' in icon("home")
        assert "<script>" not in icon('"><script>')

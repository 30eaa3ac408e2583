"""The bar of debug mode, and the log of slow statements."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from admin_app.db import db
from admin_app.edge import RequestIdFilter
from admin_app.factory import create_app
from seed.demo import load_demo
from seed.organisation import load_organisation
from tests.conftest import PASSWORD, Client, seed_demo, sign_in
from views.site import build_site


@pytest.fixture
def debug_app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The app in debug mode over a small company of its own."""
    made = make(database_url, tmp_path, DEBUG=True)
    seed_demo(made, customers=20)
    yield made
    with made.app_context():
        db.engine.dispose()


def make(url: str, folder: Path, **config: Any) -> Flask:
    """The whole app with some more settings."""
    site = build_site({"organisation": load_organisation, "demo": load_demo})
    usual = {"TESTING": True, "DATA_DIR": folder, "SQLALCHEMY_DATABASE_URI": url, "DEMO_PASSWORD": PASSWORD}
    app = create_app(site, {**usual, "PROPAGATE_EXCEPTIONS": False, **config})
    app.test_client_class = Client
    return app


def plan_of(client: FlaskClient, page: str, number: int) -> Any:
    """The answer to a click on "Plan" of statement `number`."""
    address = re.search(r'data-debug="([^"]+)0"', page)[1]
    return client.get(f"{address}{number}")


def test_an_administrator_sees_what_the_page_asked_and_how_it_was_answered(debug_app: Flask) -> None:
    client = sign_in(debug_app.test_client(), "admin")
    page = client.get("/customer/?q=unmistakable").text
    statements = re.findall(r"<pre>([^<]*)</pre>", page.partition("data-debug")[2])
    assert any("FROM customer" in each for each in statements)
    number = next(at for at, each in enumerate(statements) if "FROM customer" in each)
    told = plan_of(client, page, number).json
    assert told
    assert "customer" in " ".join(told)
    # What somebody searched for is a value, and values are not shown.
    assert "unmistakable" not in page.partition("data-debug")[2]


def test_rows_are_counted_as_they_are_fetched(debug_app: Flask) -> None:
    client = sign_in(debug_app.test_client(), "admin")
    page = client.get("/department/?size=100").text
    shown = len(re.findall(r"<tr[^>]*\bdata-row\b", page))
    counts = [int(number) for number in re.findall(r"<span>(\d+) ", page.partition("data-debug")[2])]
    assert shown in counts


def test_nobody_else_sees_the_bar_or_a_plan(debug_app: Flask) -> None:
    admin, clerk = (sign_in(debug_app.test_client(), name) for name in ("admin", "csd"))
    page = admin.get("/customer/").text
    assert "data-debug" not in clerk.get("/customer/").text
    assert "data-debug" not in debug_app.test_client().get("/login").text
    assert plan_of(clerk, page, 0).status_code == 404
    assert plan_of(debug_app.test_client(), page, 0).status_code in (302, 401)
    assert plan_of(admin, page, 999).status_code == 404
    assert admin.get("/debug/plan/0123456789abcdef/0").status_code == 404


def test_without_debug_mode_there_is_nothing(client: FlaskClient, app: Flask) -> None:
    sign_in(client, "admin")
    assert "data-debug" not in client.get("/customer/").text
    assert "debug_plan" not in app.view_functions
    assert "dutybook_debug" not in app.extensions
    assert client.get("/debug/plan/0123456789abcdef/0").status_code == 404


def test_a_slow_statement_is_logged_with_its_request_and_without_values(
    database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = make(database_url, tmp_path, SLOW_QUERY_MS=0)
    seed_demo(app, customers=3)
    client = sign_in(app.test_client(), "admin")
    caplog.handler.addFilter(RequestIdFilter())
    with caplog.at_level(logging.WARNING, "dutybook.slow"):
        client.get("/customer/?q=unmistakable")
        assert not caplog.records
        # Every statement takes longer than that.
        app.config["SLOW_QUERY_MS"] = 1e-6
        answer = client.get("/customer/?q=unmistakable")
    slow = [record for record in caplog.records if record.name == "dutybook.slow"]
    assert any("FROM customer" in record.getMessage() for record in slow)
    assert {record.request_id for record in slow} == {answer.headers["X-Request-Id"]}
    assert not any("unmistakable" in record.getMessage() for record in slow)
    with app.app_context():
        db.engine.dispose()

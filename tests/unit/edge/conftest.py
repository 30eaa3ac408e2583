"""A small app around the edge alone: no engine screens, bare templates, an SQLite file of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, abort, render_template
from flask.testing import FlaskClient
from flask_babel import lazy_gettext
from jinja2 import DictLoader
from sqlalchemy import insert
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.orm.exc import StaleDataError

from admin_app.account import init_account
from admin_app.db import db, init_db
from admin_app.edge import init_edge
from admin_app.engine.access import SYSTEM, AccessMap, Scope, acting
from admin_app.engine.language import init_language
from admin_app.error_pages import init_errors
from admin_app.errors import Busy, Conflict
from admin_app.gate import init_gate
from admin_app.passwords import hash_password
from admin_app.sessions import init_sessions
from models.access import AccessStamp
from models.base import Base
from models.organisation import User
from models.session import LoginAttempt, LoginSession

PASSWORD = "a long enough word"
TABLES: Any = (User, LoginSession, LoginAttempt, AccessStamp)
CSRF = '<input name="csrf_token" value="{{ csrf_token() }}">'
TEMPLATES = {
    "admin/account/login.html": '<html lang="{{ lang }}">{{ message or "" }}{{ form.username.label.text }}'
    "{% for m in form.errors.values() %}{{ m }}{% endfor %}"
    + CSRF
    + '<input name="next" value="{{ next }}">',
    "admin/account/password.html": "{{ form.errors }}" + CSRF,
    "admin/error.html": '<html lang="{{ lang }}"><h1>{{ code }} {{ title }}</h1><p>{{ message }}</p>'
    '<i>{{ request_id }}</i>{% for l in links %}<a href="{{ l.url }}">{{ l.label }}</a>{% endfor %}',
    "page.html": '<script nonce="{{ csp_nonce }}" src="x.js"></script>{{ icon(name) }}' + CSRF,
}


def _boom() -> str:
    raise ZeroDivisionError("the secret detail")


def _integrity() -> str:
    # As the system: where another test has installed the row scope, nobody else may insert.
    with acting(db.session(), SYSTEM) as session:
        session.execute(insert(User).values(username="ada", name="Twice"))
    return ""


def raising(error: Exception) -> Any:
    """A view that does nothing but raise `error`."""

    def view() -> str:
        raise error

    return view


def _add_faulty_views(app: Flask) -> None:
    faults: dict[str, Any] = {
        "boom": _boom,
        "integrity": _integrity,
        "stale": raising(StaleDataError("UPDATE statement on table 'customer'")),
        "data": raising(DataError("SELECT secret", {}, Exception("out of range"))),
        "locked": raising(OperationalError("SELECT secret", {}, Exception("database is locked"))),
        "broken": raising(OperationalError("SELECT secret", {}, Exception("no such column: secret"))),
        "conflict": raising(Conflict(lazy_gettext("Password"))),
        "busy": raising(Busy("Later", retry_after=7)),
    }
    for name, view in faults.items():
        app.add_url_rule(f"/{name}", name, view, methods=["GET", "POST"])
    for code in (400, 403, 404, 413, 415, 418, 429):
        app.add_url_rule(f"/abort/{code}", f"abort_{code}", lambda code=code: abort(code))


@cache
def _hashed() -> str:
    return hash_password(PASSWORD)


@pytest.fixture
def edge_app(tmp_path: Path) -> Iterator[Flask]:
    """The app, with one active person `ada` (language English) and one disabled person `bob`."""
    static = tmp_path / "static"
    static.mkdir()
    (static / "app.css").write_text("p {}")
    app = Flask("edge", static_folder=str(static), root_path=str(tmp_path))
    app.jinja_loader = DictLoader(dict(TEMPLATES))  # type: ignore[assignment]
    app.config.update(
        SECRET_KEY="for this test only",
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path / 'edge.sqlite'}",
        SESSION_COOKIE_SAMESITE="Lax",
        TESTING=True,
        PROPAGATE_EXCEPTIONS=False,
    )
    init_db(app)
    # The session class is shared by all apps of the process, and so is its row hook: this app narrows nothing.
    app.extensions["dutybook_scope"] = Scope(AccessMap(()), ())
    init_edge(app)
    init_language(app)
    init_sessions(app)
    init_gate(app)
    init_errors(app)
    init_account(app)
    app.add_url_rule("/", "home", lambda: "home")
    app.add_url_rule("/secret", "secret", lambda: "secret", methods=["GET", "POST"])
    app.add_url_rule("/page/<name>", "page", _page)
    _add_faulty_views(app)
    with app.app_context():
        Base.metadata.create_all(db.engine, tables=[model.__table__ for model in TABLES])
        hashed = _hashed()
        db.session.add(User(username="ada", name="Ada Example", language="en", password_hash=hashed))
        db.session.add(User(username="bob", name="Bob Example", is_active=False, password_hash=hashed))
        db.session.add(User(username="eve", name="Eve Example", password_hash=None))
        db.session.commit()
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def _page(name: str) -> str:
    return render_template("page.html", name=name)


class Browser:
    """A client that sends the CSRF token of the last page along, as a browser would."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.token = ""

    def get(self, path: str, **more: Any) -> Any:
        """Open `path` and keep the token of its forms."""
        answer = self.client.get(path, buffered=True, **more)
        if found := re.search(r'name="csrf_token" value="([^"]+)"', answer.text):
            self.token = found[1]
        return answer

    def post(self, path: str, data: dict[str, str] | None = None, **more: Any) -> Any:
        """Send a form with the token that was last seen."""
        return self.client.post(path, data={"csrf_token": self.token, **(data or {})}, **more)

    def sign_in(self, username: str = "ada", password: str = PASSWORD, target: str = "", **more: Any) -> Any:
        """Open the sign-in page, fill it in and send it."""
        self.get("/login")
        return self.post("/login", {"username": username, "password": password, "next": target}, **more)

    def cookie(self) -> str:
        """The value of the session cookie."""
        kept = self.client.get_cookie("dutybook")
        return kept.value if kept else ""


@pytest.fixture
def browser(edge_app: Flask) -> Browser:
    """A browser that is not signed in."""
    return Browser(edge_app.test_client())


@pytest.fixture
def other_browser(edge_app: Flask) -> Browser:
    """A second browser, with cookies of its own."""
    return Browser(edge_app.test_client())

"""Fixtures for everybody.

`app`, `session`, `client` and `login` run each test twice, on SQLite and on PostgreSQL, over the starting
organisation and a demo company of DEMO_CUSTOMERS; whatever a test writes, requests included, is rolled back
after it. `live_server`, `browser` and `page` are a served Dutybook of its own, whose data stay, and a real
Chromium.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from admin_app.config import ROOT
from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from tests.databases import KINDS, Maker, make_maker

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

#: Password of every demo login in tests.
PASSWORD = "correct horse battery"
DEMO_CUSTOMERS = 60
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def makers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Maker]]:
    """Give the database maker of a kind; PostgreSQL starts when the first test asks for it."""
    made: dict[str, Maker] = {}

    def get(kind: str) -> Maker:
        if kind not in made:
            made[kind] = make_maker(kind, tmp_path_factory.mktemp(kind))
        return made[kind]

    yield get
    for maker in made.values():
        maker.close()


@pytest.fixture(scope="session", params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    """`sqlite`, then `postgresql`."""
    kind: str = request.param
    return kind


@pytest.fixture
def database_url(database_kind: str, makers: Callable[[str], Maker]) -> str:
    """A migrated, empty database for this test alone."""
    return makers(database_kind).clone()


@pytest.fixture(scope="session")
def app(
    database_kind: str, makers: Callable[[str], Maker], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """The whole app over the starting organisation and a small demo company, per database and worker."""
    app = make_app(makers(database_kind).clone(), tmp_path_factory.mktemp("data"))
    seed_demo(app)
    yield app
    app.extensions["dutybook_jobs"].close()
    with app.app_context():
        db.engine.dispose()


def make_app(url: str, data_dir: Path) -> Flask:
    """The app as wsgi.py makes it, over another database and data folder."""
    from admin_app.factory import create_app
    from seed.accounts import create_admin
    from seed.demo import load_demo
    from seed.organisation import load_organisation
    from views.site import build_site

    site = build_site(
        {"organisation": load_organisation, "demo": load_demo, "admin": create_admin},
        mappings=ROOT / "seed" / "mappings",
    )
    overrides = {
        "TESTING": True,
        # Tests look at error pages as people see them.
        "PROPAGATE_EXCEPTIONS": False,
        "DATA_DIR": data_dir,
        "SQLALCHEMY_DATABASE_URI": url,
        "DEMO_PASSWORD": PASSWORD,
    }
    app = create_app(site, config=overrides)
    app.test_client_class = Client
    return app


def seed_demo(app: Flask, customers: int = DEMO_CUSTOMERS) -> None:
    """Load the organisation and a demo company, and commit."""
    loaders = app.extensions["dutybook"].loaders
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        loaders["organisation"](session)
        loaders["demo"](session, customers=customers, progress=lambda *_: None, password=PASSWORD)
        session.commit()


@pytest.fixture
def rollback(app: Flask) -> Iterator[None]:
    """Let all sessions of this test share one connection, whose transaction ends in a rollback.

    Each session works in savepoints of it, so the code under test commits as always.
    """
    with app.app_context():
        engines = db.engines
        engine = engines[None]
    with engine.connect() as connection:
        transaction = connection.begin()
        # Flask-SQLAlchemy looks engines up by table and passes a session's own bind by: hence its own dict.
        engines[None] = connection  # type: ignore[assignment]
        db.session.session_factory.configure(join_transaction_mode="create_savepoint")
        try:
            yield
        finally:
            db.session.session_factory.configure(join_transaction_mode="conditional_savepoint")
            engines[None] = engine
            transaction.rollback()


@pytest.fixture
def session(app: Flask, rollback: None) -> Iterator[Session]:
    """The session inside an app context, acting as the system."""
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        yield session


class Client(FlaskClient):
    """A client whose requests have an app context, and so a session, of their own."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """Send one request; the same as FlaskClient.open."""
        with self.application.app_context():
            return super().open(*args, **kwargs)


@pytest.fixture
def client(app: Flask, rollback: None) -> FlaskClient:
    """A browser without a screen that nobody has signed in with."""
    return app.test_client()


def csrf_token(page: str) -> str:
    """The CSRF token in a page's HTML."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found, "the page has no CSRF token"
    return found[1]


def sign_in(client: FlaskClient, username: str, password: str = PASSWORD) -> FlaskClient:
    """Sign in through the page, as a person does, and return the client."""
    token = csrf_token(client.get("/login").text)
    answer = client.post("/login", data={"username": username, "password": password, "csrf_token": token})
    assert answer.status_code == 302, f"{username} cannot sign in: {answer.status_code}"
    return client


@pytest.fixture
def login(client: FlaskClient) -> Callable[..., FlaskClient]:
    """Call it with (client, username), or with a username alone for `client`, to sign in."""

    def sign(*who: Any) -> FlaskClient:
        *clients, username = who
        return sign_in(clients[0] if clients else client, username)

    return sign


@pytest.fixture(scope="session")
def live_server(makers: Callable[[str], Maker], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a served Dutybook on SQLite with a demo company; what tests write there stays."""
    from admin_app.server import address, make_server

    app = make_app(makers("sqlite").clone(), tmp_path_factory.mktemp("live"))
    seed_demo(app)
    server = make_server(app, "127.0.0.1", 0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield address(server)
    server.close()
    # Waitress ends when its loop finds no socket left to wait for.
    thread.join(timeout=5)
    app.extensions["dutybook_jobs"].close()
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    from tools.chromium import find_chromium

    executable = find_chromium()
    assert executable, "the browser tests need Chromium: make test installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, live_server: str) -> Iterator[Page]:
    """A new window of a person who reads Chinese; script errors and what the CSP refuses fail the test."""
    context = browser.new_context(
        base_url=live_server,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        viewport={"width": 1440, "height": 900},
    )
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    # "Failed to load resource" is how the browser words a status that the test may be after.
    page.on(
        "console",
        lambda message: (
            problems.append(message.text)
            if message.type == "error" and not message.text.startswith("Failed to load resource")
            else None
        ),
    )
    yield page
    context.close()
    assert problems == []

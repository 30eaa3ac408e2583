"""A company of its own for the contract tests, and everybody in it signed in once per database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from admin_app.actor import company_today
from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from models.grading import GradeRule
from models.organisation import Post, User
from tests.conftest import csrf_token, make_app, seed_demo, sign_in
from tests.contract.expectation import Expectation
from tests.contract.pages import errors, read_form, row_keys
from tests.contract.values import valid_values
from tests.databases import Maker

#: Records that an empty entity gets.
SOME = 6


@pytest.fixture(scope="session")
def app(
    database_kind: str, makers: Callable[[str], Maker], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """The whole app; apart from that of other tests, since the sign-ins here stay.

    An entity of which the demo company has no record gets some, so that there is something to test.
    """
    app = make_app(makers(database_kind).clone(), tmp_path_factory.mktemp("contract"))
    seed_demo(app)
    hire_for_days(app)
    draft_rules(app)
    administrator = Visitor(app, "admin")
    for entity in app.extensions["dutybook"].entities:
        if not row_keys(administrator.get(f"/{entity.name}/").text):
            for attempt in range(SOME):
                _create(administrator, entity, attempt)
    yield app
    with app.app_context():
        db.engine.dispose()


def _create(visitor: Visitor, entity: Any, attempt: int) -> None:
    def offered(key: str) -> list[str]:
        answer = visitor.get(f"/{entity.name}/ajax/lookup/?name={key}&query=")
        return [pair[0] for pair in answer.json]

    url = f"/{entity.name}/new/"
    form = read_form(visitor.get(url).text)
    answer = visitor.post(url, {**form.fields, **valid_values(entity, offered, attempt), "_url": ""})
    assert answer.status_code == 302, (entity.name, errors(answer.text))


#: People whose only post, a supervisor's, ended yesterday, begins tomorrow, or ends with this day: the first and last
#: day of it, counted from today.
FOR_DAYS = {"ended": (-9, -1), "begins": (1, 9), "lastday": (-9, 0)}


def hire_for_days(app: Flask) -> None:
    """Hire FOR_DAYS beside the demo company's people, with the same password."""
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        today = company_today().date()
        known = session.query(User).filter_by(username="css").one()
        held = session.query(Post).filter_by(user=known, acting=False).first()
        assert held is not None
        for username, (first, last) in FOR_DAYS.items():
            user = User(username=username, name=username, password_hash=known.password_hash)
            days = {"valid_from": today + timedelta(days=first), "valid_to": today + timedelta(days=last)}
            place = {"position_id": held.position_id, "department_id": held.department_id}
            session.add(Post(user=user, **place, **days))
        session.commit()


def draft_rules(app: Flask) -> None:
    """Make drafts of the rule sets: what is in force is edited by nobody, and is no record like any other."""
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        for rule in session.query(GradeRule):
            rule.state, rule.active_from = "draft", None
        session.commit()


@pytest.fixture(scope="session")
def expectation(app: Flask) -> Expectation:
    """What the matrix says, over the same company."""
    return Expectation(app)


class Visitor:
    """A browser of one person, with the CSRF token of its session; `username` "" has not signed in."""

    def __init__(self, app: Flask, username: str) -> None:
        self.username = username
        self.client: FlaskClient = app.test_client()
        self.token = ""
        if username:
            sign_in(self.client, username)
            self.token = csrf_token(self.client.get("/account/password").text)

    def get(self, url: str, **options: Any) -> Any:
        """The answer to a GET."""
        return self.client.get(url, **options)

    def ask(self, method: str, url: str, **data: Any) -> Any:
        """The answer to a script's request with the token: refusals come as JSON, which is much quicker to make."""
        headers = {"X-Requested-With": "XMLHttpRequest"}
        fields = {"csrf_token": self.token, **data} if method == "POST" else None
        return self.client.open(url, method=method, headers=headers, data=fields)

    def post(self, url: str, data: dict[str, Any]) -> Any:
        """The answer to a form that was sent."""
        return self.client.post(url, data={**data, "csrf_token": self.token})


@pytest.fixture(scope="session")
def visitors(app: Flask) -> Callable[[str], Visitor]:
    """Give the one browser of a user name; each signs in once."""
    known: dict[str, Visitor] = {}

    def get(username: str) -> Visitor:
        if username not in known:
            known[username] = Visitor(app, username)
        return known[username]

    return get


@pytest.fixture
def admin(visitors: Callable[[str], Visitor]) -> Visitor:
    """The administrator, for tests that only read."""
    return visitors("admin")


@pytest.fixture
def writer(admin: Visitor, rollback: None) -> Visitor:
    """The administrator, signed in before; whatever is written is rolled back after the test."""
    return admin


@pytest.fixture
def table_dump(app: Flask, expectation: Expectation, rollback: None) -> Callable[[], dict[str, list[Any]]]:
    """Call it for all rows of all entities' tables, as they are stored now."""

    def dump() -> dict[str, list[Any]]:
        with app.app_context():
            connection = db.session().connection()
            found = {
                entity.name: [tuple(row) for row in connection.execute(entity.table.select().order_by("id"))]
                for entity in expectation.site.entities
            }
            db.session.remove()
        return found

    return dump

"""The library of `sample.py` as a whole app, on SQLite and on PostgreSQL, and the people who use it.

`app` replaces the shared one, so that `session`, `client` and `login` of the shared fixtures work on the library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import flask
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import Babel
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.orm import Session

from admin_app.db import db
from admin_app.engine.access import SYSTEM, Scope, acting, compile_policy, install_scope
from admin_app.engine.access.cache import PolicyCache
from admin_app.engine.language import locale_name, reread_language, time_zone
from admin_app.factory import create_app
from admin_app.passwords import hash_password
from admin_app.sqlite import engine_options
from models.access import DutyAccess, LetterProfile
from models.base import Base
from models.duty import Duty, PositionDuty
from models.organisation import Department, Position, Post, User
from tests.conftest import PASSWORD, Client
from tests.databases import Maker
from tests.unit.engine.sample import SITE, Book, Chapter, Lab

TODAY = date(2026, 3, 10)
#: Position code -> (letter of its one duty, entities of the duty, rows of the letter's profile).
JOBS = {
    "own": ("R", "own"),
    "dept": ("A", "department"),
    "tree": ("V", "department_tree"),
    "all": ("C", "all"),
}
ACTIONS = "view create edit delete export report"


@pytest.fixture(scope="session")
def app(
    database_kind: str, makers: Callable[[str], Maker], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """The library with its people, its departments and no books."""
    folder = tmp_path_factory.mktemp("library")
    sqlite = database_kind == "sqlite"
    url = f"sqlite:///{folder / 'library.sqlite'}" if sqlite else makers("postgresql").clone()
    app = create_app(
        SITE,
        config={
            "TESTING": True,
            "PROPAGATE_EXCEPTIONS": False,
            "DATA_DIR": folder,
            "SQLALCHEMY_DATABASE_URI": url,
            "LANGUAGE": "en",
        },
    )
    app.test_client_class = Client
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        if not sqlite:
            # The tables come from the classes here, as they do in memory; migrations have tests of their own.
            session.execute(text("DROP SCHEMA public CASCADE"))
            session.execute(text("CREATE SCHEMA public"))
            session.commit()
        Base.metadata.create_all(db.engine)
        Lab.metadata.create_all(db.engine)
        settle(session)
        session.commit()
    yield app
    with app.app_context():
        db.engine.dispose()


@cache
def _hashed() -> str:
    return hash_password(PASSWORD)


def settle(session: Session) -> None:
    """Three departments (`west` under `head`, `east` apart), and one person per job of JOBS in `west`, plus `root`."""
    head = Department(code="head", name_zh="总部", name_en="Head office")
    east = Department(code="east", name_zh="东部", name_en="East")
    west = Department(code="west", name_zh="西部", name_en="West", parent=head)
    session.add_all([head, west, east])
    duty = Duty(
        code="D1", name_zh="管书", name_en="Keep books", category="X", category_zh="书", category_en="Books"
    )
    session.add(duty)
    session.flush()
    entities = ("book", "review", "loan", "branch", "hen", "egg", "odd", "pair")
    session.add_all(DutyAccess(duty_id=duty.id, entity=name) for name in (*entities, "import"))
    for job, (letter, rows) in JOBS.items():
        position = Position(code=job, name_zh=f"〔{job}〕", name_en=job)
        user = User(username=job, name=job.title(), language="en", password_hash=_hashed())
        session.add_all([position, user, LetterProfile(letter=letter, actions=ACTIONS, rows=rows)])
        session.flush()
        session.add(PositionDuty(position_id=position.id, duty_id=duty.id, letter=letter))
        session.add(
            Post(user=user, position=position, department=head if job == "tree" else west, valid_from=TODAY)
        )
    session.add(User(username="root", name="Root", language="en", is_admin=True, password_hash=_hashed()))
    session.add(User(username="idle", name="Idle", language="en", password_hash=_hashed()))
    session.flush()


@pytest.fixture
def desk(app: Flask, session: Session) -> Iterator[Session]:
    """The session inside a request, so that links can be made; the reader's language is English."""
    with app.test_request_context():
        yield session


@pytest.fixture
def people(session: Session) -> SimpleNamespace:
    """All people by user name."""
    return SimpleNamespace(**{user.username: user for user in session.query(User)})


@pytest.fixture
def places(session: Session) -> SimpleNamespace:
    """All departments by code."""
    return SimpleNamespace(**{each.code: each for each in session.query(Department)})


@pytest.fixture
def policy_of_job(session: Session, people: SimpleNamespace) -> Callable[[str], Any]:
    """Call it with a user name to get that person's policy."""
    return lambda name: compile_policy(session, getattr(people, name), TODAY)


def speak(code: str) -> None:
    """Switch the reader's language within a request."""
    flask.session["language"] = code
    reread_language()


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Flask]:
    """A request without a database, in English: enough for kinds, whose messages are translated."""
    with bare_reader().test_request_context() as context:
        yield context.app


@cache
def bare_reader() -> Flask:
    """An app that knows languages, the library's labels and nothing else."""
    app = Flask("reader")
    app.config.update(LANGUAGE="en", SECRET_KEY="for tests only")
    app.extensions["dutybook"] = SITE
    Babel(app, default_locale="en", locale_selector=locale_name, timezone_selector=time_zone)
    return app


@pytest.fixture(scope="module")
def memory() -> Iterator[Engine]:
    """An SQLite database in memory with all tables, foreign keys on."""
    engine = create_engine("sqlite://", **engine_options())
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys=ON"))
    Base.metadata.create_all(engine)
    Lab.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def add_book(session: Session, places: SimpleNamespace) -> Callable[..., Book]:
    """Call it with any columns to store a book; it stands in `west` unless told otherwise."""

    def add(name: str = "A book", **columns: Any) -> Book:
        book = Book(name=name, **{"department": places.west, **columns})
        session.add(book)
        session.flush()
        return book

    return add


class LabSession(Session):
    """A session with the library's row scope and no app."""


_scope = Scope(SITE.access, (Base.registry, Lab.registry))
install_scope(LabSession, lambda: _scope)


@pytest.fixture
def room(memory: Engine) -> Iterator[LabSession]:
    """A scoped session on the database in memory, acting as the system; what it writes is rolled back."""
    with memory.connect() as connection, LabSession(connection) as session, acting(session, SYSTEM):
        yield session
        session.rollback()


@pytest.fixture
def stored(
    session: Session, add_book: Callable[..., Book], people: SimpleNamespace, places: SimpleNamespace
) -> Any:
    """A book of `own` with a cover and two chapters, and one of another department; committed."""
    mine = add_book("Mine", code="M", owner=people.own, cover=b"\x00\xff", extra={"a": 1}, note="a\nb")
    theirs = add_book("Theirs", department=places.east)
    session.add_all(Chapter(book=mine, title=title) for title in ("One", "Two"))
    session.commit()
    return SimpleNamespace(mine=mine.id, theirs=theirs.id)


@pytest.fixture
def enter(app: Flask, login: Callable[[str], FlaskClient]) -> Callable[[str], FlaskClient]:
    """Call it with a user name to sign in, with no right kept from the last test."""
    # Rights are kept under a stamp, which the rollback of a test takes back.
    app.extensions["dutybook_policies"] = PolicyCache()
    return login


@pytest.fixture
def own(enter: Callable[[str], FlaskClient]) -> FlaskClient:
    """A person with rights on one's own rows."""
    return enter("own")


@pytest.fixture
def everything(enter: Callable[[str], FlaskClient]) -> FlaskClient:
    """A person with rights on all rows."""
    return enter("all")

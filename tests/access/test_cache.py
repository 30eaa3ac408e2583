"""Cached policies: as fresh as the database at each request of each worker, for one statement while nothing changes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from admin_app.actor import company_today
from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.access.cache import PolicyCache
from admin_app.engine.access.world import touch
from admin_app.engine.change import delete_rows, insert_rows, update_rows
from models.access import DutyAccess, LetterProfile
from models.duty import Duty, PositionDuty
from models.grant import AccessGrant
from models.organisation import Department, Position, Post, User
from models.tag import TagFamily
from tests.conftest import make_app, seed_demo, sign_in
from tests.databases import Maker

Apps = tuple[Flask, Flask]
#: What rights are read from; a page may show departments and people for other reasons.
RIGHTS = re.compile(r"\b(access_stamp|position_duty|letter_profile|duty_access|access_grant|post)\b")


@pytest.fixture(scope="module")
def apps(
    database_kind: str, makers: Callable[[str], Maker], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Apps]:
    """Two workers over one database."""
    url, folder = makers(database_kind).clone(), tmp_path_factory.mktemp("workers")
    workers = make_app(url, folder), make_app(url, folder)
    seed_demo(workers[0], customers=5)
    yield workers
    for worker in workers:
        with worker.app_context():
            db.engine.dispose()


@contextmanager
def system(app: Flask) -> Iterator[Session]:
    """A session of this worker that acts as the system and commits at the end."""
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        yield session
        session.commit()


def at(place: dict[str, int]) -> Any:
    """Where a cell of the matrix stands."""
    return sa.and_(*(getattr(PositionDuty, key) == value for key, value in place.items()))


def one(session: Session, model: Any, code: str) -> Any:
    """The record with this code."""
    return session.scalars(sa.select(model).where(model.code == code)).one()


@pytest.fixture
def hire(apps: Apps) -> Iterator[Callable[..., str]]:
    """Call it with a position's code and the first and last day for the user name of somebody new in that post."""
    hired: list[str] = []

    def take(position: str | None, first: date = date(2026, 1, 1), last: date | None = None) -> str:
        with system(apps[0]) as session:
            known = session.scalars(sa.select(User).where(User.username == "csd")).one()
            hired.append(f"new{len(hired)}")
            user = User(username=hired[-1], name="新人", password_hash=known.password_hash)
            session.add(user)
            if position is not None:
                department = one(session, Department, "CS")
                post = {"position": one(session, Position, position), "department": department}
                session.add(Post(user=user, valid_from=first, valid_to=last, **post))
        return hired[-1]

    yield take
    with system(apps[0]) as session:
        for username in hired:
            session.delete(session.scalars(sa.select(User).where(User.username == username)).one())


@pytest.fixture
def clerks(apps: Apps, hire: Callable[..., str]) -> tuple[FlaskClient, FlaskClient]:
    """A clerk of the service desk, signed in with both workers, whose policy both have cached."""
    username = hire("CSD")
    clients = sign_in(apps[0].test_client(), username), sign_in(apps[1].test_client(), username)
    assert [client.get("/contract/").status_code for client in clients] == [403, 403]
    return clients


@pytest.fixture
def cell(apps: Apps) -> Iterator[dict[str, int]]:
    """Where a cell for contracts would stand; it is empty before and after."""
    with system(apps[0]) as session:
        place = {
            "position_id": one(session, Position, "CSD").id,
            "duty_id": one(session, Duty, "CTR4").id,
        }
    yield place
    with system(apps[0]) as session:
        delete_rows(session, PositionDuty, at(place))


def test_what_one_worker_changes_the_other_knows_at_the_next_request(
    apps: Apps, clerks: Any, cell: dict[str, int]
) -> None:
    with system(apps[0]) as session:
        session.add(PositionDuty(letter="R", **cell))
    assert [clerk.get("/contract/new/").status_code for clerk in clerks] == [200, 200]
    with system(apps[1]) as session:
        update_rows(session, PositionDuty, at(cell), {"letter": "I"})
    assert [clerk.get("/contract/new/").status_code for clerk in clerks] == [403, 403]
    assert [clerk.get("/contract/").status_code for clerk in clerks] == [200, 200]
    with system(apps[0]) as session:
        delete_rows(session, PositionDuty, at(cell))
    assert [clerk.get("/contract/").status_code for clerk in clerks] == [403, 403]


def test_what_was_rolled_back_gives_nothing_and_takes_nothing(
    apps: Apps, clerks: Any, cell: dict[str, int]
) -> None:
    cache = apps[0].extensions["dutybook_policies"]
    with apps[0].app_context(), acting(db.session(), SYSTEM) as session:
        session.add(PositionDuty(letter="R", **cell))
        session.flush()
        user = session.scalars(sa.select(User).where(User.username == "new0")).one()
        # Read and kept in the middle of a transaction that never comes true.
        assert cache.policy(session, user, date(2026, 3, 10)).may("view", "contract")
        session.rollback()
    assert [clerk.get("/contract/").status_code for clerk in clerks] == [403, 403]
    with apps[0].app_context(), acting(db.session(), SYSTEM) as session:
        user = session.scalars(sa.select(User).where(User.username == "new0")).one()
        assert not cache.policy(session, user, date(2026, 3, 10)).may("view", "contract")
        assert not any(key == (cell["position_id"], cell["duty_id"]) for key in cache.world(session).cells)


def test_a_warm_request_reads_one_number_for_rights_beside_its_session(apps: Apps, clerks: Any) -> None:
    sent: list[str] = []
    with apps[0].app_context():
        engine = db.engine

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        assert clerks[0].get("/customer/").status_code == 200
        sent.clear()
        assert clerks[0].get("/customer/").status_code == 200
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    (read,) = [" ".join(statement.split()) for statement in sent if RIGHTS.search(statement)]
    assert read.startswith("SELECT login_session.id")
    assert "access_stamp.value" in read


def test_the_rules_are_read_once_while_they_stay_as_they_are(apps: Apps) -> None:
    cache = apps[0].extensions["dutybook_policies"]
    with system(apps[0]) as session:
        kept = cache.world(session)
        assert cache.world(session) is kept
        assert cache.world(session, kept.stamp) is kept
        touch(session)
        assert cache.world(session) is not kept


def test_a_full_cache_begins_anew(apps: Apps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("admin_app.engine.access.cache._LIMIT", 2)
    cache, day = PolicyCache(), date(2026, 3, 10)
    with system(apps[0]) as session:
        first, second, third = session.scalars(sa.select(User).order_by(User.id).limit(3))
        kept = cache.policy(session, first, day)
        cache.policy(session, second, day)
        assert cache.policy(session, first, day) is kept
        cache.policy(session, third, day)
        assert cache.policy(session, first, day) is not kept


def test_a_post_ends_at_midnight_of_the_company_without_any_write(
    apps: Apps, hire: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    last = date(2026, 3, 10)
    clerk = sign_in(apps[0].test_client(), hire("CSD", last=last))
    expected = {
        datetime(2026, 3, 10, 15, 59, 59, tzinfo=UTC): 200,  # 23:59:59 in Shanghai
        datetime(2026, 3, 10, 16, 0, tzinfo=UTC): 403,
    }
    for now, status in expected.items():
        monkeypatch.setattr("admin_app.actor.utc_now", lambda now=now: now)
        assert clerk.get("/complaint/").status_code == status, now


def test_a_grant_begins_and_ends_by_itself(
    apps: Apps, hire: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    username, first = hire(None), date(2026, 3, 10)
    with system(apps[0]) as session:
        grant = {
            "user": session.scalars(sa.select(User).where(User.username == username)).one(),
            "approver": session.scalars(sa.select(User).where(User.username == "css")).one(),
            "department": one(session, Department, "CS"),
        }
        days = {"valid_from": first, "valid_to": first + timedelta(days=1)}
        session.add(
            AccessGrant(entity="contract", actions="view", rows="all", reason="代班", **grant, **days)
        )
    person = sign_in(apps[1].test_client(), username)
    for day, status in ((-1, 403), (0, 200), (1, 200), (2, 403)):
        now = datetime(2026, 3, 10, 4, tzinfo=UTC) + timedelta(days=day)
        monkeypatch.setattr("admin_app.actor.utc_now", lambda now=now: now)
        assert person.get("/contract/").status_code == status, day


def test_the_company_decides_which_day_it_is(apps: Apps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("admin_app.actor.utc_now", lambda: datetime(2026, 3, 10, 16, 30, tzinfo=UTC))
    with apps[0].app_context():
        assert company_today().date() == date(2026, 3, 11)


def stamp(app: Flask) -> int:
    """The number that the rules stand under, as another connection reads it."""
    with system(app) as session:
        return int(session.scalar(sa.text("SELECT value FROM access_stamp")) or 0)


CHANGES: dict[str, Callable[[Session], Any]] = {
    "department": lambda session: setattr(one(session, Department, "CS"), "name_en", "Service"),
    "position": lambda session: setattr(one(session, Position, "CSD"), "name_en", "Desk"),
    "duty": lambda session: setattr(one(session, Duty, "CTR4"), "name_en", "Contracts"),
    "profile": lambda session: setattr(session.scalars(sa.select(LetterProfile)).first(), "actions", "view"),
    "new user": lambda session: session.add(User(username="stamped", name="新")),
    "disabled": lambda session: setattr(
        session.scalars(sa.select(User).where(User.username == "stamped")).one(), "is_active", False
    ),
    "administrator": lambda session: setattr(
        session.scalars(sa.select(User).where(User.username == "stamped")).one(), "is_admin", True
    ),
    "post": lambda session: session.add(
        Post(
            user=session.scalars(sa.select(User).where(User.username == "stamped")).one(),
            position=one(session, Position, "CSD"),
            department=one(session, Department, "CS"),
            valid_from=date(2026, 1, 1),
        )
    ),
    "set of posts": lambda session: delete_rows(session, Post, Post.user.has(username="stamped")),
    "set of entities": lambda session: update_rows(
        session, DutyAccess, DutyAccess.entity == "activity", {"entity": DutyAccess.entity + "_"}
    ),
    "bulk insert": lambda session: insert_rows(
        session, User, sa.select(sa.literal("bulk").label("username"), sa.literal("批").label("name"))
    ),
    "set of people": lambda session: update_rows(
        session, User, User.username == "bulk", {"is_active": False}
    ),
    "few people": lambda session: update_rows(
        session, User, User.username == "bulk", {"is_active": True}, few=True
    ),
    "bulk delete": lambda session: delete_rows(session, User, User.username == "bulk"),
    "deleted user": lambda session: session.delete(
        session.scalars(sa.select(User).where(User.username == "stamped")).one()
    ),
}


def test_each_change_of_the_rules_changes_the_stamp_and_no_other_does(apps: Apps) -> None:
    for change, make in CHANGES.items():
        before = stamp(apps[0])
        with system(apps[0]) as session:
            make(session)
        assert stamp(apps[1]) != before, change
    before = stamp(apps[0])
    with system(apps[0]) as session:
        user = session.scalars(sa.select(User).where(User.username == "csd")).one()
        user.phone = "13800000000"
    with system(apps[0]) as session:
        update_rows(session, User, User.username == "csd", {"phone": None})
        session.execute(sa.select(Position))
    with system(apps[0]) as session:
        session.add(TagFamily(code="new", name_zh="族", name_en="New"))
    with system(apps[0]) as session:
        delete_rows(session, TagFamily, TagFamily.code == "new")
    assert stamp(apps[1]) == before


def test_one_change_of_the_rules_among_others_is_enough(apps: Apps) -> None:
    before = stamp(apps[0])
    with system(apps[0]) as session:
        one(session, Department, "CS").name_en = "Customers' service"
        session.scalars(sa.select(User).where(User.username == "csd")).one().phone = "13800000001"
    assert stamp(apps[1]) != before

"""Sessions live on the server: a copied cookie is worth nothing once the server says so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event, func, select, update
from sqlalchemy.exc import OperationalError

from admin_app import sessions
from admin_app.db import db
from models.organisation import User
from models.session import LoginSession
from models.types import utc_now


def rows(app: Flask) -> list[LoginSession]:
    """All sessions in the table."""
    with app.app_context():
        return list(db.session.scalars(select(LoginSession)))


def change(app: Flask, **values: object) -> None:
    """Set columns of all sessions."""
    with app.app_context():
        db.session.execute(update(LoginSession).values(**values))
        db.session.commit()


def test_the_table_holds_a_hash_of_a_token_that_only_the_cookie_has(browser, edge_app: Flask) -> None:
    browser.sign_in(headers={"User-Agent": "A browser" + "x" * 500})
    with browser.client.session_transaction() as cookie:
        token = cookie["_user_id"]
    (row,) = rows(edge_app)
    assert len(token) >= 43
    assert row.token_hash == sessions.token_hash(token)
    assert token not in (row.token_hash, row.user_agent, row.ip)
    assert row.ip == "127.0.0.1"
    assert len(row.user_agent) == 400
    assert row.expires_at - row.created_at == sessions.ABSOLUTE_LIMIT


def test_loading_the_session_is_one_statement(browser, edge_app: Flask) -> None:
    browser.sign_in()
    seen: list[str] = []
    with edge_app.app_context():
        engine = db.engine

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    assert browser.get("/secret").status_code == 200
    data = [statement for statement in seen if not statement.startswith("BEGIN")]
    assert len(data) == 1
    assert "login_session" in data[0]
    assert "JOIN" in data[0]
    seen.clear()
    for path in ("/static/app.css", "/healthz"):
        browser.get(path)
    assert seen == []


def test_a_copied_cookie_is_dead_after_the_sign_out(browser, other_browser, edge_app: Flask) -> None:
    browser.sign_in()
    stolen = browser.cookie()
    other_browser.client.set_cookie("dutybook", stolen)
    assert other_browser.get("/secret").status_code == 200
    browser.get("/page/x")
    assert browser.post("/logout").status_code == 302
    assert rows(edge_app) == []
    browser.client.set_cookie("dutybook", stolen)
    for each in (browser, other_browser):
        assert each.get("/secret").status_code == 302


@pytest.mark.parametrize(
    ("column", "age"), [("last_seen_at", timedelta(hours=8, minutes=1)), ("expires_at", timedelta(seconds=1))]
)
def test_an_idle_or_old_session_is_over(browser, edge_app: Flask, column: str, age: timedelta) -> None:
    browser.sign_in()
    change(edge_app, **{column: utc_now() - age})
    assert browser.get("/secret").status_code == 302
    browser.sign_in()
    assert browser.get("/secret").status_code == 200


def test_expired_sessions_are_swept_at_the_next_sign_in(browser, edge_app: Flask) -> None:
    browser.sign_in()
    change(edge_app, expires_at=utc_now() - timedelta(seconds=1))
    browser.sign_in()
    assert len(rows(edge_app)) == 1


def test_being_there_is_written_down_every_five_minutes_and_no_more(browser, edge_app: Flask) -> None:
    browser.sign_in()
    (fresh,) = rows(edge_app)
    browser.get("/secret")
    assert rows(edge_app)[0].last_seen_at == fresh.last_seen_at
    change(edge_app, last_seen_at=utc_now() - timedelta(hours=7))
    assert browser.get("/secret").status_code == 200
    assert rows(edge_app)[0].last_seen_at > utc_now() - timedelta(minutes=1)


def test_a_database_that_cannot_be_written_to_still_lets_people_read(
    browser, edge_app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    browser.sign_in()
    change(edge_app, last_seen_at=utc_now() - timedelta(hours=1))
    with edge_app.app_context():
        engine = db.engine

    def refuse(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("UPDATE"):
            raise OperationalError(statement, {}, Exception("database is locked"))

    event.listen(engine, "before_cursor_execute", refuse)
    assert browser.get("/secret").status_code == 200
    assert "last_seen_at of session" in caplog.text


def test_a_disabled_person_is_out_at_once_and_stays_out(browser, edge_app: Flask) -> None:
    browser.sign_in()
    with edge_app.app_context():
        db.session.scalars(select(User).where(User.username == "ada")).one().is_active = False
        db.session.commit()
    assert browser.get("/secret").status_code == 302
    assert rows(edge_app) == []


def test_a_statement_that_passes_the_orm_by_disables_as_well(browser, edge_app: Flask) -> None:
    browser.sign_in()
    with edge_app.app_context():
        db.session.execute(update(User).values(is_active=False))
        db.session.commit()
    assert browser.get("/secret").status_code == 302


def test_other_changes_of_a_person_end_nothing(browser, edge_app: Flask) -> None:
    browser.sign_in()
    with edge_app.app_context():
        db.session.scalars(select(User).where(User.username == "ada")).one().name = "Ada Other"
        db.session.commit()
    assert browser.get("/secret").status_code == 200


def test_a_changed_cookie_is_refused(browser) -> None:
    browser.sign_in()
    head, _, tail = browser.cookie().rpartition(".")
    browser.client.set_cookie("dutybook", f"{head}.{tail[::-1]}")
    assert browser.get("/secret").status_code == 302


def test_a_sign_in_starts_the_cookie_afresh(browser, edge_app: Flask) -> None:
    browser.get("/login")
    with browser.client.session_transaction() as cookie:
        cookie["planted"] = True
        before = cookie["csrf_token"]
    browser.sign_in()
    browser.get("/page/x")
    with browser.client.session_transaction() as cookie:
        assert "planted" not in cookie
        assert cookie["csrf_token"] != before


def test_the_cookie_is_closed_to_scripts_and_other_sites_and_secure_over_https(
    browser, other_browser
) -> None:
    plain = browser.get("/login").headers["Set-Cookie"]
    assert "HttpOnly" in plain
    assert "SameSite=Lax" in plain
    assert "Secure" not in plain
    secure = other_browser.get("/login", base_url="https://localhost").headers["Set-Cookie"]
    assert "Secure" in secure


def test_an_odd_token_opens_nothing(edge_app: Flask) -> None:
    with edge_app.app_context():
        for token in ("", "\ud800", "x" * 10_000, "' OR 1=1 --"):
            assert sessions.find_person(db.session(), token, utc_now()) is None
        assert db.session.scalar(select(func.count()).select_from(LoginSession)) == 0

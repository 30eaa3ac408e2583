"""Who is signed in: sessions that live in a table, so that the server can end them.

The browser holds a random token inside Flask's signed cookie; the table `login_session` holds only its
SHA-256. A stolen table therefore opens nothing, and a copied cookie is dead once its row is gone: at
sign-out, when the password changes, when the person is disabled, 8 hours after the last request, and 7 days
after the sign-in.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from datetime import datetime, timedelta
from typing import Any, Final, cast

from flask import Flask, Response, g, request, session
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from sqlalchemy import Connection, Delete, Select, bindparam, delete, event, inspect, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Mapper, Session

from admin_app.db import db
from admin_app.edge import IMPERSONAL_ENDPOINTS
from admin_app.engine.access import SYSTEM, acting, current_scope
from admin_app.engine.language import reread_language
from admin_app.kept import WHO
from admin_app.passwords import dummy_hash
from models.access import AccessStamp
from models.organisation import User
from models.session import LoginSession
from models.types import utc_now

IDLE_LIMIT: Final = timedelta(hours=8)
ABSOLUTE_LIMIT: Final = timedelta(days=7)
#: `last_seen_at` is written at most this often: a write with every page would make each reader wait for the
#: writers.
TOUCH_EVERY: Final = timedelta(minutes=5)

_log = logging.getLogger(__name__)


class Person(UserMixin):  # type: ignore[misc]  # Flask-Login brings no types
    """The signed-in person of one request.

    `id`, `username`, `name`, `language` and `is_admin` are copied when the session is loaded, so that they can be
    read after a rollback and without another statement. `stamp` is what the rules of access stood under then.
    """

    def __init__(
        self, login_id: int, token: str, number: int, username: str, name: str, language: str, is_admin: bool
    ) -> None:
        self.id = number
        self.username = username
        self.name = name
        self.language = language
        self.is_admin = is_admin
        self.login_id = login_id
        self.stamp: int | None = None
        self._token = token

    def record(self, database: Session) -> User:
        """The person as a record, to change it."""
        with acting(database, SYSTEM):
            return database.get_one(User, self.id)

    def get_id(self) -> str:
        """Return what Flask-Login keeps in the cookie: the session's token, not the person's number."""
        return self._token


def person() -> Person | None:
    """Return who sent the request under way, or None."""
    return cast("Person | None", g.get("person"))


def token_hash(token: str) -> str:
    """Return what the table holds of `token`: 64 hexadecimal digits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def find_person(database: Session, token: str, now: datetime) -> Person | None:
    """Return whose live session `token` opens, by one statement over session, user and the rules' stamp, or None."""
    with acting(database, SYSTEM):
        prepared = current_scope().prepared(database, LoginSession, "person", _person_statement)
        found = prepared.rows(database, token=token_hash(token), now=now, idle_since=now - IDLE_LIMIT)
        if not found:
            return None
        login_id, last_seen_at, *who, stamp = found[0]
        opened = Person(login_id, token, *who)
        opened.stamp = stamp
        if last_seen_at < now - TOUCH_EVERY:
            _touch(database, login_id, now)
        return opened


def _person_statement() -> Select[Any]:
    moment = LoginSession.expires_at.type
    copied: list[Any] = [User.id, User.username, User.name, User.language, User.is_admin]
    return (
        select(LoginSession.id, LoginSession.last_seen_at, *copied, AccessStamp.value)
        .join(User, User.id == LoginSession.user_id)
        .outerjoin(AccessStamp, AccessStamp.id == 1)
        .where(
            LoginSession.token_hash == bindparam("token", required=False),
            LoginSession.expires_at > bindparam("now", type_=moment, required=False),
            LoginSession.last_seen_at > bindparam("idle_since", type_=moment, required=False),
            User.is_active.is_(True),
        )
    )


def _touch(database: Session, login_id: int, now: datetime) -> None:
    # The read ends here: a transaction that read first could not take SQLite's write lock without failing.
    database.rollback()
    try:
        database.connection(execution_options={"writes": True})
        database.execute(update(LoginSession).where(LoginSession.id == login_id).values(last_seen_at=now))
        database.commit()
    except OperationalError as error:
        # A busy or full database must not turn readers away; the next request tries again.
        database.rollback()
        _log.warning("last_seen_at of session %s was not written: %s", login_id, error.orig)


def sign_in(database: Session, user: User, now: datetime) -> Person:
    """Open a session for `user` in this browser and in the table (flushed, not committed); return the person.

    The cookie starts afresh, so that nobody can plant a session or a CSRF token before the sign-in.
    """
    token = secrets.token_urlsafe(32)
    row = LoginSession(
        token_hash=token_hash(token),
        user_id=user.id,
        created_at=now,
        last_seen_at=now,
        expires_at=now + ABSOLUTE_LIMIT,
        ip=(request.remote_addr or "")[:45] or None,
        user_agent=request.user_agent.string[:400] or None,
    )
    with acting(database, SYSTEM):
        database.execute(_delete_sessions().where(LoginSession.expires_at <= now))
        database.add(row)
        database.flush()
        opened = Person(row.id, token, user.id, user.username, user.name, user.language, user.is_admin)
    session.clear()
    session[WHO] = user.id
    login_user(opened)
    g.person = opened
    reread_language()
    return opened


def sign_out(database: Session) -> None:
    """Delete the session of this request from the table (not committed) and empty the cookie."""
    opened = person()
    assert opened is not None, "the gate lets nobody else in"
    with acting(database, SYSTEM):
        database.execute(_delete_sessions().where(LoginSession.id == opened.login_id))
    logout_user()
    session.clear()
    g.person = None
    reread_language()


def _delete_sessions() -> Delete:
    # No session holds these rows as objects, so there is nothing to bring up to date in Python.
    return delete(LoginSession).execution_options(synchronize_session=False)


@event.listens_for(User, "after_update")
def _end_sessions_of_changed(_mapper: Mapper[Any], connection: Connection, user: User) -> None:
    """End the sessions of a person whose password changed or who was disabled, whichever door did it."""
    state = inspect(user)
    changed = state.attrs.password_hash.history.has_changes()
    disabled = state.attrs.is_active.history.has_changes() and not user.is_active
    if changed or disabled:
        connection.execute(delete(LoginSession).where(LoginSession.user_id == user.id))


class _Cookies(SecureCookieSessionInterface):
    """Flask's signed cookie, Secure whenever it goes out over HTTPS, even where the setting was forgotten."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return bool(request.is_secure) or super().get_cookie_secure(app)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        # Static files are kept by shared caches: they must neither set a cookie nor vary by one.
        if request.endpoint not in IMPERSONAL_ENDPOINTS:
            super().save_session(app, session, response)


def _load(token: str) -> Person | None:
    return find_person(db.session(), token, utc_now())


def _identify() -> None:
    # A caller that holds an application context open (a test, a shell) shares `g` between requests.
    for left_over in ("person", "_login_user"):
        g.pop(left_over, None)
    reread_language()
    if request.endpoint in IMPERSONAL_ENDPOINTS:
        return
    if current_user.is_authenticated:
        g.person = current_user._get_current_object()


def init_sessions(app: Flask) -> None:
    """Load the person before each request; call it after `init_edge` and `init_language`."""
    app.config["SESSION_COOKIE_NAME"] = "dutybook"
    app.session_interface = _Cookies()
    manager = LoginManager()
    # The table decides; a hash of address and browser in the cookie would only throw out people on the move.
    manager.session_protection = None
    manager.user_loader(_load)
    manager.init_app(app)
    app.before_request(_identify)
    dummy_hash()

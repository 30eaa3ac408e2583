"""What happens before the first request: migrate, load the starting data once, and say who can log in.

The command line and the tests' own server share it, so that both start the way a person does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from admin_app.db import db, migration_lock, upgrade_database
from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.search.building import ensure
from admin_app.engine.site import Site
from admin_app.passwords import random_password
from models.organisation import Position, Post, User

#: Called with (customers done, customers in all) while the demo company is made.
Progress = Callable[[int, int], None]
DEMO_CUSTOMERS = 300


@dataclass(frozen=True)
class Login:
    """One line of the table of demo logins: a user name and what that person is, in both languages."""

    username: str
    position_zh: str
    position_en: str


def no_progress(done: int, total: int) -> None:
    """For callers that show nothing."""


def prepare(app: Flask, progress: Progress = no_progress) -> str | None:
    """Migrate, and load the starting data into a database without people.

    Returns the password of the logins that were made, or None when there was nothing to load. Of several
    processes that start at once, one loads. Raises ConfigurationError.
    """
    upgrade_database(app)
    with (
        app.app_context(),
        migration_lock(db.engine, Path(app.config["DATA_DIR"])),
        acting(db.session(), SYSTEM) as session,
    ):
        password = None
        if session.scalar(select(User.id).limit(1)) is None:
            password = load_starting_data(app, session, progress)
        session.commit()
        # Nothing to do, but after an upgrade that came with the index, or with other rules of what it holds.
        ensure(session)
        return password


def load_starting_data(app: Flask, session: Session, progress: Progress = no_progress) -> str:
    """Load the organisation, then the demo company or one `admin`; returns the password of the logins."""
    site: Site = app.extensions["dutybook"]
    password = str(app.config["DEMO_PASSWORD"] or random_password())
    site.loaders["organisation"](session)
    if app.config["DEMO"]:
        site.loaders["demo"](session, customers=DEMO_CUSTOMERS, progress=progress, password=password)
    else:
        site.loaders["admin"](session, password)
    return password


def demo_logins(session: Session) -> list[Login]:
    """The logins named after a position that they hold, by user name, and `admin` first."""
    admins = session.scalars(select(User.username).where(User.username == "admin", User.is_active))
    named = session.execute(
        select(User.username, Position.name_zh, Position.name_en)
        .join(Post, Post.user_id == User.id)
        .join(Position, Position.id == Post.position_id)
        .where(User.username == func.lower(Position.code), User.is_active)
        .distinct()
        .order_by(User.username)
    )
    return [Login(name, "管理员", "Administrator") for name in admins] + [Login(*row) for row in named]

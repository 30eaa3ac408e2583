"""What tests over HTTP share: forms, the words of a page, and what the database holds afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from models.change import ChangeSet
from tests.conftest import csrf_token

#: Opens a browser of somebody: (user name, language).
Sign = Callable[..., FlaskClient]


def post(client: FlaskClient, url: str, **fields: Any) -> Any:
    """Send a form with the session's token."""
    token = csrf_token(client.get("/account/password").text)
    return client.post(url, data={"csrf_token": token, **fields})


def words(answer: Any) -> str:
    """The text of a page's main part, without marks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", answer.text.split("<main", 1)[1]))


def stored(app: Flask, statement: Any) -> Any:
    """One value out of the database."""
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        return session.scalar(statement)


def newest(session: Session) -> int:
    """The id of the newest change set."""
    with acting(session, SYSTEM):
        return int(session.scalars(select(ChangeSet.id).order_by(ChangeSet.position.desc()).limit(1)).one())

"""The first account of an empty company: its one administrator."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.errors import Conflict
from admin_app.passwords import hash_password
from models.organisation import User
from seed.people import ADMIN


def create_admin(session: Session, password: str) -> User:
    """Add the user `admin`, who may do everything, and flush.

    Raises Conflict when there is one already: nobody's password is set here a second time.
    """
    username, name, _, _ = ADMIN
    if session.scalars(select(User).where(User.username == username)).first() is not None:
        raise Conflict("There is a user called admin already.")
    user = User(username=username, name=name, is_admin=True, password_hash=hash_password(password))
    session.add(user)
    session.flush()
    return user

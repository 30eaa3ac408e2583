"""First accounts: the one administrator of an empty company, and the table of demo logins."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.errors import Conflict
from admin_app.passwords import hash_password
from models.organisation import Position, Post, User
from seed.people import ADMIN, Login


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


def demo_logins(session: Session) -> list[Login]:
    """Every active user with the position held longest, in the order of their keys, to print at a start."""
    held: dict[int, tuple[str, str]] = {}
    positions = (
        select(Post.user_id, Position.name_zh, Position.name_en)
        .join(Position, Position.id == Post.position_id)
        .order_by(Post.acting, Post.valid_from, Post.id)
    )
    for user_id, name_zh, name_en in session.execute(positions):
        held.setdefault(user_id, (name_zh, name_en))
    users = session.scalars(select(User).where(User.is_active).order_by(User.id))
    return [
        Login(user.username, user.name, *held.get(user.id, ADMIN[2:] if user.is_admin else ("", "")))
        for user in users
    ]

"""Requests for access and manual grants as lists: one's own, and those that wait for one's answer."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, joinedload

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.access.compile import posts_in_force
from admin_app.services.explanations import Explainer
from admin_app.services.heads import headed_departments
from models.grant import AccessGrant, AccessRequest
from models.organisation import Post, User


def mine(session: Session, policy: Policy) -> Sequence[AccessRequest]:
    """The person's own requests, the newest first, at most 100."""
    return _read(session, AccessRequest.user_id == policy.user_id)


def to_decide(explainer: Explainer, policy: Policy) -> Sequence[AccessRequest]:
    """Requests of others that this person may decide or has decided: the open ones first, at most 100."""
    session = explainer.session
    if policy.user_id is None:
        return ()
    asked: list[ColumnElement[bool]] = [
        AccessRequest.head_id == policy.user_id,
        AccessRequest.decided_by_id == policy.user_id,
    ]
    if not policy.unlimited:
        headed = headed_departments(policy, explainer.world)
        if headed:
            there = select(Post.user_id).where(
                Post.department_id.in_(sorted(headed)),
                Post.valid_from <= explainer.today,
                or_(Post.valid_to.is_(None), Post.valid_to >= explainer.today),
            )
            asked.append(AccessRequest.user_id.in_(there))
    within = AccessRequest.user_id != policy.user_id
    return _read(session, within if policy.unlimited else within & or_(*asked))


def _read(session: Session, where: ColumnElement[bool]) -> Sequence[AccessRequest]:
    statement = (
        select(AccessRequest)
        .where(where)
        .options(
            joinedload(AccessRequest.user),
            joinedload(AccessRequest.head),
            joinedload(AccessRequest.decided_by),
            joinedload(AccessRequest.acting_for),
        )
        .order_by(AccessRequest.status != "open", AccessRequest.id.desc())
        .limit(100)
    )
    with acting(session, SYSTEM):
        return session.scalars(statement).all()


def home_of(explainer: Explainer, user: int) -> int | None:
    """The department (id) of a person's first post in force."""
    posts = posts_in_force(explainer.session, explainer.today, [user])
    return posts[0].department if posts else None


def own_grants(explainer: Explainer, policy: Policy) -> Sequence[AccessGrant]:
    """The person's manual grants that are in force, the first to end first."""
    statement = (
        select(AccessGrant)
        .where(AccessGrant.user_id == policy.user_id, AccessGrant.valid_to >= explainer.today)
        .options(joinedload(AccessGrant.approver))
        .order_by(AccessGrant.valid_to, AccessGrant.id)
        .limit(100)
    )
    with acting(explainer.session, SYSTEM):
        return explainer.session.scalars(statement).all()


def name_of(session: Session, user: int | None) -> str:
    """A person's name, or a dash."""
    with acting(session, SYSTEM):
        found = session.get(User, user) if user is not None else None
    return found.name if found else "—"

"""From posts, matrix cells and letters to a policy (DOMAIN.md, section 2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from admin_app.engine.access.policy import EVERYTHING, NOTHING, SYSTEM, Policy, Rows
from admin_app.engine.access.scope import acting
from models.access import DutyAccess, LetterProfile
from models.duty import PositionDuty
from models.organisation import Department, Position, Post, User


def compile_policy(session: Session, user: User, today: date) -> Policy:
    """What `user` may do on `today`, from all posts that are in force.

    Args:
        session: any session; the statements run as the system.
        user: the person; an administrator is unlimited, an inactive person gets nothing.
        today: the company's date. First and last day of a post both count.

    Returns:
        A policy; three statements, whatever the number of records.
    """
    if not user.is_active:
        return Policy(actor=user.username)
    with acting(session, SYSTEM):
        posts = session.execute(_posts(user.id, today)).all()
        home = posts[0].department_id if posts else None
        names = {"zh": posts[0].name_zh, "en": posts[0].name_en} if posts else {}
        if user.is_admin:
            home = home or session.scalar(select(Department.id).order_by(Department.id).limit(1))
            return Policy(user.username, user.id, True, home, names)
        cells = session.execute(_cells(user.id, today)).all()
        tree = {row.id: row.parent_id for row in session.execute(select(Department.id, Department.parent_id))}
    return Policy(user.username, user.id, False, home, names, _grants(user.id, cells, tree))


def _in_force(user_id: int, today: date) -> tuple[Any, ...]:
    return (
        Post.user_id == user_id,
        Post.valid_from <= today,
        or_(Post.valid_to.is_(None), Post.valid_to >= today),
    )


def _posts(user_id: int, today: date) -> Any:
    return (
        select(Post.department_id, Position.name_zh, Position.name_en)
        .join(Position, Position.id == Post.position_id)
        .where(*_in_force(user_id, today))
        .order_by(Post.acting, Post.valid_from, Post.id)
    )


def _cells(user_id: int, today: date) -> Any:
    return (
        select(Post.department_id, DutyAccess.entity, LetterProfile.actions, LetterProfile.rows)
        .join(PositionDuty, PositionDuty.position_id == Post.position_id)
        .join(DutyAccess, DutyAccess.duty_id == PositionDuty.duty_id)
        .join(LetterProfile, LetterProfile.letter == PositionDuty.letter)
        .where(*_in_force(user_id, today))
    )


def _grants(
    user_id: int, cells: Iterable[Any], parents: Mapping[int, int | None]
) -> dict[tuple[str, str], Rows]:
    grants: dict[tuple[str, str], Rows] = {}
    for department_id, entity, actions, reach in cells:
        rows = rows_for(reach, user_id, department_id, parents)
        for action in actions.split():
            grants[entity, action] = grants.get((entity, action), NOTHING) | rows
    return grants


def rows_for(reach: str, user_id: int, department_id: int, parents: Mapping[int, int | None]) -> Rows:
    """The rows that one reach word means for a post in `department_id`. What is wider contains what is narrower."""
    own = frozenset({user_id})
    if reach == "all":
        return EVERYTHING
    if reach == "own":
        return Rows(owners=own)
    below = _below(department_id, parents)
    if reach == "subordinates":
        return Rows(owners=own, departments=below - {department_id})
    if reach == "department":
        return Rows(owners=own, departments=frozenset({department_id}))
    if reach == "department_tree":
        return Rows(owners=own, departments=below)
    return NOTHING


def _below(root: int, parents: Mapping[int, int | None]) -> frozenset[int]:
    """`root` and all departments under it. A circle in the data ends the walk instead of looping."""
    found = {root}
    frontier = {root}
    while frontier:
        frontier = {child for child, parent in parents.items() if parent in frontier} - found
        found |= frontier
    return frozenset(found)

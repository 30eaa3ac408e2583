"""From posts, matrix cells, letters and manual grants to a policy (DOMAIN.md, section 2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from admin_app.engine.access.policy import EVERYTHING, NOTHING, RECORD, SYSTEM, Policy, Rows, Source
from admin_app.engine.access.scope import acting
from admin_app.engine.access.world import World, read_world
from models.grant import AccessGrant
from models.organisation import Post, User


@dataclass(frozen=True, slots=True)
class Held:
    """A post in force."""

    user: int
    position: int
    department: int
    acting: bool
    until: date | None
    acting_for: int | None = None


class Subject(Protocol):
    """Whose rights are asked for: a user, or the signed-in person that stands for one."""

    @property
    def id(self) -> int: ...
    @property
    def username(self) -> str: ...
    @property
    def is_active(self) -> bool: ...
    @property
    def is_admin(self) -> bool: ...


def compile_policy(session: Session, user: Subject, today: date, world: World | None = None) -> Policy:
    """What `user` may do on `today`, from all posts and grants that are in force.

    Args:
        session: any session; the statements run as the system.
        user: the person; an administrator is unlimited, an inactive person gets nothing.
        today: the company's date. First and last day of a post or grant both count.
        world: the rules, where they have been read already.

    Returns:
        A policy; two statements beside the world's, whatever the number of records.
    """
    if not user.is_active:
        return Policy(actor=user.username)
    world = world or read_world(session)
    posts = posts_in_force(session, today, [user.id])
    home = posts[0].department if posts else None
    position = world.positions.get(posts[0].position) if posts else None
    names = position.names if position else {}
    if user.is_admin:
        home = home or next(iter(world.departments), None)
        return Policy(user.username, user.id, True, home, names)
    sources = (*cell_sources(world, posts), *grant_sources(session, world, today, [user.id]).get(user.id, ()))
    return Policy(user.username, user.id, False, home, names, add_up(sources), sources)


def posts_in_force(session: Session, today: date, users: Sequence[int] | None = None) -> list[Held]:
    """Posts in force on `today`, of all people or of some, own posts before acting ones; one statement."""
    statement = (
        select(
            Post.user_id, Post.position_id, Post.department_id, Post.acting, Post.valid_to, Post.acting_for_id
        )
        .where(Post.valid_from <= today, or_(Post.valid_to.is_(None), Post.valid_to >= today))
        .order_by(Post.acting, Post.valid_from, Post.id)
    )
    if users is not None:
        statement = statement.where(Post.user_id.in_(users))
    with acting(session, SYSTEM):
        return [Held(*row) for row in session.execute(statement)]


def cell_sources(world: World, posts: Iterable[Held]) -> Iterator[Source]:
    """What the matrix gives through these posts: cell × letter profile × the duty's entities."""
    for post in posts:
        for duty, cell in world.duties_of(post.position):
            profile = world.profiles.get(cell.letter)
            if profile is None:
                continue
            reach = cell.rows or profile.rows
            rows = rows_for(reach, post.user, post.department, world.parents)
            for entity in sorted(world.entities.get(duty, ())):
                levels = {"": profile.level} | {
                    name.partition(".")[2]: level
                    for name, level in cell.levels.items()
                    if name.partition(".")[0] == entity
                }
                yield Source(
                    entity=entity,
                    actions=profile.actions,
                    rows=rows,
                    reach=reach,
                    levels=levels,
                    department=post.department,
                    letter=cell.letter,
                    position=post.position,
                    duty=duty,
                    acting=post.acting,
                    acting_for=post.acting_for,
                    until=post.until,
                )


def grant_sources(
    session: Session, world: World, today: date, users: Sequence[int] | None = None
) -> dict[int, list[Source]]:
    """Manual grants in force, by person; one statement."""
    statement = select(AccessGrant).where(AccessGrant.valid_from <= today, AccessGrant.valid_to >= today)
    if users is not None:
        statement = statement.where(AccessGrant.user_id.in_(users))
    found: dict[int, list[Source]] = {}
    with acting(session, SYSTEM):
        for grant in session.scalars(statement.order_by(AccessGrant.id)):
            found.setdefault(grant.user_id, []).append(
                Source(
                    entity=grant.entity,
                    actions=frozenset(grant.actions.split()),
                    rows=granted_rows(grant, world.parents),
                    reach=grant.rows or RECORD,
                    levels={"": grant.field_level},
                    department=grant.department_id,
                    grant=grant.id,
                    until=grant.valid_to,
                    record=grant.record_key,
                )
            )
    return found


def granted_rows(grant: AccessGrant, parents: Mapping[int, int | None]) -> Rows:
    """The rows of a manual grant: one record, or what its reach means for its department."""
    if grant.record_key is not None:
        return Rows(keys=frozenset({(grant.entity, grant.record_key)}))
    return rows_for(grant.rows or "", grant.user_id, grant.department_id, parents)


def add_up(sources: Iterable[Source]) -> dict[tuple[str, str], Rows]:
    """(entity, action) -> rows: grants only ever add up."""
    grants: dict[tuple[str, str], Rows] = {}
    for source in sources:
        for action in source.actions:
            key = source.entity, action
            grants[key] = grants.get(key, NOTHING) | source.rows
    return grants


def rows_for(reach: str, user_id: int, department_id: int, parents: Mapping[int, int | None]) -> Rows:
    """The rows that a reach word means for a post in `department_id`. What is wider contains what is narrower."""
    own = frozenset({user_id})
    if reach == "all":
        return EVERYTHING
    if reach == "own":
        return Rows(owners=own)
    below = departments_below(department_id, parents)
    if reach == "subordinates":
        return Rows(owners=own, departments=below - {department_id})
    if reach == "department":
        return Rows(owners=own, departments=frozenset({department_id}))
    if reach == "department_tree":
        return Rows(owners=own, departments=below)
    return NOTHING


def departments_below(root: int, parents: Mapping[int, int | None]) -> frozenset[int]:
    """`root` and all departments under it. A circle in the data ends the walk instead of looping."""
    found = {root}
    frontier = {root}
    while frontier:
        frontier = {child for child, parent in parents.items() if parent in frontier} - found
        found |= frontier
    return frozenset(found)


def policies(session: Session, world: World, today: date) -> dict[int, tuple[Any, Policy]]:
    """(person, policy) of everybody who may sign in, by user id; three statements, whatever their number."""
    posts: dict[int, list[Held]] = {}
    for post in posts_in_force(session, today):
        posts.setdefault(post.user, []).append(post)
    grants = grant_sources(session, world, today)
    with acting(session, SYSTEM):
        people = session.execute(
            select(User.id, User.username, User.name, User.is_admin).where(User.is_active).order_by(User.id)
        ).all()
    found = {}
    for person in people:
        held = posts.get(person.id, [])
        sources = (*cell_sources(world, held), *grants.get(person.id, ()))
        home = held[0].department if held else None
        found[person.id] = (
            person,
            Policy(person.username, person.id, person.is_admin, home, {}, add_up(sources), sources),
        )
    return found

"""People and their posts: appointing, ending, standing in for somebody, and shutting a person out.

An administrator may all of it. A head may it for positions and departments that the head leads, and hands out by an
appointment no right that the head does not hold. Access follows posts by itself: nothing here grants.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import inspect, or_, select
from sqlalchemy.orm import Session, joinedload

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.access.cache import PolicyCache
from admin_app.engine.access.compile import add_up
from admin_app.engine.access.world import World
from admin_app.engine.labels import labels
from admin_app.engine.site import site
from admin_app.errors import Conflict, Forbidden, Refused
from admin_app.services import clock, conflicts
from admin_app.services.heads import beyond, editable_positions, headed_departments
from models.organisation import Department, Position, Post, User

#: Standing in ends by itself; beyond this it is an appointment.
LONGEST_STAND_IN: Final = timedelta(days=366)


@dataclass(frozen=True)
class Places:
    """Where somebody may appoint: positions and departments by id, in the company's order."""

    positions: Sequence[Position]
    departments: Sequence[Department]


def world_of(session: Session) -> World:
    """The rules of the running app, as they stand."""
    cache: PolicyCache = current_app.extensions["dutybook_policies"]
    return cache.world(session)


def places(session: Session, policy: Policy) -> Places:
    """The positions that this person may fill, and the departments in which."""
    world = world_of(session)
    positions, departments = editable_positions(policy, world), headed_departments(policy, world)
    with acting(session, SYSTEM):
        return Places(
            session.scalars(select(Position).where(Position.id.in_(positions)).order_by(Position.id)).all(),
            session.scalars(
                select(Department).where(Department.id.in_(departments)).order_by(Department.id)
            ).all(),
        )


def appoint(
    session: Session,
    policy: Policy,
    user: User,
    position: Position,
    department: Department,
    first: date,
    last: date | None,
) -> Post:
    """Give a person a position from `first` to `last`, both included, and flush.

    Raises:
        Forbidden: the place is none that `policy` leads.
        Refused: duties that must stay apart would meet, rights beyond the appointing person's would be handed out,
            or the days cannot be.
    """
    return _store(
        session,
        policy,
        Post(
            user_id=user.id,
            position_id=position.id,
            department_id=department.id,
            valid_from=first,
            valid_to=last,
        ),
    )


def stand_in(
    session: Session, policy: Policy, user: User, post: Post, first: date, last: date | None
) -> Post:
    """Let `user` hold somebody's post in that person's place for some days, and flush. Raises as `appoint`."""
    if last is None:
        raise Refused(_("Standing in needs a last day."), "last")
    if last - first > LONGEST_STAND_IN:
        raise Refused(_("Nobody stands in for more than a year; appoint the person instead."), "last")
    if post.user_id == user.id:
        raise Refused(_("Nobody acts for themselves."), "user")
    return _store(
        session,
        policy,
        Post(
            user_id=user.id,
            position_id=post.position_id,
            department_id=post.department_id,
            valid_from=first,
            valid_to=last,
            acting=True,
            acting_for_id=post.user_id,
        ),
    )


def _store(session: Session, policy: Policy, post: Post) -> Post:
    if post.valid_to is not None and post.valid_to < post.valid_from:
        raise Refused(_("The last day is before the first."), "last")
    check_place(session, policy, post)
    _refuse_double(session, post)
    with acting(session, SYSTEM):
        session.add(post)
        session.flush()
    return post


def _refuse_double(session: Session, post: Post) -> None:
    statement = select(Post.id).where(
        Post.user_id == post.user_id,
        Post.position_id == post.position_id,
        Post.department_id == post.department_id,
        or_(Post.valid_to.is_(None), Post.valid_to >= post.valid_from),
    )
    if post.valid_to is not None:
        statement = statement.where(Post.valid_from <= post.valid_to)
    with acting(session, SYSTEM):
        if session.scalar(statement.limit(1)) is not None:
            raise Refused(_("This person holds this position there in these days already."), "position")


def before_post_saved(session: Session, policy: Policy, post: Post) -> None:
    """Hold posts that come through forms and imports to the same rules as appointments."""
    with session.no_autoflush:
        for name in ("user", "position", "department"):
            record = getattr(post, name)
            if record is not None:
                setattr(post, f"{name}_id", record.id)
        if post.user_id and post.position_id and post.department_id and post.valid_from:
            check_place(session, policy, post)


def check_place(session: Session, policy: Policy, post: Post) -> None:
    """Whether this person may fill this post, stored or not, and whether it breaks a rule of separation.

    Raises:
        Forbidden: the place is none that `policy` leads.
        Refused: at the field "position".
    """
    world = world_of(session)
    policy = lasting(policy, post.valid_to)
    if not may_fill(policy, world, post):
        raise Forbidden(_("You do not lead this department or this position in all these days."))
    if policy.user_id == post.user_id and not policy.unlimited:
        # The own rights are for others to extend.
        raise Forbidden(_("Nobody appoints themselves; ask the next head up."))
    excess = [
        (each.entity, each.action)
        for duty, cell in world.duties_of(post.position_id)
        for each in beyond(policy, world, site().access, post.department_id, duty, cell)
    ]
    if excess:
        entities = dict.fromkeys(entity for entity, _action in excess)
        names = ", ".join(labels().plural(entity) for entity in list(entities)[:5])
        raise Refused(
            _(
                "This position gives more than you hold yourself: %(entities)s. Ask the next head up.",
                entities=names,
            ),
            "position",
        )
    stored = post.id if inspect(post).persistent else None
    conflicts.refuse_appointment(
        session, world, post.user_id, post.position_id, post.valid_from, post.valid_to, stored
    )


def lasting(policy: Policy, last: date | None) -> Policy:
    """The same person with only what is held until `last` (None: for good): nobody gives longer than they have."""
    if policy.unlimited:
        return policy
    kept = tuple(
        source
        for source in policy.sources
        if source.until is None or (last is not None and source.until >= last)
    )
    return replace(policy, sources=kept, grants=add_up(kept))


def may_fill(policy: Policy, world: World, post: Post) -> bool:
    """Whether position and department are within what this person leads."""
    return policy.unlimited or (
        post.position_id in editable_positions(policy, world)
        and post.department_id in headed_departments(policy, world)
    )


def end_post(session: Session, policy: Policy, post: Post, last: date) -> bool:
    """Let a post end with `last`, and flush; False where it had not begun by then and is withdrawn instead.

    Raises:
        Forbidden: `policy` does not lead there.
        Conflict: it ends earlier already.
    """
    if not may_fill(policy, world_of(session), post):
        raise Forbidden(_("You do not lead this department or this position."))
    if post.valid_to is not None and post.valid_to < last:
        raise Conflict(_("This post ends earlier already."))
    with acting(session, SYSTEM):
        begun = post.valid_from <= last
        if begun:
            post.valid_to = last
        else:
            session.delete(post)
        session.flush()
    return begun


def posts_of(session: Session, user: int, today: date) -> list[Post]:
    """A person's posts that have not ended, the own ones first."""
    statement = (
        select(Post)
        .where(Post.user_id == user, or_(Post.valid_to.is_(None), Post.valid_to >= today))
        .order_by(Post.acting, Post.valid_from, Post.id)
    )
    with acting(session, SYSTEM):
        return list(session.scalars(statement))


def may_manage(session: Session, policy: Policy, user: User, today: date | None = None) -> bool:
    """Whether `policy` may shut this person out and pass the records on: an administrator, or who leads all posts.

    Nobody manages themselves, and only administrators manage administrators.
    """
    if policy.user_id == user.id:
        return False
    if policy.unlimited:
        return True
    held = posts_of(session, user.id, today or clock.today())
    if user.is_admin or not held:
        return False
    world = world_of(session)
    return all(may_fill(policy, world, post) for post in held)


def set_active(session: Session, policy: Policy, user: User, active: bool) -> None:
    """Let a person sign in or not, and flush; being shut out ends all sessions at once.

    Raises:
        Forbidden: `policy` does not lead this person.
    """
    if not may_manage(session, policy, user):
        raise Forbidden(_("You do not lead all posts of this person."))
    with acting(session, SYSTEM):
        user.is_active = active
        session.flush()


def principals(session: Session, policy: Policy) -> list[str]:
    """The names of whom this person stands in for today; no statement where that is nobody."""
    wanted = {source.acting_for for source in policy.sources if source.acting_for is not None}
    if not wanted:
        return []
    with acting(session, SYSTEM):
        return list(session.scalars(select(User.name).where(User.id.in_(wanted)).order_by(User.id)))


def led_posts(
    session: Session, policy: Policy, today: date, text: str, limit: int
) -> list[tuple[User, list[Post]]]:
    """People with their posts that have not ended, in the departments that this person leads; by name.

    `text` narrows to names and user names that contain it, and then finds everybody, whoever leads them.
    """
    world = world_of(session)
    current = or_(Post.valid_to.is_(None), Post.valid_to >= today)
    users = select(User).order_by(User.name, User.id).limit(limit)
    if text:
        match = or_(
            User.name.icontains(text, autoescape=True), User.username.icontains(text, autoescape=True)
        )
        users = users.where(match)
    else:
        departments = headed_departments(policy, world)
        led = select(Post.user_id).where(current, Post.department_id.in_(departments))
        users = users.where(User.id.in_(led))
    with acting(session, SYSTEM):
        found = {user.id: (user, list[Post]()) for user in session.scalars(users)}
        posts = select(Post).where(Post.user_id.in_(found), current).order_by(Post.acting, Post.id)
        for post in session.scalars(posts.options(joinedload("*"))):
            found[post.user_id][1].append(post)
    return list(found.values())

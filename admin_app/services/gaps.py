"""What is missing or too much: duties that nobody owns, posts that nobody fills, access that nobody needs.

Eight statements, whatever the size of the company. Who may read the answer is decided where it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.access.world import World
from admin_app.services import clock
from admin_app.services.conflicts import Clash, matrix_conflicts, person_conflicts
from models.grant import AccessGrant
from models.organisation import Post, User
from models.usage import AccessUse


@dataclass(frozen=True, slots=True)
class Granted:
    """A manual grant in force: access without a duty."""

    id: int
    user: int
    name: str
    entity: str
    actions: Sequence[str]
    department: int
    reason: str
    until: date


@dataclass(frozen=True, slots=True)
class Unused:
    """What a person could use through a position (else a grant) and has not used for a long time, or ever.

    `entities` are names; `last` is the day of the latest use of any of them, None where there was none.
    """

    user: int
    name: str
    position: int | None
    grant: int | None
    entities: Sequence[str]
    last: date | None


@dataclass(frozen=True)
class Gaps:
    """All findings; duties, positions and departments are ids, in the company's order."""

    unheld: Sequence[int]
    ownerless: Sequence[int]
    shared: Sequence[tuple[int, Sequence[int]]]
    vacant: Sequence[int]
    granted: Sequence[Granted]
    unused: Sequence[Unused]
    clashes: Sequence[Clash]


def read_gaps(session: Session, world: World, today: date, unused_days: int, entities: Iterable[str]) -> Gaps:
    """Look for gaps in the rules as they stand.

    Args:
        session: any session; the statements run as the system.
        today: the company's date.
        unused_days: access counts as unused after this many days, both of having it and of not using it.
        entities: names of what there is to use; a duty may name more.
    """
    letters: dict[int, list[tuple[int, str]]] = {duty: [] for duty in world.duties}
    for (position, duty), cell in sorted(world.cells.items()):
        letters[duty].append((position, cell.letter))
    owners = {
        duty: tuple(position for position, letter in held if letter == "A") for duty, held in letters.items()
    }
    with acting(session, SYSTEM):
        names = {
            row.id: row.name for row in session.execute(select(User.id, User.name).where(User.is_active))
        }
        posts = session.scalars(
            select(Post).where(Post.valid_from <= today, or_(Post.valid_to.is_(None), Post.valid_to >= today))
        ).all()
        grants = session.scalars(
            select(AccessGrant)
            .where(AccessGrant.valid_from <= today, AccessGrant.valid_to >= today)
            .order_by(AccessGrant.id)
        ).all()
    filled = {post.position_id for post in posts if post.user_id in names}
    return Gaps(
        unheld=[duty for duty, held in letters.items() if not held],
        ownerless=[duty for duty, held in owners.items() if not held],
        shared=[(duty, held) for duty, held in owners.items() if len(held) > 1],
        vacant=[position for position in world.positions if position not in filled],
        granted=[
            Granted(
                grant.id,
                grant.user_id,
                names[grant.user_id],
                grant.entity,
                grant.actions.split(),
                grant.department_id,
                grant.reason,
                grant.valid_to,
            )
            for grant in grants
            if grant.user_id in names
        ],
        unused=_unused(
            session, world, today - timedelta(days=unused_days), names, posts, grants, set(entities)
        ),
        clashes=[*matrix_conflicts(session, world), *person_conflicts(session, world, today)],
    )


def _unused(
    session: Session,
    world: World,
    line: date,
    names: Mapping[int, str],
    posts: Iterable[Post],
    grants: Iterable[AccessGrant],
    known: set[str],
) -> list[Unused]:
    """What was there on the day `line` already and was not used after it.

    A post counts from the day on which it was entered: before, nobody here could have used it.
    """
    statement = select(AccessUse.user_id, AccessUse.entity, func.max(AccessUse.last_on)).group_by(
        AccessUse.user_id, AccessUse.entity
    )
    with acting(session, SYSTEM):
        used = {(user, entity): last for user, entity, last in session.execute(statement)}
    held: dict[tuple[int, int | None, int | None], set[str]] = {}
    for post in posts:
        if max(post.valid_from, clock.day_of(post.created_at)) <= line:
            given = (
                world.entities.get(duty, frozenset()) for duty, _cell in world.duties_of(post.position_id)
            )
            held.setdefault((post.user_id, post.position_id, None), set()).update(*given)
    for grant in grants:
        if max(grant.valid_from, clock.day_of(grant.created_at)) <= line:
            held[grant.user_id, None, grant.id] = {grant.entity}
    found = []
    for (user, position, number), entities in held.items():
        idle = [entity for entity in sorted(entities & known) if not _since(used.get((user, entity)), line)]
        if idle and user in names:
            days = [day for entity in idle if (day := used.get((user, entity)))]
            found.append(Unused(user, names[user], position, number, idle, max(days, default=None)))
    return sorted(found, key=lambda each: (each.name, each.position or 0, each.grant or 0))


def _since(day: date | None, line: date) -> bool:
    return day is not None and day > line

"""Why somebody may do something, why not, and who may: answers that name the cell or grant behind each yes.

A no never says whether a record exists: it names positions and people who hold the right somewhere, nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy.orm import Session

from admin_app.engine.access.compile import policies
from admin_app.engine.access.guard import PARENT_ACTION, AccessMap
from admin_app.engine.access.policy import Policy, Rows, Source
from admin_app.engine.access.world import World

Ground = Literal["cells", "admin", "open", "nobody"]


@dataclass(frozen=True)
class Reason:
    """One source that gives the right, and the entity through which it does (the contract of an obligation)."""

    source: Source
    entity: str
    action: str


@dataclass(frozen=True)
class Verdict:
    """The answer to "may this person do this?". `ground` says what it rests on; `reasons` are all that give it."""

    allowed: bool
    ground: Ground
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Holder:
    """A position whose cell gives an action, and who holds it: ids and names of people who may sign in."""

    position: int
    duty: int
    letter: str
    people: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Able:
    """A person who may, with everything that lets them; an administrator has no sources."""

    user: int
    username: str
    name: str
    admin: bool
    reasons: tuple[Reason, ...]


def why(access: AccessMap, policy: Policy, action: str, entity: str, record: Any = None) -> Verdict:
    """Why `policy` may do `action` on `entity`, or on one loaded record of it.

    The reasons are exactly the sources that the verdict adds up from: taking all of them away takes the right away.
    """
    if policy.unlimited:
        return Verdict(True, "admin")
    if policy.user_id is not None and _is_open(access, action, entity):
        return Verdict(True, "open")
    reasons = tuple(_reasons(access, policy, action, entity, record))
    return Verdict(bool(reasons), "cells" if reasons else "nobody", reasons)


def _is_open(access: AccessMap, action: str, entity: str) -> bool:
    """Whether everybody who is signed in may: the entity, or a whole that it is a part of, is open to read."""
    guards = [access.by_name.get(name) for name, word in routes(access, action, entity) if word == "view"]
    return any(guard is not None and guard.reading == "open" for guard in guards)


def acting_for(access: AccessMap, policy: Policy, action: str, record: Any) -> int | None:
    """For whom (user id) this person does `action` on this record; None where anything of their own lets them too."""
    guard = access.by_model.get(type(record))
    if guard is None:
        return None
    sources = [reason.source for reason in why(access, policy, action, guard.name, record).reasons]
    known = [source.acting_for for source in sources if source.acting_for is not None]
    return known[0] if known and all(source.acting for source in sources) else None


def _reasons(access: AccessMap, policy: Policy, action: str, entity: str, record: Any) -> list[Reason]:
    guard = access.by_name.get(entity)
    found = [
        Reason(source, entity, action)
        for source in policy.sources
        if source.entity == entity
        and action in source.actions
        and (record is None or access.contains(source.rows, record))
    ]
    parent = access.parent_of(guard) if guard else None
    if guard is not None and parent is not None:
        above = getattr(record, str(guard.follows)) if record is not None else None
        if record is None or above is not None:
            found += _reasons(access, policy, PARENT_ACTION.get(action, "edit"), parent.name, above)
    return found


def routes(access: AccessMap, action: str, entity: str) -> list[tuple[str, str]]:
    """All (entity, action) pairs that give `action` on `entity`: itself, then the wholes that it is a part of."""
    found = [(entity, action)]
    guard = access.by_name.get(entity)
    parent = access.parent_of(guard) if guard else None
    if parent is not None:
        found += routes(access, PARENT_ACTION.get(action, "edit"), parent.name)
    return found


def holders(
    session: Session, world: World, access: AccessMap, today: date, action: str, entity: str
) -> list[Holder]:
    """The positions whose cells give `action` on some rows of `entity`, and who holds them; ordered by position."""
    people: dict[int, list[tuple[int, str]]] = {}
    for user, (person, policy) in policies(session, world, today).items():
        for position in dict.fromkeys(source.position for source in policy.sources if source.position):
            people.setdefault(position, []).append((user, person.name))
    wanted = routes(access, action, entity)
    found = []
    for (position, duty), cell in sorted(world.cells.items()):
        profile = world.profiles.get(cell.letter)
        named = world.entities.get(duty, frozenset())
        if profile and any(name in named and word in profile.actions for name, word in wanted):
            found.append(Holder(position, duty, cell.letter, tuple(people.get(position, ()))))
    return found


def who_can(
    session: Session,
    world: World,
    access: AccessMap,
    today: date,
    action: str,
    entity: str,
    record: Any = None,
) -> list[Able]:
    """Everybody who may do `action`, on some rows or on one record, with the reasons; three statements."""
    found = []
    for user, (person, policy) in policies(session, world, today).items():
        verdict = why(access, policy, action, entity, record)
        if verdict.allowed:
            found.append(Able(user, person.username, person.name, verdict.ground == "admin", verdict.reasons))
    return found


@dataclass(frozen=True)
class Change:
    """What one person gains or loses: `gained` and `lost` are (entity, action) -> the rows that are new or gone.

    Where rows only grew or shrank, the difference is told, not the whole.
    """

    user: int
    name: str
    gained: Mapping[tuple[str, str], tuple[Rows, Rows]]
    lost: Mapping[tuple[str, str], tuple[Rows, Rows]]


def compare(
    before: Mapping[int, tuple[Any, Policy]], after: Mapping[int, tuple[Any, Policy]]
) -> Sequence[Change]:
    """Who gains and who loses what between two states of the rules; people without a difference are left out.

    Values of `gained` and `lost` are (rows before, rows after).
    """
    changes = []
    for user, (person, old) in before.items():
        new = after[user][1]
        if old.unlimited:
            continue
        pairs = sorted({*old.grants, *new.grants})
        both = {pair: (old.rows(pair[1], pair[0]), new.rows(pair[1], pair[0])) for pair in pairs}
        gained = {pair: rows for pair, rows in both.items() if not rows[0] >= rows[1]}
        lost = {pair: rows for pair, rows in both.items() if not rows[1] >= rows[0]}
        if gained or lost:
            changes.append(Change(user, person.name, gained, lost))
    return changes

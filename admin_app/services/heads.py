"""Heads: whoever may configure through a matrix cell leads the departments of that cell's rows.

A head shapes the matrix, appoints and answers requests there, and gives nothing that the head does not hold; what
lies beyond goes to the next one up, in the end to an administrator.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy.orm import Session

from admin_app.engine.access import AccessMap, Policy, Rows
from admin_app.engine.access.compile import policies, rows_for
from admin_app.engine.access.policy import LEVELS
from admin_app.engine.access.world import Cell, World

#: The action by which a cell makes its holder a head.
LEADING: Final = "configure"
#: What duties open although it is no entity of the site.
DOORS: Final = ("import",)
#: Nobody: owners do not count when departments are compared.
_ANYBODY: Final = 0


@dataclass(frozen=True)
class Leader:
    """A person who leads a department, or an administrator where nobody does."""

    user: int
    username: str
    name: str
    admin: bool = False


@dataclass(frozen=True)
class Beyond:
    """A right that somebody would give without holding it on all of those rows."""

    entity: str
    action: str


def headed_departments(policy: Policy, world: World) -> frozenset[int]:
    """The departments (ids) that this person leads; all of them for an administrator and the system."""
    everywhere = frozenset(world.departments)
    if policy.unlimited:
        return everywhere
    found: frozenset[int] = frozenset()
    for source in policy.sources:
        if source.position is not None and LEADING in source.actions:
            found |= everywhere if source.rows.everything else source.rows.departments
    return found


def leads(policy: Policy) -> bool:
    """Whether this person is an administrator or leads any department."""
    return policy.unlimited or any(
        source.position is not None and LEADING in source.actions for source in policy.sources
    )


def leads_for(policy: Policy, departments: Iterable[int | None]) -> int | None:
    """Whom (user id) this person stands in for in leading these departments; None where any of it is by own right."""
    wanted = set(departments)
    leading = [
        source
        for source in policy.sources
        if source.position is not None
        and LEADING in source.actions
        and (source.rows.everything or source.rows.departments & wanted)
    ]
    known = [source.acting_for for source in leading if source.acting_for is not None]
    return known[0] if known and all(source.acting for source in leading) else None


def editable_positions(policy: Policy, world: World) -> frozenset[int]:
    """The positions (ids) whose duties this person may shape: those of the departments that the person leads.

    A position without a department belongs to all of them, so only an administrator shapes it.
    """
    if policy.unlimited:
        return frozenset(world.positions)
    headed = headed_departments(policy, world)
    return frozenset(key for key, each in world.positions.items() if each.parent in headed)


def beyond(
    policy: Policy, world: World, access: AccessMap, department: int | None, duty: int, cell: Cell
) -> list[Beyond]:
    """What `cell` on `duty`, held in `department`, would give beyond what `policy` holds; empty: may give it.

    Departments are compared, not owners; somebody's own records count as the department's, where they will stand.
    """
    profile = world.profiles.get(cell.letter)
    if policy.unlimited or profile is None:
        return []
    # A duty may name what the product does not hold yet: nothing is given there, so nothing has to be held.
    entities = sorted(world.entities.get(duty, frozenset()) & {*access.by_name, *DOORS})
    if department is None:
        return [Beyond(entity, action) for entity in entities for action in sorted(profile.actions)]
    wanted = _departments(cell.rows or profile.rows, department, world)
    found = []
    for entity in entities:
        found += [
            Beyond(entity, action)
            for action in sorted(profile.actions)
            if not _covers(access.rows(policy, action, entity), wanted)
        ]
        for group, level in _levels(cell.levels, entity, profile.level).items():
            shown = LEVELS.index(level) > 0
            if shown and not _covers(policy.field_rows(entity, group, level), wanted):
                found.append(Beyond(entity, f"{group or 'fields'}.{level}"))
    return found


def _levels(own: Mapping[str, str], entity: str, level: str) -> dict[str, str]:
    """Field levels by group that a cell gives on one entity, with "" for all other groups."""
    named = {name.partition(".")[::2]: value for name, value in own.items()}
    return {"": level} | {group: value for (of, group), value in named.items() if of == entity}


def _departments(reach: str, department: int, world: World) -> Rows:
    rows = rows_for(reach, _ANYBODY, department, world.parents)
    return rows if rows.everything else Rows(departments=rows.departments or frozenset({department}))


def _covers(held: Rows, wanted: Rows) -> bool:
    return held.everything or (not wanted.everything and held.departments >= wanted.departments)


def head_of(session: Session, world: World, department: int | None, today: date) -> list[Leader]:
    """Who leads `department` from nearest: its own heads, else those of the nearest one above, else administrators.

    Three statements. Only people who may sign in; by user id.
    """
    return _nearest(policies(session, world, today), world, department, frozenset())


def next_up(
    session: Session, world: World, user: int | None, department: int | None, today: date
) -> list[Leader]:
    """Who decides what `user`, a head of `department`, may not: the nearest heads above that post, else administrators.

    `department` is the one that the matter is about. Somebody who leads nothing there gets its own heads.
    """
    everybody = policies(session, world, today)
    mine = everybody.get(user) if user is not None else None
    passed = frozenset({user}) if user is not None else frozenset()
    here = department
    if mine is not None:
        # Where the person leads from a department above, whoever leads below it is not "up".
        posts = _posts(mine[1], department)
        while posts and here is not None and here not in posts:
            here = world.parents.get(here)
        if posts and here is not None:
            here = world.parents.get(here)
    return _nearest(everybody, world, here, passed)


def _nearest(
    everybody: Mapping[int, tuple[Any, Policy]], world: World, department: int | None, passed: frozenset[int]
) -> list[Leader]:
    seen: set[int] = set()
    here = department
    while here is not None and here not in seen:
        seen.add(here)
        found = [
            _leader(person)
            for user, (person, policy) in everybody.items()
            if user not in passed and here in _posts(policy, department)
        ]
        if found:
            return found
        here = world.parents.get(here)
    return [
        _leader(person)
        for user, (person, policy) in everybody.items()
        if policy.unlimited and user not in passed
    ]


def _posts(policy: Policy, department: int | None) -> set[int]:
    """The departments of the posts through which a person leads `department`."""
    return {
        source.department
        for source in policy.sources
        if source.position is not None
        and LEADING in source.actions
        and (source.rows.everything or department in source.rows.departments)
    }


def _leader(person: Any) -> Leader:
    return Leader(person.id, person.username, person.name, person.is_admin)

"""The access report: who may do what, on which rows, and why, for people, positions, departments and entities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from flask_babel import gettext as _

from admin_app.engine.access import ACTIONS, Policy
from admin_app.engine.access.compile import policies, posts_in_force
from admin_app.engine.access.policy import RECORD, Source
from admin_app.engine.labels import labels
from admin_app.services.answers import action_word
from admin_app.services.explanations import Explainer
from admin_app.services.heads import headed_departments
from admin_app.services.reasons import named
from admin_app.services.sentences import Part, Sentence

#: What duties name beside entities and pages open by.
_ALSO: Final = frozenset({"import"})


@dataclass(frozen=True)
class Filters:
    """What to leave in: `person` is part of a name, position and department are codes; empty means all."""

    person: str = ""
    position: str = ""
    department: str = ""
    entity: str = ""


@dataclass(frozen=True)
class Line:
    """What one person may do with one entity through one post, or through one grant; `because` leads to the cells."""

    user: int
    person: str
    username: str
    position: str
    department: str
    entity: str
    things: str
    actions: tuple[str, ...]
    rows: str
    because: Sentence
    until: date | None


def people_in_reach(explainer: Explainer, policy: Policy) -> frozenset[int] | None:
    """The people (ids) whose access this person may read: all (None), those of the departments led, or only oneself."""
    if policy.unlimited:
        return None
    own = frozenset() if policy.user_id is None else frozenset({policy.user_id})
    headed = headed_departments(policy, explainer.world)
    if not headed:
        return own
    posts = posts_in_force(explainer.session, explainer.today)
    return own | {post.user for post in posts if post.department in headed}


def report(explainer: Explainer, policy: Policy, filters: Filters) -> list[Line]:
    """All lines that `policy` may read and `filters` leaves in, by person, entity and post; four statements at most."""
    reach = people_in_reach(explainer, policy)
    everybody = policies(explainer.session, explainer.world, explainer.today)
    found: list[Line] = []
    wanted = filters.person.casefold()
    for user, (person, rights) in everybody.items():
        if (
            reach is not None and user not in reach
        ) or wanted not in f"{person.name} {person.username}".casefold():
            continue
        if rights.unlimited:
            if not (filters.position or filters.department or filters.entity):
                found.append(_administrator(user, person))
            continue
        found += _lines(explainer, user, person, rights, filters)
    return sorted(found, key=lambda line: (line.person, line.user, line.things, line.position))


def _administrator(user: int, person: Any) -> Line:
    words = (Part(str(_("Administrator"))),)
    everything = str(_("Everything"))
    return Line(user, person.name, person.username, "", "", "", everything, (), everything, words, None)


def _lines(explainer: Explainer, user: int, person: Any, rights: Policy, filters: Filters) -> list[Line]:
    world = explainer.world
    grouped: dict[tuple[Any, ...], list[Source]] = {}
    for source in rights.sources:
        position = world.positions[source.position] if source.position is not None else None
        department = world.departments[source.department]
        if (
            (filters.position and (position is None or position.code != filters.position))
            or (filters.department and department.code != filters.department)
            or (filters.entity and source.entity != filters.entity)
            or (source.entity not in _ALSO and source.entity not in explainer.site.by_name)
        ):
            continue
        key = (source.position, source.department, source.entity, source.reach, source.acting, source.until)
        grouped.setdefault((*key, source.actions, source.grant), []).append(source)
    return [_line(explainer, user, person, sources) for sources in grouped.values()]


def _line(explainer: Explainer, user: int, person: Any, sources: Sequence[Source]) -> Line:
    first, world = sources[0], explainer.world
    because: list[Part] = []
    for source in sources:
        if because:
            because.append(Part(", "))
        if source.grant is not None:
            because.append(Part(str(_("Manual grant")), "access_grant.details_view", {"id": source.grant}))
        elif source.position is not None and source.duty is not None:
            because += [Part(f"{source.letter} "), explainer.reasons.duty(source.position, source.duty)]
    position = named(world.positions[first.position]) if first.position is not None else ""
    return Line(
        user=user,
        person=person.name,
        username=person.username,
        position=str(_("acting %(position)s", position=position)) if first.acting else position,
        department=named(world.departments[first.department]),
        entity=first.entity,
        things=labels().plural(first.entity),
        actions=tuple(action_word(word) for word in ACTIONS if word in first.actions),
        rows=str(_("one record"))
        if first.reach == RECORD
        else labels().choice("access_grant", "rows", first.reach),
        because=tuple(because),
        until=first.until,
    )

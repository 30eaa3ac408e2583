"""What a change of the matrix does to people and records, told before it is saved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, false, func, literal, not_, select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, AccessMap, Policy, Rows, acting
from admin_app.engine.access.compile import policies
from admin_app.engine.access.explain import Change, compare, routes
from admin_app.engine.access.guard import PARENT_ACTION
from admin_app.engine.access.policy import LEVELS, NOTHING, REACHES
from admin_app.engine.access.world import World
from admin_app.services.matrix_documents import Edit
from admin_app.services.matrix_editing import Refusal, fresh, judge, merged

#: What is told of parts; whatever else there is to do with them comes with the same right to edit the whole.
PART_WORDS: Final = ("view", "create", "edit", "delete", "export", "report", "reveal")
#: Records are counted up to here; a count above it is CAP + 1.
CAP = 10_000


@dataclass(frozen=True)
class Effect:
    """What some people gain, or lose, alike: `actions` on the records of `entity` within `reach`.

    Where `group` is given it is about the fields of that group, and `actions` holds the level: masked, read or write.
    `people` are (user id, name). `records` is how many records it is about for all of them together, None for an
    entity that the site does not show; `because` are the edits behind it. `keeping` is how many others hold one of
    the changed positions and lose nothing of this, since something else gives it to them too. `parts` are the
    entities whose records are parts of these, and the actions on them that come, or go, with the whole.
    """

    entity: str
    actions: tuple[str, ...]
    reach: str
    people: tuple[tuple[int, str], ...]
    records: int | None
    because: tuple[Edit, ...]
    group: str = ""
    keeping: int = 0
    parts: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class Ownership:
    """A duty (id) whose number of A changes."""

    duty: int
    before: int
    after: int


@dataclass(frozen=True)
class Impact:
    """All that follows from the edits that may be saved, and those that may not."""

    allowed: tuple[Edit, ...]
    refused: tuple[Refusal, ...]
    gains: tuple[Effect, ...]
    losses: tuple[Effect, ...]
    owners: tuple[Ownership, ...]


def people_in(effects: Iterable[Effect]) -> int:
    """How many people these effects are about."""
    return len({person for effect in effects for person in effect.people})


Everybody = Mapping[int, tuple[Any, Policy]]


def preview(
    session: Session,
    policy: Policy,
    world: World,
    access: AccessMap,
    edits: Sequence[Edit],
    today: date,
) -> Impact:
    """The impact of `edits`; six statements, and one count for each group of people and entity.

    Raises BadInput and StaleMatrix as saving would.
    """
    checked = judge(session, policy, world, access, fresh(world, edits), today)
    after = merged(world, checked.allowed)
    old, new = policies(session, world, today), policies(session, after, today)
    changes = compare(old, new)
    gains = _effects(session, access, changes, checked.allowed, world, (old, new), gained=True)
    losses = _effects(session, access, changes, checked.allowed, world, (new, old), gained=False)
    return Impact(
        checked.allowed,
        checked.refused,
        (*gains, *_levels(world, checked.allowed, old, new)),
        (*losses, *_levels(world, checked.allowed, new, old)),
        tuple(_owners(world, after, checked.allowed)),
    )


def _owners(before: World, after: World, edits: Iterable[Edit]) -> list[Ownership]:
    found = []
    for duty in sorted({edit.duty for edit in edits}):
        counts = [
            sum(cell.letter == "A" for (_, of), cell in world.cells.items() if of == duty)
            for world in (before, after)
        ]
        if counts[0] != counts[1]:
            found.append(Ownership(duty, *counts))
    return found


def _effects(
    session: Session,
    access: AccessMap,
    changes: Sequence[Change],
    edits: Sequence[Edit],
    world: World,
    without_and_with: tuple[Everybody, Everybody],
    gained: bool,
) -> list[Effect]:
    """People alike in one entry: the same actions on the same entity, from the same rows to the same rows."""
    groups: dict[tuple[Any, ...], list[tuple[Change, Rows, Rows]]] = {}
    for change in changes:
        alike: dict[tuple[str, Rows, Rows], list[str]] = {}
        for (entity, action), (before, now) in (change.gained if gained else change.lost).items():
            more, less = (now, before) if gained else (before, now)
            alike.setdefault((entity, more, less), []).append(action)
        policy = without_and_with[1][change.user][1]
        for (entity, more, less), actions in alike.items():
            reach = _reach(policy, entity, actions)
            key = (entity, tuple(actions), reach, more.departments, less.departments, less.everything)
            groups.setdefault(key, []).append((change, more, less))
    found = []
    for (entity, actions, reach, *_), members in groups.items():
        more, less = NOTHING, NOTHING
        for _change, each, other in members:
            more, less = more | each, less | other
        people = tuple((change.user, change.name) for change, _more, _less in members)
        held = {
            source.position
            for user, _name in people
            for everybody in without_and_with
            for source in everybody[user][1].sources
        }
        because = tuple(
            edit for edit in edits if entity in world.entities.get(edit.duty, ()) and edit.position in held
        )
        records = count(session, access, entity, more, less)
        keeping = 0 if gained else _keeping(without_and_with[1], entity, actions, people, because)
        told = [change.gained if gained else change.lost for change, _more, _less in members]
        parts = tuple(_parts(access, entity, actions, without_and_with, people, told))
        found.append(Effect(entity, actions, reach, people, records, because, keeping=keeping, parts=parts))
    return sorted(found, key=lambda effect: (-len(effect.people), effect.entity))


def _parts(
    access: AccessMap,
    entity: str,
    actions: Sequence[str],
    without_and_with: tuple[Everybody, Everybody],
    people: Sequence[tuple[int, str]],
    told: Sequence[Mapping[tuple[str, str], Any]],
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The parts of `entity` and what these people may do with them through `actions`, unless it is told by itself."""
    without, having = without_and_with
    for name in access.by_name:
        if not any(whole == entity for whole, _action in routes(access, "view", name)[1:]):
            continue
        words = tuple(
            word
            for word in PART_WORDS
            if PARENT_ACTION.get(word, "edit") in actions
            and not all((name, word) in each for each in told)
            and any(
                not access.rows(without[user][1], word, name) >= access.rows(having[user][1], word, name)
                for user, _person in people
            )
        )
        if words:
            yield name, words


def _keeping(
    before: Everybody,
    entity: str,
    actions: Sequence[str],
    losing: Sequence[tuple[int, str]],
    because: Sequence[Edit],
) -> int:
    """How many others had these actions from one of the edited cells, and have them still."""
    cells = {(edit.position, edit.duty) for edit in because}
    others = set(before) - {user for user, _name in losing}
    return sum(
        any(
            (source.position, source.duty) in cells
            and source.entity == entity
            and source.actions.issuperset(actions)
            for source in before[user][1].sources
        )
        for user in others
    )


def _levels(world: World, edits: Iterable[Edit], less: Everybody, more: Everybody) -> list[Effect]:
    """What `more` lets people see or write of groups of fields that the edits speak of, and `less` does not.

    Whoever gains the records themselves is left out: the fields come with them.
    """
    found = []
    for (entity, group), because in _groups(world, edits).items():
        people: dict[str, list[tuple[int, str]]] = {}
        for user, (person, policy) in more.items():
            other = less[user][1]
            if policy.unlimited or not other.rows("view", entity) >= policy.rows("view", entity):
                continue
            for level in reversed(LEVELS[1:]):
                if not other.field_rows(entity, group, level) >= policy.field_rows(entity, group, level):
                    people.setdefault(level, []).append((user, person.name))
                    break
        found += [
            Effect(entity, (level,), REACHES[0], tuple(who), None, tuple(because), group)
            for level, who in people.items()
        ]
    return found


def _groups(world: World, edits: Iterable[Edit]) -> dict[tuple[str, str], list[Edit]]:
    """The (entity, group of fields) pairs that the edits' cells name, with the edits."""
    found: dict[tuple[str, str], list[Edit]] = {}
    for edit in edits:
        named = {name for cell in (edit.seen, edit.cell) if cell for name in cell.levels}
        for entity, _dot, group in (name.partition(".") for name in sorted(named)):
            if entity in world.entities.get(edit.duty, ()):
                found.setdefault((entity, group), []).append(edit)
    return found


def _reach(policy: Policy, entity: str, actions: Sequence[str]) -> str:
    """The widest reach word by which a person has these actions."""
    words = [
        REACHES.index(source.reach)
        for source in policy.sources
        if source.entity == entity and source.actions.intersection(actions) and source.reach in REACHES
    ]
    return REACHES[max(words)] if words else REACHES[0]


def count(
    session: Session, access: AccessMap, entity: str, rows: Rows, without: Rows = NOTHING
) -> int | None:
    """How many records of `entity` are within `rows` and not within `without`, up to CAP + 1."""
    guard = access.by_name.get(entity)
    if guard is None:
        return None
    criterion = access.criterion(guard.model, rows)
    if without:
        # A record without an owner is in nobody's own rows: unknown means no.
        outside: ColumnElement[bool] = func.coalesce(access.criterion(guard.model, without), false())
        criterion = and_(criterion, not_(outside))
    some = select(literal(1).label("one")).select_from(guard.model).where(criterion).limit(CAP + 1)
    with acting(session, SYSTEM):
        return session.scalar(select(func.count()).select_from(some.subquery())) or 0

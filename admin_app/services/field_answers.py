"""Why a group of fields is plain, masked or hidden: levels of the access engine as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flask_babel import gettext as _

from admin_app.engine.access import Policy
from admin_app.engine.access.explain import Holder, Reason, routes, why
from admin_app.engine.access.policy import LEVELS
from admin_app.engine.labels import labels
from admin_app.errors import BadInput
from admin_app.services.answers import Explanation, Fields, Witness
from admin_app.services.explanations import Explainer
from admin_app.services.sentences import Part, Sentence, weave

#: From these levels on a field is plain, and may be typed.
READ, WRITE = LEVELS.index("read"), LEVELS.index("write")


def field_groups(found: Explainer, entity: str) -> tuple[str, ...]:
    """The groups of an entity whose fields have levels."""
    declared = found.site.by_name.get(entity)
    return tuple(declared.field_groups) if declared is not None else ()


def check_group(found: Explainer, entity: str, group: str) -> None:
    """BadInput unless the entity has such a group of fields."""
    if group not in field_groups(found, entity):
        raise BadInput(_("There is nothing called “%(name)s” here.", name=group))


def level_of(found: Explainer, policy: Policy, entity: str, group: str, record: Any = None) -> str:
    """How much of the group one gets of a record, or at most of any."""
    if policy.unlimited:
        return LEVELS[-1]
    given = (reason.source.level(group) for reason in _reasons(found, policy, entity, record))
    return LEVELS[max(given, default=0)]


def explain_fields(
    found: Explainer,
    policy: Policy,
    entity: str,
    group: str,
    record: Any = None,
    name: str | None = None,
    wanted: int = READ,
) -> Explanation:
    """Why the group is plain, masked or hidden for `policy`; whoever may not even view is told why not that.

    Args:
        policy: whose rights.
        entity, group: as declared; see `check_group`.
        record: one that this person may see, or None for the entity as a whole.
        name: how to call the person; None addresses the reader.
        wanted: READ or WRITE, from where on the answer is yes; below it, it names who has as much.
    """
    if not why(found.access, policy, "view", entity, record).allowed:
        return found.explain(policy, "view", entity, record, name)
    level = level_of(found, policy, entity, group, record)
    answer = _answer(level, entity, group, name)
    place = found.place(record) if record is not None else ()
    if policy.unlimited:
        return Explanation(True, "admin", answer, found.reasons.because("admin", (), entity, name), place)
    reasons = list(_reasons(found, policy, entity, record))
    because = [_because(found, reason, entity, group, name) for reason in reasons]
    if LEVELS.index(level) >= wanted:
        return Explanation(True, "cells", answer, because, place)
    able = _able(found, entity, group, record, wanted) if record is not None else ()
    ways = _ways(found, entity, group, wanted)
    return Explanation(False, "fields", answer, because, place, ways=ways, able=able)


def overview(found: Explainer, policy: Policy, entity: str, record: Any = None) -> list[Fields]:
    """All groups of the entity with one sentence each; masked and hidden ones with the positions that see them."""
    shown = []
    for group in field_groups(found, entity):
        level = level_of(found, policy, entity, group, record)
        plain = LEVELS.index(level) >= READ
        reason = _answer(level, entity, group, None)
        ways = () if plain else _ways(found, entity, group, READ)
        shown.append(Fields(group, level, reason, ways))
    return shown


def _answer(level: str, entity: str, group: str, name: str | None) -> Sentence:
    slots: dict[str, Any] = {
        "fields": labels().section(entity, group),
        "things": labels().inside(labels().plural(entity)),
    }
    if name is not None:
        patterns = {
            "write": _("%(person)s reads and changes “%(fields)s” of %(things)s."),
            "read": _("%(person)s reads “%(fields)s” of %(things)s and does not change it."),
            "masked": _("“%(fields)s” of %(things)s is masked for %(person)s."),
            "hidden": _("“%(fields)s” of %(things)s is hidden from %(person)s."),
        }
        return weave(patterns[level], person=name, **slots)
    patterns = {
        "write": _("You read and change “%(fields)s” of %(things)s."),
        "read": _("You read “%(fields)s” of %(things)s and do not change it."),
        "masked": _("“%(fields)s” of %(things)s is masked for you: no duty of yours shows it in full."),
        "hidden": _("“%(fields)s” of %(things)s is hidden from you: no duty of yours shows it."),
    }
    return weave(patterns[level], **slots)


def _reasons(found: Explainer, policy: Policy, entity: str, record: Any) -> Iterator[Reason]:
    """What lets one view the record, or some: of these each gives a level."""
    for name, action in routes(found.access, "view", entity):
        for source in policy.sources:
            reaches = record is None or found.access.contains(source.rows, record)
            if source.entity == name and action in source.actions and reaches:
                yield Reason(source, name, action)


def _because(found: Explainer, reason: Reason, entity: str, group: str, name: str | None) -> Sentence:
    (sentence,) = found.reasons.sentences([reason], entity, name)
    level = labels().choice("access_grant", "field_level", LEVELS[reason.source.level(group)])
    fields = labels().section(entity, group)
    given = weave(_("Of “%(fields)s” it gives: %(level)s."), fields=fields, level=level)
    return (*sentence, Part(" "), *given)


def _ways(found: Explainer, entity: str, group: str, wanted: int) -> Sequence[Any]:
    """The positions whose cells give the group from the level `wanted` on, and who holds them."""
    people: dict[int, list[tuple[int, str]]] = {}
    for user, (person, policy) in found.everybody.items():
        for position in dict.fromkeys(source.position for source in policy.sources if source.position):
            people.setdefault(position, []).append((user, person.name))
    names = [name for name, _action in routes(found.access, "view", entity)]
    holders = []
    for (position, duty), cell in sorted(found.world.cells.items()):
        profile = found.world.profiles.get(cell.letter)
        if profile is None or "view" not in profile.actions:
            continue
        given = found.world.entities.get(duty, frozenset())
        if any(
            LEVELS.index(cell.levels.get(f"{name}.{group}", profile.level)) >= wanted
            for name in names
            if name in given
        ):
            holders.append(Holder(position, duty, cell.letter, tuple(people.get(position, ()))))
    return found.gather(holders)


def _able(found: Explainer, entity: str, group: str, record: Any, wanted: int) -> list[Witness]:
    """Everybody who has the group of this record from the level `wanted` on."""
    return [
        Witness(user, person.name, person.username, ())
        for user, (person, policy) in found.everybody.items()
        if LEVELS.index(level_of(found, policy, entity, group, record)) >= wanted
    ]

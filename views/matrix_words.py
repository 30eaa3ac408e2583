"""The matrix in words: cells, effects of a change and refusals, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from flask import url_for
from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _

from admin_app.engine.access import Policy
from admin_app.engine.access.world import Cell, World
from admin_app.engine.labels import labels
from admin_app.engine.language import lang
from admin_app.engine.refusals import rule_urls
from admin_app.engine.site import site
from admin_app.errors import Refused
from admin_app.services.answers import ACTION_WORDS, action_name
from admin_app.services.conflicts import RULES
from admin_app.services.heads import Beyond, Leader
from admin_app.services.matrix_editing import Refusal
from admin_app.services.matrix_impact import CAP, Effect, Impact, people_in

#: Names shown before "and n more".
NAMES: Final = 6


def name(world_names: Mapping[str, str]) -> str:
    """A name in the reader's language."""
    return world_names.get(lang()) or world_names.get("zh", "")


def comma() -> str:
    """What stands between the parts of an enumeration."""
    return str(_(", "))


def action_list(actions: Iterable[str]) -> str:
    """`view, create, edit`, in the order of the vocabulary."""
    order = list(ACTION_WORDS)
    known = sorted(set(actions), key=lambda each: order.index(each) if each in order else len(order))
    return comma().join(action_name(each) for each in known)


def entity_name(entity: str) -> str:
    """An entity inside a sentence."""
    return labels().inside(labels().plural(entity))


def within(actions: Iterable[str], entity: str, reach: str) -> str:
    """`edit contracts of their department`."""
    parts = {"actions": action_list(actions), "entity": entity_name(entity)}
    if reach == "own":
        return str(_("%(actions)s %(entity)s of their own", **parts))
    if reach == "subordinates":
        return str(_("%(actions)s %(entity)s of the departments below theirs", **parts))
    if reach == "department":
        return str(_("%(actions)s %(entity)s of their department", **parts))
    if reach == "department_tree":
        return str(_("%(actions)s %(entity)s of their department and those below", **parts))
    return str(_("%(actions)s all %(entity)s", **parts))


def level_words(effect: Effect) -> str:
    """`write “amount and status” of contracts`."""
    parts = {
        "fields": labels().inside(labels().section(effect.entity, effect.group)),
        "entity": entity_name(effect.entity),
    }
    if effect.actions == ("write",):
        return str(_("write “%(fields)s” of %(entity)s", **parts))
    if effect.actions == ("read",):
        return str(_("read “%(fields)s” of %(entity)s", **parts))
    return str(_("see “%(fields)s” of %(entity)s, masked", **parts))


def number_of_records(found: int | None) -> str:
    """`412 records`, or nothing where none are counted."""
    if found is None:
        return ""
    if found > CAP:
        return str(_("more than %(num)s records", num=format_decimal(CAP)))
    return str(ngettext("%(count)s record", "%(count)s records", found, count=format_decimal(found)))


def shows(entity: str) -> bool:
    """Whether the product has anything of this kind on screen; duties may name what is not there yet."""
    return entity in site().by_name or labels().find(lang(), "page", entity) is not None


def field_group(entity: str, group: str) -> str:
    """A group of fields that a cell may show or hide: `Contract: amount and status`."""
    return f"{labels().entity(entity)}: {labels().inside(labels().section(entity, group))}"


def letter_of(cell: Cell | None) -> str:
    """The letter, or the word for an empty cell."""
    return cell.letter if cell else _("empty")


def cell_words(cell: Cell | None) -> str:
    """A cell with its own reach and levels: `R · own department`."""
    if cell is None:
        return str(_("empty"))
    parts = [cell.letter]
    if cell.rows:
        parts.append(labels().choice("position_duty", "rows", cell.rows))
    parts += [
        f"{group}: {labels().choice('position_duty', 'field_level', level)}"
        for group, level in sorted(cell.levels.items())
    ]
    return " · ".join(parts)


def effects(found: Sequence[Effect], world: World, policy: Policy, gain: bool) -> dict[str, Any]:
    """One side of the preview: {heading, people, effects [{text, records, url, who, initials, because}]}."""
    shown = [effect for effect in found if shows(effect.entity)]
    people = people_in(shown)
    heading = (
        ngettext("%(num)s person gains", "%(num)s people gain", people)
        if gain
        else ngettext("%(num)s person loses", "%(num)s people lose", people)
    )
    return {
        "people": people,
        "heading": heading,
        "effects": [_effect(effect, world, policy) for effect in shown],
    }


def _effect(effect: Effect, world: World, policy: Policy) -> dict[str, Any]:
    names = [each for _user, each in effect.people]
    who = comma().join(names[:NAMES])
    if len(names) > NAMES:
        who = _("%(names)s and %(num)s more", names=who, num=len(names) - NAMES)
    entity = site().by_name.get(effect.entity)
    return {
        "parts": _parts(effect),
        "text": level_words(effect) if effect.group else within(effect.actions, effect.entity, effect.reach),
        "records": number_of_records(effect.records),
        "url": url_for(f"{effect.entity}.index_view")
        if entity is not None and effect.records and site().may(policy, "view", entity)
        else None,
        "who": who,
        "keeping": ngettext(
            "%(num)s other keeps it from elsewhere", "%(num)s others keep it from elsewhere", effect.keeping
        )
        if effect.keeping
        else "",
        "initials": [each[:1] for each in names[:3]],
        "because": [
            _(
                "because “%(duty)s” goes from %(before)s to %(after)s",
                duty=name(world.duties[edit.duty].names),
                before=letter_of(edit.seen),
                after=letter_of(edit.cell),
            )
            for edit in effect.because[:3]
        ],
    }


def _parts(effect: Effect) -> str:
    """What comes or goes along with the parts of records: `and with it, of those contracts: edit obligations`."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for entity, actions in effect.parts:
        declared = site().by_name.get(entity)
        known = tuple(word for word in actions if declared is None or word not in declared.forbids)
        if known and shows(entity):
            alike.setdefault(known, []).append(entity_name(entity))
    if not alike:
        return ""
    found = [
        _("%(actions)s %(things)s", actions=action_list(words), things=comma().join(entities))
        for words, entities in alike.items()
    ]
    return str(
        _(
            "and with it, of those %(entity)s: %(parts)s",
            parts=_("; ").join(found),
            entity=entity_name(effect.entity),
        )
    )


def owners(impact: Impact, world: World) -> list[str]:
    """The duties that lose or get an A, a sentence each."""
    found = []
    for each in impact.owners:
        duty = name(world.duties[each.duty].names)
        if each.after == 0:
            found.append(_("“%(duty)s” will have no A", duty=duty))
        elif each.after > 1:
            found.append(_("“%(duty)s” will have %(num)s A", duty=duty, num=each.after))
        else:
            found.append(_("“%(duty)s” will have its A", duty=duty))
    return found


def refusal(refused: Refusal, world: World) -> dict[str, Any]:
    """One refused edit: {position, duty, kind, text, rules}; the last are the addresses of the rules that it breaks."""
    position, duty = world.positions[refused.edit.position], world.duties[refused.edit.duty]
    names = {"position": name(position.names), "duty": name(duty.names)}
    if refused.reason == "department":
        text = _("“%(duty)s” of %(position)s: the position is not in a department that you lead", **names)
    elif refused.reason == "conflict":
        rules = _("; ").join(dict.fromkeys(rule.name for rule in refused.rules))
        text = _("“%(duty)s” of %(position)s would break a rule: %(rules)s", rules=rules, **names)
    else:
        lacking = _("; ").join(_lacking(refused.beyond)[:3])
        text = _(
            "%(letter)s in “%(duty)s” for %(position)s gives what you do not hold there yourself: %(rights)s",
            letter=letter_of(refused.edit.cell),
            rights=lacking,
            **names,
        )
    broken = Refused(text, see=[(RULES, rule.id) for rule in refused.rules])
    return {
        "position": position.code,
        "duty": duty.code,
        "kind": refused.reason,
        "text": text,
        "rules": list(dict.fromkeys(rule_urls(broken))),
    }


def _lacking(beyond: Iterable[Beyond]) -> list[str]:
    by_entity: dict[str, list[str]] = {}
    for each in beyond:
        if not shows(each.entity):
            continue
        by_entity.setdefault(each.entity, []).append(each.action)
    found = []
    for entity, actions in by_entity.items():
        known = [action for action in actions if action in ACTION_WORDS]
        words = action_list(known) if known else _("such access to fields")
        found.append(_("%(actions)s %(entity)s", actions=words, entity=entity_name(entity)))
    return found


def ask(leader: Leader | None) -> str | None:
    """The words on the button that puts the rest before somebody."""
    return str(_("Request the rest from %(name)s", name=leader.name)) if leader else None

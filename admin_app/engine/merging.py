"""A save on a record that changed meanwhile: what one side alone changed merges by itself, the rest is chosen.

A form carries what it showed (`_base`): the texts of its own fields and nothing else, so that the three sides are held
against each other in one spelling, and the base is exactly what the person saw, however many changes lie between.
`_open` carries, on the page that asks, what the fields to be chosen showed before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

from flask_babel import format_datetime
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from admin_app.engine.access import Policy, policy_of
from admin_app.engine.change.reading import Entry, timeline
from admin_app.engine.change.telling import heads
from admin_app.engine.entity import Entity
from admin_app.engine.forms import RecordForm, describe, find_record
from admin_app.engine.inputs import CheckField, LookupField
from admin_app.engine.kinds import Unreadable
from admin_app.engine.labels import labels
from admin_app.engine.listing import Plan
from admin_app.engine.site import site

#: In what is sent: show the form with it, and save nothing.
AGAIN: Final = "_again"
#: How many changes are looked through for who changed a field.
LOOKED_AT: Final = 50
#: What the choice of a field is called in a form.
PICK: Final = "_pick-"


@dataclass(frozen=True)
class Merge:
    """Three sides made one. `values` hold mine where both changed; `taken` are the fields that they alone changed."""

    values: Mapping[str, Any]
    conflicts: frozenset[str]
    taken: frozenset[str]


def merge(base: Mapping[str, Any], mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> Merge:
    """Merge two sets of values that came from the same base, key by key of `mine`.

    Sets merge by element and never conflict: what either side added is in, what either took away is out. A key that
    the base does not know conflicts unless both sides are equal.
    """
    values: dict[str, Any] = {}
    conflicts, taken = set(), set()
    for key, own in mine.items():
        other = theirs[key]
        known = key in base
        before = base.get(key)
        if own == other:
            values[key] = own
        elif known and own == before:
            values[key] = other
            taken.add(key)
        elif known and other == before:
            values[key] = own
        elif known and all(isinstance(side, AbstractSet) for side in (before, own, other)):
            values[key] = frozenset((before & own & other) | (own - before) | (other - before))
        else:
            values[key] = own
            conflicts.add(key)
    return Merge(values, frozenset(conflicts), frozenset(taken))


def carried(texts: Mapping[str, Any]) -> str:
    """Texts by field key as a form carries them."""
    return json.dumps(texts, ensure_ascii=False, separators=(",", ":"))


def _read(text: str | None) -> dict[str, Any]:
    """What `carried` gave; nothing where it is no such text: then whatever differs is asked about."""
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {key: value for key, value in found.items() if isinstance(value, str | bool)}


def shown(form: RecordForm) -> dict[str, Any]:
    """What the fields of a form show of the stored record, by key."""
    return {key: bound.shown for key, bound in form._fields.items()}


class Sent:
    """What an edit form sent, held against the record as it is stored now.

    Args:
        entity, session, keys, found: as in RecordForm: only fields that this person may type take part.
        data: what was sent.
        token: of the record as it is stored now.

    `form` has the merged values; `open` are the fields that are still to be chosen; `stale` says that the record
    changed since the form was opened.
    """

    def __init__(
        self,
        entity: Entity,
        session: Session,
        keys: Sequence[str],
        found: tuple[Plan, Any],
        data: MultiDict[str, Any],
        token: str,
    ) -> None:
        self.entity, self.session, self.found = entity, session, found
        self.stale = data.get("_token") != token
        self.form = RecordForm(entity, session, keys, found, data)
        self.base = _read(data.get("_base"))
        self.before = {key: value for key, value in _read(data.get("_open")).items() if key in self.form}
        self.picks = {key: data.get(f"{PICK}{key}", "") for key in self.before}
        self.open: frozenset[str] = frozenset()
        self.taken: frozenset[str] = frozenset()
        if self.stale or self.before:
            self._merge(keys, data)

    def _merge(self, keys: Sequence[str], data: MultiDict[str, Any]) -> None:
        theirs = shown(self.form)
        mine = {key: bound.sent for key, bound in self.form._fields.items()}
        base = self.base if self.stale else theirs
        for key, pick in self.picks.items():
            if pick == "theirs":
                # As if it had never been touched.
                mine[key] = base.get(key, theirs[key])
        merged = merge(base, mine, theirs)
        undecided = {key for key, pick in self.picks.items() if pick not in ("mine", "theirs")}
        self.open = merged.conflicts | {key for key in undecided if mine[key] != theirs[key]}
        self.taken = merged.taken - self.open if self.stale else frozenset()
        # What was picked before a third change is asked again, with that one's base.
        self.before = {key: self.before.get(key, base.get(key)) for key in self.open}
        changed = MultiDict(data)
        for key, value in merged.values.items():
            if value != self.form[key].sent:
                _put(changed, key, value)
        self.form = RecordForm(self.entity, self.session, keys, self.found, changed)

    def meanwhile(self) -> dict[str, dict[str, Any]]:
        """What the form shows at each field that somebody else changed.

        By key: {open, theirs, before, who, at, pick}; texts for the reader, `before` None where nobody knows.
        """
        entries = self._entries()
        known = heads(self.session, (each.change_set for each in entries))
        found: dict[str, dict[str, Any]] = {}
        for key in self.open | self.taken:
            entry = next((each for each in entries if _touches(each, key)), None)
            before = self.before.get(key) if key in self.open else self.base.get(key)
            found[key] = {
                "open": key in self.open,
                "theirs": self._text(key, self.form[key].shown),
                "before": None if before is None else self._text(key, before),
                "who": known[entry.change_set.id]["who"] if entry else None,
                "at": format_datetime(entry.change_set.at, "short") if entry else None,
                "pick": self.picks.get(key, ""),
            }
        return found

    def told(self) -> str:
        """What a save tells of what it took over: who changed which fields."""
        people = dict.fromkeys(
            each["who"] or str(_("somebody")) for each in self.meanwhile().values() if not each["open"]
        )
        fields = [labels().field(self.entity.name, key) for key in self.form._fields if key in self.taken]
        return str(
            _(
                "Saved, together with what %(people)s changed meanwhile: %(fields)s.",
                people=", ".join(people),
                fields=", ".join(fields),
            )
        )

    def _entries(self) -> list[Entry]:
        plan, row = self.found
        return timeline(self.session, self.entity, plan.key(row), policy_of(self.session), limit=LOOKED_AT)

    def _text(self, key: str, value: Any) -> str:
        """A field's text as the reader reads it: the label of a choice, the name of a record."""
        bound, each = self.form[key], self.entity.fields[key]
        if isinstance(bound, CheckField):
            return str(each.kind.cell(bool(value)).text)
        text = str(value)
        if text == "":
            return "—"
        if isinstance(bound, LookupField):
            if bound.kept and bound.kept[0] == text:
                return bound.kept[1]
            target = site().target(each)
            record = find_record(self.session, target, text) if target else None
            return (
                describe(target, record)[1] if target and record is not None else str(_("Not visible to you"))
            )
        try:
            return str(each.kind.cell(each.kind.parse(text)).text)
        except Unreadable:
            return text


def _touches(entry: Entry, key: str) -> bool:
    return any(change.field == key for change in entry.changes)


def _put(data: MultiDict[str, Any], key: str, value: Any) -> None:
    """Have the form read this value as sent."""
    if value is True:
        data[key] = "y"
    elif value is False:
        data.pop(key, None)
    else:
        data[key] = value


def gone(
    session: Session,
    entity: Entity,
    policy: Policy,
    key: str,
    keys: Sequence[str],
    data: MultiDict[str, Any],
) -> dict[str, Any]:
    """What is said of a form whose record is gone: by whom and when, where the reader may know, and what was typed.

    {entity, deleted: {who, at, label} or None, typed: [(label, text)], fields: [(name, text)]}
    """
    newest = timeline(session, entity, key, policy, limit=1)
    deleted = None
    if newest and newest[0].op == "delete":
        made = newest[0].change_set
        deleted = {
            "who": heads(session, [made])[made.id]["who"],
            "at": format_datetime(made.at, "short"),
            "label": newest[0].label,
        }
    given = [each for each in keys if str(data.get(each, "")).strip()]
    form = RecordForm(entity, session, given, formdata=data)
    typed = []
    for each in given:
        bound, field = form[each], entity.fields[each]
        text = str(data[each])
        if isinstance(bound, LookupField):
            text = bound.describe(bound.data)[1] if bound.data is not None else ""
        elif bound.data is not None and not bound.errors:
            text = str(field.kind.cell(bound.data).text)
        typed.append((labels().field(entity.name, each), text))
    return {
        "entity": {"name": entity.name, "plural": labels().plural(entity.name)},
        "deleted": deleted,
        "typed": [pair for pair in typed if pair[1]],
        "fields": [(each, str(data[each])) for each in given],
    }

"""An action: a name, a right, a form, and a function from what was typed to a plan. One record or a million alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from flask_babel import gettext as _
from flask_wtf.i18n import translations
from sqlalchemy import ColumnElement, FromClause, and_, false, or_, true
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from wtforms import Form
from wtforms.meta import DefaultMeta

from admin_app.engine.access import Policy
from admin_app.engine.entity import Entity
from admin_app.engine.site import site


class _Meta(DefaultMeta):  # type: ignore[misc]  # WTForms brings no types
    def get_translations(self, form: Any) -> Any:
        return translations


class ActionForm(Form):  # type: ignore[misc]
    """What an action asks for. A subclass declares fields; `plan` reads them after they are valid."""

    Meta = _Meta


class Typed(Protocol):
    """A form that was filled in: WTForms' own, or the engine's for the fields of an entity."""

    def validate(self) -> bool:
        """Whether it can be used; what cannot stands at its field."""
        ...


@dataclass(frozen=True)
class Barrier:
    """A condition that keeps a record as it is: `outcome` is "denied", "locked" or "invalid", `why` its code."""

    outcome: str
    why: str
    holds: ColumnElement[bool]


@dataclass(frozen=True)
class Computed:
    """New values that differ from record to record, found by one statement over all that were chosen.

    Args:
        rows: what they are found in, beside the records.
        on: which of its rows is a record's; a record may have none.
        values: attribute key -> new value, over `rows`.
        same: true where nothing would change.
        barriers: what stands in the way, beside the plan's own; asked at the preview alone.
    """

    rows: FromClause
    on: ColumnElement[bool]
    values: Mapping[str, ColumnElement[Any]]
    same: ColumnElement[bool]
    barriers: Sequence[Barrier] = ()


@dataclass(frozen=True)
class Plan:
    """What an action would do to the records of a selection, in SQL.

    Args:
        same: true where nothing would change.
        write: does it to the records for which a condition holds, and returns how many were changed.
        values: new values by field key, for the preview: literal ones, or expressions.
        barriers: what stands in the way, the first one that holds is told.
        goes_along: whether records of other entities go with them, which the preview counts.
        computed: makes the new values, from the conditions of what was chosen. They are kept with the preview: what is
            applied is what was seen, whatever moved in between. `values` then names the fields that it shows.
        sets: the attributes that `computed` gives values to.
        word: the action word that writing them takes.
    """

    same: ColumnElement[bool]
    write: Callable[[Session, Policy, ColumnElement[bool]], int]
    values: Mapping[str, Any] = field(default_factory=dict)
    barriers: Sequence[Barrier] = ()
    goes_along: bool = False
    computed: Callable[[Sequence[ColumnElement[bool]]], Computed] | None = None
    sets: Sequence[str] = ()
    word: str = "edit"


@dataclass(frozen=True)
class Action:
    """Something that can be done to records.

    Args:
        name: as it stands in addresses and commands.
        label: what people read, a lazy translation.
        icon: of its button.
        word: the action word that a duty has to give.
        form: makes the form from (entity, session, policy, what was sent or None).
        plan: what the valid form means.
        entities: names of the entities that have it; None for every one.
        reasons: sentences for the codes of its own barriers; a function gets what follows the code's colon.
        offered: whether the actor is offered it at all, beyond holding the word.
        button: whether the page of one record shows it.
        downloads: whether it answers with a file at once, without a preview.
        dangerous: whether its button warns.
        needs_reason: whether it is not done without a word why.
        step: whether it brings records to another state; a list offers such actions under one button.
        many: the word that it takes beside `word` for more than one record; none where it is empty.
        approval: the setting with the number of records beyond which a second person decides.
        explains: the endpoint of a page that says why a record gets its new values.
    """

    name: str
    label: Any
    icon: str
    word: str
    form: Callable[[Entity, Session, Policy, MultiDict[str, Any] | None], Any]
    plan: Callable[[Session, Policy, Entity, Any], Plan]
    entities: frozenset[str] | None = None
    reasons: Mapping[str, Any] = field(default_factory=dict)
    offered: Callable[[Policy, Entity], bool] = lambda _policy, _entity: True
    button: bool = True
    downloads: bool = False
    dangerous: bool = False
    needs_reason: bool = False
    step: bool = False
    many: str = "bulk"
    approval: str = "BULK_APPROVAL"
    explains: str | None = None

    def fits(self, entity: Entity) -> bool:
        """Whether this entity has it."""
        return (self.entities is None or entity.name in self.entities) and self.word not in entity.forbids


def may_use(policy: Policy, action: Action, entity: Entity, many: bool) -> bool:
    """Whether the actor is let at the form: the word on some rows, and "bulk" too for more than one record."""
    if not action.fits(entity) or not site().may(policy, action.word, entity):
        return False
    if many and action.many and not site().may(policy, action.many, entity):
        return False
    return action.offered(policy, entity)


def right_barriers(policy: Policy, action: Action, entity: Entity, many: bool) -> list[Barrier]:
    """The rows on which the actor may not do it: without the word, or without that for many where there are many."""
    words = [(action.word, "action")]
    if many and action.many:
        words.append((action.many, "bulk"))
    return [
        barrier
        for word, why in words
        if (barrier := beyond(policy, entity, site().rows(policy, word, entity), why)) is not None
    ]


def beyond(policy: Policy, entity: Entity, rows: Any, why: str) -> Barrier | None:
    """The barrier of all records that are not among `rows`; None where `rows` are all of them."""
    if rows.everything:
        return None
    within = site().access.criterion(entity.model, rows)
    # A row without an owner is within nobody's rows, and its test is NULL.
    return Barrier("denied", why, within.is_distinct_from(true()))


def landing(policy: Policy, action: Action, entity: Entity, values: Mapping[str, Any]) -> Barrier | None:
    """The barrier of records that would end where the actor may not do this: new owner or department elsewhere."""
    rows = site().rows(policy, action.word, entity)
    if rows.everything or not ({"owner", "department"} & set(values)) or "department" not in entity.fields:
        return None
    model = entity.model
    owner = values.get("owner", model.owner_id)
    department = values.get("department", model.department_id)
    tests = [_among(owner, rows.owners), _among(department, rows.departments)]
    return Barrier("denied", "target", and_(true(), or_(*tests).is_distinct_from(true())))


def _among(value: Any, ids: frozenset[int]) -> ColumnElement[bool]:
    if value is None or not ids:
        return false()
    if isinstance(value, int):
        return true() if value in ids else false()
    found: ColumnElement[bool] = value.in_(sorted(ids))
    return found


def sentence(action: Action | None, entity: Entity, why: str, labels: Any) -> str:
    """What a barrier's code means, for the reader."""
    code, _colon, rest = why.partition(":")
    if action is not None and code in action.reasons:
        told = action.reasons[code]
        return str(told(rest) if callable(told) else told)
    if code == "action":
        return str(_("None of your positions lets you do this to them."))
    if code == "bulk":
        return str(_("None of your positions lets you change many of them at once."))
    if code == "target":
        return str(_("They would end where none of your positions lets you put them."))
    if code == "field":
        return str(
            _("None of your positions lets you type in “%(field)s”.", field=labels.field(entity.name, rest))
        )
    if code == "check":
        return str(labels.constraint(rest) or _("These values do not go together."))
    if code == "version":
        return str(_("They changed after the preview."))
    return str(_("Something still refers to them."))

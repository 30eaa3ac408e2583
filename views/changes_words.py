"""What the pages of the log say: filters as they were typed and as they are meant, and what an undoing comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from flask import url_for
from flask_babel import format_decimal, lazy_gettext, ngettext
from flask_babel import gettext as _
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.change.reading import KINDS, OTHER, Entry
from admin_app.engine.change.telling import ACTIONS, SOURCES
from admin_app.engine.change.undo import UndoPlan
from admin_app.engine.kinds.base import Unreadable
from admin_app.engine.kinds.time import DateKind
from admin_app.engine.labels import labels
from admin_app.engine.site import site
from admin_app.services import clock
from models.organisation import User

#: More people of one name than anybody means.
NAMESAKES: Final = 50
NAMES: Final = ("person", "entity", "kind", "source", "from", "to")
_OTHER: Final = lazy_gettext("Any other action")
_DAY: Final = DateKind()


@dataclass
class Filters:
    """The filters of the log: as `typed`, as `asked` of the history, and what is wrong by the filter's name."""

    typed: dict[str, str]
    asked: dict[str, Any] = field(default_factory=dict)
    troubles: dict[str, str] = field(default_factory=dict)
    before: int | None = None
    entities: list[tuple[str, str]] = field(default_factory=list)

    def address(self, **more: Any) -> str:
        """The log with these filters."""
        return url_for("changes.index", **{**self.typed, **more})

    @property
    def kinds(self) -> list[tuple[str, str]]:
        """The choices of `kind`."""
        return [*((key, str(ACTIONS[key])) for key in KINDS), (OTHER, str(_OTHER))]

    @property
    def sources(self) -> list[tuple[str, str]]:
        """The choices of `source`."""
        return [(key, str(label)) for key, label in SOURCES.items()]


def filters_of(session: Session, policy: Policy, args: Mapping[str, str]) -> Filters:
    """The filters in an address; what cannot be read stands in `troubles`, in the reader's words."""
    typed = {name: args.get(name, "").replace("\x00", "").strip() for name in NAMES}
    found = Filters({name: text for name, text in typed.items() if text})
    found.entities = sorted(
        (
            (each.name, labels().plural(each.name))
            for each in site().entities
            if site().may(policy, "view", each)
        ),
        key=lambda pair: pair[1],
    )
    choices = {"entity": found.entities, "kind": found.kinds, "source": found.sources}
    for name, offered in choices.items():
        if not typed[name]:
            continue
        if typed[name] in dict(offered):
            found.asked["action" if name == "kind" else name] = typed[name]
        else:
            found.troubles[name] = _("“%(value)s” is none of the choices.", value=typed[name])
    _read_days(found, typed)
    if typed["person"]:
        found.asked["people"] = _people(session, typed["person"])
        if not found.asked["people"]:
            found.troubles["person"] = _("Nobody is called “%(name)s”.", name=typed["person"])
    before = args.get("before", "")
    if before:
        if before.isascii() and before.isdigit() and len(before) <= 18:
            found.before = int(before)
        else:
            found.troubles["before"] = _("This page cannot be found. Begin at the newest.")
    return found


def _read_days(found: Filters, typed: Mapping[str, str]) -> None:
    days: dict[str, date] = {}
    for name in ("from", "to"):
        try:
            if typed[name]:
                days[name] = _DAY.parse(typed[name])
                # The day before the first and after the last day that there are have no name.
                edge = clock.end_of(days[name] - timedelta(days=name == "from"))
                found.asked["since" if name == "from" else "until"] = edge
        except Unreadable as problem:
            found.troubles[name] = str(problem)
        except (OverflowError, ValueError):
            found.troubles[name] = _("“%(value)s” is no date; write 2026-03-01.", value=typed[name])
    if len(days) == 2 and days["to"] < days["from"]:
        found.troubles["to"] = _("The end is before the beginning.")


def _people(session: Session, text: str) -> list[int]:
    """The keys of people whose user name is this, else of those whose name or user name holds it."""
    with acting(session, SYSTEM):
        exact = session.scalars(select(User.id).where(User.username == text)).all()
        if exact:
            return list(exact)
        like = or_(User.name.icontains(text, autoescape=True), User.username.icontains(text, autoescape=True))
        return list(session.scalars(select(User.id).where(like).order_by(User.id).limit(NAMESAKES)))


@dataclass(frozen=True)
class Heading:
    """What the page before an undoing says."""

    title: str
    story: str
    button: str


def undo_heading(plan: UndoPlan, part: Entry | None) -> Heading:
    """The words for the whole set, or for one record of it."""
    number = format_decimal(plan.done)
    if part is None:
        return Heading(
            ngettext(
                "%(shown)s record will go back", "%(shown)s records will go back", plan.done, shown=number
            ),
            whole_story(),
            ngettext("Undo %(shown)s record", "Undo %(shown)s records", plan.done, shown=number),
        )
    titles = {
        "create": _("Take “%(record)s” away again", record=part.label),
        "update": _("Put “%(record)s” back", record=part.label),
        "delete": _("Restore “%(record)s”", record=part.label),
    }
    stories = {
        "create": _("It goes where nothing refers to it by now; this is a change of its own in the history."),
        "update": _("What is written now stands below; this is a change of its own in the history."),
        "delete": _(
            "It comes back with its parts and references; this is a change of its own in the history."
        ),
    }
    buttons = {"create": _("Take it away"), "update": _("Put it back"), "delete": _("Restore")}
    return Heading(str(titles[part.op]), str(stories[part.op]), str(buttons[part.op]))


def whole_story() -> str:
    """What taking back a whole change means."""
    only = _(
        "Only what still holds what this change wrote goes back; the undoing is a change of its own in the history."
    )
    return str(only)


def emptied(plan: UndoPlan) -> list[dict[str, Any]]:
    """References that stay empty, since what they led to is gone: [{what, field, number, count}]."""
    found = []
    for (name, column), number in plan.emptied.items():
        entity = site().by_name.get(name)
        keys = (
            [key for key, each in entity.fields.items() if column in [c.key for c in each.columns]]
            if entity
            else []
        )
        found.append(
            {
                "what": labels().plural(name),
                "field": labels().field(name, keys[0] if keys else column),
                "number": number,
                "count": format_decimal(number),
            }
        )
    return found

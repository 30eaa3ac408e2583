"""What an explanation consists of, and how an action reads inside a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from admin_app.services.sentences import Part, Sentence, plain
from models.organisation import User

#: How each action reads inside a sentence; one that is missing reads as its code.
ACTION_WORDS: Final = {
    "view": lazy_gettext("view"),
    "create": lazy_gettext("create"),
    "edit": lazy_gettext("edit"),
    "delete": lazy_gettext("delete"),
    "assign": lazy_gettext("assign"),
    "approve": lazy_gettext("approve"),
    "configure": lazy_gettext("configure"),
    "export": lazy_gettext("export"),
    "bulk": lazy_gettext("change in bulk"),
    "comment": lazy_gettext("comment on"),
    "report": lazy_gettext("report on"),
    "import": lazy_gettext("import"),
    "reveal": lazy_gettext("reveal values of"),
    "work": lazy_gettext("work on"),
}

#: Actions that are done with a record; the others concern the entity as a whole.
ON_RECORDS: Final = ("view", "edit", "delete", "assign", "approve", "comment", "reveal", "work")


@dataclass(frozen=True)
class Way:
    """A position that could: the cells (letter, duty) that give it, and the names of who holds it."""

    position: Part
    cells: Sequence[tuple[str, Part]]
    people: Sequence[str]


@dataclass(frozen=True)
class Explanation:
    """One answer. `because` are the reasons of a yes; `short` what the person holds where it does not reach far enough.

    `place` says whose the record is; `ways` and `able` are for a no: positions that could, people who may do it with
    this record.
    """

    allowed: bool
    ground: str
    answer: Sentence
    because: Sequence[Sentence] = ()
    place: Sentence = ()
    short: Sequence[Sentence] = ()
    ways: Sequence[Way] = ()
    able: Sequence[Witness] = ()

    def lines(self) -> list[str]:
        """The answer as plain text, a line a sentence."""
        found = [plain(self.answer), *map(plain, self.because)]
        if self.place:
            found.append(plain(self.place))
        found += map(plain, self.short)
        if self.ways:
            found.append(str(_("These positions could:")))
            found += [
                f"  {way.position.text}: "
                + ", ".join(f"{letter} {duty.text}" for letter, duty in way.cells)
                + f" ({', '.join(way.people) or _('nobody holds it')})"
                for way in self.ways
            ]
        if self.able:
            found.append(str(_("These people may:")))
            found += [f"  {each.name}" for each in self.able]
        return found


@dataclass(frozen=True)
class Witness:
    """A person who may, with the reasons as sentences."""

    user: int
    name: str
    username: str
    because: Sequence[Sentence]


@dataclass(frozen=True)
class Deed:
    """One action with one sentence why, or why not: how many reasons there are beside it, and for a no who may."""

    action: str
    allowed: bool
    ground: str
    reason: Sentence
    more: int = 0
    able: Sequence[str] = ()


@dataclass(frozen=True)
class Fields:
    """How much of a group of fields one gets, with one sentence why; `level` is one of LEVELS."""

    group: str
    level: str
    reason: Sentence
    ways: Sequence[Way] = ()


def signed(person: str, acting_for: User | None) -> str:
    """Who did something, and for whom: both names where somebody stood in for another."""
    if acting_for is None:
        return person
    return str(_("%(name)s for %(other)s", name=person, other=acting_for.name))


def action_word(action: str) -> str:
    """An action as it reads inside a sentence."""
    return str(ACTION_WORDS.get(action, action))


def action_name(action: str) -> str:
    """An action that stands by itself, in a list or as a heading; inside a sentence it may end with a colon."""
    return action_word(action).rstrip(":：")

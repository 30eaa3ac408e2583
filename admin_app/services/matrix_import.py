"""Matrices from other houses: activities × roles with letters, or activities with columns of names, as edits.

RACI knows R, A, C and I; here Consulted becomes C 协作 and Informed I 知会. Where several letters stand in one cell the
one that gives most counts: whoever answers for a duty may also do it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from flask_babel import lazy_gettext

from admin_app.engine.access.world import Cell, Named, World
from admin_app.errors import BadInput
from admin_app.services.matrix_documents import Edit

#: From the letter that gives most to the one that gives least.
STRENGTH: Final = "ARVCSI"
WORDS: Final = {
    "A": ("accountable", "approver", "owner", "负责", "审批", "批准", "负责/审批", "问责"),
    "R": ("responsible", "does it", "doer", "执行", "实施", "经办"),
    "V": ("supervises", "supervisor", "verifier", "verify", "监督"),
    "C": ("consulted", "coordinates", "协作", "咨询", "协商"),
    "S": ("assists", "support", "supports", "协助", "支持"),
    "I": ("informed", "知会", "通知"),
}
NOTHING: Final = frozenset({"", "-", "–", "—", "·", "/", "n/a", "na", "x", "无"})
_MEANING: Final = {word: letter for letter, words in WORDS.items() for word in words} | {
    letter.lower(): letter for letter in STRENGTH
}
_CUT: Final = re.compile(r"[\s/·,;+&|、，；]+")
_NAMES: Final = re.compile(r"\s*(?:[,;/|\n、，；]|\band\b|和)\s*")


@dataclass(frozen=True)
class Sheet:
    """What a file says: `cells` are letters by (activity, role), `problems` what could not be read, in words."""

    activities: tuple[str, ...]
    roles: tuple[str, ...]
    cells: Mapping[tuple[str, str], str]
    problems: tuple[object, ...] = ()


def read_sheet(rows: Sequence[Sequence[str]], turned: bool = False) -> Sheet:
    """The matrix in a table whose first row and column are headings.

    Columns called Responsible, Accountable and so on hold names of roles, several in a cell; any other heading is a
    role, and the cells hold letters. `turned` says that roles go down and activities across. Rows that hold nothing
    beside their heading are sections and left out.

    Raises BadInput where nothing is found.
    """
    rows = [[text.strip() for text in row] for row in rows if any(text.strip() for text in row)]
    if len(rows) < 2 or len(rows[0]) < 2:
        raise BadInput(lazy_gettext("The file holds no matrix: it needs a heading row and a heading column."))
    letters = [_MEANING.get(text.lower()) for text in rows[0][1:]]
    by_names = sum(letter is not None for letter in letters) >= 2
    found = _of_names(rows, letters) if by_names else _of_letters(rows)
    if turned and not by_names:
        cells = {(down, across): letter for (across, down), letter in found.cells.items()}
        found = Sheet(found.roles, found.activities, cells, found.problems)
    if not found.cells:
        raise BadInput(lazy_gettext("The file holds no letter that is known here: R, A, V, C, S or I."))
    return found


def _of_letters(rows: Sequence[Sequence[str]]) -> Sheet:
    roles = rows[0][1:]
    cells: dict[tuple[str, str], str] = {}
    activities: dict[str, None] = {}
    problems: list[object] = []
    for row in rows[1:]:
        name = row[0]
        if not name or not any(row[1:]):
            continue
        for role, text in zip(roles, row[1:], strict=False):
            if not role or text.lower() in NOTHING:
                continue
            letter = strongest(text)
            if letter is None:
                problems.append(
                    lazy_gettext("“%(text)s” in “%(name)s” is no letter.", text=text[:40], name=name[:60])
                )
                continue
            activities[name] = None
            cells[name, role] = _stronger(cells.get((name, role)), letter)
    return Sheet(tuple(activities), tuple(dict.fromkeys(filter(None, roles))), cells, tuple(problems))


def _of_names(rows: Sequence[Sequence[str]], letters: Sequence[str | None]) -> Sheet:
    cells: dict[tuple[str, str], str] = {}
    for row in rows[1:]:
        name = row[0]
        if not name:
            continue
        for letter, text in zip(letters, row[1:], strict=False):
            if letter is None or text.lower() in NOTHING:
                continue
            for role in filter(None, _NAMES.split(text)):
                cells[name, role] = _stronger(cells.get((name, role)), letter)
    return Sheet(
        tuple(dict.fromkeys(activity for activity, _role in cells)),
        tuple(dict.fromkeys(role for _activity, role in cells)),
        cells,
    )


def strongest(text: str) -> str | None:
    """The letter of a cell such as `R/A`, `R·A`, `Responsible` or `负责`; None when it says none."""
    whole = _MEANING.get(text.strip().lower())
    if whole:
        return whole
    parts = [part for part in _CUT.split(text.strip()) if part]
    if len(parts) == 1 and len(parts[0]) <= len(STRENGTH) and set(parts[0].upper()) <= set(STRENGTH):
        parts = list(parts[0])
    found = [_MEANING.get(part.lower().strip("()*")) for part in parts]
    letters = [letter for letter in found if letter]
    if not letters or len(letters) < len(found):
        return None
    return min(letters, key=STRENGTH.index)


def _stronger(one: str | None, other: str) -> str:
    return other if one is None else min(one, other, key=STRENGTH.index)


def guess(names: Iterable[str], known: Mapping[int, Named]) -> dict[str, str]:
    """The code that each name most likely means: the same code, the same name, or the code before a name."""
    codes = {each.code.lower(): each.code for each in known.values()}
    by_name = {name.lower(): each.code for each in known.values() for name in each.names.values()}
    found = {}
    for name in names:
        text = name.lower().strip()
        first = text.split()[0] if text.split() else ""
        code = codes.get(text) or by_name.get(text) or codes.get(first)
        if code:
            found[name] = code
    return found


def edits(sheet: Sheet, world: World, roles: Mapping[str, str], duties: Mapping[str, str]) -> list[Edit]:
    """What the file would change, with names mapped to codes of positions and duties; the rest is left out.

    Only cells that the file fills are touched, and one whose letter stands already keeps its own reach and levels.
    """
    positions = {each.code: key for key, each in world.positions.items()}
    known = {each.code: key for key, each in world.duties.items()}
    wanted: dict[tuple[int, int], str] = {}
    for (activity, role), letter in sheet.cells.items():
        position, duty = positions.get(roles.get(role, "")), known.get(duties.get(activity, ""))
        if position is not None and duty is not None:
            wanted[position, duty] = _stronger(wanted.get((position, duty)), letter)
    found = []
    for (position, duty), letter in sorted(wanted.items()):
        seen = world.cells.get((position, duty))
        if seen is None or seen.letter != letter:
            found.append(Edit(position, duty, Cell(letter), seen))
    return found

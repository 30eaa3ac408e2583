"""What somebody types, as a question to the index.

Every pieces of the text must be found, each in any field that the reader may read. What the index tells too generously
(three characters in a row are two pairs to it) is named in `verify`, to be looked up in the record itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from admin_app.engine.search.folding import Run, fold, runs
from admin_app.engine.search.pinyin import SYLLABLES, endings, partings
from admin_app.engine.search.terms import PREFIX

#: Letters of a search text that count.
LONGEST: Final = 120


@dataclass(frozen=True)
class Every:
    """Every part has to be there; terms are plain strings."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Some:
    """One part is enough; without parts nothing fulfils it."""

    parts: tuple[Node, ...]


Node = str | Every | Some
NOTHING: Final = Some(())


@dataclass(frozen=True)
class Question:
    """`where` is what the index is asked; `verify` are pieces that a field of the groups `codes` holds as they are."""

    where: Node
    verify: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()

    @property
    def hopeless(self) -> bool:
        """Whether nothing can be found: nothing that counts was typed, or nothing may be read."""
        return self.where == NOTHING


@lru_cache(maxsize=500)
def question(text: str, codes: tuple[str, ...]) -> Question:
    """The question for `text`, in fields of the groups with these codes."""
    pieces = list(dict.fromkeys(run for word in fold(text[:LONGEST]).split() for run in runs(word)))
    if not pieces or not codes:
        return Question(NOTHING)
    where = Every(tuple(_simple(Some(tuple(_piece(code, run) for code in codes))) for run in pieces))
    longest = {"gram": 2, "number": 4}
    verify = tuple(run.text for run in pieces if len(run.text) > longest.get(run.kind, LONGEST))
    return Question(_simple(where), verify, codes)


def _piece(code: str, run: Run) -> Node:
    text = run.text
    if run.kind == "word":
        readings = _readings(text) if set(text) <= _LETTERS else ()
        return Some((f"{code}w{text[:PREFIX]}", *(_coded(code, each) for each in readings)))
    size = 2 if run.kind == "gram" else 4
    if len(text) <= size:
        return code + text
    return Every(tuple(dict.fromkeys(code + text[at : at + size] for at in range(len(text) - size + 1))))


_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz")


@lru_cache(maxsize=500)
def _readings(letters: str) -> tuple[Node, ...]:
    """The ways in which letters may be Chinese characters: their initials, or their readings one after the other."""
    found: list[Node] = [_initials(letters)]
    for syllables in partings(letters):
        *whole, last = syllables
        parts: list[Node] = ["s" + each for each in whole]
        if last in SYLLABLES or len(last) > 1 or not whole:
            parts.append(Some(tuple("s" + each for each in endings(last))))
        if whole:
            parts.append(_initials("".join(each[0] for each in syllables)))
        found.append(_simple(Every(tuple(dict.fromkeys(parts)))))
    # One letter is an initial, rather than the beginning of any of fifty syllables.
    return tuple(found[:1] if len(letters) == 1 else found)


def _initials(letters: str) -> Node:
    size = min(len(letters), 3)
    return _simple(
        Every(tuple(dict.fromkeys("i" + letters[at : at + size] for at in range(len(letters) - size + 1))))
    )


def _coded(code: str, node: Node) -> Node:
    if isinstance(node, str):
        return code + node
    return type(node)(tuple(_coded(code, part) for part in node.parts))


def _simple(node: Node) -> Node:
    """`node` without levels of a single part."""
    return node if isinstance(node, str) or len(node.parts) != 1 else node.parts[0]


def both(*nodes: Node | None) -> Node:
    """Every of the nodes that are given."""
    return _simple(Every(tuple(node for node in nodes if node is not None)))

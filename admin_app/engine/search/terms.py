"""The terms under which a record stands in the index: characters and pairs, numbers, words, readings.

A term is a short word that any database takes as it is: first the code of the field's group, so that a search asks
only for what its reader may read, then

    a张  a国石    a character, two neighbours (any script without spaces, and single signs such as emoji)
    a1  a13      how a number begins; a138, a1380: any three and four digits in a row of it
    awha         how a word begins, up to PREFIX letters
    aizgs        the initials of two or three neighbouring characters; aiz: how a run of them begins
    aszhang      a character's reading

and 0o17, 0d3, 0k1: whose the record is (owner, department), and its own key, for those who may see only some.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final

from admin_app.engine.search.folding import Run, fold, runs
from admin_app.engine.search.pinyin import initials, readings

#: Letters of a word that count; longer words that begin alike are one to the index.
PREFIX: Final = 20
OWNER: Final = "0o"
DEPARTMENT: Final = "0d"
KEY: Final = "0k"


@lru_cache(maxsize=20_000)
def text_terms(code: str, text: str) -> frozenset[str]:
    """The terms of one text in a field whose group has the code `code`."""
    found: set[str] = set()
    for run in runs(fold(text)):
        found.update(run_terms(code, run))
    return frozenset(found)


@lru_cache(maxsize=50_000)
def run_terms(code: str, run: Run) -> tuple[str, ...]:
    """The terms of one run; some may come twice."""
    text = run.text
    if run.kind == "word":
        return tuple(f"{code}w{text[:length]}" for length in range(1, min(len(text), PREFIX) + 1))
    if run.kind == "number":
        begins = (part[:length] for part in (text, *run.parts) for length in (1, 2) if len(part) >= length)
        inside = (text[at : at + length] for length in (3, 4) for at in range(len(text) - length + 1))
        return tuple([code + each for each in (*begins, *inside)])
    found = {*text, *map("".join, pairwise(text))}
    if run.kind == "gram":
        found.update(_read(text))
    return tuple([code + each for each in found])


def _read(text: str) -> Iterator[str]:
    """The readings in a run: of each stretch of Chinese characters in it."""
    stretch: list[tuple[str, ...]] = []
    for place, character in enumerate(text + " "):
        read = readings(character, place == 0)
        if read:
            stretch.append(read)
            continue
        if stretch:
            yield from ("s" + syllable for each in stretch for syllable in each)
            yield from ("i" + syllable[0] for syllable in stretch[0])
            for length in (2, 3):
                yield from ("i" + letters for letters in initials(stretch, length))
        stretch = []

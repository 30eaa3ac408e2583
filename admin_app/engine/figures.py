"""Figures that read many rows: what was counted a moment ago serves again, the longer the dearer it was."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")

#: A count that takes less, in seconds, is done each time.
_DEAR = 0.25
#: A dear one serves for so many times the time that it took, and no longer than so many seconds.
_TIMES, _LONGEST = 200, 600


class Figure(Generic[T]):
    """One figure for one reader. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._kept: tuple[T, float, float] | None = None

    def read(self, count: Callable[[], T]) -> tuple[T, float | None]:
        """(what `count` gives or gave, its age in seconds where it was counted before)."""
        now, kept = self._clock(), self._kept
        if kept is not None and now < kept[2]:
            return kept[0], now - kept[1]
        found = count()
        done = self._clock()
        cost = done - now
        serves = min(cost * _TIMES, _LONGEST) if cost >= _DEAR else 0.0
        self._kept = found, done, done + serves
        return found, None

"""Taking turns: everything that is compared runs in the same minutes, a few times each, round after round.

On a shared machine the wall clock says little about one moment; medians of turns taken side by side say more, and
the processor's time is steadier still.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.serving import cpu_seconds

WARM = 6
#: Turns of one probe in a round, at most: fewer of a slow one.
BATCH = 5
BATCH_SECONDS = 0.25
#: A probe that takes longer is repeated this often in all.
SLOW_SECONDS, SLOW_TURNS = 0.4, 5


@dataclass
class Probe:
    """One thing to time: `once` does it and returns the seconds; `roots` are the processes that work for it.

    `ready` comes before each turn and is not timed: a form that is fetched before it is sent. `check` comes at the
    end, and raises where what was done is not there.
    """

    name: str
    once: Callable[[], float]
    roots: tuple[int, ...] = ()
    ready: Callable[[], None] | None = None
    check: Callable[[], None] | None = None
    times: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    error: str = ""

    def result(self) -> dict[str, Any]:
        """Milliseconds: median, 95th percentile, least, processor time a turn; or why there are none."""
        if self.error:
            return {"error": self.error}
        ms = sorted(each * 1000 for each in self.times)
        return {
            "median_ms": round(statistics.median(ms), 3),
            "p95_ms": round(ms[min(len(ms) - 1, int(len(ms) * 0.95))], 3),
            "min_ms": round(ms[0], 3),
            "cpu_ms": round(statistics.median(self.cpu) * 1000, 3) if self.cpu else None,
            "n": len(ms),
            **self.extra,
        }


def take_turns(probes: Sequence[Probe], rounds: int) -> dict[str, dict[str, Any]]:
    """Warm every probe, then let them take turns; a probe that fails keeps its error and the others go on."""
    usual: dict[str, float] = {}
    for probe in probes:
        usual[probe.name] = _warm(probe)
    for _ in range(rounds):
        for probe in probes:
            slow = usual.get(probe.name, 0) > SLOW_SECONDS
            if probe.error or (slow and len(probe.times) >= SLOW_TURNS):
                continue
            turns = 1 if slow else max(1, min(BATCH, int(BATCH_SECONDS / max(usual[probe.name], 1e-6))))
            try:
                _turns(probe, turns)
            except Exception as error:
                probe.error = _told(error)
    for probe in probes:
        try:
            if probe.check and not probe.error:
                probe.check()
        except Exception as error:
            probe.error = _told(error)
    return {probe.name: probe.result() for probe in probes}


def _turns(probe: Probe, turns: int) -> None:
    """So many turns, the processor's clock read around all of them, or around each that has to be made ready."""
    if probe.ready is not None and turns > 1:
        for _ in range(turns):
            _turns(probe, 1)
        return
    if probe.ready is not None:
        probe.ready()
    used = _used(probe)
    taken = [probe.once() for _ in range(turns)]
    probe.cpu.append((_used(probe) - used) / turns)
    probe.times += taken


def _used(probe: Probe) -> float:
    return cpu_seconds(*probe.roots) if probe.roots else time.process_time()


def _warm(probe: Probe) -> float:
    def once() -> float:
        if probe.ready is not None:
            probe.ready()
        return probe.once()

    try:
        first = once()
        return once() if first > SLOW_SECONDS else statistics.median([once() for _ in range(WARM)])
    except Exception as error:
        # One that is not there, or broken, must not lose the rest.
        probe.error = _told(error)
        return 0.0


def _told(error: Exception) -> str:
    if isinstance(error, LookupError):
        return str(error)[:300]
    return f"{type(error).__name__}: {error}"[:300]


def log(*words: object) -> None:
    """Say on standard error what is being done, with the time."""
    print(time.strftime("%H:%M:%S"), *words, file=sys.stderr, flush=True)

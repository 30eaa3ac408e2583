"""What the house means to reach, each goal as a line of the report: what was measured, what it may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bench.load import ADMIN, CLERK

PEOPLE = (ADMIN, CLERK)
Ops = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Verdict:
    """One goal, measured: `value` and `limit` are in `unit`; None where it could not be measured."""

    goal: str
    value: float | None
    limit: float
    unit: str
    note: str = ""
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        """Whether it is reached; None where there is no value."""
        if self.value is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def median(ops: Ops, name: str, key: str = "median_ms") -> float | None:
    """A measured number; None where it failed or is not there."""
    found = ops.get(name, {}).get(key)
    return None if found is None else float(found)


def by_processor(ops: Ops) -> Ops:
    """The same lines with the processor's time in place of the wall clock's: what to look at while others work."""
    return {
        name: {**each, "median_ms": each["cpu_ms"]} if each.get("cpu_ms") is not None else each
        for name, each in ops.items()
    }


def verdicts(kind: str, ops: Ops) -> Iterator[Verdict]:
    """All goals but the growth with the rows, which takes several sizes."""
    bare = median(ops, "bare:list")
    for who in PEOPLE:
        first = median(ops, f"{who}:list_first")
        yield _ratio(f"{who}: list, first page / bare page", first, bare, 3)
        others = [f"{who}:list_{at}" for at in ("middle", "last", "next", "prev")]
        others += [name for name in ops if name.startswith(f"{who}:sort_")]
        yield _worst(f"{who}: middle, last, next, previous, any order / first page", ops, others, first, 1.2)
        jumps = [name for name in ops if name.startswith(f"{who}:jump")]
        yield _worst(f"{who}: jump to a value / first page", ops, jumps, first, 1.5)
        yield _ratio(
            f"{who}: filtered, by value, counted / first page", median(ops, f"{who}:list_filtered"), first, 2
        )
        for often, limit in (("rare", 8), ("frequent", 25)):
            terms = [name for name in ops if name.startswith(f"{who}:search {often}")]
            yield _worst(f"{who}: search, {often} terms", ops, terms, 1.0, limit, "ms")
        everywhere = [name for name in ops if name.startswith(f"{who}:global")]
        yield _worst(f"{who}: search over everything", ops, everywhere, 1.0, 20, "ms")
        yield Verdict(f"{who}: edit form", median(ops, f"{who}:edit"), 4, "ms")
        for name in ("save", "create", "regrade 20"):
            limit = 4 if kind == "sqlite" else 6
            yield Verdict(f"{who}: {name}", median(ops, f"{who}:{name}"), limit, "ms")
        rps = median(ops, f"{who}:throughput", "rps")
        yield Verdict(f"{who}: page one, 8 clients", rps, 600, "requests/s", at_least=True)
    visit = ops.get("first visit", {})
    for key, limit in (("page", 40), ("page_gzip", 10), ("assets_gzip", 350)):
        size = visit.get(key)
        label = {
            "page": "HTML of a list",
            "page_gzip": "the same, compressed",
            "assets_gzip": "assets, first visit",
        }
        yield Verdict(label[key], None if size is None else size / 1000, limit, "kB")
    cold = median(ops, "cold start")
    yield Verdict("cold start to first page", cold and cold / 1000, 0.6, "s")
    yield Verdict("worker under load", median(ops, "memory loaded", "mb"), 85, "MB")


def growth(small: Ops, big: Ops) -> Iterator[Verdict]:
    """Each line of the big database against the small one's."""
    for name in big:
        if name.partition(":")[0] in PEOPLE and "throughput" not in name:
            before, after = median(small, name), median(big, name)
            if before and after:
                yield Verdict(name, after / before, 1.2, "×", f"{before:.2f} → {after:.2f} ms")


def _ratio(goal: str, value: float | None, base: float | None, limit: float) -> Verdict:
    if value is None or not base:
        return Verdict(goal, None, limit, "×")
    return Verdict(goal, value / base, limit, "×", f"{value:.2f} / {base:.2f} ms")


def _worst(
    goal: str, ops: Ops, names: list[str], base: float | None, limit: float, unit: str = "×"
) -> Verdict:
    """The slowest of several; one that fails is worse than any."""
    broken = [name.partition(":")[2] for name in names if "error" in ops.get(name, {})]
    found = [(value, name) for name in names if (value := median(ops, name)) is not None]
    if not found or not base:
        return Verdict(goal, None, limit, unit, ", ".join(broken))
    value, name = max(found)
    note = name.partition(":")[2] + (f"; failed: {', '.join(broken)}" if broken else "")
    return Verdict(goal, value / base, limit, unit, note)

"""The tables that a run prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.goals import PEOPLE, Ops, Verdict, growth, verdicts
from bench.peers import SAME, WHOLE


def table(kind: str, rows: int, ops: Ops, peers: Mapping[str, Any], origin: str) -> str:
    """Every line that was measured: ours, the limits, and the peers beside them."""
    names = list(peers)
    heads = ["ms: median (CPU)", *PEOPLE, *names]
    lines = [f"\n## {kind}, {rows:,} customers\n", _row(heads), "|---" * len(heads) + "|"]
    seen = dict.fromkeys(name.partition(":")[2] for name in ops if name.partition(":")[0] in PEOPLE)
    for name in seen:
        ours = [_cell(ops.get(f"{who}:{name}")) for who in PEOPLE]
        lines.append(_row([name, *ours, *(_cell(peers[peer].get(SAME.get(name, ""))) for peer in names)]))
    for name, theirs in WHOLE.items():
        others = [_cell(peers[peer].get(theirs)) for peer in names]
        lines.append(_row([name, _cell(ops.get(name)), "", *others]))
    lines += ["", _row(["limit", "ms: median (CPU)"]), "|---|---|"]
    lines += [_row([name, _cell(each)]) for name, each in ops.items() if name.startswith(("bare:", "raw:"))]
    if names:
        lines.append(f"\nThe peers' figures: {origin}.")
    failed = [f"- {name}: {each['error']}" for name, each in ops.items() if "error" in each]
    return "\n".join([*lines, "", *failed])


def goals(kind: str, ops: Ops) -> str:
    """The goals, one a line, with what was reached."""
    lines = [_row([f"goal, {kind}", "may", "is", "", "of what"]), "|---|---|---|---|---|"]
    return "\n".join(lines + [_verdict(each) for each in verdicts(kind, ops)])


def grown(kind: str, sizes: tuple[int, int], small: Ops, big: Ops) -> str:
    """What costs more with the rows than it may; the rest in one sentence."""
    found = list(growth(small, big))
    over = [each for each in found if not each.met]
    within = f"{len(found) - len(over)} of {len(found)} lines within 1.2 ×"
    text = f"\n{kind}, {sizes[1]:,} rows instead of {sizes[0]:,}: {within}"
    return "\n".join([text, *(f"- {each.goal}: {each.value:.2f} × ({each.note})" for each in over)])


def _verdict(each: Verdict) -> str:
    may = f"{'≥' if each.at_least else '≤'} {each.limit:g} {each.unit}"
    if each.value is None:
        return _row([each.goal, may, "not there", "", each.note])
    value = f"{each.value:.2f}" if each.value < 100 else f"{each.value:.0f}"
    return _row([each.goal, may, f"{value} {each.unit}", "reached" if each.met else "MISSED", each.note])


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(measured: Mapping[str, Any] | None) -> str:
    if not measured:
        return ""
    if "error" in measured:
        return "not there" if measured["error"] == "not there" else "failed"
    if "rps" in measured:
        return f"{measured['rps']:.0f}/s"
    if "mb" in measured:
        return f"{measured['mb']:.0f} MB"
    if measured.get("na") or "median_ms" not in measured:
        return "–"
    cpu = measured.get("cpu_ms")
    return _ms(measured["median_ms"]) + (f" ({_ms(cpu)})" if cpu is not None else "")


def _ms(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"

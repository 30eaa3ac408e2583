"""The picture of cost against rows: one panel for each kind of work, both axes logarithmic, as plain SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import log10
from typing import Any

#: Panel -> the peers' name of the work and ours.
PANELS = {
    "List, first page": ("list_first", "admin:list_first"),
    "List, last page": ("list_last", "admin:list_last"),
    "Filter and sort": ("list_filtered", "admin:list_filtered"),
    "Search, rare word": ("search_latin", "admin:search rare Latin"),
}
WIDTH, HEIGHT, MARGIN, GAP = 300, 240, 64, 18
LOW, HIGH = -0.5, 3.5
INK, FAINT, OURS = "#1f2937", "#d1d5db", "#0f766e"
COLOURS = ("#9a3412", "#6d28d9", "#a16207", "#1d4ed8", "#be185d")
#: Peers that the picture names; the others differ from one of them in one switch.
SHOWN = {"flask_admin": "Flask-Admin", "django": "Django admin", "fab": "Flask-AppBuilder",
         "starlette_admin": "starlette-admin", "sqladmin": "SQLAdmin"}  # fmt: skip


def draw(kind: str, ours: Mapping[int, Mapping[str, Any]], peers: Mapping[int, Mapping[str, Any]]) -> str:
    """An SVG of milliseconds against customers: `ours` and `peers` by the number of rows."""
    sizes = sorted({*ours, *peers})
    total = MARGIN + len(PANELS) * (WIDTH + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total} {HEIGHT + 110}" role="img" '
        f'aria-label="Milliseconds against customers, {escape(kind)}" font-family="system-ui, sans-serif" '
        f'font-size="11" fill="{INK}">',
        f'<rect width="{total}" height="{HEIGHT + 110}" fill="#ffffff"/>',
    ]
    for at, (title, (theirs, own)) in enumerate(PANELS.items()):
        left = MARGIN + at * (WIDTH + GAP)
        parts += _frame(left, title, sizes, labelled=at == 0)
        for colour, (peer, _name) in zip(COLOURS, SHOWN.items(), strict=True):
            line = [(rows, _ms(peers[rows].get(peer, {}).get(theirs))) for rows in sorted(peers)]
            parts += _line(left, sizes, line, colour, 1.5)
        line = [(rows, _ms(ours[rows].get("bare:list"))) for rows in sorted(ours)]
        parts += _line(left, sizes, line, "#9ca3af", 1.5)
        parts += _line(left, sizes, [(rows, _ms(ours[rows].get(own))) for rows in sorted(ours)], OURS, 3)
    named = [("Dutybook", OURS), *zip(SHOWN.values(), COLOURS, strict=True), ("bare Flask page", "#9ca3af")]
    for at, (name, colour) in enumerate(named):
        x, y = MARGIN + at * 150, HEIGHT + 92
        parts.append(f'<rect x="{x}" y="{y - 8}" width="18" height="4" fill="{colour}"/>')
        parts.append(f'<text x="{x + 24}" y="{y - 2}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _x(left: int, sizes: Sequence[int], rows: int) -> float:
    low, high = log10(sizes[0]), log10(sizes[-1])
    share = (log10(rows) - low) / (high - low) if high > low else 0.5
    return left + 14 + share * (WIDTH - 28)


def _y(value: float) -> float:
    return 30 + HEIGHT - (min(max(log10(value), LOW), HIGH) - LOW) / (HIGH - LOW) * HEIGHT


def _ms(measured: Mapping[str, Any] | None) -> float | None:
    found = (measured or {}).get("median_ms")
    return None if not found else float(found)


def _frame(left: int, title: str, sizes: Sequence[int], labelled: bool) -> list[str]:
    parts = [f'<text x="{left}" y="18" font-weight="600">{escape(title)}</text>']
    for power in range(4):
        y = _y(10**power)
        parts.append(f'<line x1="{left}" x2="{left + WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="{FAINT}"/>')
        if labelled:
            label = f"{10**power:,} ms"
            parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
    for rows in sizes:
        name = f"{rows // 1_000_000} M" if rows >= 1_000_000 else f"{rows // 1000} k"
        x = _x(left, sizes, rows)
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT + 48}" text-anchor="middle">{name}</text>')
    return parts


def _line(
    left: int, sizes: Sequence[int], points: Sequence[tuple[int, float | None]], colour: str, width: float
) -> list[str]:
    places = [(_x(left, sizes, rows), _y(value)) for rows, value in points if value is not None]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{width + 1}" fill="{colour}"/>' for x, y in places]
    return [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>', *dots]

"""A customer's grades over time as a small drawing: steps of a line, with the places of labels worked out here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from admin_app.services.grade_explained import Step
from models.types import GRADES

WIDTH: Final = 640
ROW: Final = 28
LEFT: Final = 36
TOP: Final = 14


def chart(steps: Sequence[Step], today: date) -> dict[str, Any] | None:
    """{width, height, path, lines [(grade, y)], dots [{x, y, grade, day}], first, last}; None without any grade."""
    graded = [step for step in steps if step.grade is not None]
    if not graded:
        return None
    used = [grade for grade in GRADES if any(step.grade == grade for step in graded)]
    first, last = steps[0].day, max(today, steps[-1].day)
    days = max((last - first).days, 1)

    def across(day: date) -> int:
        return LEFT + 8 + round((WIDTH - LEFT - 20) * (day - first).days / days)

    heights = {grade: TOP + place * ROW for place, grade in enumerate(used)}
    path, dots, pen = [], [], False
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        x, end = across(step.day), across(following.day if following else last)
        if step.grade is None:
            pen = False
            continue
        y = heights[step.grade]
        path.append(f"{'L' if pen else 'M'}{x} {y}L{end} {y}")
        pen = True
        dots.append({"x": x, "y": y, "grade": step.grade, "day": step.day.isoformat()})
    return {
        "width": WIDTH,
        "height": TOP * 2 + ROW * (len(used) - 1) + 18,
        "path": "".join(path),
        "lines": [(grade, heights[grade]) for grade in used],
        "dots": dots,
        "first": first.isoformat(),
        "last": last.isoformat(),
        "left": LEFT,
    }

"""Changes of the matrix as values, and as the JSON that versions and requests keep: by codes, not by ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from admin_app.engine.access.world import Cell, World


@dataclass(frozen=True, slots=True)
class Edit:
    """What shall stand in one cell (None: nothing), and what its author saw there."""

    position: int
    duty: int
    cell: Cell | None
    seen: Cell | None


def cells_of(world: World) -> list[list[Any]]:
    """The whole matrix as a version keeps it: [position code, duty code, letter, rows, field levels]."""
    return [
        [
            world.positions[position].code,
            world.duties[duty].code,
            cell.letter,
            cell.rows,
            dict(cell.levels) or None,
        ]
        for (position, duty), cell in sorted(world.cells.items(), key=lambda each: each[0])
    ]


def changes_of(world: World, edits: Iterable[Edit]) -> list[dict[str, Any]]:
    """Edits as a version or request keeps them: codes, and what stood and shall stand there."""
    return [
        {
            "position": world.positions[edit.position].code,
            "duty": world.duties[edit.duty].code,
            "before": as_document(edit.seen),
            "after": as_document(edit.cell),
        }
        for edit in edits
    ]


def as_document(cell: Cell | None) -> dict[str, Any] | None:
    """A cell as JSON: {"letter", "rows", "field_levels"}, or None."""
    if cell is None:
        return None
    return {"letter": cell.letter, "rows": cell.rows, "field_levels": dict(cell.levels) or None}


def from_document(stored: Mapping[str, Any] | None) -> Cell | None:
    """The cell in such a document."""
    if not stored or not stored.get("letter"):
        return None
    return Cell(str(stored["letter"]), stored.get("rows") or None, stored.get("field_levels") or {})


def edits_from(world: World, changes: Iterable[Mapping[str, Any]]) -> list[Edit]:
    """Edits out of kept changes; those whose position or duty is gone are left out."""
    positions = {each.code: key for key, each in world.positions.items()}
    duties = {each.code: key for key, each in world.duties.items()}
    return [
        Edit(
            positions[change["position"]],
            duties[change["duty"]],
            from_document(change["after"]),
            from_document(change["before"]),
        )
        for change in changes
        if change["position"] in positions and change["duty"] in duties
    ]

"""Keeping what was measured: the figures for the documentation, its tables and its pictures."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench import peers, picture, report
from bench.databases import KINDS

ROOT = Path(__file__).parents[1]
FIGURES = ROOT / "docs" / "performance.json"
PAGE = ROOT / "docs" / "performance.md"
PICTURES = ROOT / "docs" / "images"
#: What the page says between these lines comes from the figures.
_MEASURED = re.compile(r"(<!-- measured -->\n).*?(<!-- end -->)", re.DOTALL)
#: What a figure keeps.
_KEPT = (
    "median_ms",
    "cpu_ms",
    "p95_ms",
    "n",
    "rps",
    "mb",
    "bytes",
    "page",
    "page_gzip",
    "assets_gzip",
    "requests",
    "error",
)
#: Sizes that the peers' benchmark recorded.
_PEERS = (100_000, 1_000_000)


def record(results: Path, peers_folder: Path) -> None:
    """Write docs/performance.json, the tables in docs/performance.md and a picture for each database."""
    found = {
        int(path.stem): json.loads(path.read_text(encoding="utf-8"))
        for path in results.glob("*.json")
        if path.stem.isdigit()
    }
    figures = {str(rows): _figures(found[rows]) for rows in sorted(found)}
    FIGURES.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    tables = "\n".join(_tables(found))
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(_MEASURED.sub(lambda marks: f"{marks[1]}{tables}\n{marks[2]}", page), encoding="utf-8")
    for kind in KINDS:
        ours = {rows: each["db"][kind]["ops"] for rows, each in found.items() if kind in each["db"]}
        beside = {
            rows: peers.recorded(peers_folder, kind, rows)[0]
            for rows in _PEERS
            if list(peers_folder.glob(f"results/*-{rows}.json"))
        }
        if ours:
            drawn = picture.draw(kind, ours, beside)
            (PICTURES / f"performance-{kind}.svg").write_text(drawn, encoding="utf-8")


def _figures(result: Mapping[str, Any]) -> dict[str, Any]:
    return {
        kind: {
            "machine": measured["machine"],
            "ops": {
                name: {key: value for key, value in each.items() if key in _KEPT}
                for name, each in measured["ops"].items()
            },
        }
        for kind, measured in result["db"].items()
    }


def _tables(found: Mapping[int, Mapping[str, Any]]) -> list[str]:
    lines: list[str] = []
    for kind in KINDS:
        sizes = [rows for rows in sorted(found) if kind in found[rows]["db"]]
        for rows in sizes:
            measured = found[rows]["db"][kind]
            lines += [f"\n### {kind}, {rows:,} customers\n", f"Measured {measured['machine']['at']}.\n"]
            lines.append(report.goals(kind, measured["ops"]))
        if len(sizes) > 1:
            small, big = (found[rows]["db"][kind]["ops"] for rows in (sizes[0], sizes[-1]))
            lines.append(report.grown(kind, (sizes[0], sizes[-1]), small, big))
    return lines

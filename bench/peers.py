"""What others need for the same work: measured afresh by the benchmark beside the clone, or as it recorded them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

#: Our name of a line -> theirs.
SAME = {
    "list_first": "list_first",
    "list_middle": "list_middle",
    "list_last": "list_last",
    "list_filtered": "list_filtered",
    "search rare Latin": "search_latin",
    "search rare 4 characters": "search_cjk",
    "search rare end of a phone number": "search_phone",
    "edit": "edit_get",
    "save": "save",
    "create": "create",
    "regrade 20": "bulk_20",
    "throughput": "throughput",
}
WHOLE = {"cold start": "cold_start", "memory loaded": "rss_load"}


def fresh(folder: Path, kind: str, rows: int, names: str, out: Path) -> dict[str, Any]:
    """Let the peers' benchmark measure the peers `names` (comma separated) now; by peer, their lines."""
    command = [str(folder / "run"), "--rows", str(rows), "--db", kind, "--only", names, "--out", str(out)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - the benchmark beside the clone
    return _peers(out, kind)


def recorded(folder: Path, kind: str, rows: int) -> tuple[dict[str, Any], str]:
    """What was recorded for this size, or else for the biggest one; and a word on where it is from."""
    for path in (*folder.glob(f"results/*-{rows}.json"), *sorted(folder.glob("results/*-1000000.json"))):
        return _peers(path, kind), path.stem
    return {}, ""


def _peers(path: Path, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    peers: dict[str, Any] = found["db"].get(kind, {}).get("peers", {})
    return peers

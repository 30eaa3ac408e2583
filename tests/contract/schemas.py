"""Databases that nobody here designed: samples where this machine has them, and look-alikes that are always there."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

from admin_app.config import ROOT

LOOK_ALIKES = ROOT / "tests" / "data" / "schemas"
SAMPLES = Path(os.environ.get("DUTYBOOK_SAMPLES", ROOT.parent / "shared" / "data")) / "schemas"


def available() -> list[Path]:
    """SQL texts of the look-alikes, and the sample databases where this machine has them."""
    return [*sorted(LOOK_ALIKES.glob("*.sql")), *sorted(SAMPLES.glob("*.sqlite"))]


def make(source: Path, folder: Path) -> Path:
    """A database of its own in `folder`, from an SQL text or as a copy."""
    path = folder / f"{source.stem}.sqlite"
    if source.suffix == ".sql":
        with sqlite3.connect(path) as connection:
            connection.executescript(source.read_text("utf-8"))
        connection.close()
    else:
        shutil.copyfile(source, path)
    return path


def dump(path: Path) -> list[str]:
    """All of a database as SQL text."""
    connection = sqlite3.connect(path)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()

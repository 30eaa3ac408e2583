"""Take single checks out of `admin_app/engine/access`, one at a time, and see whether a test fails each time.

Nothing is written: each mutant is a child process with one module changed in memory that runs the tests of access on
SQLite. What survives is listed; docs/access-mutations.md explains what may.

    python tools/mutate_access.py [MODULE ...] [--list] [--seconds 1800] [--resume FILE]

FILE keeps a line for each mutant tried. Run again with it, what was killed is not tried again: tests only ever grow.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import sys
import tempfile
import time
import zlib
from pathlib import Path

from mutant_runs import CACHE, Job, quick, sure, warm
from mutations import Mutant, mutants

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "admin_app" / "engine" / "access"


class Record:
    """The mutants tried, in a file or, without one, nowhere: a JSON object a line, keyed by what was changed."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        lines = path.read_text("utf-8").splitlines() if path is not None and path.exists() else []
        self.killed = {line["key"] for line in map(json.loads, lines) if line["by"] is not None}

    def add(self, path: Path, mutant: Mutant, by: str | None) -> None:
        """Put down one more."""
        if self.path is not None:
            line = {"key": self.key(path, mutant), "mutant": f"{mutant.place} {mutant.change}", "by": by}
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")

    @staticmethod
    def key(path: Path, mutant: Mutant) -> str:
        """Names the changed module, whatever the lines are numbered like."""
        return f"{path.stem}-{zlib.crc32(ast.unparse(mutant.tree).encode()):08x}"


def main() -> int:
    """Run the mutants; 1 when any survived."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("modules", nargs="*", help="such as guard or guard.py:83; default: all")
    parser.add_argument("--list", action="store_true", help="only list the mutants")
    parser.add_argument("--seconds", type=int, default=1_800, help="stop after this many")
    parser.add_argument(
        "--resume", type=Path, metavar="FILE", help="keep what was tried, and go on from there"
    )
    options = parser.parse_args()
    record = Record(options.resume)
    sys.path.insert(0, str(ROOT))
    os.chdir(ROOT)
    chosen = []
    for path in sorted(PACKAGE.glob("*.py")):
        for mutant in mutants(path):
            names = (path.stem, path.name, mutant.place)
            wanted = not options.modules or any(name in options.modules for name in names)
            if wanted and record.key(path, mutant) not in record.killed:
                chosen.append((path, mutant))
    if options.list:
        for _path, mutant in chosen:
            print(mutant.place, mutant.change)
        print(len(chosen), "mutants")
        return 0
    warm()
    begin, left, run = time.monotonic(), [], 0

    def tell(number: int, by: str | None) -> None:
        nonlocal run
        path, mutant = chosen[number]
        record.add(path, mutant, by)
        run += 1
        if by is None:
            left.append(mutant)
            print("survived:", mutant.place, mutant.change, flush=True)

    jobs = [Job(path.stem, mutant.tree) for path, mutant in chosen]
    again = []
    with tempfile.TemporaryDirectory() as folder:
        whole = Job(next((path.stem for path, _mutant in chosen if path.stem in CACHE), PACKAGE.name))
        failed = sure(whole, folder) or next(
            by for _number, by in quick([whole], folder, time.monotonic() + 1_800)
        )
        if failed is not None:
            print(f"the tests fail on the package as it is: {failed}")
            return 2
        for number, by in quick(jobs, folder, begin + options.seconds):
            if by in (None, "?"):
                again.append(number)
            else:
                tell(number, by)
        for number in again:
            if time.monotonic() < begin + options.seconds:
                tell(number, sure(jobs[number], folder))
    print(f"{run} of {len(chosen)} mutants in {time.monotonic() - begin:.0f} s: {len(left)} survived")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())

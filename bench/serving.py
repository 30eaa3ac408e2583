"""Servers to measure: gunicorn with two sync workers, as the peers have it; and whose processor time it was."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

from bench.browser import Browser

ROOT = Path(__file__).parents[1]
WORKERS = 2
PATIENCE = 90
_WRK = """
done = function(summary, latency, requests)
  io.write(string.format("JSON{\\"requests\\":%d,\\"us\\":%d,\\"bad\\":%d,\\"p50\\":%d,\\"p95\\":%d}\\n",
    summary.requests, summary.duration,
    summary.errors.status + summary.errors.read + summary.errors.timeout + summary.errors.connect,
    latency:percentile(50), latency:percentile(95)))
end
"""


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def family(*roots: int) -> set[int]:
    """These processes and all below them."""
    parents: dict[int, int] = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                parents[int(path.name)] = int(_stat(int(path.name))[1])
    found, grown = set(roots), True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return found


def cpu_seconds(*roots: int) -> float:
    """Processor time that these process trees have used so far; looking for them takes some milliseconds of it."""
    return clocks(family(*roots))


def clocks(processes: Iterable[int]) -> float:
    """Processor time in seconds that these processes have used so far."""
    total = 0.0
    for pid in processes:
        with contextlib.suppress(OSError, IndexError):
            # The clock of a process, as clock_getcpuclockid(3) names it: exact, where /proc counts in ticks.
            total += time.clock_gettime((~pid << 3) | 2)
    return total


class Server:
    """One WSGI app on loopback; `cold` is the time from its start to the first page, in seconds."""

    def __init__(self, target: str, first_page: str, environment: dict[str, str], log: Path) -> None:
        self.target, self.first_page = target, first_page
        # Compiled modules make a start what it is in earnest; they go beside the log, not into the repository.
        own = {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(log.parent / "pycache")}
        inherited = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        self.environment = {**inherited, **own, **environment}
        self.log = log
        self.cold = 0.0
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]

    def __enter__(self) -> Server:
        binding = f"127.0.0.1:{self.port}"
        options = ["-w", str(WORKERS), "-b", binding, "--timeout", "900", "--no-control-socket"]
        begun = time.perf_counter()
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(  # noqa: S603 - our own apps
                [sys.executable, "-m", "gunicorn", *options, self.target],
                env=self.environment, cwd=ROOT, stdout=out, stderr=out,
            )  # fmt: skip
        try:
            while True:
                if self._process.poll() is not None:
                    raise SystemExit(f"{self.target} did not start; see {self.log}")
                with contextlib.suppress(OSError):
                    status = Browser(self.port).get(self.first_page).status
                    if status != 200:
                        raise SystemExit(f"{self.target}: {self.first_page} answers {status}; see {self.log}")
                    self.cold = time.perf_counter() - begun
                    return self
                if time.perf_counter() - begun > PATIENCE:
                    raise SystemExit(f"{self.target} gave no answer in {PATIENCE} s; see {self.log}")
                time.sleep(0.005)
        except BaseException:
            self.close()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the server, by force where it does not want to."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            for pid in family(self._process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._process.wait()

    @property
    def pid(self) -> int:
        """The process that started the workers."""
        return self._process.pid

    def memory(self) -> float:
        """Resident megabytes of the biggest worker."""
        sizes = [0.0]
        for pid in family(self.pid) - {self.pid}:
            with contextlib.suppress(OSError):
                lines = Path(f"/proc/{pid}/status").read_text().splitlines()
                sizes += [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:")]
        return round(max(sizes), 1)


def throughput(
    server: Server, path: str, cookie: str, seconds: int, clients: int, *roots: int
) -> dict[str, Any]:
    """Requests a second for `clients` at once, with wrk."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_WRK)
        script.flush()

        def run(duration: int) -> str:
            command = ["wrk", "-t1", f"-c{clients}", f"-d{duration}s", "--timeout", "60s", "-s", script.name]
            command += ["-H", f"Cookie: {cookie}", f"http://127.0.0.1:{server.port}{path}"]
            return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603

        run(1)
        before = cpu_seconds(server.pid, *roots)
        out = run(seconds)
        used = cpu_seconds(server.pid, *roots) - before
    told = json.loads(out[out.index("JSON{") + 4 :].splitlines()[0])
    return {
        "rps": round(told["requests"] / (told["us"] / 1e6), 1),
        "p50_ms": told["p50"] / 1000,
        "p95_ms": told["p95"] / 1000,
        "bad": told["bad"],
        "cpu_ms": round(used * 1000 / max(1, told["requests"]), 3),
    }

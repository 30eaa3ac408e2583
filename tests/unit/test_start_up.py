"""What a server process leaves out: everything that only commands, exports and jobs need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from admin_app.config import ROOT

#: Each costs every process some megabytes and every start some of its time.
LATE = ("alembic", "huey", "psycopg", "xlsxwriter", "python_calamine", "pypinyin", "tqdm")


def test_a_server_process_imports_nothing_that_only_commands_need(tmp_path: Path) -> None:
    code = f"import sys, wsgi; print([name for name in {LATE!r} if name in sys.modules])"
    environment = {**os.environ, "DUTYBOOK_DATA_DIR": str(tmp_path), "DUTYBOOK_DATABASE_URL": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_the_memory_of_a_password_hash_goes_back_to_the_system(tmp_path: Path) -> None:
    code = """
from pathlib import Path
def pages(): return int(Path("/proc/self/statm").read_text().split()[1])
from admin_app.memory import release_big_blocks
from admin_app.passwords import hash_password
release_big_blocks()
before = pages()

for _ in range(3):
    hash_password("a long word")
print((pages() - before) * 4096)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert int(done.stdout) < 1024 * 1024, done.stderr


@pytest.mark.parametrize("words", [("--help",), ("db", "heads")])
def test_the_commands_are_there_when_somebody_looks_for_them(tmp_path: Path, words: tuple[str, ...]) -> None:
    environment = {**os.environ, "DUTYBOOK_DATA_DIR": str(tmp_path), "DUTYBOOK_DATABASE_URL": ""}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", *words]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    wanted = ("serve", "load-demo", "import", "db") if words == ("--help",) else ("(head)",)
    assert all(word in done.stdout for word in wanted)

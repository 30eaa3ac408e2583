"""Find a Chromium for the browser tests, and get one where there is none.

    python tools/chromium.py            print its path; install it first if need be; one line when that fails

In this order: the system's, Playwright's own download, the system's package manager when run as root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    """Path of a browser that answers --version, or None."""
    with sync_playwright() as playwright:
        downloaded = playwright.chromium.executable_path
    for path in (*map(shutil.which, NAMES), downloaded):
        # On Ubuntu /usr/bin/chromium-browser may be a stub that only asks for a snap: hence the trial.
        if path and Path(path).exists() and _succeeds(path, "--version"):
            return path
    return None


def get_chromium() -> str | None:
    """Like find_chromium, but tries to install one first where there is none."""
    found = find_chromium()
    if found:
        return found
    root = os.geteuid() == 0
    playwright = [sys.executable, "-m", "playwright", "install"]
    if _succeeds(*playwright, *(["--with-deps"] if root else []), "chromium") and (found := find_chromium()):
        return found
    if root and shutil.which("apt-get") and _succeeds("apt-get", "update", "-q"):
        _succeeds("apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium")
    return find_chromium()


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def main() -> int:
    """Print the path and return 0, or one line on stderr and 1."""
    path = get_chromium()
    if path is None:
        print("The browser tests need Chromium: as root, run apt-get install chromium.", file=sys.stderr)
        return 1
    print(f"Browser tests use {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

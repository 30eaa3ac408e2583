"""Windows of the people in the browser tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.windows import Windows

#: Milliseconds that a page may take on a busy machine of one core.
PATIENCE = 8_000


@pytest.fixture
def windows(browser: Browser, live_server: str) -> Iterator[Windows]:
    """Opens windows; a script error or a refusal of the CSP in any of them fails the test."""
    expect.set_options(timeout=PATIENCE)
    windows = Windows(browser, live_server)
    yield windows
    windows.close()
    assert windows.problems == []

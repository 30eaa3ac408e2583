"""Browser windows of people at work: each signs in, is watched for errors, and closes after the test."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.conftest import PASSWORD

#: What a person sees who says nothing: Chinese, on a desk.
DESK = (1440, 900)
PHONE = (390, 844)
LANGS = {"zh": "zh-CN", "en": "en"}


class Windows:
    """Opens windows on one served Dutybook. `problems` collects script errors and what the CSP refuses."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.browser = browser
        self.address = address
        self.problems: list[str] = []
        self._contexts: list[BrowserContext] = []

    def open(self, size: tuple[int, int] = DESK) -> Page:
        """A window of somebody who has not signed in; it shares nothing with the others."""
        context = self.browser.new_context(
            base_url=self.address,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            viewport={"width": size[0], "height": size[1]},
        )
        self._contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self._note(page, str(error)))
        # "Failed to load resource" is how the browser words a status that the test may be after.
        page.on(
            "console",
            lambda message: (
                self._note(page, message.text)
                if message.type == "error" and not message.text.startswith("Failed to load resource")
                else None
            ),
        )
        return page

    def _note(self, page: Page, problem: str) -> None:
        self.problems.append(f"{page.url}: {problem}")

    def sign_in(self, username: str, language: str = "zh", size: tuple[int, int] = DESK) -> Page:
        """A window of `username` in a language of LANGS, on no page yet. The sign-in page has its own test."""
        page = self.open(size)
        send(page, "/login", username=username, password=PASSWORD)
        send(page, "/language", code=language)
        return page

    def close(self) -> None:
        """Close all windows."""
        for context in self._contexts:
            context.close()


def send(page: Page, path: str, **fields: Any) -> None:
    """Send one form of the person's window without showing it."""
    request = page.context.request
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', request.get("/login").text() or "")
    if token is None:
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', request.get("/account/password").text())
    assert token is not None, "no form has a token"
    answer = request.post(path, form={"csrf_token": token[1], **fields}, headers={"Referer": page.url})
    assert answer.ok, f"{path}: {answer.status}"


def type_sign_in(page: Page, username: str) -> None:
    """Sign in through the page, as a person does, and wait for the first page."""
    page.goto("/login")
    page.locator("[name=username]").fill(username)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main button[type=submit]").click()
    expect(page).to_have_url(re.compile(r"/$"))


def tab_to(page: Page, selector: str, limit: int = 40) -> None:
    """Press Tab until what `selector` names has the focus."""
    for _ in range(limit):
        if page.evaluate("selector => document.activeElement?.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {selector}")


def column(rows: Locator, label: str) -> Locator:
    """The cells of these rows of a list that stand under a heading."""
    heads = [head.strip() for head in rows.page.locator("thead th").all_inner_texts()]
    return rows.locator(f"> :nth-child({heads.index(label) + 1})")

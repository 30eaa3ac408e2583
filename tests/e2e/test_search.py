"""The box on top in a browser: by keyboard to a record, and to the page of all that was found."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.test_accessibility import findings
from tests.e2e.windows import DESK, PHONE, Windows


def test_somebody_finds_a_record_by_initials_without_touching_the_mouse(windows: Windows) -> None:
    page = windows.sign_in("admin", "en")
    page.goto("/matrix/?q=nothing-to-find-here")
    page.locator("body").press("Control+k")
    box = page.get_by_role("combobox", name="Search everywhere")
    expect(box).to_be_focused()
    box.press_sequentially("lxm")
    suggested = page.get_by_role("option", name="林小满")
    expect(suggested).to_be_visible()
    expect(box).to_have_attribute("aria-expanded", "true")
    box.press("Escape")
    expect(suggested).to_be_hidden()
    box.press_sequentially(" ")
    box.fill("linxiaoman")
    expect(suggested).to_be_visible()
    box.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", re.compile("suggestion-"))
    box.press("Enter")
    expect(page).to_have_url(re.compile("/user/details/"))
    expect(page.get_by_role("heading", name=re.compile("林小满"))).to_be_visible()
    page.locator("body").press("Control+k")
    page.keyboard.type("qqqq")
    expect(page.get_by_text("Nothing found").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/search/\?q=qqqq"))


@pytest.mark.parametrize(("size", "language"), [(DESK, "zh"), (PHONE, "en")])
def test_the_page_of_what_was_found_has_no_findings(
    windows: Windows, size: tuple[int, int], language: str
) -> None:
    page = windows.sign_in("admin", language, size)
    found = []
    for address in ("/search/?q=lin", "/search/?q=qqqq"):
        page.goto(address)
        found += findings(page)
    page.locator("[data-search]").fill("lin")
    expect(page.get_by_role("option").first).to_be_visible()
    found += findings(page)
    assert found == []

"""A head changes the matrix in a browser, and a clerk who is signed in already feels it at the next click."""

from __future__ import annotations

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.e2e.windows import PHONE, Windows


def ready(page: Page, url: str = "/matrix/") -> Page:
    """Open the matrix and wait until its cells take keys."""
    page.goto(url)
    expect(page.locator("[data-matrix][data-ready]")).to_be_visible()
    return page


def cell(page: Page, position: str, duty: str) -> Locator:
    """The cell of a position and a duty, by codes."""
    place = page.locator(f'[data-column][data-code="{position}"]').get_attribute("data-column")
    return page.locator(f'[data-line][data-code="{duty}"] td').nth(int(place or 0))


def panel(page: Page) -> Locator:
    """What stands beside the matrix while something is not saved."""
    return page.locator("[data-panel]")


def assert_clean(page: Page) -> None:
    """No finding of axe."""
    found = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found] == []


def test_a_head_gives_a_duty_and_takes_it_back(windows: Windows) -> None:
    clerk = windows.sign_in("csd3", "en")
    clerk.goto("/")
    contracts = clerk.locator(".db-nav-list a[href='/contract/']")
    expect(contracts).to_have_count(0)

    head = ready(windows.sign_in("css", "en"))
    cell(head, "CSD", "CTR4").click()
    head.keyboard.press("r")
    expect(cell(head, "CSD", "CTR4")).to_have_class(re.compile("is-changed"))
    expect(panel(head)).to_contain_text("3 people gain")
    expect(panel(head)).to_contain_text(re.compile(r"contracts of their department \(\d+ records?\)"))
    assert_clean(head)

    save = head.get_by_role("button", name="Save 1 change")
    save.click()
    expect(head.get_by_role("alert")).to_contain_text("Write the reason")
    head.get_by_label("Reason").fill("Contracts stay with the agents from today")
    save.click()
    expect(head.locator("[data-flashes]")).to_contain_text("Version 2: 1 cell changed")
    expect(cell(head, "CSD", "CTR4")).to_have_text("R")

    clerk.goto("/customer/")
    contracts.click()
    expect(clerk).to_have_url(re.compile("/contract/"))
    expect(clerk.locator("[data-row]").first).to_be_visible()

    ready(head)
    cell(head, "CSD", "CTR4").click()
    head.keyboard.press("Delete")
    expect(panel(head)).to_contain_text("3 people lose")
    head.get_by_label("Reason").fill("Not yet")
    head.get_by_role("button", name="Save 1 change").click()
    expect(head.locator("[data-flashes]")).to_contain_text("Version 3")
    answer = clerk.reload()
    assert answer is not None and answer.status == 403

    head.goto("/matrix/versions")
    expect(head.locator(".db-versions li").first).to_contain_text("Not yet")
    assert_clean(head)


def test_keys_undo_copies_and_what_is_beyond(windows: Windows) -> None:
    page = ready(windows.sign_in("css", "en"))
    first = cell(page, "CSD", "CTR4")
    first.click()
    page.keyboard.press("a")
    expect(panel(page)).to_contain_text("1 change will not be saved")
    expect(page.get_by_role("button", name=re.compile("^Request the rest from"))).to_be_visible()
    page.get_by_role("button", name="Put back").click()
    expect(page.locator("td.is-changed")).to_have_count(0)
    expect(first).to_be_focused()
    page.keyboard.press("a")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("i")
    expect(page.locator("td.is-changed")).to_have_count(2)
    page.keyboard.press("Control+z")
    expect(page.locator("td.is-changed")).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(panel(page)).to_be_hidden()

    # Sales is not theirs.
    cell(page, "SLM", "CTR4").click()
    page.keyboard.press("r")
    expect(page.locator("td.is-changed")).to_have_count(0)

    cell(page, "ST", "CMP1").click()
    page.keyboard.press("Control+c")
    cell(page, "CSD", "CMP1").click()
    page.keyboard.press("Control+v")
    expect(page.locator("td.is-changed")).not_to_have_count(0)
    page.keyboard.press("Control+z")
    expect(page.locator("td.is-changed")).to_have_count(0)

    first.click()
    page.keyboard.press("Enter")
    dialog = page.locator("[data-cell-dialog]")
    dialog.get_by_role("radio", name="Does it").check()
    dialog.get_by_label("On which records").select_option("own")
    assert_clean(page)
    dialog.get_by_role("button", name="Apply").click()
    expect(first.locator(".has-own")).to_have_text("R")
    page.get_by_role("button", name="Discard all").click()
    expect(panel(page)).to_be_hidden()


def test_a_phone_edits_one_position_at_a_time(windows: Windows) -> None:
    page = ready(windows.sign_in("css", "zh", size=PHONE))
    page.locator("[data-matrix-position]").select_option("CSD")
    cell(page, "CSD", "CTR4").click()
    dialog = page.locator("[data-cell-dialog]")
    dialog.locator("input[value=R]").check()
    dialog.locator("button[value=apply]").click()
    dock = page.locator("[data-dock]")
    expect(dock).to_contain_text("3")
    assert_clean(page)
    dock.get_by_role("button").click()
    expect(panel(page)).to_be_visible()
    assert_clean(page)
    page.locator("[data-discard]").click()
    expect(dock).to_be_hidden()


def test_the_turned_matrix_takes_keys_too(windows: Windows) -> None:
    page = ready(windows.sign_in("css", "en"), "/matrix/?turn=1")
    line = page.locator('[data-line][data-code="CSD"]')
    place = page.locator('[data-column][data-code="CTR4"]').get_attribute("data-column")
    line.locator("td").nth(int(place or 0)).click()
    page.keyboard.press("r")
    expect(panel(page)).to_contain_text("3 people gain")
    assert_clean(page)
    page.get_by_role("button", name="Discard all").click()

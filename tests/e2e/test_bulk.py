"""Many records at a stroke, as people do it: tick across pages, read the preview, apply, on a desk and on a phone."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e.windows import PHONE, Windows


def tick(page: Page, *rows: int) -> None:
    """Tick rows of the list by their place."""
    for row in rows:
        page.locator("[data-row] [data-pick]").nth(row).click()


def action(page: Page, label: str) -> None:
    """Press a button of the bulk bar."""
    page.get_by_role("button", name=label, exact=True).click()


def test_customers_are_regraded_after_their_preview(windows: Windows) -> None:
    page = windows.sign_in("admin", "en")
    page.goto("/customer/?grade:eq=C&sort=name")
    names = page.locator("[data-row] .db-row-link").all_inner_texts()[:2]
    tick(page, 0, 1)
    expect(page.locator("[data-picker-text]")).to_have_text("2 picked")
    action(page, "Regrade")
    expect(page.locator("h1")).to_have_text("Regrade")
    page.get_by_role("button", name="Preview").click()
    # Nothing was typed: the page says what is missing, and where.
    expect(page.get_by_role("alert")).to_be_visible()
    page.locator("#grade").select_option("A")
    page.locator("#reason").fill("Reviewed together")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("h1")).to_have_text("2 records will change")
    for name in names:
        expect(page.locator(".db-samples")).to_contain_text(name)
    page.get_by_role("button", name="Change 2 records").click()
    expect(page.locator("h1")).to_have_text("2 records changed")
    page.get_by_role("link", name="Back to the list").click()
    expect(page.locator("[data-picker]")).to_be_hidden()


def test_what_is_ticked_stays_ticked_on_the_next_page(windows: Windows) -> None:
    page = windows.sign_in("admin", "en")
    page.goto("/customer/?sort=name")
    tick(page, 0, 3)
    page.get_by_role("link", name="Next").click()
    page.wait_for_url(re.compile("after="))
    expect(page.locator("[data-picker-text]")).to_have_text("2 picked (2 on other pages)")
    tick(page, 1)
    page.go_back()
    expect(page.locator("[data-picker-text]")).to_have_text("3 picked (1 on other pages)")
    expect(page.locator("[data-pick]:checked")).to_have_count(2)
    action(page, "Edit fields")
    expect(page.locator("[data-number]")).to_have_text("3 records")


def test_all_that_match_are_picked_by_keyboard_without_some(windows: Windows) -> None:
    page = windows.sign_in("admin", "en")
    page.goto("/customer/?sort=name")
    number = int(re.sub(r"\D", "", page.locator(".db-title-count").inner_text()))
    page.locator("[data-pick-all]").focus()
    page.keyboard.press("Space")
    page.locator("[data-picker-more]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-picker-text]")).to_have_text("All that match")
    page.locator("[data-row] .db-row-link").first.focus()
    page.keyboard.press("x")
    expect(page.locator("[data-picker-text]")).to_have_text("All that match (without 1)")
    action(page, "Edit fields")
    expect(page.locator("[data-number]")).to_have_attribute("data-number", str(number - 1))


def test_fields_are_chosen_and_filled_in_on_a_phone(windows: Windows) -> None:
    page = windows.sign_in("admin", "en", PHONE)
    page.goto("/customer/?grade:eq=B")
    tick(page, 0)
    action(page, "Edit fields")
    region = page.locator(".db-choosing", has_text="Region")
    expect(region.locator("input[type=text]")).to_be_hidden()
    region.locator("[data-choose]").check()
    expect(region.locator("#region")).to_be_focused()
    page.locator("#region").fill("Nordland")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("h1")).to_have_text("1 record will change")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    page.get_by_role("button", name="Change 1 record").click()
    expect(page.locator("h1")).to_have_text("1 record changed")

"""Many records at a stroke, as people do it: tick across pages, read the preview, apply, on a desk and on a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_accessibility import findings, misfits
from tests.e2e.windows import LANGS, PHONE, Windows


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


@pytest.mark.parametrize("language", LANGS)
def test_the_pages_of_a_bulk_change_hold_in_both_languages(windows: Windows, language: str) -> None:
    page = windows.sign_in("admin", language)
    page.goto("/customer/?grade:eq=C")
    tick(page, 0, 1, 2)
    found = findings(page) + misfits(page, language)
    for name in ("edit", "assign", "add_tags", "delete", "regrade"):
        page.goto("/customer/?grade:eq=C")
        page.locator(f"[formaction$='/{name}/']").click()
        page.locator("[data-save]").wait_for()
        found += findings(page) + misfits(page, language)
    page.locator("#grade").select_option("B")
    page.locator("#reason").fill("Reviewed together")
    page.locator("[data-save]").click()
    page.locator("[data-outcome]").first.wait_for()
    found += findings(page) + misfits(page, language)
    assert found == []


def test_two_that_were_edited_by_hand_stay_when_the_rest_is_undone(windows: Windows) -> None:
    page = windows.sign_in("admin", "en")
    page.goto("/customer/?grade:eq=B&transaction_status:eq=existing")
    addresses = [
        str(link.get_attribute("href")) for link in page.locator("[data-row] .db-row-link").all()[:2]
    ]
    page.locator("[data-pick-all]").click()
    if page.locator("[data-picker-more]").is_visible():
        page.locator("[data-picker-more]").click()
    action(page, "Regrade")
    number = int(page.locator("[data-number]").get_attribute("data-number") or 0)
    assert number > 2
    page.locator("#grade").select_option("A")
    page.locator("#reason").fill("A good year")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name=f"Change {number} records").click()
    expect(page.locator("h1")).to_have_text(f"{number} records changed")
    result = page.url

    for address in addresses:
        page.goto(address.replace("/details/", "/edit/"))
        page.locator("#grade").select_option("C")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.locator(".db-flash")).to_contain_text("Saved")

    page.goto(result)
    page.get_by_role("link", name="Undo").click()
    expect(page.locator("h1")).to_have_text(f"{number - 2} records will go back")
    expect(page.locator("[data-skipped]")).to_have_count(2)
    page.locator("#reason").fill("One year is not enough")
    page.get_by_role("button", name=f"Undo {number - 2} records").click()
    expect(page.locator("h1")).to_have_text(f"{number - 2} records went back")
    expect(page.locator("[data-skipped]")).to_have_count(2)
    page.goto("/customer/?grade:eq=B&transaction_status:eq=existing")
    expect(page.locator(".db-title-count")).to_contain_text(str(number - 2))

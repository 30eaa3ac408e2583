"""The past of a record, as people use it: see who changed it, put a field back, bring a deleted record back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_accessibility import findings, misfits
from tests.e2e.windows import LANGS, PHONE, Windows


def first_record(page: Page, address: str) -> tuple[str, str]:
    """(name, address) of the first record of a list."""
    page.goto(address)
    link = page.locator("[data-row] .db-row-link").first
    return link.inner_text(), str(link.get_attribute("href"))


def edit_region(page: Page, address: str, region: str) -> None:
    """Type another region and save."""
    page.goto(address.replace("/details/", "/edit/"))
    page.locator("#region").fill(region)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".db-flash")).to_contain_text("Saved")


def test_an_edited_field_is_found_in_the_timeline_and_put_back(windows: Windows) -> None:
    page = windows.sign_in("admin", "en", PHONE)
    _name, address = first_record(page, "/customer/?sort=name")
    edit_region(page, address, "Nordland")
    edit_region(page, address, "Südland")
    page.goto(address)
    page.get_by_role("link", name="History", exact=True).click()
    entry = page.locator("[data-entry]").first
    expect(entry).to_contain_text("Region")
    expect(entry.locator(".db-story-old")).to_have_text("Nordland")
    expect(entry.locator(".db-story-new")).to_have_text("Südland")
    entry.get_by_role("link", name="Restore this field: Region").click()
    expect(page.locator("[data-going]")).to_contain_text("Südland")
    page.get_by_role("button", name="Put it back").click()
    expect(page.locator("#reason-error")).to_be_visible()
    page.locator("#reason").fill("The old name is right")
    page.get_by_role("button", name="Put it back").click()
    expect(page.locator(".db-flash")).to_contain_text("1 record went back")
    expect(page.locator(".db-rows")).to_contain_text("The old name is right")
    page.goto(address.replace("/details/", "/edit/"))
    expect(page.locator("#region")).to_have_value("Nordland")


def test_a_deleted_record_is_found_in_the_trash_and_restored(windows: Windows) -> None:
    page = windows.sign_in("admin", "en")
    name, address = first_record(page, "/contact/?sort=name")
    page.goto(address.replace("/details/", "/delete/"))
    page.get_by_role("button", name="Delete 1 record").click()
    page.goto(address)
    expect(page.locator("h1")).not_to_have_text(name)
    page.goto("/contact/")
    page.get_by_role("link", name="Trash").click()
    lost = page.locator("[data-entry]", has_text=name).first
    lost.get_by_role("link", name="Restore").click()
    expect(page.locator("h1")).to_have_text(f"Restore “{name}”")
    page.locator("#reason").fill("Deleted by mistake")
    page.get_by_role("button", name="Restore").click()
    expect(page.locator("h1")).to_have_text(re.compile(r"Change \d+"))
    page.goto(address)
    expect(page.locator("h1")).to_have_text(name)


@pytest.mark.parametrize("language", LANGS)
def test_the_pages_of_history_hold_in_both_languages(windows: Windows, language: str) -> None:
    page = windows.sign_in("admin", language)
    _name, address = first_record(page, "/customer/?sort=-name")
    page.goto(address.replace("/details/", "/edit/"))
    page.locator("#region").fill(f"Region {language}")
    page.locator("[data-save]").first.click()
    page.locator(".db-flash").wait_for()
    found: list[str] = []
    page.goto("/changes/")
    change = str(page.locator("[data-set] a").first.get_attribute("href"))
    for url in (
        "/changes/",
        "/changes/?person=nobodysname&from=yesterday",
        change,
        f"{change}/undo",
        address.replace("/details/", "/history/"),
        address.replace("/details/", "/past/") + "&at=2099-01-01",
        "/customer/trash/",
    ):
        page.goto(url)
        found += [f"{url}: {each}" for each in findings(page) + misfits(page, language)]
    assert found == []

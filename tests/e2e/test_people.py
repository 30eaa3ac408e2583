"""Gaps and appointments in a browser: nothing to complain of, and a head's way from a gap to the person."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from admin_app.services import clock
from tests.e2e.test_accessibility import findings, misfits
from tests.e2e.windows import DESK, PHONE, Windows

PAGES = ("/gaps/?kind=shared", "/gaps/?kind=vacant", "/people/", "/people/?q=zzzz")
STEPS = ("person", "appoint", "stand-in", "hand-over", "access")


@pytest.mark.parametrize(("size", "language"), [(DESK, "zh"), (PHONE, "en")])
def test_the_pages_about_people_have_no_findings(
    windows: Windows, size: tuple[int, int], language: str
) -> None:
    page = windows.sign_in("admin", language, size)
    page.goto("/people/?q=csd3")
    person = str(page.locator(".db-finding-head a").first.get_attribute("href")).partition("=")[2]
    found = []
    for address in (*PAGES, *(f"/people/{step}?id={person}" for step in STEPS)):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.goto(address)
        found += findings(page) + misfits(page, language)
    assert found == []


def test_an_administrator_lets_somebody_stand_in_and_that_person_sees_for_whom(windows: Windows) -> None:
    page = windows.sign_in("admin", "en")
    page.goto("/people/?q=da")
    page.get_by_role("link", name="何慎微").click()
    page.get_by_role("link", name="Let somebody stand in").click()
    page.locator("#user-ts-control").fill("csd3")
    page.locator(".ts-dropdown .option", has_text="唐宇泽").click()
    page.get_by_label("Last day").fill((clock.today() + timedelta(days=3)).isoformat())
    page.get_by_role("button", name="Let stand in").click()
    expect(page.get_by_role("heading", name="唐宇泽")).to_be_visible()
    expect(page.get_by_text("for 何慎微")).to_be_visible()
    deputy = windows.sign_in("csd3", "en")
    deputy.goto("/")
    expect(deputy.locator(".db-me-text")).to_contain_text("for 何慎微")
    page.get_by_role("link", name=re.compile("^End: .*Data")).click()
    page.get_by_label("Last day").fill((clock.today() - timedelta(days=1)).isoformat())
    page.get_by_role("button", name="End the post").click()
    expect(page.get_by_text("for 何慎微")).to_be_hidden()

"""A refusal explains itself: the clerk reads why, asks, the head grants for seven days, and the next click works."""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.sync_api import expect

from admin_app.services import clock
from tests.e2e.windows import PHONE, Windows


def test_a_clerk_asks_and_the_head_grants_for_seven_days(windows: Windows) -> None:
    clerk, head = windows.sign_in("csd", "en"), windows.sign_in("css", "en")
    clerk.goto("/tag/")
    expect(clerk.locator(".db-error h1")).to_be_visible()
    clerk.get_by_role("link", name="Why?").click()
    expect(clerk.locator("h1")).to_contain_text("none of your duties lets you view tags")
    expect(clerk.locator(".db-why-table")).to_contain_text("Service supervisor")
    expect(clerk.locator(".db-why-table")).to_contain_text("罗嘉言")
    clerk.get_by_label("Why you need it").fill("Sort customers for the autumn campaign")
    clerk.get_by_role("button", name="Request access").click()
    expect(clerk.locator(".db-flash")).to_contain_text("Asked ")
    expect(clerk.locator(".db-req-row")).to_contain_text("Open")

    head.goto("/requests/")
    waiting = head.locator(".db-req-row", has_text="autumn campaign")
    last = clock.today() + timedelta(days=7)
    expect(waiting.get_by_label("Last day")).to_have_value(last.isoformat())
    waiting.get_by_label("Reason").fill("Until the campaign is over")
    waiting.get_by_role("button", name="Grant").click()
    expect(head.locator(".db-flash")).to_contain_text(last.isoformat())

    clerk.goto("/tag/")
    expect(clerk.locator(".db-title h1")).to_have_text("Tags")
    clerk.locator(".db-why-link").click()
    expect(clerk.locator("h1")).to_contain_text("Yes: you may view tags.")
    expect(clerk.locator(".db-why-list").first).to_contain_text("Until the campaign is over")


def test_an_answer_leads_to_the_cell_of_the_matrix(windows: Windows) -> None:
    page = windows.sign_in("css")
    page.goto("/complaint/")
    page.locator("[data-row] .db-row-link").first.click()
    page.locator(".db-head-actions a[href*='/why/']").click()
    page.locator("[data-action=view] th a").click()
    expect(page.locator(".db-why-answer.is-yes")).to_be_visible()
    expect(page.locator(".db-why-list").first).to_contain_text("客户服务主管")
    page.locator(".db-why-list a[href*='CSS-CMP3']").first.click()
    expect(page).to_have_url(re.compile(r"/matrix/.*CMP3"))
    cell = page.locator("td.is-target")
    expect(cell).to_have_text("A")
    expect(cell).to_be_in_viewport()


def test_an_administrator_views_as_a_position_and_stops(windows: Windows) -> None:
    page = windows.sign_in("admin", "en", PHONE)
    page.goto("/why/")
    page.locator("#as-position").select_option("CSD")
    page.get_by_role("button", name="View as").click()
    bar = page.locator(".db-viewing")
    expect(bar).to_contain_text("Service agent")
    page.goto("/contract/")
    expect(page.locator(".db-error")).to_contain_text("403")
    expect(bar).to_be_visible()
    bar.get_by_role("button", name="End").click()
    expect(bar).to_have_count(0)
    page.goto("/contract/")
    expect(page.locator("[data-row]").first).to_be_visible()

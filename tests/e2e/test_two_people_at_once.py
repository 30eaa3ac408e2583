"""Two people change the same record: the second one decides with both versions in view."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.windows import Windows


def test_the_second_save_shows_both_versions_and_overwrites_nothing(windows: Windows) -> None:
    clerk, head = windows.sign_in("csd"), windows.sign_in("css")
    clerk.goto("/complaint/?severity:eq=low")
    details = clerk.locator("[data-row] .db-row-link").first.get_attribute("href") or ""
    form = details.replace("/details/", "/edit/")
    for page in (clerk, head):
        page.goto(form)
    kept = head.locator("#description").input_value()

    clerk.locator("#subject").fill("改由客户经理回访")
    clerk.get_by_role("button", name="保存", exact=True).click()
    expect(clerk.locator(".db-flash")).to_contain_text("已保存")

    head.locator("#subject").fill("升级为现场处理")
    head.get_by_role("button", name="保存", exact=True).click()
    expect(head.get_by_role("alert")).to_be_focused()
    expect(head.locator("#subject")).to_have_value("升级为现场处理")
    expect(head.locator("#subject-stored")).to_contain_text("改由客户经理回访")
    # Only what differs has its stored value beside it.
    expect(head.locator(".db-stored")).to_have_count(1)
    expect(head.locator("#description")).to_have_value(kept)
    clerk.goto(details)
    expect(clerk.locator("h1")).to_have_text("改由客户经理回访")

    head.get_by_role("button", name="保存", exact=True).click()
    expect(head.locator(".db-flash")).to_contain_text("已保存")
    clerk.reload()
    expect(clerk.locator("h1")).to_have_text("升级为现场处理")

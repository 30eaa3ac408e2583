"""Two people change the same record: what one side alone changed merges, and the second one chooses the rest."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.e2e.windows import Windows


def open_both(windows: Windows) -> tuple[Page, Page, str]:
    """A clerk and a head with the form of one complaint, and the address of its page."""
    clerk, head = windows.sign_in("csd"), windows.sign_in("css")
    clerk.goto("/complaint/?severity:eq=low")
    details = clerk.locator("[data-row] .db-row-link").first.get_attribute("href") or ""
    for page in (clerk, head):
        page.goto(details.replace("/details/", "/edit/"))
    return clerk, head, details


def save(page: Page) -> None:
    page.get_by_role("button", name="保存", exact=True).click()


def test_the_second_save_asks_where_both_changed_and_takes_over_the_rest(windows: Windows) -> None:
    clerk, head, details = open_both(windows)
    clerk.locator("#subject").fill("改由客户经理回访")
    clerk.locator("#root_cause").fill("地址写错")
    save(clerk)
    expect(clerk.locator(".db-flash")).to_contain_text("已保存")

    head.locator("#subject").fill("升级为现场处理")
    head.locator("#description").fill("客户在等")
    save(head)
    expect(head.get_by_role("alert")).to_be_focused()
    expect(head.locator("#subject")).to_have_value("升级为现场处理")
    expect(head.locator("#description")).to_have_value("客户在等")
    # What the clerk alone changed is in already, and said so.
    expect(head.locator("#root_cause")).to_have_value("地址写错")
    expect(head.locator("#root_cause-taken")).to_be_visible()
    choice = head.locator("[data-merge]")
    expect(choice).to_have_count(1)
    expect(choice).to_contain_text("改由客户经理回访")
    assert head.evaluate("document.documentElement.scrollWidth <= innerWidth")

    # Nothing is chosen for anybody.
    save(head)
    expect(head.locator("[data-merge]")).to_have_count(1)
    clerk.goto(details)
    expect(clerk.locator("h1")).to_have_text("改由客户经理回访")

    head.locator("[data-merge] input[value=theirs]").check()
    save(head)
    expect(head.locator(".db-flash")).to_contain_text("已保存")
    head.goto(details)
    expect(head.locator("h1")).to_have_text("改由客户经理回访")
    expect(head.locator("main")).to_contain_text("客户在等")
    expect(head.locator("main")).to_contain_text("地址写错")


def test_going_on_typing_keeps_ones_own(windows: Windows) -> None:
    clerk, head, details = open_both(windows)
    clerk.locator("#subject").fill("先退款")
    save(clerk)
    expect(clerk.locator(".db-flash")).to_be_visible()
    head.locator("#subject").fill("先换货")
    save(head)
    head.locator("#subject").fill("先换货，再回访")
    expect(head.locator("[data-merge] input[value=mine]")).to_be_checked()
    save(head)
    expect(head.locator(".db-flash")).to_be_visible()
    head.goto(details)
    expect(head.locator("h1")).to_have_text("先换货，再回访")

"""A contract's life by clicks: each button leads to the next state, and what stands in the way is said."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e.windows import Windows


def step(page: Page, name: str, reason: str = "") -> None:
    """Press a step on the record's page, and confirm it on the form."""
    page.locator(".db-state-steps").get_by_role("link", name=name, exact=True).click()
    if reason:
        page.locator("#reason").fill(reason)
    page.get_by_role("button", name=name, exact=True).click()
    expect(page.locator(".db-flash")).to_contain_text(name)


def test_a_contract_goes_from_draft_to_archive(windows: Windows) -> None:
    page = windows.sign_in("admin")
    office = windows.sign_in("ct")
    office.goto("/contract/?status:eq=draft")
    rows = office.locator("[data-row]")
    expect(rows.first).to_be_visible()
    address = rows.first.locator(".db-row-link").get_attribute("href") or ""
    page.goto(address)
    current = page.locator(".db-state-line .is-current")
    for name, reason, state in (
        ("提交审核", "", "审核中"),
        ("退回", "金额不对", "起草"),
        ("提交审核", "", "审核中"),
        ("审批通过", "", "已批准"),
        ("签订", "", "已签"),
        ("开始履行", "", "履行中"),
        ("履行完毕", "", "已完成"),
        ("归档", "", "已归档"),
    ):
        step(page, name, reason)
        expect(current).to_have_text(state)
    expect(page.locator("main")).to_contain_text(re.compile(r"DA-HT-\d{4}-\d+"))
    page.locator(".db-state-closed summary").click()
    expect(page.locator(".db-state-closed")).to_contain_text("审批通过")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

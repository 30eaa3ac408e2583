"""Who comes in sees what the position opens, in the language that was chosen last."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.windows import LANGS, Windows, type_sign_in

#: Entries that a menu has, in this order, and entries that it lacks.
MENUS = {
    "csd": (
        ["工作台", "客户", "联系人", "投诉", "部门", "岗位", "职责矩阵"],
        ["标签", "合同", "人员", "导入"],
    ),
    "css": (["工作台", "客户", "联系人", "标签", "投诉", "职责矩阵"], ["标签组", "人员", "导入"]),
    "da": (["工作台", "客户", "联系人", "标签", "职责矩阵", "导入"], ["合同", "投诉", "人员"]),
    "admin": (["工作台", "往来记录", "标签组", "合同", "投诉", "人员", "责任方式权限", "导入"], []),
}


@pytest.mark.parametrize("username", MENUS)
def test_a_position_has_the_menu_of_its_duties(windows: Windows, username: str) -> None:
    has, lacks = MENUS[username]
    page = windows.open()
    type_sign_in(page, username)
    # Whoever used this name before may have chosen English, and that is remembered.
    page.locator(".db-top-end > .db-lang").get_by_role("button", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", LANGS["zh"])
    entries = page.locator("#side .db-nav-list a > span:first-of-type").all_inner_texts()
    assert [entry for entry in entries if entry in has] == has
    assert [entry for entry in entries if entry in lacks] == []


def test_a_language_is_remembered_from_one_browser_to_the_next(windows: Windows) -> None:
    page = windows.open()
    type_sign_in(page, "csd")
    page.locator(".db-top-end > .db-lang").get_by_role("button", name="English").click()
    expect(page.get_by_role("link", name="Complaints").first).to_be_visible()
    page.locator(".db-me").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("[name=username]")).to_be_visible()

    elsewhere = windows.open()
    elsewhere.goto("/login")
    expect(elsewhere.get_by_role("heading", name="登录")).to_be_visible()
    type_sign_in(elsewhere, "csd")
    expect(elsewhere.locator("html")).to_have_attribute("lang", LANGS["en"])
    elsewhere.locator(".db-top-end > .db-lang").get_by_role("button", name="中文").click()
    expect(elsewhere.locator("html")).to_have_attribute("lang", LANGS["zh"])

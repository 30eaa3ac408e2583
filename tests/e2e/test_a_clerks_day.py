"""A day at the service desk: taking down a complaint, finding it, sharing a list, changing and removing records."""

from __future__ import annotations

import re

from playwright.sync_api import Dialog, Page, expect

from tests.e2e.windows import Windows, column, tab_to


def total(page: Page) -> int:
    """The number of rows that a list says it has."""
    return int(re.sub(r"\D", "", page.locator(".db-title-count").inner_text()))


def first_customer(page: Page) -> str:
    """The name of a customer that this person sees."""
    page.goto("/customer/")
    return page.locator("[data-row] .db-row-link").first.inner_text()


def test_a_complaint_is_taken_down_with_the_keyboard_alone(windows: Windows) -> None:
    page = windows.sign_in("csd")
    customer = first_customer(page)
    page.goto("/complaint/")
    page.keyboard.press("c")
    expect(page.get_by_role("heading", name="新建投诉")).to_be_visible()

    tab_to(page, "#customer-ts-control")
    page.keyboard.type(customer[:4])
    options = page.locator(".ts-dropdown .option")
    expect(options.first).to_contain_text(customer[:4])
    page.locator(".ts-dropdown .option.active").wait_for()
    while customer not in (page.locator(".ts-dropdown .option.active").inner_text()):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#customer + .ts-wrapper .item")).to_contain_text(customer)
    for field in ("channel", "kind"):
        tab_to(page, f"#{field}")
        page.keyboard.press("ArrowDown")
    tab_to(page, "#subject")
    page.keyboard.type("夜间送货无人签收")
    page.keyboard.press("Control+Enter")

    expect(page.locator(".db-flash")).to_contain_text("已新建")
    expect(page.get_by_role("heading", name="投诉", exact=True)).to_be_visible()
    page.wait_for_load_state()
    page.keyboard.press("/")
    page.keyboard.type("送货无人")
    page.keyboard.press("Enter")
    expect(page.locator("[data-row]")).to_have_count(1)
    expect(column(page.locator("[data-row]"), "客户")).to_have_text(customer)
    page.keyboard.press("j")
    expect(page.locator("[data-row] .db-row-link")).to_be_focused()
    page.keyboard.press("e")
    expect(page.locator("#subject")).to_have_value("夜间送货无人签收")


def test_what_was_typed_is_not_left_behind_without_asking(windows: Windows) -> None:
    page = windows.sign_in("csd")
    page.goto("/complaint/")
    page.locator("[data-row] .db-row-link").first.click()
    page.get_by_role("link", name="编辑", exact=True).click()
    form = page.url
    subject = page.locator("#subject")
    before = subject.input_value()
    subject.press("End")
    subject.press_sequentially("（补充）")
    expect(page.locator("[data-dirty-note]")).to_have_text("有未保存的改动")

    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.once("dialog", stay)
    page.get_by_role("link", name="取消").click()
    expect(subject).to_have_value(before + "（补充）")
    assert (page.url, asked) == (form, ["beforeunload"])

    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_role("heading", name=before + "（补充）")).to_be_visible()


def test_a_filter_travels_as_an_address(windows: Windows) -> None:
    clerk, head = windows.sign_in("csd"), windows.sign_in("css")
    clerk.goto("/complaint/")
    everything = total(clerk)
    clerk.locator("summary", has_text="筛选").click()
    clerk.locator("#filter-field").select_option(label="严重程度")
    clerk.locator("#filter-value").select_option(label="高")
    clerk.get_by_role("button", name="添加条件").click()
    chip = clerk.locator(".db-chip")
    expect(chip).to_have_text(re.compile(r"严重程度.*高"))
    high = total(clerk)
    assert 0 < high < everything
    expect(column(clerk.locator("[data-row]"), "严重程度").first).to_have_text("高")

    head.goto(clerk.url)
    expect(head.locator(".db-chip")).to_have_text(re.compile(r"严重程度.*高"))
    assert total(head) == high

    head.locator(".db-chip-x").click()
    expect(head.locator(".db-chip")).to_have_count(0)
    assert total(head) == everything


def test_a_list_pages_back_and_forth_and_shows_what_is_chosen(windows: Windows) -> None:
    page = windows.sign_in("admin")
    page.goto("/contact/")
    links = page.locator("[data-row] .db-row-link")
    pager = page.get_by_role("navigation", name="翻页")
    first = links.all_inner_texts()
    assert len(first) == 20

    pager.get_by_role("link", name="下一页").click()
    expect(links.first).not_to_have_text(first[0])
    second = links.all_inner_texts()
    pager.get_by_role("link", name="末页").click()
    expect(pager.get_by_role("link", name="末页")).to_have_count(0)
    last = links.all_inner_texts()
    assert len({*first, *second, *last}) > 40
    pager.get_by_role("link", name="上一页").click()
    expect(pager.get_by_role("link", name="末页")).to_be_visible()
    assert links.all_inner_texts() != last
    pager.get_by_role("link", name="首页").click()
    expect(links.first).to_have_text(first[0])
    assert links.all_inner_texts() == first

    page.locator("#size").select_option("50")
    expect(links).to_have_count(50)

    page.get_by_role("button", name="列").or_(page.locator("summary", has_text="列")).click()
    page.locator(".db-check", has_text="生日").click()
    page.locator(".db-check", has_text="备注").click()
    page.get_by_role("button", name="显示所选列").click()
    heads = page.locator("thead th")
    expect(heads.filter(has_text="备注")).to_be_visible()
    expect(heads.filter(has_text="生日")).to_have_count(0)
    expect(links).to_have_count(50)


def test_ticked_rows_bring_up_a_bar(windows: Windows) -> None:
    page = windows.sign_in("css")
    page.goto("/complaint/")
    bar = page.locator("#bulk")
    expect(bar).to_be_hidden()
    page.locator("[data-pick]").nth(0).check()
    page.locator("[data-pick]").nth(2).click(modifiers=["Shift"])
    expect(bar).to_contain_text("已选 3")
    page.get_by_role("button", name="取消选择").click()
    expect(bar).to_be_hidden()
    page.locator("[data-pick-all]").check()
    expect(bar).to_contain_text("已选 20")


def test_related_records_page_inside_the_details(windows: Windows) -> None:
    page = windows.sign_in("admin")
    page.goto("/department/?q=客户服务部")
    page.locator("[data-row] .db-row-link").first.click()
    page.locator(".db-tab", has_text="投诉").click()
    links = page.locator("[data-row] .db-row-link")
    expect(links).to_have_count(20)
    first = links.first.inner_text()
    page.get_by_role("link", name="下一页").click()
    expect(links.first).not_to_have_text(first)
    expect(page.locator("h1")).to_have_text("客户服务部")
    expect(page.locator(".db-tab[aria-current]")).to_contain_text("投诉")


def test_a_customer_with_contracts_stays_and_says_why(windows: Windows) -> None:
    page = windows.sign_in("admin")
    page.goto("/contract/?customer:filled=1")
    name = column(page.locator("[data-row]"), "客户").first.inner_text()
    page.goto(f"/customer/?q={name}")
    page.locator("[data-row] .db-row-link").first.click()
    page.get_by_role("link", name="删除", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("不能删除")
    contracts = page.locator(".db-plan", has_text="阻止删除").get_by_role("listitem").filter(has_text="合同")
    expect(contracts).to_contain_text(re.compile(r"[1-9]"))
    expect(page.get_by_role("button", name=re.compile("删除"))).to_have_count(0)
    page.get_by_role("link", name="返回").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()

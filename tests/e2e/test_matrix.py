"""The duty matrix: what a filter leaves, what stays in view, one position at a time on a phone."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.e2e.windows import PHONE, Windows


def heads(page: Page) -> Locator:
    """The positions on top that show."""
    return page.locator("[data-column]").filter(visible=True)


def duties(page: Page) -> Locator:
    """The rows that show."""
    return page.locator("[data-duty]").filter(visible=True)


def test_the_matrix_narrows_to_a_department_and_a_kind_of_duty(windows: Windows) -> None:
    page = windows.sign_in("csd")
    page.goto("/matrix/")
    expect(heads(page)).to_have_count(29)
    expect(duties(page)).to_have_count(63)

    page.get_by_label("部门", exact=True).select_option(label="客户服务部")
    expect(heads(page).locator(".db-mx-pos-code")).to_have_text(["CSM", "CSS", "CSD", "ST"])
    page.get_by_label("职责类别").select_option(label="投诉")
    expect(duties(page)).to_have_count(4)
    expect(page).to_have_url(re.compile(r"department=CS&category=cmp"))

    page.reload()
    expect(heads(page)).to_have_count(4)
    expect(duties(page)).to_have_count(4)


def test_the_names_stay_in_view_however_far_one_scrolls(windows: Windows) -> None:
    page = windows.sign_in("csd")
    page.goto("/matrix/")
    scroll = page.locator(".db-scroll")
    scroll.evaluate("element => element.scrollTo(element.scrollWidth, element.scrollHeight)")
    expect(duties(page).last.locator("td").last).to_be_in_viewport()
    frame = scroll.bounding_box()
    head, name = heads(page).last, duties(page).last.locator("th")
    assert frame
    for part in (head, name):
        expect(part).to_be_in_viewport(ratio=0.9)
    head_box, name_box = head.bounding_box(), name.bounding_box()
    assert head_box and name_box
    assert frame["y"] <= head_box["y"] < frame["y"] + 80
    assert abs(name_box["x"] - frame["x"]) <= 2


def test_a_phone_shows_one_position_at_a_time(windows: Windows) -> None:
    page = windows.sign_in("csd", size=PHONE)
    page.goto("/matrix/")
    row = page.locator("[data-duty]").filter(has_text="受理处理投诉")
    cells = row.locator("td").filter(visible=True)
    page.get_by_label("岗位", exact=True).select_option("CG")
    expect(cells).to_have_count(1)
    expect(cells).to_have_text("R")
    page.get_by_label("岗位", exact=True).select_option("EXE")
    expect(cells).to_have_count(1)
    expect(cells).to_have_text("")


#: How many lines are drawn now, and how many there are.
DRAWN = """() => {
  const lines = [...document.querySelectorAll('[data-line]')];
  const drawn = lines.filter((line) => line.cells[1].checkVisibility({ contentVisibilityAuto: true }));
  return [drawn.length, lines.length];
}"""
#: The largest distance, in pixels, between a head and its cells, and between a group's head and its first position.
OFF = """() => {
  const table = document.querySelector('[data-matrix]');
  const line = document.querySelector('[data-line]');
  const left = (element) => element.getBoundingClientRect().left;
  const heads = [...table.querySelectorAll('[data-column]')];
  const cells = heads.map((head, index) => Math.abs(left(head) - left(line.cells[index + 1])));
  const groups = [...table.querySelectorAll('[data-group]')].map((group) => {
    const first = heads.find((head) => head.dataset.of === group.dataset.group);
    return Math.abs(left(group) - left(first));
  });
  return Math.max(...cells, ...groups);
}"""


def test_only_what_is_near_the_view_is_drawn_and_heads_stand_over_their_cells(windows: Windows) -> None:
    page = windows.sign_in("csd")
    for address in ("/matrix/", "/matrix/?turn=1"):
        page.goto(address)
        expect(heads(page).first).to_be_visible()
        assert page.evaluate(OFF) < 1, address
    page.goto("/matrix/")
    expect(duties(page)).to_have_count(63)
    drawn, all_of_them = page.evaluate(DRAWN)
    assert 0 < drawn < all_of_them == 63
    page.emulate_media(media="print")
    drawn, all_of_them = page.evaluate(DRAWN)
    assert drawn == all_of_them

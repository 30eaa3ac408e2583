"""The first page: each drawing stands, and each number in it leads to that many rows."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.windows import Windows

#: Where, inside a chart, the middle of its bar number 0 is; lying bars have their values along x.
BAR = """key => {
  const chart = echarts.getInstanceByDom(document.querySelector(`[data-chart="${key}"]`));
  const { series: [{ data }], xAxis: [{ type }] } = chart.getOption();
  const at = data.findIndex(({ value }) => value > 0);
  const middle = data[at].value / 2;
  return { at, place: chart.convertToPixel({ seriesIndex: 0 }, type === 'category' ? [at, middle] : [middle, at]) };
}"""


@pytest.mark.parametrize("key", ["grades", "complaints"])
def test_a_bar_opens_as_many_rows_as_it_counts(windows: Windows, key: str) -> None:
    page = windows.sign_in("admin")
    page.goto("/")
    chart = page.locator(f"[data-chart={key}]")
    expect(chart.locator("svg")).to_be_visible()
    bar = page.evaluate(BAR, key)
    page.locator(f"[data-chart-table={key}] summary").click()
    number = page.locator(f"[data-chart-table={key}] td").nth(bar["at"]).inner_text()
    chart.click(position={"x": bar["place"][0], "y": bar["place"][1]})
    expect(page.locator(".db-title-count")).to_have_text(f"{number} 条")


def test_an_amount_opens_the_contracts_that_it_sums_up(windows: Windows) -> None:
    page = windows.sign_in("admin")
    page.goto("/")
    expect(page.locator("[data-chart=amounts] svg")).to_be_visible()
    page.locator("[data-chart-table=amounts] summary").click()
    link = page.locator("[data-chart-table=amounts] td a").filter(has_text=re.compile(r"[1-9]")).first
    amount = link.inner_text()
    link.click()
    expect(page.locator(".db-totals dd")).to_have_text([f"¥{amount}"])


def test_a_card_opens_as_many_rows_as_it_says(windows: Windows) -> None:
    page: Page = windows.sign_in("css")
    page.goto("/")
    for index in range(page.locator(".db-kpi").count()):
        card = page.locator(".db-kpi").nth(index)
        number = card.locator(".db-kpi-value").inner_text()
        card.click()
        expect(page.locator(".db-title-count")).to_have_text(f"{number} 条")
        page.go_back()

"""Real input: 85 companies and their won deals, from two CSV files that nobody here made, through the import page.

docs/maven.md walks the same way. What is expected is counted here, from the files, without the product's code.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from admin_app.config import ROOT
from tests.e2e.test_accessibility import findings
from tests.e2e.windows import Windows, column

SAMPLES = Path(os.environ.get("DUTYBOOK_SAMPLES") or ROOT.parent / "shared" / "data") / "crm" / "maven"
LOOK_ALIKES = ROOT / "tests" / "data" / "maven"
#: Writing thousands of records takes a while; milliseconds.
LONG = 60_000


@pytest.fixture(scope="module")
def files() -> Path:
    """The folder with accounts.csv and sales_pipeline.csv: the samples, else the look-alikes."""
    return SAMPLES if SAMPLES.is_dir() else LOOK_ALIKES


def rows(file: Path) -> list[dict[str, str]]:
    """The lines of a CSV file by column name."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def load(page: Page, entity: str, file: Path, mapping: str) -> None:
    """Take a file through the steps of the import page, and stop where it says what it wrote."""
    page.goto(f"/{entity}/")
    page.locator(".db-title-actions").get_by_role("link", name="导入").click()
    page.locator("#file").set_input_files(file)
    page.locator("#mapping").select_option(mapping)
    page.get_by_role("button", name="读取文件").click()
    expect(page.locator("[aria-current=step]")).to_contain_text("列")
    assert findings(page) == []
    page.locator("main form").last.get_by_role("button").click()
    expect(page.locator("[aria-current=step]")).to_contain_text("检查", timeout=LONG)
    assert findings(page) == []
    page.locator("button[name=step][value=write]").click()
    expect(page.locator("[aria-current=step]")).to_contain_text("完成", timeout=LONG)
    assert findings(page) == []


def test_two_files_become_customers_with_contracts_that_add_up(windows: Windows, files: Path) -> None:
    accounts = rows(files / "accounts.csv")
    won = [deal for deal in rows(files / "sales_pipeline.csv") if deal["deal_stage"] == "Won"]
    amounts: Counter[str] = Counter()
    for deal in won:
        amounts[deal["account"]] += int(deal["close_value"])
    (leader, most), *_ = amounts.most_common()
    # The invented contracts of the demo company are all younger than these.
    until = max(deal["close_date"] for deal in won)

    page = windows.sign_in("admin")
    load(page, "customer", files / "accounts.csv", "maven_accounts")
    expect(page.get_by_role("status").filter(has_text=f"{len(accounts)} ")).to_be_visible()
    load(page, "contract", files / "sales_pipeline.csv", "maven_pipeline")
    expect(page.get_by_role("status").filter(has_text=f"{len(won)} ")).to_be_visible()

    page.goto(f"/contract/?signed_on:le={until}&exact=1")
    expect(page.locator(".db-title-count")).to_have_text(f"{len(won):,} 条")
    expect(page.locator(".db-totals dd")).to_have_text([f"${amounts.total():,}.00"])

    page.goto("/customer/?source:eq=Maven&sort=-contract_total")
    expect(page.locator(".db-title-count")).to_have_text(f"{len(accounts)} 条")
    first = page.locator("[data-row]").first
    expect(first.locator(".db-row-link")).to_have_text(leader)
    expect(column(first, "累计合同额")).to_have_text(f"${most:,}.00")
    page.goto("/customer/?source:eq=Maven&transaction_status:eq=existing")
    expect(page.locator(".db-title-count")).to_have_text(f"{len(accounts)} 条")

    clerk = windows.sign_in("csd")
    clerk.goto("/customer/?source:eq=Maven")
    expect(clerk.get_by_role("heading", name="没有符合的")).to_be_visible()
    clerk.goto(f"/customer/?q={leader}")
    expect(clerk.locator("[data-row]")).to_have_count(0)

"""Take the pictures in docs/images anew, from a fresh demo company and a real Chromium.

    make screenshots

The company lives in a folder that goes afterwards. The pictures of docs/maven.md need the files that it walks
through, in DUTYBOOK_SAMPLES (default ../shared/data); where they are absent those pictures stay as they are.
"""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
import threading
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from admin_app.config import ROOT
from admin_app.db import db
from admin_app.factory import create_app
from admin_app.server import address, make_server
from admin_app.start import prepare
from seed.accounts import create_admin
from seed.demo import load_demo
from seed.organisation import load_organisation
from tools.chromium import find_chromium
from views.site import build_site

IMAGES = ROOT / "docs" / "images"
MAVEN = Path(os.environ.get("DUTYBOOK_SAMPLES") or ROOT.parent / "shared" / "data") / "crm" / "maven"
DESK = (1440, 900)
PHONE = (390, 844)
#: Milliseconds that the import of some thousand lines may take.
LONG = 120_000


class Camera:
    """A person's window on the demo company; `shoot` saves what it shows."""

    def __init__(self, browser: Browser, base_url: str, password: str, size: tuple[int, int] = DESK) -> None:
        context = browser.new_context(
            base_url=base_url, locale="zh-CN", viewport={"width": size[0], "height": size[1]}
        )
        self.page: Page = context.new_page()
        self.page.goto("/login")
        self.page.locator("[name=username]").fill("admin")
        self.page.locator("[name=password]").fill(password)
        self.page.locator("main button[type=submit]").click()
        expect(self.page.locator("#side")).to_be_attached()

    def shoot(self, name: str, url: str = "") -> None:
        """Save the page as docs/images/`name`.png, after going to `url` if one is given."""
        if url:
            self.page.goto(url)
        self.page.screenshot(path=IMAGES / f"{name}.png")
        print(f"docs/images/{name}.png")


def shoot_pages(desk: Camera, phone: Camera) -> None:
    """What README and docs show of the demo company."""
    desk.page.goto("/")
    expect(desk.page.locator("[data-chart] svg")).to_have_count(3)
    desk.shoot("home")
    desk.shoot("customers", "/customer/")
    desk.shoot("matrix", "/matrix/")
    desk.page.goto("/customer/?transaction_status:eq=existing&sort=-contract_total")
    desk.page.locator("[data-row] .db-row-link").first.click()
    expect(desk.page.locator(".db-facts")).to_be_visible()
    desk.shoot("details")
    phone.shoot("customers-phone", "/customer/")


def shoot_maven(desk: Camera) -> None:
    """The walk of docs/maven.md, from the two files to the totals."""
    page = desk.page
    for entity, file, mapping in (
        ("customer", "accounts.csv", "maven_accounts"),
        ("contract", "sales_pipeline.csv", "maven_pipeline"),
    ):
        page.goto(f"/{entity}/import/")
        page.locator("#file").set_input_files(MAVEN / file)
        page.locator("#mapping").select_option(mapping)
        if entity == "customer":
            desk.shoot("maven-customer-file")
        page.locator("main form button[type=submit]").first.click()
        expect(page.locator("[aria-current=step]")).to_contain_text("列")
        desk.shoot(f"maven-{entity}-columns")
        page.locator("main form").last.get_by_role("button").click()
        expect(page.locator("[aria-current=step]")).to_contain_text("检查", timeout=LONG)
        desk.shoot(f"maven-{entity}-check")
        page.locator("button[name=step][value=write]").click()
        expect(page.locator("[aria-current=step]")).to_contain_text("完成", timeout=LONG)
    desk.shoot("maven-done")
    desk.shoot("maven-contracts", "/contract/?signed_on:le=2017-12-31&exact=1")
    desk.shoot(
        "maven-customers", "/customer/?source:eq=Maven&sort=-contract_total&transaction_status:eq=existing"
    )


def main() -> int:
    """Take all pictures; 1 where there is no Chromium."""
    executable = find_chromium()
    if executable is None:
        print("There is no Chromium: run python tools/chromium.py first.", file=sys.stderr)
        return 1
    IMAGES.mkdir(parents=True, exist_ok=True)
    loaders = {"organisation": load_organisation, "demo": load_demo, "admin": create_admin}
    with tempfile.TemporaryDirectory() as folder:
        password = secrets.token_hex(8)
        config = {
            "DATA_DIR": Path(folder),
            "SQLALCHEMY_DATABASE_URI": f"sqlite:///{folder}/dutybook.sqlite",
            "DEMO": True,
            "DEMO_PASSWORD": password,
        }
        app = create_app(build_site(loaders, mappings=ROOT / "seed" / "mappings"), config=config)
        prepare(app)
        server = make_server(app, "127.0.0.1", 0)
        serving = threading.Thread(target=server.run, daemon=True)
        serving.start()
        with sync_playwright() as playwright:
            # Buttons and dates that the browser itself draws follow its own language.
            browser = playwright.chromium.launch(
                executable_path=executable,
                args=["--no-sandbox", "--disable-gpu", "--lang=zh-CN"],
                env={**os.environ, "LANGUAGE": "zh_CN"},
            )
            desk = Camera(browser, address(server), password)
            shoot_pages(desk, Camera(browser, address(server), password, PHONE))
            if MAVEN.is_dir():
                shoot_maven(desk)
            else:
                print(f"{MAVEN} is not there: the pictures of docs/maven.md stay as they are.")
            browser.close()
        server.close()
        serving.join(timeout=5)
        with app.app_context():
            db.engine.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main())

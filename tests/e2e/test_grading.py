"""Grades by rule, as two people do it: one proposes, the other approves, two are edited by hand, the rest goes back."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from admin_app.jobs.run import run_job
from admin_app.services import clock
from admin_app.services.regrading import refresh_drift
from models.bulk import BulkRun
from tests.conftest import make_app, seed_demo
from tests.databases import Maker
from tests.e2e.conftest import PATIENCE
from tests.e2e.test_accessibility import findings, misfits
from tests.e2e.windows import LANGS, Windows


@pytest.fixture(scope="module")
def served(
    makers: Callable[[str], Maker], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Flask]]:
    """A Dutybook of its own where each grade by rule needs a second person; (address, app)."""
    from admin_app.server import address, make_server

    app = make_app(makers("sqlite").clone(), tmp_path_factory.mktemp("graded"))
    app.config["GRADING_APPROVAL"] = 1
    seed_demo(app)
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        refresh_drift(session, None, clock.today())
        session.commit()
    server = make_server(app, "127.0.0.1", 0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield address(server), app
    server.close()
    thread.join(timeout=5)
    app.extensions["dutybook_jobs"].close()
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def windows(browser: Browser, served: tuple[str, Flask]) -> Iterator[Windows]:
    """Windows on it; a script error in any of them fails the test."""
    expect.set_options(timeout=PATIENCE)
    windows = Windows(browser, served[0])
    yield windows
    windows.close()
    assert windows.problems == []


def work(app: Flask, url: str) -> None:
    """Do the job of the run at this address, as the worker would."""
    key = int(re.findall(r"/run/(\d+)/", url)[0])
    with app.app_context():
        with acting(db.session(), SYSTEM) as session:
            run = session.get(BulkRun, key)
            assert run is not None
            number = run.job_id
            session.rollback()
        assert number is not None
        run_job(number)
        db.session.remove()


@pytest.mark.parametrize("language", LANGS)
def test_the_pages_of_grades_hold_in_both_languages(windows: Windows, language: str) -> None:
    page = windows.sign_in("acm", language)
    found = []
    for url in ("/grading/", "/grade_rule/", "/grade_rule/details/?id=1"):
        page.goto(url)
        found += findings(page) + misfits(page, language)
    page.goto("/grading/?set=1")
    page.locator(".db-migration a").first.click()
    found += findings(page) + misfits(page, language)
    page.locator("#who + * a, .db-grade-table a[href*='/grade/']").last.click()
    expect(page.locator("#points")).to_be_visible()
    found += findings(page) + misfits(page, language)
    assert found == [], "\n".join(found)


def test_one_proposes_another_approves_and_all_but_two_go_back(
    windows: Windows, served: tuple[str, Flask]
) -> None:
    clerk = windows.sign_in("cms", "en")
    clerk.goto("/")
    clerk.get_by_role("link", name="Grade differs from the rules").click()
    number = clerk.locator("[data-row]").count()
    assert number > 2
    addresses = [
        str(link.get_attribute("href")) for link in clerk.locator("[data-row] .db-row-link").all()[:2]
    ]
    clerk.locator("[data-pick-all]").click()
    clerk.get_by_role("button", name="Regrade by rule", exact=True).click()
    clerk.locator("#reason").fill("Year's review")
    clerk.get_by_role("button", name="Preview").click()
    expect(clerk.locator("h1")).to_have_text(f"{number} records will change")
    expect(clerk.locator(".db-from-to tbody tr").first).to_be_visible()
    expect(clerk.locator(".db-samples li")).to_have_count(min(number, 20))
    clerk.get_by_role("button", name="Ask for approval").click()
    expect(clerk.locator("[data-run-state=waiting]")).to_be_visible()
    result = clerk.url

    head = windows.sign_in("acm", "en")
    head.goto(result)
    head.locator("#answer").fill("Agreed")
    head.get_by_role("button", name="Approve").click()
    expect(head.locator("[data-run-state=ordered]")).to_be_visible()
    work(served[1], result)

    clerk.goto(result)
    expect(clerk.locator("h1")).to_have_text(f"{number} records changed")
    for address in addresses:
        clerk.goto(address.replace("/details/", "/edit/"))
        clerk.locator("#grade").select_option("D")
        clerk.get_by_role("button", name="Save", exact=True).click()
        expect(clerk.locator(".db-flash")).to_contain_text("Saved")

    clerk.goto(result)
    clerk.get_by_role("link", name="Undo").click()
    expect(clerk.locator("h1")).to_have_text(re.compile(f"^{number - 2} records? will go back$"))
    expect(clerk.locator("[data-skipped]")).to_have_count(2)
    clerk.locator("#reason").fill("Too early")
    clerk.get_by_role("button", name=re.compile(f"^Undo {number - 2} records?$")).click()
    expect(clerk.locator("h1")).to_have_text(re.compile(f"^{number - 2} records? went back$"))
    expect(clerk.locator("[data-skipped]")).to_have_count(2)

    clerk.goto(addresses[0])
    clerk.get_by_role("link", name="Why this grade?").click()
    # By rule, and then by hand: what was there before stands first where it had a grade at all.
    assert clerk.locator(".db-grade-chart circle").count() >= 2
    expect(clerk.locator("main")).to_contain_text("Year's review")

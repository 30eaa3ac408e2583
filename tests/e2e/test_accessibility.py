"""Every kind of page of every entity: axe finds nothing, a phone needs no scrolling sideways, `lang` is right.

That no page makes an error on the console, or breaks its content security policy, `windows` sees to.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.windows import DESK, LANGS, PHONE, Windows
from views.site import build_site

ENTITIES = [entity.name for entity in build_site().entities]
#: Pages beside those of the entities and of the menu.
COMMON = ("/account/password", "/no/such/page", "/customer/?sort=nonsense", "/customer/?q=zzzz")
#: Entities of which every page is looked at: many kinds of fields, much that hangs on it, and hardly anything.
WHOLE = ("customer", "complaint", "tag")
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
    # What these fetch are style sheets and frames; everything here is same-origin and there are no frames.
    "preload": False,
    "iframes": False,
}
#: Rows beyond the third are built like the first three, and cost most of the time.
REPEATED = [["[data-row]:nth-child(n+4)"], ["tbody:nth-of-type(n+3) [data-duty]"]]
#: The frame is the same on all pages; those beside the entities are looked at with it.
FRAME = [["#side"], [".db-top"], [".db-bottom"]]
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def pages(page: Page, name: str, whole: bool) -> Iterator[None]:
    """Lead the window to list, new, details and edit by their links; at each it stops to be looked at.

    `whole` adds import, deletion and a related list, which are the same page for every entity.
    """
    page.goto(f"/{name}/")
    yield
    links = [page.locator("[data-key=c]"), page.locator("[data-row] .db-row-link[href]").first]
    if whole:
        links.insert(0, page.locator(".db-title-actions a[href*=import]"))
    for address in [link.get_attribute("href") for link in links]:
        page.goto(str(address))
        yield
    follow = page.locator(".db-head-actions a[href*=edit]").all()
    if whole:
        follow += [page.locator(".db-head-actions a[href*=delete]"), page.locator(".db-tab").last]
    for address in [link.get_attribute("href") for link in follow]:
        page.goto(str(address))
        yield


def findings(page: Page, frame: bool = False) -> list[str]:
    """What axe finds on the page, a line each; in the frame around it too if asked to."""
    context = {"include": [["html"]], "exclude": REPEATED if frame else REPEATED + FRAME}
    found = Axe().run(page, context=context, options=RULES).response["violations"]
    return [
        f"{page.url} {each['id']} ({each['help']}): {node['target']} {node['html'][:120]}"
        for each in found
        for node in each["nodes"]
    ]


def misfits(page: Page, language: str) -> list[str]:
    """Whether the page is in the wrong language, or wider than a phone."""
    found = []
    if page.locator("html").get_attribute("lang") != LANGS[language]:
        found.append(f"{page.url} speaks another language")
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    if page.evaluate(OVERFLOW) > 0:
        found.append(f"{page.url} is wider than a phone")
    page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    return found


def test_no_page_of_any_entity_has_a_finding_or_overflows(windows: Windows) -> None:
    page = windows.sign_in("admin")
    found = []
    for name in ENTITIES:
        for _ in pages(page, name, whole=name in WHOLE):
            found += findings(page) + misfits(page, "zh")
    assert found == []


def test_the_same_pages_hold_in_english(windows: Windows) -> None:
    # Words are all that differs: axe looks at a few entities, and of all others it is asked whether longer words fit.
    page = windows.sign_in("admin", "en")
    found = []
    for name in ENTITIES:
        if name in WHOLE:
            for _ in pages(page, name, whole=True):
                found += findings(page) + misfits(page, "en")
            continue
        for address in (f"/{name}/", f"/{name}/new/"):
            page.goto(address)
            found += misfits(page, "en")
    assert found == []


@pytest.mark.parametrize("language", LANGS)
def test_pages_beside_the_entities_hold_in_both_languages(windows: Windows, language: str) -> None:
    page = windows.sign_in("admin", language)
    page.goto("/")
    menu = [str(link.get_attribute("href")) for link in page.locator("#side .db-nav-list a").all()]
    found = []
    for address in [each for each in menu if each.strip("/") not in ENTITIES] + list(COMMON):
        page.goto(address)
        found += findings(page, frame=True) + misfits(page, language)
    stranger = windows.open()
    stranger.goto("/login")
    if language == "en":
        stranger.get_by_role("button", name="English").click()
        expect(stranger.get_by_role("heading", name="Sign in")).to_be_visible()
    found += findings(stranger) + misfits(stranger, language)
    assert found == []


def test_a_phone_has_no_findings_either(windows: Windows) -> None:
    page = windows.sign_in("admin", size=PHONE)
    found = []
    for name in WHOLE[:2]:
        for _ in pages(page, name, whole=False):
            found += findings(page)
    for address in ("/", "/matrix/"):
        page.goto(address)
        found += findings(page, frame=True)
    page.get_by_role("navigation", name="快捷导航").get_by_role("button").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    found += findings(page, frame=True)
    assert found == []

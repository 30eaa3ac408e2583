"""The documentation says what the code does."""

from __future__ import annotations

import re

from admin_app.config import ROOT, SETTINGS
from admin_app.engine.states.diagram import document as states_document
from views.site import build_site


def test_the_settings_page_is_the_settings_table() -> None:
    lines = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| `")]
    assert rows == [
        f"| `{each.name}` | {f'`{each.default}`' if each.default else 'empty'} | {each.sentence} |"
        for each in SETTINGS
    ]


def test_the_page_of_states_is_what_the_declarations_say() -> None:
    written = (ROOT / "docs" / "states.md").read_text(encoding="utf-8")
    assert written == states_document(build_site()), "flask --app wsgi states > docs/states.md"


def test_every_verb_that_a_document_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    verbs = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        named = re.findall(r"(?:`|^)make ([a-z-]+)", document.read_text(encoding="utf-8"), re.MULTILINE)
        assert set(named) <= verbs, document.name


def test_no_lock_names_a_registry() -> None:
    for lock in [*sorted(ROOT.glob("requirements*")), ROOT / "package-lock.json", ROOT / "package.json"]:
        text = re.sub(
            r'"funding": \{.*?\}|"funding": \[.*?\]', "", lock.read_text(encoding="utf-8"), flags=re.DOTALL
        )
        assert "://" not in text, lock.name
        assert '"resolved"' not in text, lock.name

"""Both languages on every page: nothing is left untranslated, in either direction."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import sqlalchemy as sa
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from flask import Flask

from admin_app.config import ROOT
from admin_app.db import db
from admin_app.engine.language import TRANSLATIONS
from tests.contract.conftest import Visitor
from tests.contract.expectation import Expectation
from tests.contract.pages import words
from views.site import LABELS, build_site

ENTITIES = build_site().by_name
SOURCES = ("admin_app", "views")
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
}
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
COMMON_PAGES = ("/", "/matrix/", "/import/", "/account/password", "/nowhere", "/customer/?nonsense:eq=1")
#: Where people's own words stand, and the names of fields that a file may use.
DATA = frozenset(
    {
        "db-row-link",
        "db-cell-text",
        "is-text",
        "db-cell-link",
        "db-code",
        "db-me-name",
        "code",
        "textarea",
        "lookup",
    }
)
CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
#: Names that are the same to everybody.
NAMES = frozenset({"Dutybook", "EN", "English", "中文", "职责台", "Ctrl K", "Ctrl Enter"})


@cache
def msgids() -> dict[str, tuple[str, ...]]:
    """All texts in the code that are meant to be translated, as in the catalogue: singular first."""
    found: dict[str, tuple[str, ...]] = {}
    for source in SOURCES:
        for _file, _line, message, _notes, _context in extract_from_dir(
            ROOT / source, method_map=METHODS, keywords=KEYWORDS
        ):
            forms = (message,) if isinstance(message, str) else tuple(message)
            found[forms[0]] = forms
    return found


@cache
def translations() -> dict[str, Any]:
    """The Chinese catalogue's messages by their first msgid."""
    with (TRANSLATIONS / "zh_Hans_CN" / "LC_MESSAGES" / "messages.po").open("rb") as lines:
        catalogue = read_po(lines, locale="zh_Hans_CN")
    return {_first(message.id): message for message in catalogue if message.id}


def _first(forms: Any) -> str:
    return forms if isinstance(forms, str) else str(forms[0])


def _strings(message: Any) -> tuple[str, ...]:
    if message is None:
        return ()
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


def test_every_text_in_the_code_has_a_chinese_translation() -> None:
    assert len(msgids()) > 200
    missing = []
    for first, forms in msgids().items():
        message = translations().get(first)
        strings = _strings(message)
        if message is None or message.fuzzy or not strings or not all(strings):
            missing.append(" | ".join(forms))
    assert sorted(missing) == []


def test_every_translation_keeps_its_placeholders() -> None:
    wrong = []
    for first, forms in msgids().items():
        message = translations().get(first)
        strings = _strings(message)
        named = set(re.findall(r"%\((\w+)\)", forms[-1]))
        wrong += [first for text in strings if set(re.findall(r"%\((\w+)\)", text)) - named or not text]
    assert wrong == []


def test_both_label_files_name_the_same_things() -> None:
    tables = [tomllib.loads((LABELS / f"{language}.toml").read_text("utf-8")) for language in ("zh", "en")]
    chinese, english = (dict(_leaves(table)) for table in tables)
    assert sorted(chinese) == sorted(english)
    assert [path for path, text in chinese.items() if not text.strip()] == []
    assert [path for path, text in english.items() if CHINESE.search(text)] == []


def _leaves(table: Any, path: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, str):
            yield f"{path}{key}", value
        else:
            yield from _leaves(value, f"{path}{key}.")


@cache
def english_phrases() -> tuple[frozenset[str], tuple[re.Pattern[str], ...]]:
    """English labels and texts that a Chinese page must not show: whole ones, and patterns of those with gaps."""
    tables = [tomllib.loads((LABELS / f"{language}.toml").read_text("utf-8")) for language in ("zh", "en")]
    chinese, english = (dict(_leaves(table)) for table in tables)
    plain = {text for path, text in english.items() if chinese.get(path) != text}
    patterns = []
    for first, forms in msgids().items():
        message = translations().get(first)
        same = first in _strings(message)
        for text in () if same else forms:
            if "%(" not in text:
                plain.add(text)
            elif len(re.sub(r"%\(\w+\)s", "", text)) > 5:
                gaps = re.split(r"%\(\w+\)s", text)
                patterns.append(re.compile(".+".join(map(re.escape, gaps))))
    # Grades, letters and currencies are the same in both.
    return frozenset(text for text in plain if len(text) > 1) - NAMES, tuple(patterns)


def untranslated(page: str, leave_out: frozenset[str] = DATA) -> list[str]:
    """English labels and texts on a page that should be Chinese."""
    plain, patterns = english_phrases()
    return [
        text
        for text in words(page, leave_out)
        if text in plain or any(pattern.fullmatch(text) for pattern in patterns)
    ]


def pages_of(expectation: Expectation, name: str) -> list[str]:
    """The addresses of an entity's pages, with a first record where one is shown."""
    key = min(expectation.rows[name])
    tabs = [
        f"{child.name}.{each.key}"
        for child, each in expectation.site.referrers(expectation.site.by_name[name])
    ]
    pages = [f"/{name}/", f"/{name}/?q=nothing+like+it", f"/{name}/new/", f"/{name}/details/?id={key}"]
    pages += [
        f"/{name}/{door}/?id={key}" for door in ("edit", "delete") if door not in ENTITIES[name].forbids
    ]
    pages += [f"/{name}/details/?id={key}&tab={tab}" for tab in tabs]
    return [*pages, f"/{name}/import/"]


@pytest.fixture(scope="session")
def typed(app: Flask) -> re.Pattern[str]:
    """Matches every text with Chinese in it that people typed; names in two languages are ours to choose from."""
    found: set[str] = set()
    with app.app_context(), db.engine.connect() as connection:
        for entity in app.extensions["dutybook"].entities:
            columns = [
                column
                for column in entity.table.columns
                if isinstance(column.type, sa.String) and not column.name.endswith("_zh")
            ]
            for row in connection.execute(sa.select(*columns)) if columns else ():
                found.update(" ".join(text.split()) for text in row if text and CHINESE.search(text))
    return re.compile("|".join(sorted(map(re.escape, found), key=len, reverse=True)))


def left_in_chinese(page: str, typed: re.Pattern[str]) -> list[str]:
    """Words on a page that should be English, without what people typed."""
    found = [typed.sub("", text) for text in words(page, DATA)]
    return [text for text in found if CHINESE.search(text) and text not in NAMES]


@pytest.fixture
def reader(writer: Visitor) -> Any:
    """Call it with a language for the administrator who reads it."""

    def choose(language: str) -> Visitor:
        assert writer.post("/language", {"code": language}).status_code == 302
        return writer

    return choose


@pytest.mark.parametrize("name", ENTITIES)
def test_a_chinese_page_shows_no_english_word_of_ours(
    reader: Any, expectation: Expectation, name: str
) -> None:
    visitor = reader("zh")
    for url in pages_of(expectation, name):
        answer = visitor.get(url)
        assert answer.status_code == 200, url
        assert '<html lang="zh-CN"' in answer.text, url
        assert untranslated(answer.text) == [], url


@pytest.mark.parametrize("name", ENTITIES)
def test_an_english_page_shows_no_chinese_word_of_ours(
    reader: Any, expectation: Expectation, typed: re.Pattern[str], name: str
) -> None:
    visitor = reader("en")
    for url in pages_of(expectation, name):
        answer = visitor.get(url)
        assert answer.status_code == 200, url
        assert '<html lang="en"' in answer.text, url
        assert left_in_chinese(answer.text, typed) == [], url


@pytest.mark.parametrize("url", COMMON_PAGES)
def test_pages_that_are_no_entity_speak_both_languages(reader: Any, typed: re.Pattern[str], url: str) -> None:
    assert untranslated(reader("zh").get(url).text) == []
    english = reader("en").get(url).text
    assert "中文" in words(english)
    assert left_in_chinese(english, typed) == []


@pytest.mark.parametrize("path", ["/login", "/login?next=/customer/"])
def test_the_page_before_the_sign_in_speaks_both_languages(app: Any, path: str) -> None:
    visitor = Visitor(app, "")
    assert untranslated(visitor.get(path).text) == []
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', visitor.get(path).text)
    assert token
    visitor.client.post("/language", data={"code": "en", "csrf_token": token[1]})
    assert left_in_chinese(visitor.get(path).text, re.compile("(?!)")) == []

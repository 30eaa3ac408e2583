"""Reading pages: the fields of a form, the links of a list, the tabs of a record, the words that people see."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

VOID = frozenset({"input", "meta", "link", "br", "img", "hr", "source"})


def row_links(page: str) -> list[str]:
    """Addresses of the records of a list, in its order."""
    return [html.unescape(url) for url in re.findall(r'class="db-row-link"[^>]* href="([^"]*)"', page)]


def row_keys(page: str) -> list[str]:
    """Keys of the records of a list, as they stand in addresses."""
    return [parse_qs(urlsplit(url).query)["id"][0] for url in row_links(page)]


def title_count(page: str) -> int:
    """The number beside a list's title."""
    found = re.search(r'class="db-title-count[^"]*"[^>]*>([^<]*)<', page)
    assert found, "the list has no count"
    return int(re.sub(r"\D", "", found[1]))


def tab_counts(page: str) -> dict[str, int]:
    """The number on each related tab, by the tab's name."""
    found = re.findall(r'class="db-tab" href="([^"]*)"[^>]*>[^<]*<span class="db-count">([^<]*)<', page)
    return {
        parse_qs(urlsplit(html.unescape(url)).query)["tab"][0]: int(re.sub(r"\D", "", number))
        for url, number in found
    }


def next_page(page: str) -> str | None:
    """Address of a list's next page."""
    found = re.search(r'<a class="db-page" href="([^"]*)" rel="next"', page)
    return html.unescape(found[1]) if found else None


def errors(page: str) -> dict[str, str]:
    """Messages at form fields, by the field's key."""
    found = re.findall(r'id="([^"]*)-error">(?:<svg.*?</svg>)?<span>([^<]*)<', page)
    return {key: html.unescape(message) for key, message in found}


class _FormReader(HTMLParser):
    """What a browser would send for the record form of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.fields: dict[str, str] = {}
        self.choices: dict[str, list[str]] = {}
        self.lookups: dict[str, str] = {}
        self._inside = False
        self._select: str | None = None
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in attrs}
        if tag == "form":
            self._inside = "db-form" in values.get("class", "").split()
        if not self._inside:
            return
        name = values.get("name", "")
        if (
            tag == "input"
            and name
            and (values.get("type") not in ("checkbox", "radio") or "checked" in values)
        ):
            self.fields[name] = values.get("value", "")
        elif tag == "select":
            self._select = name
            self.fields[name] = ""
            self.choices[name] = []
            if "data-lookup" in values:
                self.lookups[name] = values["data-lookup"]
        elif tag == "option" and self._select is not None:
            self.choices[self._select].append(values.get("value", ""))
            if "selected" in values:
                self.fields[self._select] = values.get("value", "")
        elif tag == "textarea":
            self._area = name
            self.fields[name] = ""

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self.fields[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area is not None:
            # The line end right after the tag is not part of the value; browsers send all others as CR LF.
            text = self.fields[self._area].replace("\r\n", "\n").removeprefix("\n")
            self.fields[self._area] = text.replace("\n", "\r\n")
            self._area = None
        elif tag == "select":
            self._select = None
        elif tag == "form":
            self._inside = False


@dataclass(frozen=True)
class RecordForm:
    """A record form: what it would send as it stands, the choices of its selects, the addresses of its lookups."""

    fields: dict[str, str]
    choices: dict[str, list[str]]
    lookups: dict[str, str]


def read_form(page: str) -> RecordForm:
    """The record form of a page."""
    reader = _FormReader()
    reader.feed(page)
    assert "_token" in reader.fields, "the page has no record form"
    return RecordForm(reader.fields, reader.choices, reader.lookups)


@dataclass
class _Word:
    text: str
    where: tuple[str, ...] = field(default=())


class _WordReader(HTMLParser):
    """Text nodes and spoken attributes, each with the tags and classes around it; a lookup field counts as a class."""

    SPOKEN = (
        "aria-label",
        "placeholder",
        "title",
        "alt",
        "data-text",
        "data-leave",
        "data-none",
        "data-failed",
    )

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[_Word] = []
        self._around: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in attrs}
        if tag not in VOID:
            lookup = " lookup" if "data-lookup" in values else ""
            self._around.append((tag, values.get("class", "") + lookup))
        places = self._places()
        self.words += [
            _Word(values[key].strip(), places) for key in self.SPOKEN if values.get(key, "").strip()
        ]

    def handle_endtag(self, tag: str) -> None:
        while tag not in VOID and self._around and self._around.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip() and not any(tag in ("script", "style") for tag, _ in self._around):
            self.words.append(_Word(" ".join(data.split()), self._places()))

    def _places(self) -> tuple[str, ...]:
        return tuple(name for tag, classes in self._around for name in (tag, *classes.split()))


def words(page: str, leave_out: frozenset[str] = frozenset()) -> list[str]:
    """What a reader sees and a screen reader says, without what stands in elements of the given tags or classes."""
    reader = _WordReader()
    reader.feed(page)
    return [word.text for word in reader.words if not leave_out.intersection(word.where)]

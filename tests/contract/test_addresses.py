"""Addresses and arguments that nobody means: a refusal in the house's look, never a broken page."""

from __future__ import annotations

import base64
import html
import json
import re
from typing import Any

import pytest

from admin_app.engine.kinds import DateKind, DateTimeKind, DecimalKind, FloatKind, IntegerKind, TextKind
from admin_app.engine.listing.args import operators_of
from tests.contract.conftest import Visitor
from tests.contract.expectation import Expectation
from tests.contract.pages import read_form, row_keys
from views.site import build_site

SITE = build_site()
ENTITIES = SITE.by_name
each_entity = pytest.mark.parametrize("name", ENTITIES)
HUGE = ("9" * 40, "-" + "9" * 25, "1e400", "NaN", "Infinity", "0x10", "--1")
ODD_KEYS = (
    "x",
    "9" * 40,
    "-" + "9" * 19,
    "1,2",
    ",",
    "",
    "%00",
    "1%00",
    "%F0%9F%98%80",
    "1.0",
    "%2525",
    "٣",
    "1_0",
)
ODD_TEXTS = ("a\x00b", "😀%_\\'\"‮<script>alert(1)</script>", "=1+1" + "x" * 5000)
UNKNOWN_ARGUMENTS = (
    ("nonsense:eq", "1"),
    ("id:nonsense", "1"),
    ("id:", "1"),
    ("sort", "nonsense"),
    ("sort", "-version"),
    ("sort", "--id"),
    ("cols", "nonsense"),
    ("cols", "id,password_hash"),
    ("size", "7"),
    ("size", "-20"),
    ("size", "٢٠"),
    ("size", "9" * 40),
    ("after", "nonsense"),
    ("before", "bnVsbA"),
    ("after", "W10"),
    ("after", "é"),
    ("before", "\x00"),
)


@each_entity
def test_keys_that_are_none_lead_nowhere(admin: Visitor, name: str) -> None:
    for door in ("details", "edit", "delete", "download"):
        for key in ODD_KEYS:
            answer = admin.ask("GET", f"/{name}/{door}/?id={key}")
            # An edit that nobody may do is refused before its record is looked for.
            forbidden = door in ENTITIES[name].forbids
            assert answer.status_code == (403 if forbidden else 404), (door, key)
        expected = 403 if door in ENTITIES[name].forbids else 400 if door == "delete" else 404
        assert admin.ask("GET", f"/{name}/{door}/").status_code == expected, door


@each_entity
def test_unknown_arguments_of_a_list_are_a_bad_request(admin: Visitor, name: str) -> None:
    headers = {"X-Requested-With": "XMLHttpRequest"}
    for argument, text in UNKNOWN_ARGUMENTS:
        answer = admin.client.get(f"/{name}/", query_string={argument: text}, headers=headers)
        assert answer.status_code == 400, (argument, text)


@each_entity
def test_a_forged_place_in_a_list_breaks_nothing(admin: Visitor, name: str) -> None:
    for values in (["9" * 30], [None], [""], [True], [{}], ["1", "2", "3"], "x", {"a": 1}, [1e308]):
        word = base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")
        for side in ("after", "before"):
            answer = admin.ask("GET", f"/{name}/?{side}={word}")
            assert answer.status_code in (200, 400), (side, values)


@each_entity
def test_odd_texts_can_be_searched_for(admin: Visitor, name: str) -> None:
    references = [key for key, each in ENTITIES[name].fields.items() if each.reference and SITE.target(each)]
    doors = [(f"/{name}/", "q", {}), (f"/{name}/export/csv/", "q", {})]
    doors += [(f"/{name}/ajax/lookup/", "query", {"name": key}) for key in references]
    for url, argument, others in doors:
        for text in ODD_TEXTS:
            answer = admin.client.get(url, query_string={argument: text, **others})
            assert answer.status_code in (200, 400), (url, text)
            assert "<script>alert" not in answer.text


@each_entity
def test_all_filters_at_once_take_what_they_offer(
    admin: Visitor, expectation: Expectation, name: str
) -> None:
    arguments = {
        f"{key}:{operator.key}": "1" if each.reference or not operator.arity else _sample(each.kind)
        for key, each in expectation.site.by_name[name].fields.items()
        # A reference to what the site does not show cannot be filtered by.
        for operator in (operators_of(each) if not each.reference or expectation.site.target(each) else ())
    }
    answer = admin.client.get(f"/{name}/", query_string=arguments)
    assert answer.status_code == 200
    assert answer.text.count('class="db-chip"') == len(arguments)


@each_entity
def test_each_filter_refuses_what_is_no_value(admin: Visitor, expectation: Expectation, name: str) -> None:
    for key, each in expectation.site.by_name[name].fields.items():
        for operator in operators_of(each):
            argument = f"{key}:{operator.key}"
            if not operator.arity:
                continue
            assert _status(admin, name, argument, "a\x00b") == 400, argument
            if each.reference or not isinstance(each.kind, TextKind):
                assert _status(admin, name, argument, "😀") == 400, argument
            if isinstance(each.kind, IntegerKind | DecimalKind | FloatKind):
                for text in HUGE:
                    assert _status(admin, name, argument, text) == 400, (argument, text)
            if isinstance(each.kind, DateKind | DateTimeKind):
                for text in ("2026-02-30", "0000-01-01", "99999-01-01", "tomorrow", "2026-13-01T10:00"):
                    assert _status(admin, name, argument, text) == 400, (argument, text)
                for text in ("0001-01-01", "9999-12-31"):
                    assert _status(admin, name, argument, text) in (200, 400), (argument, text)


def _status(admin: Visitor, name: str, argument: str, text: str) -> int:
    headers = {"X-Requested-With": "XMLHttpRequest"}
    answer = admin.client.get(f"/{name}/", query_string={argument: text, "size": "20"}, headers=headers)
    return int(answer.status_code)


def _sample(kind: Any) -> str:
    if getattr(kind, "codes", ()):
        return str(kind.codes[0])
    if isinstance(kind, IntegerKind | DecimalKind | FloatKind):
        return "12"
    if isinstance(kind, DateKind | DateTimeKind):
        return "2026-03-01"
    return "文本 text"[: getattr(kind, "length", None)]


@each_entity
def test_each_sortable_column_orders_and_pages_in_both_directions(admin: Visitor, name: str) -> None:
    for key in sorted(ENTITIES[name].sortable):
        up = admin.get(f"/{name}/?sort={key}&size=20")
        down = admin.get(f"/{name}/?sort=-{key}&size=20&end=1")
        assert (up.status_code, down.status_code) == (200, 200), key
        # The last page of the reverse order is the first page, backwards, where no rows are left over.
        first, last = row_keys(up.text), row_keys(down.text)
        assert first == last[::-1], key


def test_a_new_form_ignores_presets_that_make_no_sense(admin: Visitor) -> None:
    for entity in ENTITIES.values():
        for text in ("\x00", "9" * 40, "😀", "nonsense"):
            answer = admin.client.get(
                f"/{entity.name}/new/", query_string=dict.fromkeys(entity.form_fields, text)
            )
            assert answer.status_code == 200, (entity.name, text)


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "\t//evil.example"],
)
def test_the_way_back_never_leads_to_another_site(writer: Visitor, target: str) -> None:
    for page in ("new", "edit", "delete"):
        answer = writer.client.get(f"/department/{page}/", query_string={"id": "1", "_url": target})
        assert answer.status_code == 200
        links = re.findall(r'(?:href|action)="([^"]*)"|name="_url" value="([^"]*)"', answer.text)
        assert [link for pair in links for link in pair if target.strip() in html.unescape(link)] == []
    form = read_form(writer.get("/department/edit/?id=1").text)
    answer = writer.post("/department/edit/?id=1", {**form.fields, "_url": target})
    assert answer.status_code == 302
    assert answer.location == "/department/"

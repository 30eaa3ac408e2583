"""Each entity over HTTP, in both languages: created, changed, read, deleted; a stale save is never applied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from admin_app.engine.entity import Entity
from admin_app.engine.kinds import TextKind
from tests.contract.conftest import Visitor
from tests.contract.expectation import Expectation
from tests.contract.pages import errors, read_form, row_keys, title_count
from tests.contract.values import OTHER, RULED, is_scarce, valid_values
from views.site import build_site

ENTITIES = build_site().by_name
LANGUAGES = ("zh", "en")
each_entity = pytest.mark.parametrize("name", ENTITIES)
each_language = pytest.mark.parametrize("language", LANGUAGES)


def _lookups(writer: Visitor, name: str) -> Callable[[str], list[str]]:
    def offered(key: str) -> list[str]:
        answer = writer.get(f"/{name}/ajax/lookup/?name={key}&query=")
        return [pair[0] for pair in answer.json]

    return offered


def _create(writer: Visitor, name: str) -> tuple[str, dict[str, str]]:
    """Create a record through the form; returns its key and what was typed."""
    entity = ENTITIES[name]
    if is_scarce(entity):
        key = row_keys(writer.get(f"/{name}/").text)[0]
        assert writer.post(f"/{name}/delete/", {"id": key}).status_code == 302
    refused: dict[str, str] = {}
    for attempt in range(12):
        form = read_form(writer.get(f"/{name}/new/").text)
        values = valid_values(entity, _lookups(writer, name), attempt)
        answer = writer.post(f"/{name}/new/", {**form.fields, **values, "_url": ""})
        if answer.status_code == 302:
            return parse_qs(urlsplit(answer.location).query)["id"][0], values
        refused = errors(answer.text)
    raise AssertionError(f"{name} cannot be created: {refused}")


def _change(entity: Entity, values: dict[str, str]) -> dict[str, str]:
    """One field with another valid value: a text where there is one, else whatever has two."""
    for key in entity.form_fields:
        each = entity.fields[key]
        if key in RULED.get(entity.name, {}):
            continue
        if each.reference is None and isinstance(each.kind, TextKind) and (each.kind.length or 99) > 7:
            return {key: "变化 changed"[: each.kind.length]}
    other = valid_values(entity, lambda _key: [], attempt=1) | OTHER.get(entity.name, {})
    return next({key: value} for key, value in other.items() if value != values.get(key))


@each_language
@each_entity
def test_a_record_is_created_changed_and_deleted(writer: Visitor, name: str, language: str) -> None:
    entity = ENTITIES[name]
    assert writer.post("/language", {"code": language}).status_code == 302
    before = title_count(writer.get(f"/{name}/?exact=1").text)
    key, values = _create(writer, name)
    after = title_count(writer.get(f"/{name}/?exact=1").text)
    assert after == before + (0 if is_scarce(entity) else 1)
    assert writer.get(f"/{name}/details/?id={key}").status_code == 200
    page = writer.get(f"/{name}/edit/?id={key}")
    if "edit" in entity.forbids:
        assert page.status_code == 403
    else:
        form = read_form(page.text)
        shown = {field: form.fields.get(field) for field in values if field in form.fields}
        assert shown == {field: values[field] for field in shown}
        change = _change(entity, values)
        answer = writer.post(f"/{name}/edit/?id={key}", {**form.fields, **change})
        assert answer.status_code == 302, errors(answer.text)
        assert read_form(writer.get(f"/{name}/edit/?id={key}").text).fields.items() >= change.items()
    if "delete" in entity.forbids:
        assert writer.get(f"/{name}/delete/?id={key}").status_code == 403
        assert writer.post(f"/{name}/delete/", {"id": key}).status_code == 403
        return
    assert writer.get(f"/{name}/delete/?id={key}").status_code == 200
    assert writer.post(f"/{name}/delete/", {"id": key}).status_code == 302
    assert writer.get(f"/{name}/details/?id={key}").status_code == 404


@each_entity
def test_saving_an_unchanged_record_changes_nothing(
    writer: Visitor, expectation: Expectation, name: str, table_dump: Callable[[], Any]
) -> None:
    if "edit" in ENTITIES[name].forbids:
        key = min(expectation.rows[name])
        assert writer.post(f"/{name}/edit/?id={key}", {}).status_code == 403
        return
    before = table_dump()
    keys = sorted(expectation.rows[name])
    for key in {keys[0], keys[len(keys) // 2], keys[-1]}:
        form = read_form(writer.get(f"/{name}/edit/?id={key}").text)
        answer = writer.post(f"/{name}/edit/?id={key}", form.fields)
        assert answer.status_code == 302, (key, errors(answer.text))
    assert table_dump() == before


@each_entity
def test_a_stale_save_merges_or_asks_and_overwrites_nothing(
    writer: Visitor, expectation: Expectation, name: str
) -> None:
    entity = ENTITIES[name]
    if "edit" in entity.forbids:
        assert writer.get(f"/{name}/edit/?id={min(expectation.rows[name])}").status_code == 403
        return
    key, values = _create(writer, name)
    url = f"/{name}/edit/?id={key}"
    old = read_form(writer.get(url).text)
    (field, theirs), *_ = _change(entity, values).items()
    assert writer.post(url, {**old.fields, field: theirs}).status_code == 302
    # An old form that nobody touched takes nothing back.
    assert writer.post(url, old.fields).status_code == 302
    assert read_form(writer.get(url).text).fields[field] == theirs
    if not isinstance(entity.fields[field].kind, TextKind):
        return
    mine = f"{theirs} mine"[: getattr(entity.fields[field].kind, "length", None)]
    answer = writer.post(url, {**old.fields, field: mine})
    assert answer.status_code == 409
    form = read_form(answer.text)
    assert form.fields[field] == mine
    assert f'data-merge="{field}"' in answer.text
    assert read_form(writer.get(url).text).fields[field] == theirs
    again = writer.post(url, {**form.fields, field: mine, f"_pick-{field}": "mine"})
    assert again.status_code == 302, "choosing one's own keeps what was typed"
    assert read_form(writer.get(url).text).fields[field] == mine


@each_entity
def test_a_required_field_that_is_left_empty_is_named(writer: Visitor, name: str) -> None:
    entity = ENTITIES[name]
    required = [
        key
        for key in entity.form_fields
        if entity.required(entity.fields[key]) and not entity.has_box(entity.fields[key])
    ]
    form = read_form(writer.get(f"/{name}/new/").text)
    answer = writer.post(f"/{name}/new/", {**dict.fromkeys(form.fields, ""), "_url": ""})
    assert answer.status_code == (200 if required else 302)
    assert set(errors(answer.text)) == set(required)


@each_entity
def test_text_that_cannot_be_stored_is_an_error_at_its_field(writer: Visitor, name: str) -> None:
    entity = ENTITIES[name]
    texts = {
        key: entity.fields[key].kind
        for key in entity.form_fields
        if isinstance(entity.fields[key].kind, TextKind) and entity.fields[key].reference is None
    }
    form = read_form(writer.get(f"/{name}/new/").text)
    for key, kind in texts.items():
        for text in ("a\x00b", *(["x" * (kind.length + 1)] if kind.length else [])):
            answer = writer.post(f"/{name}/new/", {**form.fields, key: text})
            assert answer.status_code == 200, (key, text)
            assert key in errors(answer.text), (key, text)

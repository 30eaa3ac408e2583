"""Record forms: built from an entity, for one request and one actor."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from admin_app.engine.access import acting
from admin_app.engine.defaults import initial_values
from admin_app.engine.forms import RecordForm, describe, find_record, layout
from admin_app.engine.lookup import LIMIT, lookup
from admin_app.engine.saving import stored_row
from models.organisation import Department
from tests.unit.engine.conftest import speak
from tests.unit.engine.sample import (
    SITE,
    Binding,
    Book,
    Chapter,
    Odd,
    Pair,
    Remark,
    Shelf,
    build_lab_site,
    entity,
)

BOOK = entity(Book)


def edit(session: Session, record: Any, sent: dict[str, str] | None = None) -> RecordForm:
    """The form of a stored record, as it was shown and then sent with some fields changed."""
    declared = entity(type(record))
    key = describe(declared, record)[0]
    found = stored_row(session, declared, key, declared.form_fields)
    shown = RecordForm(declared, session, declared.form_fields, found)
    if sent is None:
        return shown
    data: MultiDict[str, Any] = MultiDict()
    for name, field in shown._fields.items():
        value = field._sent_form()
        if value is not False:
            data[name] = "y" if value is True else value
    for name, text in sent.items():
        data[name] = text
    form = RecordForm(declared, session, declared.form_fields, found, data)
    form.validate()
    return form


def new(session: Session, model: type[Any], **sent: str) -> RecordForm:
    """The form of a new record, as it was sent."""
    form = RecordForm(entity(model), session, entity(model).form_fields, formdata=MultiDict(sent))
    form.validate()
    return form


@pytest.fixture
def full_book(add_book: Callable[..., Book], people: SimpleNamespace) -> Book:
    """A book with a value in each column, as awkward as each may be."""
    return add_book(
        "  Lines\r\nand 🀄 ",
        code="B1",
        motto="",
        grade="A",
        binding=Binding.soft,
        pages=7,
        price=Decimal("0.10"),
        ratio=Decimal("1.230"),
        weight=0.1 + 0.2,
        printed_at=datetime(2026, 3, 1, 6, 30, 15, 123456, tzinfo=UTC),
        opens=time(9, 30, 0, 5),
        lent_for=timedelta(days=-3, seconds=1, microseconds=7),
        isbn=UUID(int=7),
        extra={"名": ["é", None, 1.5]},
        note="a\rb\r\nc",
        lost=True,
        checked=False,
        owner=people.own,
    )


def test_sending_a_form_back_as_it_was_shown_touches_nothing(desk: Session, full_book: Book) -> None:
    form = edit(desk, full_book, {})
    assert form.errors == {}
    assert form.touched() == []


def test_only_what_was_changed_is_touched(desk: Session, full_book: Book) -> None:
    form = edit(desk, full_book, {"pages": "8", "note": "", "checked": "true", "owner": ""})
    assert sorted(form.touched()) == ["checked", "note", "owner", "pages"]


def test_each_field_has_its_kind_its_label_and_its_place(desk: Session, full_book: Book) -> None:
    form = edit(desk, full_book)
    sections = layout(form)
    assert [section["key"] for section in sections] == ["basic", "more"]
    rows = {row["key"]: row for section in sections for row in section["fields"]}
    assert set(rows) == set(BOOK.form_fields)
    assert (rows["name"]["required"], rows["code"]["required"]) == (True, False)
    assert (rows["owner"]["kind"], rows["price"]["kind"]) == ("reference", "money")
    assert rows["note"]["wide"]
    assert rows["extra"]["wide"]
    assert not rows["name"]["wide"]
    assert str(form["grade"].label.text) == "Grade"
    speak("zh")
    assert str(form["grade"].label.text) == "〔Grade〕"
    assert [section["key"] for section in layout(RecordForm(BOOK, desk, ("price",)))] == ["more"]


def test_columns_named_like_words_of_the_form_library_are_columns_like_others(desk: Session) -> None:
    odd = Odd(data="d", validate="v", errors="e", meta="m", process=1)
    desk.add(odd)
    desk.flush()
    form = edit(desk, odd, {"data": "", "validate": "x" * 30, "meta": "new", "process": "x"})
    assert sorted(form.touched()) == ["data", "meta", "process", "validate"]
    assert {each["key"] for each in form.error_list()} == {"data", "validate", "process"}
    form = edit(desk, odd, {"errors": "none"})
    assert (form.touched(), form.error_list()) == (["errors"], [])


def test_all_errors_are_summed_up_with_their_labels(desk: Session) -> None:
    form = new(desk, Book, name="", pages="many")
    assert {"key": "name", "label": "Name", "message": "Fill this in."} in form.error_list()
    assert {"key": "pages", "label": "Pages", "message": "“many” is no whole number."} in form.error_list()
    form.refuse("code", "Taken.")
    assert {"key": "code", "label": "Code", "message": "Taken."} in form.error_list()


def test_a_reference_asks_the_server_as_one_types(desk: Session, full_book: Book) -> None:
    shown = str(edit(desk, full_book)["owner"]())
    assert 'data-lookup="/book/ajax/lookup/?name=owner"' in shown
    assert shown.count("<option") == 2
    assert "Own" in shown


def test_a_record_outside_ones_rows_cannot_be_chosen_but_a_stored_one_is_kept(
    desk: Session,
    add_book: Callable[..., Book],
    people: SimpleNamespace,
    places: SimpleNamespace,
    policy_of_job: Callable[[str], Any],
) -> None:
    hidden, other = add_book("Hidden", department=places.east), add_book("Other", department=places.east)
    mine = add_book("Mine", owner=people.own, parent=hidden)
    key = str(other.id)
    with acting(desk, policy_of_job("own")):
        form = edit(desk, mine, {"name": "New"})
        assert (form.touched(), form.errors) == (["name"], {})
        assert "Hidden" not in str(form["parent"]())
        assert "Not visible to you" in str(form["parent"]())
        form = edit(desk, mine, {"parent": key})
        assert form.errors == {"parent": ["Choose one from the list."]}
        form = edit(desk, mine, {"parent": ""})
        assert (form.touched(), form["parent"].data) == (["parent"], None)


def test_an_old_blank_does_not_stop_a_save(desk: Session, add_book: Callable[..., Book]) -> None:
    blank = add_book("")
    assert edit(desk, blank, {"pages": "3"}).errors == {}
    assert edit(desk, add_book("Full"), {"name": ""}).errors == {"name": ["Fill this in."]}
    assert "name" in new(desk, Book, name="").errors


def test_a_record_is_found_by_its_key_within_ones_rows(
    desk: Session, add_book: Callable[..., Book], policy_of_job: Callable[[str], Any]
) -> None:
    book = add_book()
    desk.add(Pair(word="a,b", number=1))
    desk.flush()
    assert find_record(desk, BOOK, str(book.id)) is book
    assert find_record(desk, BOOK, "x") is None
    assert find_record(desk, BOOK, "0") is None
    found = find_record(desk, entity(Pair), "a%2Cb,1")
    assert describe(entity(Pair), found) == ("a%2Cb,1", "a,b")
    with acting(desk, policy_of_job("own")):
        assert find_record(desk, BOOK, str(book.id)) is None
    assert describe(BOOK, add_book("", code="x"))[1].startswith("#")


def test_a_new_record_begins_with_its_maker_and_the_columns_defaults(
    desk: Session, people: SimpleNamespace, places: SimpleNamespace, policy_of_job: Callable[[str], Any]
) -> None:
    values = initial_values(desk, BOOK, policy_of_job("dept"), {})
    assert values == {
        "owner": people.dept,
        "department": places.west,
        "motto": "",
        "status": "new",
        "currency": "CNY",
        "lost": False,
    }


def test_a_link_may_preset_what_its_reader_can_see(
    desk: Session,
    add_book: Callable[..., Book],
    people: SimpleNamespace,
    places: SimpleNamespace,
    policy_of_job: Callable[[str], Any],
) -> None:
    visible, hidden = add_book("Seen", owner=people.own), add_book("Unseen", department=places.east)
    policy = policy_of_job("own")
    args = {
        "pages": "9",
        "grade": "D",
        "parent": str(visible.id),
        "shelf": "x",
        "department": str(places.east.id),
    }
    with acting(desk, policy):
        values = initial_values(desk, BOOK, policy, args)
        assert (values["pages"], values["parent"], values["department"]) == (9, visible, places.east)
        assert not {"grade", "shelf"} & set(values)
        assert "parent" not in initial_values(desk, BOOK, policy, {"parent": str(hidden.id)})


def test_an_administrator_without_a_post_has_no_usual_owner_but_himself(
    desk: Session, people: SimpleNamespace, policy_of_job: Callable[[str], Any]
) -> None:
    values = initial_values(desk, BOOK, policy_of_job("root"), {})
    assert values["owner"] is people.root
    assert isinstance(values["department"], Department)
    assert set(initial_values(desk, entity(Chapter), policy_of_job("root"), {})) == set()


def test_a_lookup_offers_a_handful_by_label(desk: Session, add_book: Callable[..., Book]) -> None:
    for number in range(30):
        add_book(f"Book {number:02}", code=str(number))
    add_book("100%", code="P")
    add_book("", code="E")
    offered = lookup(desk, BOOK, "")
    assert len(offered) == LIMIT
    assert offered[0][1].startswith("#")
    assert [label for _key, label in lookup(desk, BOOK, " book 07 ")] == ["Book 07 · 7"]
    assert [label for _key, label in lookup(desk, BOOK, "%")] == ["100% · P"]
    assert [label for _key, label in lookup(desk, BOOK, "29")] == ["Book 29 · 29"]
    assert lookup(desk, BOOK, "_") == []
    assert len(lookup(desk, BOOK, "\x00")) == LIMIT


def test_a_lookup_is_in_the_readers_language_and_within_the_readers_rows(
    desk: Session, add_book: Callable[..., Book], policy_of_job: Callable[[str], Any], people: SimpleNamespace
) -> None:
    desk.add(Shelf(code="S", name_zh="木架", name_en="Wooden"))
    add_book("Theirs")
    mine = add_book("Mine", owner=people.own)
    with acting(desk, policy_of_job("own")):
        assert [label for _key, label in lookup(desk, entity(Shelf), "")] == ["Wooden · S"]
        assert [label for _key, label in lookup(desk, entity(Shelf), "木")] == ["Wooden · S"]
        assert lookup(desk, BOOK, "") == [(str(mine.id), "Mine")]
        speak("zh")
        assert [label for _key, label in lookup(desk, entity(Shelf), "")] == ["木架 · S"]


def test_a_lookup_of_a_key_of_two_columns_gives_its_word(desk: Session) -> None:
    desk.add(Pair(word="a,b", number=1))
    desk.flush()
    assert lookup(desk, entity(Pair), "a") == [("a%2Cb,1", "a,b")]
    assert entity(Remark).label_key == "text"


def test_a_reference_to_what_the_site_does_not_show_is_typed_as_its_key(reader: Flask) -> None:
    shown = build_lab_site([each for each in SITE.entities if each.model is not Shelf])
    reader.extensions["dutybook"] = shown
    try:
        form = RecordForm(shown.by_model[Book], None, ("shelf",), formdata=MultiDict({"shelf": "x"}))  # type: ignore[arg-type]
        assert not form.validate()
        assert form.errors == {"shelf": ["“x” is no whole number."]}
    finally:
        reader.extensions["dutybook"] = SITE

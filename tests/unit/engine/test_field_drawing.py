"""Form fields drawn from kept shapes: what the template draws, with every value escaped and in its place."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import current_app
from sqlalchemy.orm import Session

from admin_app.engine.field_drawing import draw_field
from admin_app.engine.forms import RecordForm, form_context, layout
from tests.unit.engine.conftest import speak
from tests.unit.engine.sample import Binding, Book
from tests.unit.engine.test_forms import BOOK, edit, full_book, new  # noqa: F401 - the fixture

NASTY = '\n<b x="y">&\'\ue000\ue001 {{ 7*7 }}</b>'


def both(form: RecordForm) -> list[tuple[str, str, str]]:
    """(key, as drawn, as the template draws it) of each field."""
    macro: Any = current_app.jinja_env.get_template("admin/model/fields.html").module
    entries = [entry for section in layout(form) for entry in section["fields"]]
    return [(entry["key"], str(draw_field("book", entry)), str(macro.field(entry))) for entry in entries]


def test_a_field_is_drawn_as_its_template_draws_it(
    desk: Session,
    full_book: Book,  # noqa: F811 - a fixture
    add_book: Callable[..., Book],
) -> None:
    other = add_book(NASTY, code="B<2>", note=NASTY, binding=Binding.hard, grade="B", checked=True)
    for _again in range(2):
        for book in (full_book, other, add_book("bare")):
            for key, drawn, plain in both(edit(desk, book)):
                assert drawn == plain, key
        for key, drawn, plain in both(new(desk, Book)):
            assert drawn == plain, key


def test_what_was_typed_and_what_is_wrong_with_it_are_drawn_too(desk: Session, full_book: Book) -> None:  # noqa: F811
    form = edit(desk, full_book, {"pages": NASTY, "grade": "<Z>", "owner": "<4>", "name": "", "note": NASTY})
    assert {"pages", "grade", "owner", "name"} <= set(form.errors)
    for key, drawn, plain in both(form):
        assert drawn == plain and "<b x" not in drawn and "<Z>" not in drawn and "<4>" not in drawn, key


@pytest.mark.parametrize("language", ["zh", "en"])
def test_each_language_has_fields_of_its_own(desk: Session, full_book: Book, language: str) -> None:  # noqa: F811
    speak("en" if language == "zh" else "zh")
    both(edit(desk, full_book))
    speak(language)
    for key, drawn, plain in both(edit(desk, full_book)):
        assert drawn == plain, key


def test_a_form_shows_what_was_sent_and_says_what_changed_meanwhile(desk: Session, full_book: Book) -> None:  # noqa: F811
    form = edit(desk, full_book, {"pages": "8"})
    context = form_context(form, None, {"pages": {"open": True}})
    entries = {entry["key"]: entry for each in context["sections"] for entry in each["fields"]}
    assert re.search(r'name="pages"[^>]* value="8"', entries["pages"]["drawn"])
    assert entries["pages"]["meanwhile"] == {"open": True}
    assert entries["name"]["meanwhile"] is None
    assert set(entries) == set(BOOK.form_fields)

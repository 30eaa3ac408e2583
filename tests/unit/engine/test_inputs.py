"""Form inputs: what was touched, what a blank means, which record may be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict
from wtforms.fields.core import UnboundField
from wtforms.form import BaseForm

from admin_app.engine.inputs import AreaField, CheckField, ChoiceField, Filled, LookupField, ParsedField
from admin_app.engine.kinds import BooleanKind, IntegerKind, TextKind

RECORDS = {"1": "one", "2": "two"}


def bound(
    field: UnboundField[Any], stored: Any = None, sent: Sequence[str] | None = None, kept: Any = None
) -> Any:
    """The field `it` of a form that shows `stored` and got `sent` (None: nothing was sent at all)."""
    form = BaseForm({"it": field})
    if kept:
        form["it"].keep(*kept)
    formdata = None if sent is None else MultiDict([("it", text) for text in sent])
    form.process(formdata, data={"it": stored})
    form.validate()
    form["it"].errors = list(form["it"].errors)
    return form["it"]


def text_field(kind: Any, *validators: Any) -> UnboundField[Any]:
    """A line that `kind` parses."""
    return UnboundField(ParsedField, "It", validators=list(validators), kind=kind)


def lookup(*validators: Any) -> UnboundField[Any]:
    """A reference into RECORDS."""
    return UnboundField(
        LookupField,
        "It",
        validators=list(validators),
        find=RECORDS.get,
        describe=lambda record: (
            next(key for key, each in RECORDS.items() if each == record),
            record.title(),
        ),
    )


def test_a_text_as_it_was_shown_is_untouched_and_another_is_touched(reader: Flask) -> None:
    assert not bound(text_field(TextKind()), "old", ["old"]).touched
    changed = bound(text_field(TextKind()), "old", ["new"])
    assert (changed.touched, changed.data) == (True, "new")


def test_a_stored_value_outside_todays_rules_survives_a_save(reader: Flask) -> None:
    kept = bound(text_field(TextKind(3)), "too long", ["too long"])
    assert (kept.touched, kept.errors, kept.data) == (False, [], "too long")
    changed = bound(text_field(TextKind(3)), "too long", ["too lon"])
    assert changed.touched
    assert changed.errors == ["3 characters at most; this is 7."]


@pytest.mark.parametrize("stored", ["a\nb", "a\r\nb", "a\rb"])
def test_line_ends_that_a_browser_rewrites_change_nothing(reader: Flask, stored: str) -> None:
    field = UnboundField(AreaField, "It", validators=[], kind=TextKind())
    assert not bound(field, stored, ["a\r\nb"]).touched


def test_new_lines_are_stored_alike_whatever_the_browser_sends(reader: Flask) -> None:
    assert bound(text_field(TextKind()), "x", ["a\r\nb\rc"]).data == "a\nb\nc"


@pytest.mark.parametrize("sent", [[""], ["  "], ["\r\n"], []])
def test_a_blank_is_none(reader: Flask, sent: list[str]) -> None:
    assert bound(text_field(IntegerKind()), 5, sent).data is None


def test_a_refusal_stands_at_its_field_and_what_was_typed_stays(reader: Flask) -> None:
    field = bound(text_field(IntegerKind()), 5, ["many"])
    assert field.errors == ["“many” is no whole number."]
    assert field._value() == "many"
    assert bound(text_field(TextKind()), "", ["a\x00"]).errors


def test_a_form_that_was_not_sent_shows_what_is_stored(reader: Flask) -> None:
    field = bound(text_field(IntegerKind()), 5)
    assert (field._value(), field.touched) == ("5", False)
    assert bound(text_field(IntegerKind()))._value() == ""
    assert bound(text_field(None), "x")._value() == ""
    assert bound(text_field(None), "x", ["y"]).data is None


@pytest.mark.parametrize(
    ("stored", "sent", "data", "touched"),
    [
        (True, [], False, True),
        (False, [], False, False),
        (True, ["y"], True, False),
        (None, ["on"], True, True),
        (True, ["false"], False, True),
        (False, ["0"], False, False),
    ],
)
def test_a_box_that_is_not_sent_is_not_ticked(
    reader: Flask, stored: Any, sent: list[str], data: bool, touched: bool
) -> None:
    field = bound(UnboundField(CheckField, "It"), stored, sent)
    assert (field.data, field.touched) == (data, touched)
    assert ("checked" in str(field())) is data
    assert 'value="y"' in str(field())


def choice(blank: bool = True) -> UnboundField[Any]:
    """A select of yes and no."""
    options = lambda: [("true", "Yes"), ("false", "No")]  # noqa: E731
    return UnboundField(ChoiceField, "It", kind=BooleanKind(), blank=blank, options=options)


def test_a_choice_takes_its_codes_only(reader: Flask) -> None:
    assert bound(choice(), None, ["true"]).data is True
    assert bound(choice(), True, [""]).data is None
    assert bound(choice(), True, []).data is None
    assert bound(choice(), None, ["maybe"]).errors == ["“maybe” is neither yes nor no."]
    assert not bound(choice(), True, ["true"]).touched
    assert bound(choice(), True, ["false"]).touched


def test_a_choice_shows_a_blank_where_none_is_an_answer_or_nothing_is_chosen_yet(reader: Flask) -> None:
    shown = str(bound(choice(), True)())
    assert '<option value=""></option>' in shown
    assert '<option selected value="true">Yes</option>' in shown
    assert '<option value=""' not in str(bound(choice(blank=False), True)())
    assert '<option selected value="">' in str(bound(choice(blank=False))())


def test_a_lookup_holds_at_most_the_chosen_record(reader: Flask) -> None:
    assert [str(option.value) for option in bound(lookup()).iter_choices()] == [""]
    assert [each.value for each in bound(lookup(), "one").iter_choices()] == ["", "1"]
    chosen = bound(lookup(), "one", ["2"])
    assert (chosen.data, chosen.touched) == ("two", True)
    assert [(each.value, each.label) for each in chosen.iter_choices()] == [("", ""), ("2", "Two")]
    assert not bound(lookup(), "one", ["1"]).touched


def test_a_record_that_one_may_not_see_cannot_be_chosen(reader: Flask) -> None:
    field = bound(lookup(), "one", ["9"])
    assert field.errors == ["Choose one from the list."]
    assert [(each.value, each.label) for each in field.iter_choices()] == [("", ""), ("9", "9")]


def test_a_stored_reference_is_kept_even_where_one_may_not_see_it(reader: Flask) -> None:
    kept = bound(lookup(), None, ["9"], kept=("9", "Not visible to you"))
    assert (kept.errors, kept.touched) == ([], False)
    assert [(each.value, each.label) for each in kept.iter_choices()] == [
        ("", ""),
        ("9", "Not visible to you"),
    ]
    cleared = bound(lookup(), None, [""], kept=("9", "Hidden"))
    assert (cleared.data, cleared.touched) == (None, True)
    shown = bound(lookup(), None, kept=("9", "Hidden"))
    assert [each.value for each in shown.iter_choices()] == ["", "9"]


def test_a_new_record_needs_its_values(reader: Flask) -> None:
    assert bound(text_field(TextKind(), Filled()), None, [""]).errors == ["Fill this in."]
    assert bound(text_field(TextKind(), Filled()), None, ["x"]).errors == []
    assert bound(lookup(Filled()), None, [""]).errors == ["Fill this in."]
    assert bound(text_field(TextKind(), Filled())).flags.required


def test_an_old_blank_stops_no_save_but_nobody_may_make_one(reader: Flask) -> None:
    assert bound(text_field(TextKind(), Filled(is_new=False)), None, [""]).errors == []
    assert bound(text_field(TextKind(), Filled(is_new=False)), "x", [""]).errors == ["Fill this in."]


def test_a_value_that_cannot_be_read_is_not_called_missing_too(reader: Flask) -> None:
    assert bound(text_field(IntegerKind(), Filled()), None, ["x"]).errors == ["“x” is no whole number."]

"""Text, choices and yes/no."""

from __future__ import annotations

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from admin_app.engine.inputs import AreaField, CheckField, ChoiceField, ParsedField
from admin_app.engine.kinds import BooleanKind, ChoiceKind, TextKind, Unreadable
from tests.unit.engine.conftest import speak
from tests.unit.engine.properties import steady
from tests.unit.engine.sample import Binding, Book, entity

STORABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))


@steady
@given(STORABLE)
def test_text_reads_back_with_its_lines_and_signs(text: str) -> None:
    kind = TextKind()
    assert kind.parse(kind.show(text)) == text == kind.export(text)


@pytest.mark.parametrize("text", ["一二\n三", "👩‍👩‍👧 🀄", "a\tb", "  spaces  ", "‮rtl"])
def test_text_is_not_tidied(reader: Flask, text: str) -> None:
    assert TextKind(20).parse(text) == text


def test_too_long_a_text_is_refused_with_both_lengths(reader: Flask) -> None:
    assert TextKind(3).parse("客户甲") == "客户甲"
    with pytest.raises(Unreadable, match="3 characters at most; this is 4"):
        TextKind(3).parse("客户甲乙")


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
def test_a_text_that_no_database_keeps_is_refused(reader: Flask, text: str) -> None:
    with pytest.raises(Unreadable, match="a character that cannot be stored"):
        TextKind().parse(text)


def test_a_short_text_is_a_line_and_a_long_one_an_area(reader: Flask) -> None:
    line, area = (
        TextKind(20, input_type="email").field("x", [], True),
        TextKind(multiline=True).field("x", [], True),
    )
    assert (line.field_class, line.kwargs["render_kw"]) == (ParsedField, {"type": "email", "maxlength": 20})
    assert (area.field_class, area.kwargs["render_kw"]) == (AreaField, {"rows": 4})


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_choice_is_read_by_code_and_by_label_in_either_language(reader: Flask, language: str) -> None:
    speak(language)
    kind = entity(Book).fields["grade"].kind
    label = kind.cell("A").text
    assert label == {"zh": "〔grade A〕", "en": "grade A"}[language]
    assert kind.parse("A") == kind.parse(" A ") == kind.parse(label) == "A"
    assert kind.cell("A").code == "A"
    assert kind.show("A") == kind.export("A") == "A"


def test_a_code_comes_before_a_label_of_the_same_text() -> None:
    kind = ChoiceKind(("a", "b"), {"a": "b", "b": "a"}.__getitem__)
    assert kind.parse("a") == "a"


@pytest.mark.parametrize("text", ["", "D", "a", "grade D"])
def test_what_is_none_of_the_choices_is_refused(reader: Flask, text: str) -> None:
    with pytest.raises(Unreadable, match=f"“{text}” is none of the choices"):
        entity(Book).fields["grade"].kind.parse(text)


@pytest.mark.parametrize("member", list(Binding))
def test_a_python_enum_reads_back_as_its_member(reader: Flask, member: Binding) -> None:
    kind = entity(Book).fields["binding"].kind
    assert kind.parse(kind.show(member)) is member
    assert kind.cell(member).code == member.name == kind.export(member)


@pytest.mark.parametrize(("required", "codes"), [(True, ["A", "B", "C"]), (False, ["", "A", "B", "C"])])
def test_a_choice_offers_a_blank_only_where_none_is_an_answer(
    reader: Flask, required: bool, codes: list[str]
) -> None:
    unbound = entity(Book).fields["grade"].kind.field("Grade", [], required)
    assert unbound.field_class is ChoiceField
    assert unbound.kwargs["blank"] is not required
    assert [code for code, _label in unbound.kwargs["options"]()] == [code for code in codes if code]


@pytest.mark.parametrize("value", [True, False])
def test_yes_and_no_read_back(reader: Flask, value: bool) -> None:
    kind = BooleanKind()
    assert kind.parse(kind.show(value)) is value
    assert kind.parse(kind.cell(value).text) is value
    assert kind.cell(value).code == kind.show(value)


@pytest.mark.parametrize(
    ("text", "value"), [("是", True), (" YES ", True), ("1", True), ("否", False), ("F", False)]
)
def test_yes_and_no_are_understood_in_both_languages(reader: Flask, text: str, value: bool) -> None:
    assert BooleanKind().parse(text) is value


@pytest.mark.parametrize("text", ["", "maybe", "2"])
def test_what_is_neither_yes_nor_no_is_refused(reader: Flask, text: str) -> None:
    with pytest.raises(Unreadable, match="is neither yes nor no"):
        BooleanKind().parse(text)


def test_yes_or_no_is_a_box_where_there_is_no_third_answer(reader: Flask) -> None:
    assert BooleanKind().field("Lost", [], True).field_class is CheckField
    three = BooleanKind().field("Checked", [], False)
    assert three.field_class is ChoiceField
    assert [code for code, _label in three.kwargs["options"]()] == ["true", "false"]

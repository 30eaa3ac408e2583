"""What of a text goes into the index, and how letters become readings."""

from __future__ import annotations

import unicodedata

import pytest

from admin_app.engine.search.folding import fold, literal_of, runs
from admin_app.engine.search.pinyin import SURNAMES, SYLLABLES, endings, partings, readings
from admin_app.engine.search.terms import text_terms


def terms(text: str) -> set[str]:
    return {term.removeprefix("a") for term in text_terms("a", text)}


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("ＡＢＣ１２３", "abc123"),
        ("Café Zürich", "cafe zurich"),
        ("STRASSE straße", "strasse strasse"),
        ("ﾄﾖﾀ", "トヨタ"),
        ("（张）", "(张)"),
        ("a\u200bb\ufe0f", "ab"),
        ("①", "1"),
    ],
)
def test_folding_takes_away_how_a_text_is_written(written: str, folded: str) -> None:
    assert fold(written) == folded


def test_a_text_is_cut_into_runs_of_one_kind() -> None:
    found = runs(fold("上海A座 138-0000 1111 🎉%"))
    assert [(run.kind, run.text) for run in found] == [
        ("gram", "上海"),
        ("word", "a"),
        ("gram", "座"),
        ("number", "13800001111"),
        ("sign", "🎉"),
    ]
    assert found[3].parts == ("138", "0000", "1111")


def test_a_script_without_spaces_gives_characters_and_neighbours() -> None:
    assert {"张", "国", "石", "张国", "国石"} <= terms("张国石")
    assert {"ト", "トヨ", "ヨ"} <= terms("トヨ")
    assert not {"张石", "张国石"} & terms("张国石")


def test_a_word_gives_its_beginnings() -> None:
    assert {"wh", "wha", "whal", "whald"} <= terms("Hald")
    assert "wald" not in terms("Hald")


def test_a_number_gives_three_and_four_digits_in_a_row_across_what_separates_them() -> None:
    found = terms("+49 40-669")
    assert {"494", "9406", "0669"} <= found
    assert {"4", "49", "40", "6", "66"} <= found
    assert "94" not in found


def test_readings_give_initials_and_syllables() -> None:
    assert {"izgs", "izg", "igs", "iz", "szhang", "sguo", "sshi"} <= terms("张国石")


@pytest.mark.parametrize(("surname", "reading"), sorted(SURNAMES.items()))
def test_a_surname_is_read_as_one_at_the_beginning_of_a_name(surname: str, reading: str) -> None:
    assert f"s{reading}" in terms(f"{surname}国石")
    assert f"i{reading[0]}gs" in terms(f"{surname}国石")


def test_a_surname_deeper_in_a_text_is_an_ordinary_character() -> None:
    assert "sshan" not in terms("名单")


def test_a_character_of_a_place_is_found_by_either_reading() -> None:
    assert {"schong", "szhong", "icq", "izq"} <= terms("重庆")
    assert {"sxia", "ixm"} <= terms("厦门")
    assert {"slv", "slu"} <= terms("吕")


def test_traditional_characters_have_the_readings_of_simplified_ones() -> None:
    assert {"izgs", "szhang", "sguo", "sshi", "張"} <= terms("張國石")


def test_every_character_is_read_in_syllables_that_are_known() -> None:
    read = [readings(chr(code), False) for code in range(0x4E00, 0x9FA6)]
    assert sum(map(bool, read)) > 20_000
    assert {syllable for each in read for syllable in each} <= SYLLABLES


def test_letters_part_into_syllables_of_which_the_last_may_be_unfinished() -> None:
    assert ("zhang", "guo", "shi") in partings("zhangguoshi")
    assert ("zhang", "gu") in partings("zhanggu")
    assert {("xian",), ("xi", "an")} <= set(partings("xian"))
    assert partings("zgs") == ()
    assert "guo" in endings("gu")


def test_letters_that_never_end_are_parted_in_a_bounded_number_of_ways() -> None:
    assert len(partings("a" * 60)) <= 12


def test_terms_are_single_words_to_both_databases() -> None:
    text = "".join(map(chr, range(1, 0x3000))) + "张🎉٣½Ⅳ'\"\\:&|!()*"
    for term in text_terms("a", text):
        assert not set(term) & set(" '\"\\:&|!()*<>\t\n\r\x00")
        assert not {unicodedata.category(letter) for letter in term} & {"Zs", "Zl", "Zp", "Cc", "Cf", "Mn"}


def test_what_is_looked_up_literally_holds_runs_alone() -> None:
    assert literal_of("Ａ座：上海、138 0000") == "座 上海 1380000"
    assert literal_of(None) is None

"""Labels by language, and what stands in where one is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from admin_app.engine.labels import Labels, labels, pretty
from tests.unit.engine.conftest import speak
from tests.unit.engine.sample import SITE

TABLES = {
    "en": {
        "group": {"library": "Library"},
        "page": {"home": "Home"},
        "field": {"owner": "Owner", "note": "Note"},
        "section": {"basic": "Basics"},
        "choice": {"grade": {"A": "First"}},
        "constraint": {"uq_book_code": "Taken."},
        "entity": {
            "book": {
                "label": "book",
                "plural": "Books",
                "field": {"owner": "Keeper"},
                "help": {"owner": "Who looks after it."},
                "section": {"basic": "The book"},
                "choice": {"grade": {"A": "Fine"}},
            },
            "sheep": {"label": "sheep"},
        },
    },
    "zh": {"entity": {"book": {"label": "书"}}, "field": {"owner": "负责人"}},
}


@pytest.fixture
def table(reader: Flask) -> Labels:
    """Labels of which the Chinese ones are few."""
    return Labels(TABLES)


def test_what_an_entity_says_itself_comes_before_what_is_said_for_all(table: Labels) -> None:
    assert table.field("book", "owner") == "Keeper"
    assert table.field("loan", "owner") == "Owner"
    assert table.section("book", "basic") == "The book"
    assert table.section("loan", "basic") == "Basics"
    assert table.choice("book", "grade", "A") == "Fine"
    assert table.choice("loan", "grade", "A") == "First"


def test_a_missing_label_is_the_name_made_pretty(table: Labels) -> None:
    assert table.field("book", "credit_code") == "Credit code"
    assert table.section("book", "follow_up") == "Follow up"
    assert table.entity("position_duty") == "Position duty"
    assert table.group("old_things") == "Old things"
    assert table.page("matrix") == "Matrix"
    assert table.choice("book", "grade", "Z") == "Z"
    assert table.help("book", "note") == ""
    assert table.constraint("ck_unheard") is None


def test_one_and_many_have_labels_of_their_own(table: Labels) -> None:
    assert (table.entity("book"), table.plural("book")) == ("book", "Books")
    assert (table.entity("sheep"), table.plural("sheep")) == ("sheep", "sheep")
    assert table.help("book", "owner") == "Who looks after it."
    assert table.constraint("uq_book_code") == "Taken."
    assert (table.group("library"), table.page("home")) == ("Library", "Home")


def test_labels_are_in_the_readers_language_and_never_in_the_other(table: Labels) -> None:
    speak("zh")
    assert table.entity("book") == "书"
    assert table.plural("book") == "书"
    assert table.field("book", "owner") == "负责人"
    assert table.section("book", "basic") == "Basic"


def test_a_path_that_ends_too_early_or_too_late_finds_nothing(table: Labels) -> None:
    assert table.find("en", "entity", "book") is None
    assert table.find("en", "entity", "book", "label", "more") is None
    assert table.find("fr", "entity", "book", "label") is None


def test_labels_are_read_from_one_file_a_language(tmp_path: Path) -> None:
    (tmp_path / "en.toml").write_text('[entity.book]\nlabel = "book"\n', "utf-8")
    (tmp_path / "zh.toml").write_text('[entity.book]\nlabel = "书"\n', "utf-8")
    (tmp_path / "notes.txt").write_text("nothing", "utf-8")
    read = Labels.from_folder(tmp_path)
    assert set(read.tables) == {"en", "zh"}
    assert read.find("zh", "entity", "book", "label") == "书"


def test_the_running_site_has_its_labels(reader: Flask) -> None:
    assert labels() is SITE.labels


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("credit_code", "Credit code"),
        ("AlbumId", "Album id"),
        ("name", "Name"),
        ("ISBN", "Isbn"),
        ("order details", "Order details"),
        ("数量", "数量"),
        ("_", "_"),
        ("", ""),
    ],
)
def test_a_name_is_made_pretty(name: str, words: str) -> None:
    assert pretty(name) == words

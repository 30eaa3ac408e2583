"""An app with a wrong declaration does not start, and says which name is wrong."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from sqlalchemy import Integer, MetaData
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from admin_app.checks import BrokenSite, check, problems
from admin_app.engine.entity import Entity
from admin_app.engine.labels import Labels
from admin_app.engine.site import Group, Page, Site
from tests.unit.engine.sample import SITE, Book, Chapter, Remark, build_lab_site, entity

BOOK = entity(Book)


def found(**wrong: Any) -> list[str]:
    """What is said of a library whose books are declared like this."""
    changed = dataclasses.replace(BOOK, **wrong)
    entities = tuple(changed if each is BOOK else each for each in SITE.entities)
    return problems(dataclasses.replace(SITE, entities=entities))


def test_a_sound_site_has_no_problem_and_starts() -> None:
    assert problems(SITE) == []
    check(SITE)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"columns": ("nowhere",)}, "book: columns names nowhere, which is no field"),
        ({"columns": ("pin",)}, "book: columns names pin, which is no field"),
        ({"facts": ("owner_id",)}, "book: facts names owner_id, which is no field"),
        ({"search": ("nowhere",)}, "book: search names nowhere, which is no field"),
        ({"optional": ("nowhere",)}, "book: optional names nowhere, which is no field"),
        ({"title": ("nowhere",)}, "book: title names nowhere, which is no field"),
        ({"tones": {"nowhere": {}}}, "book: tones names nowhere, which is no field"),
        ({"code": "nowhere"}, "book: code names nowhere, which is no field"),
        ({"label": "nowhere"}, "book: label names nowhere, which is no field"),
        ({"follows": "nowhere"}, "book: follows names nowhere, which is no field"),
        ({"sections": {"basic": ("nowhere",)}}, "book: section basic names nowhere, which is no field"),
        ({"sections": {"basic": ("words",)}}, "book: section basic names words, which nobody may type"),
        ({"sections": {"basic": ("cover",)}}, "book: section basic names cover, which nobody may type"),
        ({"sort": "-note"}, "book: sort names note, which no index keeps in order"),
        ({"sort": "owner"}, "book: sort names owner, which no index keeps in order"),
        ({"group": "nowhere"}, "book: there is no group nowhere"),
    ],
)
def test_a_declared_name_that_does_not_exist_is_named(wrong: dict[str, Any], sentence: str) -> None:
    assert sentence in found(**wrong)


def test_a_label_with_the_language_in_it_is_looked_up_in_both() -> None:
    assert "book: label names name_zh, which is no field" in found(label="name_{lang}")
    assert "book: label names name_en, which is no field" in found(label="name_{lang}")


@pytest.mark.parametrize("follows", ["name", "pages"])
def test_only_a_reference_can_be_followed(follows: str) -> None:
    assert f"book: follows names {follows}, which is no reference" in found(follows=follows)
    assert len(found(follows=follows)) == 1


def test_nothing_follows_itself_in_the_end() -> None:
    assert "book: follows parent in a circle" in found(follows="parent")


def test_what_is_followed_has_to_be_on_the_site() -> None:
    alone = build_lab_site([each for each in SITE.entities if each.model is not Chapter])
    assert f"{Remark.__tablename__}: follows names chapter, which the site does not show" in problems(alone)


def without(language: str, *path: str) -> list[str]:
    """What is said of a library without this label."""

    def cut(node: Any, rest: tuple[str, ...]) -> Any:
        if len(rest) == 1:
            return {key: each for key, each in node.items() if key != rest[0]}
        return node | {rest[0]: cut(node[rest[0]], rest[1:])}

    tables = dict(SITE.labels.tables)
    tables[language] = cut(tables[language], path)
    return problems(dataclasses.replace(SITE, labels=Labels(tables)))


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        (("entity", "book", "label"), "book: no label in {}"),
        (("entity", "book", "plural"), "book: no plural in {}"),
        (("entity", "book", "field", "pages"), "book.pages: no label in {}"),
        (("entity", "book", "choice", "grade", "A"), "book.grade: no label for A in {}"),
        (("group", "library"), "group library: no label in {}"),
        (("page", "home"), "page home: no label in {}"),
    ],
)
def test_a_missing_label_is_named_with_its_language(
    language: str, path: tuple[str, ...], sentence: str
) -> None:
    assert without(language, *path) == [sentence.format(language)]


def test_a_label_for_all_entities_will_do() -> None:
    tables = {
        language: table | {"field": {"pages": "Pages"}} for language, table in SITE.labels.tables.items()
    }
    for table in tables.values():
        table["entity"] = table["entity"] | {
            "book": table["entity"]["book"]
            | {
                "field": {
                    key: each for key, each in table["entity"]["book"]["field"].items() if key != "pages"
                }
            }
        }
    assert problems(dataclasses.replace(SITE, labels=Labels(tables))) == []


def test_a_page_in_no_group_of_the_site_is_named() -> None:
    (home,) = SITE.pages
    lost: Page = dataclasses.replace(home, group="nowhere")
    assert problems(dataclasses.replace(SITE, pages=(lost,))) == ["page home: there is no group nowhere"]


def test_an_adopted_entity_promises_no_labels() -> None:
    site = Site(name={}, labels=Labels({}), entities=(Entity(Book, adopted=True),))
    assert problems(site) == []


def test_a_column_that_no_screen_knows_stops_the_start() -> None:
    class Base(DeclarativeBase):
        metadata = MetaData()

    class Index(Base):
        __tablename__ = "index"
        id: Mapped[int] = mapped_column(Integer, primary_key=True)
        words: Mapped[Any] = mapped_column(TSVECTOR)

    site = Site(name={}, labels=Labels({}), entities=(Entity(Index),), groups=(Group("g", "x"),))
    assert problems(site)[0].startswith("index.words: no screen knows the type TSVECTOR()")


def test_a_broken_site_says_everything_at_once() -> None:
    with pytest.raises(BrokenSite, match=r"columns names nowhere.*; .*facts names nothing"):
        check(
            dataclasses.replace(
                SITE,
                entities=[
                    dataclasses.replace(each, columns=("nowhere",), facts=("nothing",))
                    if each is BOOK
                    else each
                    for each in SITE.entities
                ],
            )
        )

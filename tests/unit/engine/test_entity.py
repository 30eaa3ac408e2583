"""What is derived from a mapped class."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import ForeignKey, Index, Integer, MetaData, String, func, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from admin_app.engine.entity import Entity
from tests.unit.engine.conftest import speak
from tests.unit.engine.sample import Book, Branch, Chapter, Egg, Odd, Pair, Remark, Review, Shelf, entity

BOOK = entity(Book)


class Base(DeclarativeBase):
    """Classes of this file."""

    metadata = MetaData()


class Place(Base):
    """Indexes of all sorts."""

    __tablename__ = "place"
    __table_args__ = (
        Index("i_pair", "first", "second"),
        Index("i_part", "second", postgresql_where=text("second > 0")),
        Index("i_gin", "words", postgresql_using="gin"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    folded: Mapped[str] = mapped_column(String(9))
    first: Mapped[int]
    second: Mapped[int]
    words: Mapped[str]
    unique: Mapped[int] = mapped_column(unique=True)


Index("i_folded", func.lower(Place.folded))


class Code(Base):
    """A key that the class fills."""

    __tablename__ = "code"

    code: Mapped[str] = mapped_column(String(9), primary_key=True, default=lambda: "x")
    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
    total: Mapped[int] = mapped_column(Integer, server_default="0")

    place: Mapped[Place] = relationship()


def test_a_reference_stands_for_its_column_and_secrets_and_versions_are_no_fields() -> None:
    keys = set(BOOK.fields)
    assert {"owner", "department", "shelf", "parent"} <= keys
    assert not keys & {"owner_id", "department_id", "shelf_id", "parent_id", "pin", "version"}
    assert BOOK.fields["shelf"].reference is not None
    assert BOOK.fields["shelf"].column is Book.__table__.c.shelf_id


def test_people_type_neither_derived_nor_generated_nor_binary_fields() -> None:
    typed = set(BOOK.form_fields)
    assert not typed & {"id", "words", "cover", "created_at", "updated_at"}
    assert {"name", "owner", "extra", "lost"} <= typed
    assert entity(Pair).form_fields == ("word", "number", "note")
    assert Entity(Code).form_fields == ("place", "total")


def test_what_no_section_names_stands_in_the_last_one() -> None:
    sections = BOOK.form_sections
    assert list(sections) == ["basic", "more"]
    assert sections["basic"] == ("name", "code", "grade", "status")
    assert {key for keys in sections.values() for key in keys} == set(BOOK.form_fields)
    assert list(entity(Chapter).form_sections) == ["basic"]
    whole = Entity(Chapter, sections={"one": ("title", "book"), "two": ("pages",)})
    assert list(whole.form_sections) == ["one", "two"]


def test_only_what_leads_an_index_can_be_sorted() -> None:
    assert {"id", "name", "code", "pages", "price", "series"} <= BOOK.sortable
    assert not BOOK.sortable & {"volume", "note", "weight", "owner", "shelf"}
    assert Entity(Place).sortable == {"id", "first", "unique"}


def test_a_record_is_named_by_the_first_telling_attribute(reader: Flask) -> None:
    assert BOOK.label_key == "name"
    assert entity(Chapter).label_key == "title"
    assert entity(Pair).label_key == "word"
    assert entity(Remark).label_key == "text"
    assert Entity(Code).label_key == "code"
    assert entity(Shelf).label_key == "name_en"
    speak("zh")
    assert entity(Shelf).label_key == "name_zh"
    assert entity(Shelf).title_keys == ("name_zh",)
    assert entity(Shelf).search_keys == ("name_zh", "name_en")


def test_a_record_without_any_text_is_named_by_its_key_alone() -> None:
    class Number(Base):
        __tablename__ = "number"
        id: Mapped[int] = mapped_column(primary_key=True)

    bare = Entity(Number)
    assert (bare.label_pattern, bare.label_key, bare.title_keys, bare.search_keys) == (None, None, (), ())
    assert bare.list_columns == bare.form_fields == ()
    assert bare.form_sections == {}


def test_a_list_shows_the_declared_columns_or_the_first_seven(reader: Flask) -> None:
    assert BOOK.list_columns == ("grade", "price", "owner", "shelf", "parent", "pages")
    assert Entity(Shelf, columns=("name_{lang}",)).list_columns == ("name_en",)
    derived = Entity(Book).list_columns
    assert len(derived) == 7
    assert "name" not in derived
    assert "extra" not in derived
    assert entity(Review).title_keys == ("title", "book")


@pytest.mark.parametrize(
    ("key", "required"),
    [
        ("name", True),
        ("department", False),
        ("code", False),
        ("motto", False),
        ("status", True),
        ("lost", True),
        ("owner", False),
    ],
)
def test_a_form_insists_on_what_must_be_there(key: str, required: bool) -> None:
    assert BOOK.required(BOOK.fields[key]) is required


def test_a_yes_or_no_that_is_never_null_is_a_box() -> None:
    assert BOOK.has_box(BOOK.fields["lost"])
    assert not BOOK.has_box(BOOK.fields["checked"])
    assert not BOOK.has_box(BOOK.fields["name"])


def test_an_amount_stands_beside_its_currency() -> None:
    assert BOOK.unit_key(BOOK.fields["price"]) == "currency"
    assert BOOK.unit_key(BOOK.fields["pages"]) is None


def test_the_name_is_the_tables_and_of_adopted_classes_their_own() -> None:
    assert entity(Branch).name == "branch"
    assert Entity(Odd, adopted=True).name == "odd"
    named = Entity(type("Order Details", (), {}), adopted=True)
    assert named.name == "order_details"


def test_fields_know_their_columns() -> None:
    fields = BOOK.fields
    assert fields["id"].is_key
    assert not fields["name"].is_key
    assert fields["shelf"].nullable
    assert not fields["department"].nullable
    assert fields["words"].derived
    assert fields["status"].has_default
    assert not fields["name"].has_default
    assert entity(Egg).fields["hen"].key == "hen"
    assert [kind.name for kind in entity(Pair).key_kinds] == ["text", "number"]

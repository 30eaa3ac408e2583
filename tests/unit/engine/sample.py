"""A made-up library: one class for each thing that the engine must cope with, and a site that declares them.

The tables are no part of Dutybook. They hang on its people and departments, since rows belong to those.
"""

from __future__ import annotations

import enum
import uuid
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from flask_admin import AdminIndexView, expose
from sqlalchemy import (
    JSON,
    CheckConstraint,
    Enum,
    ForeignKey,
    ForeignKeyConstraint,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from admin_app.engine.entity import Entity
from admin_app.engine.labels import Labels, pretty
from admin_app.engine.site import Group, Page, Site
from models.base import NAMING_CONVENTION
from models.mixins import Keyed, Record
from models.organisation import Department, User
from models.types import Money, UtcDateTime, choice

LANGUAGES = ("zh", "en")


class Lab(DeclarativeBase):
    """Base of the library's classes."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION, info={"bind_key": None})
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UtcDateTime()}


class Binding(enum.Enum):
    """How a book is bound: a choice kept as a Python enum."""

    soft = "Paperback"
    hard = "Hardcover"


class Shelf(Record, Lab):
    """Where books stand; everybody may see it as a label."""

    __tablename__ = "shelf"

    code: Mapped[str] = mapped_column(String(10), unique=True)
    name_zh: Mapped[str] = mapped_column(String(40), index=True)
    name_en: Mapped[str] = mapped_column(String(40), index=True)


class Book(Record, Lab):
    """One column of each kind, an owner and a department."""

    __tablename__ = "book"
    __table_args__ = (
        CheckConstraint("pages > 0", name="pages_positive"),
        CheckConstraint("ends_on >= starts_on", name="ends_after_start"),
        UniqueConstraint("series", "volume"),
    )

    name: Mapped[str] = mapped_column(String(40), index=True)
    code: Mapped[str | None] = mapped_column(String(10), unique=True)
    motto: Mapped[str] = mapped_column(String(40), default="")
    grade: Mapped[str | None] = mapped_column(choice("grade", "A", "B", "C"), index=True)
    status: Mapped[str] = mapped_column(choice("status", "new", "old"), default="new", index=True)
    binding: Mapped[Binding | None] = mapped_column(Enum(Binding, native_enum=False, length=10))
    pages: Mapped[int | None] = mapped_column(index=True)
    series: Mapped[str | None] = mapped_column(String(20))
    volume: Mapped[int | None]
    price: Mapped[Decimal | None] = mapped_column(Money(), index=True)
    currency: Mapped[str] = mapped_column(String(3), default="CNY")
    ratio: Mapped[Decimal | None] = mapped_column(Numeric(8, 3))
    weight: Mapped[float | None]
    starts_on: Mapped[date | None] = mapped_column(index=True)
    ends_on: Mapped[date | None]
    printed_at: Mapped[datetime | None] = mapped_column(index=True)
    opens: Mapped[time | None]
    lent_for: Mapped[timedelta | None]
    isbn: Mapped[uuid.UUID | None] = mapped_column(Uuid())
    extra: Mapped[Any] = mapped_column(JSON, nullable=True)
    note: Mapped[str | None] = mapped_column(Text)
    lost: Mapped[bool] = mapped_column(default=False)
    checked: Mapped[bool | None]
    cover: Mapped[bytes | None] = mapped_column(LargeBinary)
    pin: Mapped[str | None] = mapped_column(String(20), info={"secret": True})
    words: Mapped[int | None] = mapped_column(info={"derived": True})
    shelf_id: Mapped[int | None] = mapped_column(ForeignKey("shelf.id", ondelete="RESTRICT"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("book.id", ondelete="SET NULL"), index=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey(User.__table__.c.id, ondelete="SET NULL"))
    department_id: Mapped[int] = mapped_column(ForeignKey(Department.__table__.c.id, ondelete="RESTRICT"))

    shelf: Mapped[Shelf | None] = relationship()
    parent: Mapped[Book | None] = relationship(remote_side="Book.id")
    owner: Mapped[User | None] = relationship(User)
    department: Mapped[Department] = relationship(Department)


class Chapter(Keyed, Lab):
    """A part of a book, which follows it; without a version."""

    __tablename__ = "chapter"

    book_id: Mapped[int] = mapped_column(ForeignKey("book.id", ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(String(40), index=True)
    pages: Mapped[int | None]

    book: Mapped[Book] = relationship()


class Remark(Keyed, Lab):
    """A part of a part: the child of a child."""

    __tablename__ = "remark"

    chapter_id: Mapped[int] = mapped_column(ForeignKey("chapter.id", ondelete="CASCADE"), index=True)
    text: Mapped[str] = mapped_column(Text)

    chapter: Mapped[Chapter] = relationship()


class Review(Record, Lab):
    """Goes with its book, but belongs to somebody of its own."""

    __tablename__ = "review"

    book_id: Mapped[int] = mapped_column(ForeignKey("book.id", ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(String(40), index=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey(User.__table__.c.id, ondelete="SET NULL"))
    department_id: Mapped[int] = mapped_column(ForeignKey(Department.__table__.c.id, ondelete="RESTRICT"))

    book: Mapped[Book] = relationship()
    owner: Mapped[User | None] = relationship(User)
    department: Mapped[Department] = relationship(Department)


class Loan(Record, Lab):
    """Stands in the way of its book's deletion. Nobody owns single loans."""

    __tablename__ = "loan"

    book_id: Mapped[int] = mapped_column(ForeignKey("book.id", ondelete="RESTRICT"), index=True)
    reader: Mapped[str] = mapped_column(String(40), index=True)

    book: Mapped[Book] = relationship()


class Branch(Keyed, Lab):
    """A tree that goes with its root."""

    __tablename__ = "branch"

    name: Mapped[str] = mapped_column(String(40), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("branch.id", ondelete="CASCADE"), index=True)

    parent: Mapped[Branch | None] = relationship(remote_side="Branch.id")


class Hen(Keyed, Lab):
    """One half of a circle of cascades."""

    __tablename__ = "hen"

    name: Mapped[str] = mapped_column(String(40), index=True)
    egg_id: Mapped[int | None] = mapped_column(
        ForeignKey("egg.id", ondelete="CASCADE", use_alter=True), index=True
    )

    egg: Mapped[Egg | None] = relationship(foreign_keys=egg_id, post_update=True)


class Egg(Keyed, Lab):
    """The other half."""

    __tablename__ = "egg"

    name: Mapped[str] = mapped_column(String(40), index=True)
    hen_id: Mapped[int | None] = mapped_column(ForeignKey("hen.id", ondelete="CASCADE"), index=True)

    hen: Mapped[Hen | None] = relationship(foreign_keys=hen_id)


class Odd(Keyed, Lab):
    """Columns called like the words that a form library uses itself."""

    __tablename__ = "odd"

    data: Mapped[str] = mapped_column(String(20), index=True)
    validate: Mapped[str | None] = mapped_column(String(20))
    errors: Mapped[str | None] = mapped_column(String(20))
    meta: Mapped[str | None] = mapped_column(String(20))
    process: Mapped[int | None]


class Pair(Lab):
    """A key of a text and a number, and neither owner nor version."""

    __tablename__ = "pair"

    word: Mapped[str] = mapped_column(String(40), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    note: Mapped[str | None] = mapped_column(String(40))


class Sticker(Keyed, Lab):
    """Refers to a key of two columns, and to a column that is no key."""

    __tablename__ = "sticker"
    __table_args__ = (
        ForeignKeyConstraint(["word", "number"], ["pair.word", "pair.number"], ondelete="CASCADE"),
    )

    text: Mapped[str] = mapped_column(String(40), index=True)
    word: Mapped[str | None] = mapped_column(String(40))
    number: Mapped[int | None]
    shelf_code: Mapped[str | None] = mapped_column(ForeignKey("shelf.code", ondelete="RESTRICT"))

    pair: Mapped[Pair | None] = relationship()


class HomeView(AdminIndexView):
    """The first page, with nothing on it."""

    @expose("/")
    def index(self) -> str:
        """The page."""
        return "home"


def _tables(entities: Iterable[Entity]) -> dict[str, dict[str, Any]]:
    """Labels for everything, Chinese ones in brackets, so that a test can tell the languages apart."""
    tables: dict[str, dict[str, Any]] = {}
    for language, shape in (("zh", "〔{}〕"), ("en", "{}")):
        entries: dict[str, Any] = {}
        for entity in entities:
            fields = entity.fields
            entries[entity.name] = {
                "label": shape.format(pretty(entity.name)),
                "plural": shape.format(pretty(entity.name) + "s"),
                "field": {key: shape.format(pretty(key)) for key in fields},
                "choice": {
                    key: {code: shape.format(f"{key} {code}") for code in each.kind.codes}
                    for key, each in fields.items()
                    if hasattr(each.kind, "codes") and not each.reference
                },
            }
        tables[language] = {
            "entity": entries,
            "group": {"library": shape.format("Library")},
            "page": {"home": shape.format("Home")},
            "constraint": {
                "ck_book_pages_positive": shape.format("A book has pages."),
                "uq_book_series_volume": shape.format("The series has this volume already."),
            },
        }
    return tables


ENTITIES = (
    Entity(Department, group="library", code="code", reading="open"),
    Entity(User, label="name", code="username", reading="directory"),
    Entity(Shelf, group="library", code="code", sort="code", reading="directory"),
    Entity(
        Book,
        group="library",
        label="name",
        code="code",
        columns=("grade", "price", "owner", "shelf", "parent", "pages"),
        search=("name", "code"),
        sections={"basic": ("name", "code", "grade", "status")},
        tones={"grade": {"A": "a"}},
        optional=("department",),
    ),
    Entity(Chapter, follows="book"),
    Entity(Remark, follows="chapter"),
    Entity(Review, title=("title", "book")),
    Entity(Loan, label="reader"),
    Entity(Branch),
    Entity(Hen),
    Entity(Egg),
    Entity(Odd, label="data", group="library"),
    Entity(Pair, group="library", forbids=("export",)),
    Entity(Sticker),
)


def build_lab_site(entities: Iterable[Entity] = ENTITIES) -> Site:
    """The library's site."""
    entities = tuple(entities)
    return Site(
        name={"zh": "图书馆", "en": "Library"},
        labels=Labels(_tables(entities)),
        groups=(Group("library", "table"),),
        entities=entities,
        pages=(
            Page(
                key="home",
                group=None,
                icon="table",
                make=lambda page: HomeView(name=page.key, endpoint=page.key, url="/"),
                allowed=lambda policy: policy.user_id is not None,
            ),
        ),
    )


SITE = build_lab_site()


def entity(model: type[Any]) -> Entity:
    """The declaration of a class."""
    return SITE.by_model[model]

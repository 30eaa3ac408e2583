"""Every column type that a schema may use, on PostgreSQL its own ones too: shown, filtered, typed, saved, exported."""

from __future__ import annotations

import csv
import dataclasses
import enum
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from admin_app.db import db
from admin_app.engine.adopt import Adopted, adopt
from admin_app.engine.entity import Entity
from admin_app.engine.listing.args import operators_of
from tests.contract.conftest import Visitor
from tests.contract.pages import errors, read_form, row_keys
from tests.contract.test_adopted_schemas import adopting_app
from tests.databases import Maker

NATIVE = """
CREATE TYPE mood AS ENUM ('glad', 'so so', '难过');
CREATE TABLE specimen (
    key uuid PRIMARY KEY,
    texts text[], numbers integer[], address inet, network cidr, mac macaddr, other uuid,
    document jsonb, plain json, span interval, at_zone time with time zone, at time without time zone,
    moment timestamptz, naive timestamp, day date, exact numeric(20, 6), loose numeric, double double precision,
    single real, small smallint, whole integer, big bigint, content bytea, feeling mood NOT NULL, flag boolean,
    letters varchar(10), fixed char(4), words text, generated integer GENERATED ALWAYS AS (small * 2) STORED
);
INSERT INTO specimen VALUES
    ('00000000-0000-4000-8000-000000000001', '{a,"b c",NULL}', '{1,NULL,3}', '10.1.2.3/24', '10.1.0.0/16',
     '08:00:2b:01:02:03', '00000000-0000-4000-8000-0000000000ff', '{"b": 1, "a": [1.50, null]}', '{"z":1,  "a":2}',
     '1 year 2 months 3 days 04:05:06.789', '10:11:12.345+02', '23:59:59.999999', '2026-03-01 10:20:30.456789+08',
     '2026-03-01 10:20:30.456789', '2026-02-28', 12345678901234.567891, 1.10, 0.1, 0.1, -32768, 2147483647,
     9223372036854775807, '\\x00ff', 'so so', true, ' a ', 'ab', E'one\\r\\ntwo\\n', DEFAULT),
    ('00000000-0000-4000-8000-000000000002', '{}', '{}', '::1', '2001:db8::/32', NULL, NULL, 'null', '"text"',
     '-00:00:01', '00:00:00-11:30', '00:00', '0001-01-01 12:00+00', '9999-12-31 23:59:59', '0001-01-01', 0, 1e20,
     1e300, 1e-30, 0, 0, 0, '', '难过', false, '', '', '', DEFAULT),
    ('00000000-0000-4000-8000-000000000003', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     NULL, NULL, NULL, 'NaN', 'Infinity', 'NaN', NULL, NULL, NULL, NULL, 'glad', NULL, NULL, NULL, NULL, DEFAULT)
"""
#: What a person may type into each field of the native table.
TYPED = {
    "key": "00000000-0000-4000-8000-00000000000a",
    "texts": "one\r\n二",
    "numbers": "1\r\n-2",
    "address": "192.168.0.1",
    "network": "192.168.0.0/24",
    "mac": "08:00:2b:01:02:04",
    "other": "00000000-0000-4000-8000-00000000000b",
    "document": '{\r\n  "a": 1\r\n}',
    "plain": "[]",
    "span": "2 3:04:05",
    "at_zone": "10:30:00+08:00",
    "at": "10:30:15",
    "moment": "2026-03-01T10:30:15",
    "naive": "2026-03-01T10:30:15",
    "day": "2026-03-01",
    "exact": "1.500000",
    "loose": "2.50",
    "double": "0.25",
    "single": "0.25",
    "small": "-3",
    "whole": "4",
    "big": "-9223372036854775808",
    "feeling": "难过",
    "flag": "true",
    "letters": "letters",
    "fixed": "abcd",
    "words": "one\r\ntwo",
}
#: No person types these.
UNTYPED = {"content", "generated"}
WRONG = {
    "key": "no uuid",
    "numbers": "1\r\nx",
    "address": "1.2.3",
    "network": "10.1.2.3/8",
    "mac": "08:00",
    "document": "{",
    "span": "soon",
    "at": "25:00",
    "moment": "2026-02-30T00:00",
    "day": "yesterday",
    "exact": "1.0000001",
    "double": "NaN",
    "small": "32768",
    "whole": "2147483648",
    "big": "9223372036854775808",
    "feeling": "angry",
    "letters": "eleven char",
}


class Colour(enum.Enum):
    """A Python enumeration, kept by its names."""

    RED = 1
    GREEN = 2


class _Base(DeclarativeBase):
    metadata = sa.MetaData(info={"bind_key": "foreign"})


class Sample(_Base):
    """The generic types of SQLAlchemy, for both databases."""

    __tablename__ = "sample"

    id: Mapped[int] = mapped_column(primary_key=True)
    colour: Mapped[Colour | None] = mapped_column(sa.Enum(Colour, native_enum=False))
    word: Mapped[str] = mapped_column(sa.Enum("yes", "no", "mäh", native_enum=False, name="word"))
    token: Mapped[Any] = mapped_column(sa.Uuid())
    token_text: Mapped[str | None] = mapped_column(sa.Uuid(as_uuid=False))
    document: Mapped[Any] = mapped_column(sa.JSON(), nullable=True)
    span: Mapped[Any] = mapped_column(sa.Interval(), nullable=True)
    moment: Mapped[Any] = mapped_column(sa.DateTime(timezone=False), nullable=True)
    at: Mapped[Any] = mapped_column(sa.Time(), nullable=True)
    ratio: Mapped[float | None] = mapped_column(sa.Double())
    exact: Mapped[Any] = mapped_column(sa.Numeric(12, 3), nullable=True)
    tri: Mapped[bool | None]
    sure: Mapped[bool] = mapped_column(default=False)
    content: Mapped[bytes | None] = mapped_column(sa.LargeBinary())
    name: Mapped[str] = mapped_column(sa.Unicode(30))
    remark: Mapped[str | None] = mapped_column(sa.UnicodeText())


GENERIC = {
    "colour": "GREEN",
    "word": "mäh",
    "token": "00000000-0000-4000-8000-00000000000a",
    "token_text": "00000000-0000-4000-8000-00000000000b",
    "document": "{}",
    "span": "1 12:00:00",
    "moment": "2026-03-01T10:30:15",
    "at": "10:30:15",
    "ratio": "1e-05",
    "exact": "1.500",
    "tri": "false",
    "sure": "y",
    "name": "名 name",
    "remark": "a\r\nb",
}


@dataclasses.dataclass(frozen=True)
class Shelf:
    """An entity over a foreign table, its administrator, and how to read what is stored."""

    entity: Entity
    visitor: Visitor
    engine: sa.Engine
    typed: dict[str, str]

    def stored(self) -> list[Any]:
        """All rows as the database writes them."""
        with self.engine.connect() as connection:
            return sorted(map(str, connection.execute(sa.text(f'SELECT * FROM "{self.entity.table.name}"'))))


@pytest.fixture(scope="module", params=["native on postgresql", "generic on postgresql", "generic on sqlite"])
def shelf(
    request: pytest.FixtureRequest, makers: Callable[[str], Maker], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shelf]:
    """The tables, each in a database of its own beside the product's."""
    what, _, kind = request.param.partition(" on ")
    folder: Path = tmp_path_factory.mktemp("types")
    url = makers(kind).clone()
    engine = sa.create_engine(url)
    if what == "native":
        with engine.begin() as connection:
            for statement in NATIVE.split(";\n"):
                connection.exec_driver_sql(statement)
        adopted = adopt(engine, "foreign", "data", "N")
        entity = next(each for each in adopted.entities if each.table.name == "specimen")
    else:
        _Base.metadata.create_all(engine)
        entity = Entity(Sample, adopted=True)
    app = adopting_app(makers("sqlite").clone(), folder, {"foreign": url}, Adopted((entity,), ()))
    yield Shelf(entity, Visitor(app, "admin"), engine, TYPED if what == "native" else GENERIC)
    with app.app_context():
        for each in db.engines.values():
            each.dispose()
    engine.dispose()


def _create(shelf: Shelf, **other: str) -> Any:
    form = read_form(shelf.visitor.get(f"/{shelf.entity.name}/new/").text)
    return shelf.visitor.post(
        f"/{shelf.entity.name}/new/", {**form.fields, **shelf.typed, **other, "_url": ""}
    )


def _keys(shelf: Shelf) -> list[str]:
    return row_keys(shelf.visitor.get(f"/{shelf.entity.name}/").text)


def test_each_column_has_a_field_or_is_none_to_type(shelf: Shelf) -> None:
    form = read_form(shelf.visitor.get(f"/{shelf.entity.name}/new/").text)
    missing = set(shelf.entity.fields) - UNTYPED - {"id"} - set(form.fields) - {"sure"}
    assert missing == set()
    assert UNTYPED.isdisjoint(form.fields)


def test_what_is_typed_is_stored_and_shown_again(shelf: Shelf) -> None:
    answer = _create(shelf)
    assert answer.status_code == 302, errors(answer.text)
    key = answer.location.partition("id=")[2]
    assert shelf.visitor.get(answer.location).status_code == 200
    shown = read_form(shelf.visitor.get(f"/{shelf.entity.name}/edit/?id={key}").text).fields
    typed = {name: text for name, text in shelf.typed.items() if name != "key"}
    assert {name: shown.get(name) for name in typed} == typed
    emptied = {
        name: ""
        for name in typed
        if shelf.entity.fields[name].nullable and not shelf.entity.has_box(shelf.entity.fields[name])
    }
    url = f"/{shelf.entity.name}/edit/?id={key}"
    answer = shelf.visitor.post(url, {**shown, **emptied})
    assert answer.status_code == 302, errors(answer.text)
    again = read_form(shelf.visitor.get(url).text).fields
    assert {name: again[name] for name in emptied} == emptied
    assert shelf.visitor.post(url, {**again, **typed}).status_code == 302
    assert {name: read_form(shelf.visitor.get(url).text).fields.get(name) for name in typed} == typed
    assert shelf.visitor.post(f"/{shelf.entity.name}/delete/", {"id": key}).status_code == 302


def test_an_unchanged_save_changes_nothing(shelf: Shelf) -> None:
    if not _keys(shelf):
        assert _create(shelf).status_code == 302
    before = shelf.stored()
    for key in _keys(shelf):
        url = f"/{shelf.entity.name}/edit/?id={key}"
        form = read_form(shelf.visitor.get(url).text)
        answer = shelf.visitor.post(url, form.fields)
        assert answer.status_code == 302, (key, errors(answer.text))
    assert shelf.stored() == before


def test_each_filter_finds_the_row_that_holds_its_value(shelf: Shelf) -> None:
    answer = _create(shelf)
    assert answer.status_code == 302, errors(answer.text)
    key = answer.location.partition("id=")[2]
    for name, each in shelf.entity.fields.items():
        for operator in operators_of(each):
            text = {"sure": "true"}.get(name, shelf.typed.get(name, "1")).replace("\r\n", "\n")
            url = f"/{shelf.entity.name}/"
            page = shelf.visitor.client.get(url, query_string={"size": "100", f"{name}:{operator.key}": text})
            assert page.status_code == 200, (name, operator.key)
            found = row_keys(page.text)
            if name in shelf.typed and operator.key in ("eq", "in", "ge", "le", "has", "starts", "filled"):
                assert key in found, (name, operator.key, text)
            elif name in shelf.typed and operator.key in ("ne", "empty"):
                assert key not in found, (name, operator.key, text)
    assert shelf.visitor.post(f"/{shelf.entity.name}/delete/", {"id": key}).status_code == 302


def test_each_column_can_be_listed_sorted_and_exported(shelf: Shelf) -> None:
    name = shelf.entity.name
    columns = ",".join(shelf.entity.fields)
    assert shelf.visitor.get(f"/{name}/?cols={columns}").status_code == 200
    for key in shelf.entity.sortable:
        assert shelf.visitor.get(f"/{name}/?sort=-{key}").status_code == 200
    number = len(_keys(shelf))
    answer = shelf.visitor.get(f"/{name}/export/csv/?cols={columns}")
    rows = list(csv.reader(answer.data.decode("utf-8-sig").splitlines(keepends=True)))
    assert len(rows) == number + 1
    assert {len(row) for row in rows} == {len(rows[0])}
    assert len(rows[0]) == len(shelf.entity.fields)


def test_what_is_no_value_is_an_error_at_its_field(shelf: Shelf) -> None:
    before = shelf.stored()
    wrong = {name: text for name, text in WRONG.items() if name in shelf.entity.fields}
    wrong = {
        name: text
        for name, text in wrong.items()
        if shelf.typed is TYPED or name in ("document", "span", "at")
    }
    for name, text in wrong.items():
        answer = _create(shelf, **{name: text})
        assert answer.status_code == 200, (name, text)
        assert list(errors(answer.text)) == [name]
        if not getattr(shelf.entity.fields[name].kind, "codes", ()):
            assert read_form(answer.text).fields[name] == text, "what was typed stays"
    assert shelf.stored() == before


def test_binary_content_is_a_download(shelf: Shelf) -> None:
    if not _keys(shelf):
        assert _create(shelf).status_code == 302
    key = _keys(shelf)[-1]
    table = shelf.entity.table
    with shelf.engine.begin() as connection:
        connection.execute(sa.update(table).values(content=b"\x00\xff<b>"))
    page = shelf.visitor.get(f"/{shelf.entity.name}/details/?id={key}")
    assert "<b>" not in page.text.partition('class="db-groups"')[2].partition("content")[0]
    answer = shelf.visitor.get(f"/{shelf.entity.name}/download/?id={key}&field=content")
    assert answer.status_code == 200
    assert answer.data == b"\x00\xff<b>"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert shelf.visitor.get(f"/{shelf.entity.name}/download/?id={key}&field=id").status_code == 404

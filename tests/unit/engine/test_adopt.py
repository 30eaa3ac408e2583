"""Adopting tables that nobody here designed: nothing that automap drops is lost, no name clashes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session

from admin_app.engine.adopt import Adopted, adopt
from admin_app.engine.entity import Entity
from admin_app.sqlite import engine_options

DDL = """
CREATE TABLE "Person" ("PersonId" INTEGER PRIMARY KEY, "Name" TEXT,
    "BossId" INTEGER REFERENCES "Person"("PersonId"));
CREATE TABLE letter (id INTEGER PRIMARY KEY, sender_id INTEGER REFERENCES "Person"("PersonId"),
    receiver_id INTEGER REFERENCES "Person"("PersonId"), carrier TEXT REFERENCES carrier(code));
CREATE TABLE carrier (code TEXT PRIMARY KEY);
CREATE TABLE link (a_id INTEGER REFERENCES "Person"("PersonId"), b_id INTEGER REFERENCES letter(id),
    PRIMARY KEY (a_id, b_id));
CREATE TABLE part (a INTEGER, b INTEGER, note TEXT, PRIMARY KEY (a, b));
CREATE TABLE piece (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, FOREIGN KEY (a, b) REFERENCES part(a, b));
CREATE TABLE heap (x INTEGER);
CREATE TABLE heap_user (id INTEGER PRIMARY KEY, x INTEGER REFERENCES heap(x));
CREATE TABLE "order details" (id INTEGER PRIMARY KEY, "unit price" NUMERIC(8, 2), "2nd" TEXT, "class" TEXT,
    "metadata" TEXT, "registry" TEXT, "__secret" TEXT, "a-b" TEXT, "a_b" TEXT, "数量" INTEGER);
CREATE TABLE "123" (id INTEGER PRIMARY KEY);
CREATE TABLE "class" (id INTEGER PRIMARY KEY);
CREATE TABLE twice (id INTEGER PRIMARY KEY, boss INTEGER, boss_id INTEGER REFERENCES "Person"("PersonId"));
"""


@pytest.fixture(scope="module")
def strange() -> Iterator[Engine]:
    """A database with all the oddities that a grown schema has."""
    engine = create_engine("sqlite://", **engine_options())
    with engine.begin() as connection:
        for statement in DDL.split(";"):
            if statement.strip():
                connection.exec_driver_sql(statement)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def adopted(strange: Engine) -> Adopted:
    """Its tables as entities."""
    return adopt(strange, "strange", group="old", prefix="Old")


def named(adopted: Adopted, name: str) -> Entity:
    """The entity with this name."""
    return next(entity for entity in adopted.entities if entity.name == name)


def references(entity: Entity) -> dict[str, str]:
    """Target tables by reference."""
    return {
        key: each.reference.mapper.local_table.name  # type: ignore[attr-defined]
        for key, each in entity.fields.items()
        if each.reference
    }


def test_every_table_with_a_key_is_an_entity_and_the_others_are_named(adopted: Adopted) -> None:
    assert list(adopted.skipped) == ["heap"]
    assert {entity.table.name for entity in adopted.entities} == {
        "Person",
        "letter",
        "carrier",
        "link",
        "part",
        "piece",
        "heap_user",
        "order details",
        "123",
        "class",
        "twice",
    }
    assert all(entity.adopted and entity.group == "old" for entity in adopted.entities)
    assert all(entity.name.startswith("old") for entity in adopted.entities)


def test_both_of_two_references_to_one_table_are_kept(adopted: Adopted) -> None:
    assert references(named(adopted, "oldletter")) == {
        "sender": "Person",
        "receiver": "Person",
        "carrier_ref": "carrier",
    }


def test_a_reference_to_its_own_table_points_up(adopted: Adopted, strange: Engine) -> None:
    person = named(adopted, "oldperson")
    assert references(person) == {"Boss": "Person"}
    model: Any = person.model
    with Session(strange) as session:
        boss = model(Name="Boss")
        session.add(model(Name="Hand", Boss=boss))
        session.flush()
        hand = session.scalars(select(model).where(model.Name == "Hand")).one()
        assert (hand.Boss.Name, boss.Boss) == ("Boss", None)
        assert hand.BossId == boss.PersonId


def test_a_link_table_is_an_entity_whose_key_is_two_references(adopted: Adopted) -> None:
    link = named(adopted, "oldlink")
    assert references(link) == {"a": "Person", "b": "letter"}
    assert set(link.form_fields) == {"a", "b"}
    assert len(link.key_kinds) == 2


def test_a_reference_of_two_columns_is_one_field(adopted: Adopted, strange: Engine) -> None:
    piece = named(adopted, "oldpiece")
    assert references(piece) == {"part": "part"}
    assert len(piece.fields["part"].columns) == 2
    part: Any = named(adopted, "oldpart").model
    with Session(strange) as session:
        made = piece.model(part=part(a=1, b=2, note="x"))
        session.add(made)
        session.flush()
        assert (made.a, made.b) == (1, 2)


def test_a_reference_to_a_table_without_a_key_stays_a_number(adopted: Adopted) -> None:
    user = named(adopted, "oldheap_user")
    assert references(user) == {}
    assert "x" in user.fields


def test_string_keys_are_typed(adopted: Adopted) -> None:
    assert named(adopted, "oldcarrier").form_fields == ("code",)
    assert named(adopted, "oldpart").form_fields == ("a", "b", "note")
    assert named(adopted, "oldletter").form_fields == ("sender", "receiver", "carrier_ref")


def test_names_that_python_or_the_mapper_use_get_others(adopted: Adopted) -> None:
    details = named(adopted, "oldorder_details")
    assert set(details.fields) == {
        "id",
        "unit_price",
        "x_2nd",
        "x_class",
        "metadata_2",
        "registry_2",
        "x___secret",
        "a_b",
        "a_b_2",
        "数量",
    }
    assert details.fields["a_b"].column.name == "a-b"
    assert named(adopted, "oldx_123").table.name == "123"
    assert named(adopted, "oldx_class").table.name == "class"


def test_a_reference_never_takes_a_columns_name(adopted: Adopted) -> None:
    twice = named(adopted, "oldtwice")
    assert references(twice) == {"boss_2": "Person"}
    assert twice.fields["boss"].reference is None


def test_tables_of_two_databases_keep_apart_by_prefix_and_by_bind(strange: Engine) -> None:
    plain = adopt(strange, "other")
    assert named(plain, "person").table.metadata.info["bind_key"] == "other"
    assert named(plain, "x_123").table.name == "123"
    assert named(plain, "x_class").table.name == "class"
    assert all(entity.group is None for entity in plain.entities)

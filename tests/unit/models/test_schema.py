"""Conventions that every table keeps."""

from __future__ import annotations

import pytest
from sqlalchemy import CheckConstraint, Enum, Table
from sqlalchemy.orm import Mapper, RelationshipDirection, configure_mappers

import models  # noqa: F401 - fills the metadata
from models.base import Base

configure_mappers()
MAPPERS = sorted(Base.registry.mappers, key=lambda mapper: mapper.class_.__tablename__)
TABLES = Base.metadata.sorted_tables
# What a machine counts or writes down once; nobody edits it.
WITHOUT_VERSION = {
    "login_session",
    "login_attempt",
    "view_as_log",
    "access_stamp",
    "access_use",
    "bulk_item",
    "bulk_run",
    "change_head",
    "change_row",
    "change_set",
    "deed",
    "job",
    "matrix_version",
    "reveal_log",
    "search_state",
}
# Rows that lie with what they belong to.
KEYS = {"change_row": ["set_id", "number"], "bulk_item": ["run_id", "record_id"]}

each_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
each_mapper = pytest.mark.parametrize("mapper", MAPPERS, ids=lambda mapper: mapper.class_.__tablename__)


@each_table
def test_every_foreign_key_is_indexed_and_says_what_a_delete_does(table: Table) -> None:
    leading = {next(iter(index.columns)).name for index in table.indexes}
    for key in table.foreign_keys:
        assert key.parent.name in leading, key
        assert key.ondelete in {"CASCADE", "RESTRICT", "SET NULL"}, key
        assert key.ondelete != "SET NULL" or key.parent.nullable, key


@each_table
def test_every_constraint_has_a_name_that_fits_postgresql(table: Table) -> None:
    for constraint in table.constraints:
        assert constraint.name, constraint
        assert len(str(constraint.name)) <= 60
    assert all(len(str(index.name)) <= 60 for index in table.indexes)


@each_table
def test_every_choice_is_kept_by_a_check(table: Table) -> None:
    checks = {str(c.name) for c in table.constraints if isinstance(c, CheckConstraint)}
    for column in table.columns:
        if isinstance(column.type, Enum):
            assert f"ck_{table.name}_{column.name}" in checks, column


@each_mapper
def test_every_table_has_a_key_and_a_version(mapper: Mapper[object]) -> None:
    table = mapper.local_table
    assert isinstance(table, Table)
    assert [column.name for column in mapper.primary_key] == KEYS.get(table.name, ["id"])
    assert (mapper.version_id_col is None) == (table.name in WITHOUT_VERSION)


@each_mapper
def test_every_foreign_key_has_its_many_to_one_and_nothing_else_is_related(mapper: Mapper[object]) -> None:
    expected = {key.parent.name.removesuffix("_id") for key in mapper.local_table.foreign_keys}
    assert {relation.key for relation in mapper.relationships} == expected
    assert all(relation.direction is RelationshipDirection.MANYTOONE for relation in mapper.relationships)

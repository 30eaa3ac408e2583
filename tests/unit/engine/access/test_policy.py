"""Sets of rows, and a policy as a table of them."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, is_dataclass
from importlib import import_module
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from admin_app.engine.access import NOBODY, SYSTEM, Policy, Rows
from admin_app.engine.access.policy import EVERYTHING, NOTHING, Source

IDS = st.integers(1, 4)
ROWS = st.builds(Rows, st.booleans(), st.frozensets(IDS), st.frozensets(IDS))


@given(ROWS, ROWS, st.none() | IDS, st.none() | IDS)
def test_a_union_holds_what_either_part_holds(
    one: Rows, other: Rows, owner: int | None, department: int | None
) -> None:
    both = one.hold(owner, department) or other.hold(owner, department)
    assert (one | other).hold(owner, department) is both
    assert (one | NOTHING).hold(owner, department) is one.hold(owner, department)
    assert bool(one | other) is (bool(one) or bool(other))
    assert one | EVERYTHING is EVERYTHING


def test_nobody_owns_a_row_without_an_owner() -> None:
    assert not Rows(owners=frozenset({1}), departments=frozenset({1})).hold(None, None)
    assert EVERYTHING.hold(None, None)
    assert not NOTHING
    assert not NOTHING.hold(1, 1)


def test_a_policy_allows_what_is_in_its_table_and_nothing_else() -> None:
    mine = Rows(owners=frozenset({7}))
    policy = Policy("ada", 7, grants={("book", "view"): mine, ("book", "edit"): NOTHING})
    assert policy.rows("view", "book") == mine
    assert policy.may("view", "book")
    assert not policy.may("edit", "book")
    assert not policy.may("delete", "book")
    assert not policy.may("view", "loan")


def test_the_system_may_everything_and_nobody_nothing() -> None:
    assert SYSTEM.rows("delete", "anything") is EVERYTHING
    assert not NOBODY.may("view", "book")


def test_single_records_are_a_set_of_their_own() -> None:
    one = Rows(keys=frozenset({("book", "1")}))
    both = one | Rows(keys=frozenset({("book", "2")}))
    assert one and not one.broad and not one.hold(1, 1)
    assert both.keys == {("book", "1"), ("book", "2")}
    assert both >= one and not one >= both
    mine = Rows(owners=frozenset({7}), departments=frozenset({1}))
    assert mine.broad and not mine >= one and not one >= mine
    assert (mine | one).broad and mine | one >= mine and mine | one >= one
    assert both <= EVERYTHING and not both >= EVERYTHING


@given(ROWS, ROWS)
@example(Rows(owners=frozenset({1})), Rows(departments=frozenset({1})))
@example(Rows(departments=frozenset({1})), Rows(owners=frozenset({1})))
@example(Rows(departments=frozenset({1})), Rows(keys=frozenset({("book", "1")})))
@example(Rows(departments=frozenset({1})), NOTHING)
@example(Rows(departments=frozenset({1})), EVERYTHING)
def test_a_set_contains_another_where_that_adds_nothing(one: Rows, other: Rows) -> None:
    assert (one >= other) is (one.everything or (one | other) == one)


MODULES = ("compile", "explain", "guard", "policy", "world")
SHARED = [
    value
    for module in map(import_module, (f"admin_app.engine.access.{name}" for name in MODULES))
    for value in vars(module).values()
    if is_dataclass(value) and value.__module__ == module.__name__ and isinstance(value, type)
]


@pytest.mark.parametrize("kind", SHARED, ids=lambda kind: kind.__name__)
def test_what_requests_share_cannot_be_changed_by_one_of_them(kind: type[Any]) -> None:
    empty = object.__new__(kind)
    with pytest.raises(FrozenInstanceError):
        setattr(empty, fields(kind)[0].name, None)


def test_fields_are_given_on_the_rows_of_each_source_that_gives_as_much() -> None:
    def source(entity: str, action: str, rows: Rows, **levels: str) -> Source:
        return Source(entity, frozenset({action}), rows, "own", levels, 1)

    mine, one, two, three = (
        Rows(owners=frozenset({7})),
        *(Rows(departments=frozenset({each})) for each in (1, 2, 3)),
    )
    policy = Policy(
        "ada",
        7,
        sources=(
            source("book", "view", mine, **{"": "masked"}),
            source("book", "view", one, contact="read"),
            source("book", "view", two, contact="write", **{"": "hidden"}),
            source("book", "edit", three, contact="write"),
            source("loan", "view", three, contact="write"),
        ),
    )
    wanted = {"masked": mine | one | two, "read": one | two, "write": two}
    assert {level: policy.field_rows("book", "contact", level) for level in wanted} == wanted
    assert policy.field_rows("book", "money", "masked") == mine
    assert policy.field_rows("book", "money", "read") == NOTHING
    assert SYSTEM.field_rows("book", "contact", "write") is EVERYTHING

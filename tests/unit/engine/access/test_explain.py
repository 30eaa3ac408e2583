"""For whom somebody acts, and what carries a yes."""

from __future__ import annotations

from typing import Any

import pytest

from admin_app.engine.access import SYSTEM, Policy, Rows
from admin_app.engine.access.compile import add_up
from admin_app.engine.access.explain import acting_for, why
from admin_app.engine.access.policy import Source
from models.session import LoginAttempt
from tests.unit.engine.sample import SITE, Book, Chapter

ACCESS = SITE.access
WEST, EAST = Rows(departments=frozenset({2})), Rows(departments=frozenset({3}))


def source(rows: Rows = WEST, **more: Any) -> Source:
    """A cell that lets somebody edit books."""
    return Source("book", frozenset({"edit"}), rows, "department", {}, 2, **more)


def person(*sources: Source, unlimited: bool = False) -> Policy:
    return Policy("ada", 1, unlimited, grants=add_up(sources), sources=sources)


BOOK = Book(name="x", owner_id=7, department_id=2)
FOR_BOB = source(acting=True, acting_for=9)
FOR_SOMEBODY = source(acting=True)


@pytest.mark.parametrize(
    ("sources", "whom"),
    [
        ([FOR_BOB], 9),
        ([FOR_SOMEBODY, FOR_BOB], 9),
        ([FOR_BOB, source(acting=True, acting_for=10)], 9),
        # What is one's own and does not reach the record changes nothing.
        ([FOR_BOB, source(EAST)], 9),
        ([source(EAST, acting=True, acting_for=10), FOR_BOB], 9),
        ([FOR_BOB, source()], None),
        ([source(), FOR_BOB], None),
        ([FOR_SOMEBODY], None),
        ([source()], None),
        ([source(EAST, acting=True, acting_for=9)], None),
        ([], None),
    ],
)
def test_one_acts_for_somebody_where_nothing_of_ones_own_lets_one(
    sources: list[Source], whom: int | None
) -> None:
    policy = person(*sources)
    assert acting_for(ACCESS, policy, "edit", BOOK) == whom
    assert acting_for(ACCESS, policy, "edit", Chapter(title="x", book=BOOK)) == whom
    assert acting_for(ACCESS, policy, "delete", BOOK) is None


def test_an_administrator_acts_for_nobody() -> None:
    assert acting_for(ACCESS, person(FOR_BOB, unlimited=True), "edit", BOOK) is None
    assert acting_for(ACCESS, SYSTEM, "edit", BOOK) is None


def test_nobody_acts_on_what_no_guard_names() -> None:
    assert acting_for(ACCESS, person(FOR_BOB), "edit", LoginAttempt()) is None


def test_a_no_has_no_reasons_whoever_asks() -> None:
    for policy in (person(), person(source(EAST))):
        verdict = why(ACCESS, policy, "edit", "book", BOOK)
        assert (verdict.allowed, verdict.ground, verdict.reasons) == (False, "nobody", ())


def test_what_nobody_has_heard_of_is_open_to_nobody() -> None:
    verdict = why(ACCESS, person(), "view", "nonsense")
    assert (verdict.allowed, verdict.ground) == (False, "nobody")

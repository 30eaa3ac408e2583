"""Why, who, and what a change would give and take, over one small company."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, AccessMap, Guard, Rows, compile_policy
from admin_app.engine.access.compile import policies
from admin_app.engine.access.explain import Change, compare, holders, routes, who_can, why
from admin_app.engine.access.policy import Source
from admin_app.engine.access.world import Cell, read_stamp, read_world, touch
from models.access import AccessStamp
from models.contract import Contract, Obligation
from models.organisation import User
from tests.access.declared import SITES, entities_of
from tests.access.rooms import shown
from tests.access.worlds import TODAY

ACCESS = SITES[0].access
#: 1 leads the whole company, 2 works in a department of it, 3 has no post, 4 has left, 5 administers.
COMPANY: dict[str, Any] = {
    "today": TODAY,
    "kind": 0,
    "entities": entities_of(0),
    "users": [{"id": each, "active": each != 4, "admin": each == 5} for each in range(1, 6)],
    "departments": [{"id": 1, "parent": None}, {"id": 2, "parent": 1}],
    "positions": [{"id": 1}, {"id": 2}],
    "duties": [{"id": 1, "entities": ["contract", "tag"]}, {"id": 2, "entities": ["obligation"]}],
    "letters": [
        {"letter": "A", "actions": ["view", "edit", "delete"], "reach": "department_tree", "level": "write"},
        {"letter": "R", "actions": ["view", "edit"], "reach": "department", "level": "read"},
    ],
    "cells": [
        {"position": 1, "duty": 1, "letter": "A", "reach": None, "levels": None},
        {"position": 2, "duty": 1, "letter": "R", "reach": None, "levels": {"contract.money": "masked"}},
        {"position": 2, "duty": 2, "letter": "R", "reach": "own", "levels": None},
    ],
    "posts": [
        {"user": 1, "position": 1, "department": 1, "first": TODAY, "last": None, "acting": False},
        {"user": 2, "position": 2, "department": 2, "first": TODAY, "last": TODAY, "acting": True},
        {"user": 4, "position": 1, "department": 1, "first": TODAY, "last": None, "acting": False},
    ],
    "grants": [],
    "rows": {
        "customer": [],
        "contact": [],
        "contract": [{"id": 1, "owner": None, "department": 1}, {"id": 2, "owner": 3, "department": 2}],
        "obligation": [{"id": 1, "whole": 1}, {"id": 2, "whole": 2}],
        "tag_family": [],
        "tag": [],
    },
}


@pytest.fixture
def company(engine: Engine) -> Iterator[Session]:
    """A session on the company, as the system."""
    with shown(engine, COMPANY) as session:
        yield session


def test_a_part_is_reached_through_its_whole() -> None:
    assert routes(ACCESS, "delete", "obligation") == [("obligation", "delete"), ("contract", "edit")]
    assert routes(ACCESS, "view", "obligation") == [("obligation", "view"), ("contract", "view")]
    assert routes(ACCESS, "edit", "contract") == [("contract", "edit")]
    assert routes(ACCESS, "edit", "nonsense") == [("nonsense", "edit")]


def test_the_reasons_name_the_cell_and_what_it_rests_on(company: Session) -> None:
    policy = compile_policy(company, company.get_one(User, 2), TODAY)
    contract = company.get_one(Contract, 2)
    verdict = why(ACCESS, policy, "edit", "contract", contract)
    (reason,) = verdict.reasons
    assert (verdict.allowed, verdict.ground, reason.entity, reason.action) == (
        True,
        "cells",
        "contract",
        "edit",
    )
    source = reason.source
    assert (source.position, source.duty, source.department, source.letter) == (2, 1, 2, "R")
    assert (source.acting, source.until, source.reach, source.grant) == (True, TODAY, "department", None)
    part = why(ACCESS, policy, "delete", "obligation", company.get_one(Obligation, 2))
    assert [(each.entity, each.action) for each in part.reasons] == [("contract", "edit")]
    assert not why(ACCESS, policy, "edit", "contract", company.get_one(Contract, 1)).allowed
    assert not Source("contract", frozenset(), Rows(), "own", {}, 1).acting
    assert why(ACCESS, policy, "edit", "nonsense").ground == "nobody"


def test_a_part_without_a_whole_has_no_reasons(company: Session) -> None:
    policy = compile_policy(company, company.get_one(User, 1), TODAY)
    with company.no_autoflush:
        assert not why(ACCESS, policy, "edit", "obligation", Obligation()).allowed
        assert not ACCESS.holds(policy, "edit", Obligation())
        assert ACCESS.holds(SYSTEM, "edit", Obligation())


def test_holders_are_the_positions_that_could_and_whoever_is_in_them(company: Session) -> None:
    world = read_world(company)

    def found(action: str, entity: str) -> list[tuple[int, int, str, list[int]]]:
        return [
            (each.position, each.duty, each.letter, [user for user, _name in each.people])
            for each in holders(company, world, ACCESS, TODAY, action, entity)
        ]

    assert found("delete", "contract") == [(1, 1, "A", [1])]
    assert found("delete", "obligation") == [(1, 1, "A", [1]), (2, 1, "R", [2])]
    assert found("edit", "obligation") == [(1, 1, "A", [1]), (2, 1, "R", [2]), (2, 2, "R", [2])]
    assert found("export", "contract") == []
    later = TODAY + timedelta(days=1)
    assert holders(company, world, ACCESS, later, "edit", "obligation")[1].people == ()


def test_a_letter_without_a_profile_gives_nothing(company: Session) -> None:
    world = read_world(company)
    world = world.with_cells({**world.cells, (1, 2): Cell("V")})
    assert [each.position for each in holders(company, world, ACCESS, TODAY, "view", "obligation")] == [
        1,
        2,
        2,
    ]
    assert policies(company, world, TODAY)[1][1].rows("view", "obligation") == Rows()


def test_a_policy_can_be_made_for_a_matrix_that_is_not_stored(company: Session) -> None:
    world = read_world(company)
    worker = company.get_one(User, 2)
    assert compile_policy(company, worker, TODAY, world).may("edit", "contract")
    assert not compile_policy(company, worker, TODAY, world.with_cells({})).sources


def test_who_can_lists_people_with_their_reasons(company: Session) -> None:
    world = read_world(company)
    able = who_can(company, world, ACCESS, TODAY, "edit", "contract", company.get_one(Contract, 1))
    assert [(each.user, each.username, each.name, each.admin, len(each.reasons)) for each in able] == [
        (1, "u1", "人1", False, 1),
        (5, "u5", "人5", True, 0),
    ]
    able = who_can(company, world, ACCESS, TODAY, "edit", "contract")
    assert [each.user for each in able] == [1, 2, 5]


def test_a_comparison_tells_who_gains_and_who_loses_which_rows(company: Session) -> None:
    world = read_world(company)
    before = policies(company, world, TODAY)
    assert compare(before, policies(company, world, TODAY)) == []
    cells = {**world.cells, (2, 1): Cell("A", "department")}
    after = policies(company, world.with_cells(cells), TODAY)
    rows = Rows(owners=frozenset({2}), departments=frozenset({2}))
    gained = {("contract", "delete"): (Rows(), rows), ("tag", "delete"): (Rows(), rows)}
    assert compare(before, after) == [Change(2, "人2", gained, {})]
    assert compare(after, before) == [Change(2, "人2", {}, {pair: (rows, Rows()) for pair in gained})]


def test_a_comparison_leaves_administrators_out(company: Session) -> None:
    before = policies(company, read_world(company), TODAY)
    person, policy = before[5]
    changed = {**before, 5: (person, replace(policy, grants={("contract", "edit"): Rows(True)}))}
    assert compare(before, changed) == []


def test_the_rules_are_read_with_their_names_and_places(company: Session) -> None:
    world = read_world(company)
    assert world.departments[2].names == {"zh": "名", "en": "name"}
    assert (world.departments[2].parent, world.departments[2].code) == (1, "d2")
    assert (world.duties[1].group, world.duties[1].parent, world.positions[1].group) == ("X", None, "")
    assert world.parents == {1: None, 2: 1}
    assert world.duties_of(2) == [(1, world.cells[2, 1]), (2, world.cells[2, 2])]
    assert world.cells[2, 1].levels == {"contract.money": "masked"}
    assert world.cells[1, 1].levels == {}
    assert world.entities == {1: {"contract", "tag"}, 2: {"obligation"}}
    assert world.with_cells({}).stamp == -1


def test_each_touch_gives_another_stamp_which_is_never_zero(company: Session) -> None:
    seen = {read_stamp(company)}
    for _ in range(5):
        touch(company)
        seen.add(read_stamp(company))
    assert len(seen) == 6
    assert all(0 < each < 2**63 for each in seen)
    assert read_world(company).stamp in seen
    assert company.info["policy"] is SYSTEM
    assert company.scalars(select(User.id).order_by(User.id)).all() == [1, 2, 3, 4, 5]


def test_without_a_stamp_the_rules_stand_under_zero(company: Session) -> None:
    company.execute(delete(AccessStamp))
    assert read_stamp(company) == 0
    assert read_world(company).stamp == 0


def test_what_has_an_owner_or_a_department_alone_is_nobodys_row_by_row() -> None:
    class Kept:
        owner_id = 7

    class Placed:
        department_id = 7

    rows = Rows(owners=frozenset({1}), departments=frozenset({1}))
    for model in (Kept, Placed):
        access = AccessMap([Guard("half", model)])
        assert access.contains(rows, model())
        assert not access.contains(Rows(), model())


def test_rows_of_a_class_that_no_guard_names_are_among_none_but_all() -> None:
    assert not AccessMap([]).contains(Rows(owners=frozenset({1})), Contract(owner_id=1))
    assert AccessMap([]).contains(Rows(True), Contract(owner_id=1))

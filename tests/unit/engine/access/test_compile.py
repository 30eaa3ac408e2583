"""From posts, cells and letters to a policy: in time, as a union, over the tree of departments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from admin_app.engine.access import Rows, compile_policy
from admin_app.engine.access.compile import add_up, grant_sources, posts_in_force, rows_for
from admin_app.engine.access.policy import EVERYTHING, NOTHING, Source
from admin_app.engine.access.world import read_world
from models.access import DutyAccess, LetterProfile
from models.duty import Duty, PositionDuty
from models.grant import AccessGrant
from models.organisation import Department, Position, Post, User

TODAY = date(2026, 3, 10)
DAY = timedelta(days=1)


@pytest.fixture
def person(room: Session) -> User:
    """Somebody without a post, in a company where R reads one's own books and A keeps the department's."""
    head = Department(code="head", name_zh="总部", name_en="Head office")
    west = Department(code="west", name_zh="西部", name_en="West", parent=head)
    duty = Duty(code="D", name_zh="书", name_en="Books", category="X", category_zh="书", category_en="Books")
    reads = Position(code="reader", name_zh="读者", name_en="Reader")
    keeps = Position(code="keeper", name_zh="管理员", name_en="Keeper")
    user = User(username="ada", name="Ada")
    room.add_all([head, west, duty, reads, keeps, user])
    room.add(LetterProfile(letter="R", actions="view export", rows="own"))
    room.add(LetterProfile(letter="A", actions="view edit", rows="department"))
    room.flush()
    room.add_all(
        [
            PositionDuty(position=reads, duty=duty, letter="R"),
            PositionDuty(position=keeps, duty=duty, letter="A"),
        ]
    )
    room.add(DutyAccess(duty=duty, entity="book"))
    room.flush()
    return user


@pytest.fixture
def hold(room: Session, person: User) -> Callable[..., None]:
    """Call it with a position's code to give the person a post; it is in `west`, from today, unless told otherwise."""

    def give(
        code: str,
        start: date = TODAY,
        end: date | None = None,
        department: str = "west",
        acting: bool = False,
    ) -> None:
        position = room.query(Position).filter_by(code=code).one()
        place = room.query(Department).filter_by(code=department).one()
        room.add(
            Post(
                user=person,
                position=position,
                department=place,
                valid_from=start,
                valid_to=end,
                acting=acting,
            )
        )
        room.flush()

    return give


def department(session: Session, code: str) -> int:
    """A department's id."""
    return session.query(Department).filter_by(code=code).one().id


@pytest.mark.parametrize(
    ("start", "end", "in_force"),
    [
        (TODAY, None, True),
        (TODAY, TODAY, True),
        (TODAY - DAY, TODAY, True),
        (TODAY - 9 * DAY, TODAY + DAY, True),
        (TODAY + DAY, None, False),
        (TODAY - 9 * DAY, TODAY - DAY, False),
    ],
)
def test_a_post_counts_from_its_first_day_to_its_last(
    room: Session, person: User, hold: Callable[..., None], start: date, end: date | None, in_force: bool
) -> None:
    hold("reader", start, end)
    policy = compile_policy(room, person, TODAY)
    assert policy.may("view", "book") is in_force
    assert (policy.home_department is not None) is in_force


def test_posts_add_up(room: Session, person: User, hold: Callable[..., None]) -> None:
    hold("reader")
    hold("keeper", department="head")
    policy = compile_policy(room, person, TODAY)
    head = department(room, "head")
    assert policy.rows("view", "book") == Rows(owners=frozenset({person.id}), departments=frozenset({head}))
    assert policy.rows("edit", "book").departments == {head}
    assert policy.rows("export", "book") == Rows(owners=frozenset({person.id}))
    assert not policy.may("delete", "book")
    assert not policy.may("view", "loan")


def test_acting_for_somebody_gives_the_same_but_no_new_home(
    room: Session, person: User, hold: Callable[..., None]
) -> None:
    hold("keeper", TODAY - DAY, department="head", acting=True)
    hold("reader")
    policy = compile_policy(room, person, TODAY)
    assert policy.rows("edit", "book").departments == {department(room, "head")}
    assert policy.home_department == department(room, "west")
    assert policy.position_names == {"zh": "读者", "en": "Reader"}


def test_without_a_post_one_may_nothing(room: Session, person: User) -> None:
    policy = compile_policy(room, person, TODAY)
    assert (dict(policy.grants), policy.home_department, dict(policy.position_names)) == ({}, None, {})
    assert (policy.user_id, policy.actor, policy.unlimited) == (person.id, "ada", False)


def test_an_inactive_person_may_nothing_not_even_as_administrator(
    room: Session, person: User, hold: Callable[..., None]
) -> None:
    hold("keeper")
    person.is_active, person.is_admin = False, True
    policy = compile_policy(room, person, TODAY)
    assert (policy.unlimited, policy.user_id, dict(policy.grants)) == (False, None, {})


def test_an_administrator_is_unlimited_and_at_home_where_his_post_is(
    room: Session, person: User, hold: Callable[..., None]
) -> None:
    person.is_admin = True
    assert compile_policy(room, person, TODAY).home_department == department(room, "head")
    hold("reader")
    policy = compile_policy(room, person, TODAY)
    assert policy.unlimited
    assert policy.home_department == department(room, "west")


def test_another_persons_post_gives_nothing(room: Session, person: User, hold: Callable[..., None]) -> None:
    hold("keeper")
    other = User(username="bob", name="Bob")
    room.add(other)
    room.flush()
    assert dict(compile_policy(room, other, TODAY).grants) == {}


#      1
#     / \
#    2   3
#    |
#    4 <- 5 <- 6, and 7 and 8 are each other's parents
TREE = {1: None, 2: 1, 3: 1, 4: 2, 5: 4, 6: 5, 7: 8, 8: 7}


@pytest.mark.parametrize(
    ("reach", "place", "departments"),
    [
        ("department", 2, {2}),
        ("department_tree", 2, {2, 4, 5, 6}),
        ("subordinates", 2, {4, 5, 6}),
        ("subordinates", 6, set()),
        ("department_tree", 1, {1, 2, 3, 4, 5, 6}),
        ("department_tree", 7, {7, 8}),
        ("subordinates", 7, {8}),
    ],
)
def test_a_reach_word_stands_for_departments_and_always_for_ones_own(
    reach: str, place: int, departments: set[int]
) -> None:
    assert rows_for(reach, 9, place, TREE) == Rows(owners=frozenset({9}), departments=frozenset(departments))


def test_the_narrowest_and_the_widest_reach_need_no_department() -> None:
    assert rows_for("own", 9, 2, TREE) == Rows(owners=frozenset({9}))
    assert rows_for("all", 9, 2, TREE) is EVERYTHING
    assert rows_for("galaxy", 9, 2, TREE) == NOTHING


@given(st.dictionaries(st.integers(1, 6), st.none() | st.integers(1, 6), max_size=6), st.integers(1, 6))
def test_any_tree_even_with_circles_ends(parents: dict[int, Any], place: int) -> None:
    below = rows_for("department_tree", 9, place, parents).departments

    def is_below(each: int, steps: int = 7) -> bool:
        return each == place or (
            steps > 0 and parents.get(each) is not None and is_below(parents[each], steps - 1)
        )

    assert below == {each for each in {*parents, place} if is_below(each)}


def test_home_is_where_the_oldest_post_of_ones_own_is(
    room: Session, person: User, hold: Callable[..., None]
) -> None:
    hold("reader", TODAY, department="west")
    hold("reader", TODAY - 2 * DAY, department="head")
    hold("keeper", TODAY - 2 * DAY, department="west")
    hold("keeper", TODAY - 9 * DAY, department="west", acting=True)
    posts = posts_in_force(room, TODAY, [person.id])
    assert [(each.department, each.acting) for each in posts] == [
        (department(room, "head"), False),
        (department(room, "west"), False),
        (department(room, "west"), False),
        (department(room, "west"), True),
    ]
    assert compile_policy(room, person, TODAY).home_department == department(room, "head")


def test_a_cell_says_more_of_its_own_entitys_fields_and_the_letter_of_all_others(
    room: Session, person: User, hold: Callable[..., None]
) -> None:
    cell = room.query(PositionDuty).join(PositionDuty.position).filter_by(code="keeper").one()
    cell.field_levels = {"book.contact": "masked", "loan.contact": "hidden", "loan.money": "hidden"}
    room.query(LetterProfile).filter_by(letter="A").one().field_level = "write"
    hold("keeper")
    (source,) = compile_policy(room, person, TODAY).sources
    assert source.levels == {"": "write", "contact": "masked"}


def test_what_two_sources_give_adds_up() -> None:
    one, two = Rows(departments=frozenset({1})), Rows(departments=frozenset({2}))

    def source(rows: Rows, *actions: str) -> Source:
        return Source("book", frozenset(actions), rows, "department", {}, 1)

    expected = {("book", "view"): one | two, ("book", "edit"): two}
    assert add_up([source(one, "view"), source(two, "view", "edit")]) == expected
    assert add_up([source(two, "view", "edit"), source(one, "view")]) == expected


def test_a_manual_grant_names_its_reach_or_its_record(room: Session, person: User) -> None:
    bob, boss = User(username="bob", name="Bob"), User(username="boss", name="Boss")
    head = room.query(Department).filter_by(code="head").one()
    room.add_all([bob, boss])
    room.flush()
    for receiver, rows, key in ((person, "department", None), (person, None, "7"), (bob, "all", None)):
        room.add(
            AccessGrant(
                user_id=receiver.id,
                entity="book",
                actions="view",
                rows=rows,
                record_key=key,
                department_id=head.id,
                reason="x",
                approver_id=boss.id,
                valid_from=TODAY,
                valid_to=TODAY,
            )
        )
    room.flush()
    world = read_world(room)
    found = grant_sources(room, world, TODAY, [person.id])
    assert set(found) == {person.id}
    assert [(each.reach, each.record, each.rows) for each in found[person.id]] == [
        ("department", None, Rows(owners=frozenset({person.id}), departments=frozenset({head.id}))),
        ("record", "7", Rows(keys=frozenset({("book", "7")}))),
    ]
    assert set(grant_sources(room, world, TODAY)) == {person.id, bob.id}
    assert grant_sources(room, world, TODAY + DAY) == grant_sources(room, world, TODAY - DAY) == {}


def test_the_rules_of_one_moment_are_themselves_alone(room: Session) -> None:
    first, second = read_world(room), read_world(room)
    assert first != second and len({first, second}) == 2

"""Who works at the demo company, and what its customers are called."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Enum, String, select
from sqlalchemy.orm import Session

from models.base import Base
from models.contact import Contact
from models.customer import Customer
from models.organisation import Position, Post, User
from seed.demo import DemoResult, load_demo
from seed.names import CHINA, credit_code, credit_stamps
from tests.unit.seed.conftest import opened

TODAY = date(2026, 11, 24)
SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@pytest.fixture(scope="module")
def loaded() -> Iterator[tuple[Session, DemoResult]]:
    with opened("sqlite://") as session:
        yield session, load_demo(session, today=TODAY, password="correct horse battery")


def is_chinese(name: str) -> bool:
    return bool(re.search(r"[\u4e00-\u9fff]", name))


def is_valid(code: str) -> bool:
    """The two check signs, counted the other way round than the seed does: both sums must come out even."""
    organisation = code[8:17]
    last = 10 if organisation[8] == "X" else int(organisation[8])
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    first = sum(int(sign, 36) * weight for sign, weight in zip(organisation, weights, strict=False)) + last
    whole = sum(SIGNS.index(sign) * 3**place for place, sign in enumerate(code[:17])) + SIGNS.index(code[17])
    return len(code) == 18 and first % 11 == 0 and whole % 31 == 0


def test_each_position_has_somebody_of_its_name(loaded: tuple[Session, DemoResult]) -> None:
    session, result = loaded
    holders = session.execute(
        select(User, Position, Post)
        .join(Post, Post.user_id == User.id)
        .join(Position, Position.id == Post.position_id)
        .where(~Post.acting, Post.valid_from <= TODAY, Post.valid_to.is_(None))
    ).all()
    positions = {position.code: position for position in session.scalars(select(Position))}
    assert {user.username for user, _, _ in holders} >= {code.lower() for code in positions}
    for user, position, post in holders:
        assert user.username.rstrip("0123456789") == position.code.lower()
        assert position.department_id in (None, post.department_id)
    sizes = Counter(post.department_id for _, _, post in holders)
    assert len(sizes) == 13
    logins = {login.username: login for login in result.logins}
    assert set(logins) == {user.username for user, _, _ in holders} | {"admin"}
    assert (logins["csd"].position_zh, logins["csd"].position_en) == ("客户服务部专员", "Service agent")


def test_only_admin_is_one_and_only_who_left_is_shut_out(loaded: tuple[Session, DemoResult]) -> None:
    session, result = loaded
    assert session.scalars(select(User.username).where(User.is_admin)).all() == ["admin"]
    gone = session.scalars(select(User).where(~User.is_active)).all()
    assert gone
    assert not {user.username for user in gone} & {login.username for login in result.logins}
    last_days = session.scalars(select(Post.valid_to).where(Post.user_id.in_([user.id for user in gone])))
    assert all(day is not None and day < TODAY for day in last_days)


def test_people_share_one_hash(loaded: tuple[Session, DemoResult]) -> None:
    assert len(set(loaded[0].scalars(select(User.password_hash)))) == 1


def test_names_come_in_both_scripts_and_customers_differ(loaded: tuple[Session, DemoResult]) -> None:
    session, _ = loaded
    for column in (Customer.name, Contact.name, User.name):
        scripts = Counter(map(is_chinese, session.scalars(select(column))))
        assert min(scripts[True], scripts[False]) >= 5, column
    names = session.scalars(select(Customer.name)).all()
    assert len(set(names)) == len(names)


def test_every_address_is_one_that_nobody_can_own(loaded: tuple[Session, DemoResult]) -> None:
    session, _ = loaded
    for table in Base.metadata.tables.values():
        for column in table.columns:
            if isinstance(column.type, String) and not isinstance(column.type, Enum):
                for value in session.scalars(select(column).where(column.like("%@%") | column.like("%://%"))):
                    assert re.fullmatch(r"(https://www\.|[a-z0-9.]+@)[a-z0-9]+\.example", value), column


def test_credit_codes_have_right_check_signs(loaded: tuple[Session, DemoResult]) -> None:
    codes = loaded[0].scalars(select(Customer.credit_code).where(Customer.credit_code.is_not(None))).all()
    assert len(codes) > 150
    assert all(is_valid(code) for code in codes)


def test_a_stamp_keeps_the_check_signs_right() -> None:
    stamps = credit_stamps()
    some = [next(stamps) for _ in range(120)]
    assert len(set(some)) == 120
    for number in (1, 961, 9_999, 29_790):
        code = credit_code(number, CHINA[number % len(CHINA)], public=False)
        assert code[9:13] == some[0]
        assert all(is_valid(code[:9] + stamp + code[13:]) for stamp in some)

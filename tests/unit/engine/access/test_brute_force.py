"""The access engine against a second implementation, slow and obvious: every row asked one by one in Python."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, acting, compile_policy
from models.access import DutyAccess, LetterProfile
from models.duty import Duty, PositionDuty
from models.organisation import Department, Position, Post, User
from tests.unit.engine.conftest import LabSession
from tests.unit.engine.properties import steady
from tests.unit.engine.sample import SITE, Book, Chapter, Loan, Remark, Review

TODAY = date(2026, 3, 10)
LETTERS = ("R", "A", "V", "C", "S")
REACHES = ("own", "subordinates", "department", "department_tree", "all")
ACTIONS = ("view", "create", "edit", "delete", "export")
NAMES = ("book", "review", "loan", "chapter")
DEPARTMENTS, POSITIONS, DUTIES, PEOPLE = 5, 3, 3, 3

INDEX = {"department": st.integers(0, DEPARTMENTS - 1), "person": st.integers(0, PEOPLE - 1)}
DAYS = st.integers(-2, 2)
COMPANIES = st.fixed_dictionaries(
    {
        # A department's parent comes before it, so the tree is one; circles are tested with the walk itself.
        "parents": st.tuples(
            *(st.none() | st.integers(0, each - 1) if each else st.none() for each in range(DEPARTMENTS))
        ),
        "profiles": st.dictionaries(
            st.sampled_from(LETTERS),
            st.tuples(st.sets(st.sampled_from(ACTIONS)), st.sampled_from(REACHES)),
            min_size=1,
        ),
        "cells": st.dictionaries(
            st.tuples(st.integers(0, POSITIONS - 1), st.integers(0, DUTIES - 1)),
            st.sampled_from(LETTERS),
            max_size=6,
        ),
        "entities": st.sets(st.tuples(st.integers(0, DUTIES - 1), st.sampled_from(NAMES)), max_size=6),
        "posts": st.lists(
            st.tuples(
                INDEX["person"],
                st.integers(0, POSITIONS - 1),
                INDEX["department"],
                DAYS,
                st.none() | st.integers(0, 3),
                st.booleans(),
            ),
            max_size=5,
            unique_by=lambda post: post[:4],
        ),
        "active": st.booleans(),
        "books": st.lists(st.tuples(st.none() | INDEX["person"], INDEX["department"]), max_size=5),
        "reviews": st.lists(st.tuples(st.none() | INDEX["person"], INDEX["department"]), max_size=3),
    }
)


def build(session: Session, company: dict[str, Any]) -> User:
    """Store the company; the first person is who asks. Ids are index + 1 everywhere."""
    for each in range(DEPARTMENTS):
        parent = company["parents"][each]
        session.add(
            Department(
                id=each + 1,
                code=f"d{each}",
                name_zh="d",
                name_en="d",
                parent_id=None if parent is None else parent + 1,
            )
        )
        session.flush()
    for each in range(POSITIONS):
        session.add(Position(id=each + 1, code=f"p{each}", name_zh="p", name_en="p"))
    for each in range(DUTIES):
        session.add(
            Duty(
                id=each + 1,
                code=f"u{each}",
                name_zh="u",
                name_en="u",
                category="X",
                category_zh="u",
                category_en="u",
            )
        )
    for each in range(PEOPLE):
        session.add(User(id=each + 1, username=f"u{each}", name="u", is_active=company["active"] or each > 0))
    session.flush()
    for letter, (actions, reach) in company["profiles"].items():
        session.add(LetterProfile(letter=letter, actions=" ".join(sorted(actions)), rows=reach))
    for (position, duty), letter in company["cells"].items():
        session.add(PositionDuty(position_id=position + 1, duty_id=duty + 1, letter=letter))
    for duty, entity in company["entities"]:
        session.add(DutyAccess(duty_id=duty + 1, entity=entity))
    for person, position, department, start, length, acting_for in company["posts"]:
        first = TODAY + timedelta(days=start)
        session.add(
            Post(
                user_id=person + 1,
                position_id=position + 1,
                department_id=department + 1,
                valid_from=first,
                valid_to=None if length is None else first + timedelta(days=length),
                acting=acting_for,
            )
        )
    for each, (owner, department) in enumerate(company["books"]):
        owned = {"owner_id": None if owner is None else owner + 1, "department_id": department + 1}
        session.add(Book(id=each + 1, name="b", **owned))
        session.flush()
        session.add(Loan(book_id=each + 1, reader="l"))
        session.add(Remark(text="r", chapter=Chapter(title="c", book_id=each + 1)))
        for reviewer, place in company["reviews"]:
            session.add(
                Review(
                    title="r",
                    book_id=each + 1,
                    owner_id=None if reviewer is None else reviewer + 1,
                    department_id=place + 1,
                )
            )
    session.flush()
    return session.get(User, 1)  # type: ignore[return-value]


def under(company: dict[str, Any], department: int, root: int) -> bool:
    """Whether a department is `root` or somewhere below it."""
    while department != root:
        parent = company["parents"][department]
        if parent is None:
            return False
        department = parent
    return True


def within(company: dict[str, Any], reach: str, post: Any, owner: int | None, department: int) -> bool:
    """Whether a post's reach word covers a record of this owner (id) and department (index)."""
    if reach == "all" or owner == post[0] + 1:
        return True
    if reach == "department":
        return bool(department == post[2])
    if reach == "department_tree":
        return under(company, department, post[2])
    return reach == "subordinates" and department != post[2] and under(company, department, post[2])


def allows(company: dict[str, Any], action: str, entity: str, owner: int | None, department: int) -> bool:
    """Whether the first person may do this: some post in force × cell × entity × profile says so."""
    if not company["active"]:
        return False
    for post in company["posts"]:
        person, position, _place, start, length, _acting = post
        in_force = start <= 0 and (length is None or start + length >= 0)
        if person != 0 or not in_force:
            continue
        for (held, duty), letter in company["cells"].items():
            if (
                held != position
                or (duty, entity) not in company["entities"]
                or letter not in company["profiles"]
            ):
                continue
            actions, reach = company["profiles"][letter]
            if action in actions and within(company, reach, post, owner, department):
                return True
    return False


def expected(company: dict[str, Any], action: str, record: Any) -> bool:
    """Whether the first person may do `action` on a record, by its own rule or by its whole's."""
    if isinstance(record, Remark):
        return expected(company, "view" if action == "view" else "edit", record.chapter)
    if isinstance(record, Chapter):
        book = record.book
        whole = allows(
            company, "view" if action == "view" else "edit", "book", book.owner_id, book.department_id - 1
        )
        return whole or allows(company, action, "chapter", book.owner_id, book.department_id - 1)
    if isinstance(record, Loan):
        # Nobody owns single loans: who holds any of them holds all, whatever the reach.
        return any(
            allows(company, action, "loan", owner, place)
            for owner in (None, *range(1, PEOPLE + 1))
            for place in range(DEPARTMENTS)
        )
    name = "book" if isinstance(record, Book) else "review"
    return allows(company, action, name, record.owner_id, record.department_id - 1)


@settings(steady, max_examples=100)
@given(COMPANIES)
def test_rows_through_the_door_are_the_rows_that_the_matrix_gives(
    memory: Engine, company: dict[str, Any]
) -> None:
    with memory.connect() as connection, LabSession(connection) as session, acting(session, SYSTEM):
        user = build(session, company)
        policy = compile_policy(session, user, TODAY)
        for model in (Book, Chapter, Remark, Review, Loan):
            records = session.scalars(select(model)).all()
            may_view = {record.id for record in records if expected(company, "view", record)}
            with acting(session, policy):
                assert set(session.scalars(select(model.id))) == may_view
            for action in ("view", "edit", "delete"):
                for record in records:
                    assert SITE.access.holds(policy, action, record) is expected(company, action, record)

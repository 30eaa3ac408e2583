"""A selection says what was chosen, for one person and one entity; it is resolved within what that person sees."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from admin_app.actor import company_today
from admin_app.engine.access import SYSTEM, Policy, acting, compile_policy
from admin_app.engine.bulk.selection import MOST_NAMED, Selection, supports
from admin_app.engine.entity import Entity
from admin_app.errors import BadInput
from models.access import LetterProfile
from models.customer import Customer
from models.organisation import User


@pytest.fixture
def customer(app: Flask) -> Entity:
    found: Entity = app.extensions["dutybook"].by_name["customer"]
    return found


def policy_of(session: Session, username: str) -> Policy:
    user = session.scalars(select(User).where(User.username == username)).one()
    return compile_policy(session, user, company_today().date())


def numbers(session: Session, selection: Selection, entity: Entity, policy: Policy) -> set[int]:
    with acting(session, SYSTEM):
        return set(session.scalars(selection.keys(entity, policy)))


def test_ticked_records_are_themselves(session: Session, customer: Entity) -> None:
    assert numbers(session, Selection.these(customer, ["3", "1", "3"]), customer, SYSTEM) == {1, 3}


def test_all_that_match_follow_the_list(session: Session, customer: Entity) -> None:
    chosen = Selection.all_matching(customer, MultiDict([("grade:eq", "A"), ("size", "20")]), SYSTEM)
    assert numbers(session, chosen, customer, SYSTEM) == set(
        session.scalars(select(Customer.id).where(Customer.grade == "A"))
    )
    assert "size" not in str(chosen.document())


def test_all_but_these(session: Session, customer: Entity) -> None:
    everything = set(session.scalars(select(Customer.id)))
    chosen = Selection.all_matching(customer, MultiDict(), SYSTEM, ["1", "2"])
    assert numbers(session, chosen, customer, SYSTEM) == everything - {1, 2}


def test_nothing_is_chosen_beyond_what_one_sees(session: Session, customer: Entity) -> None:
    clerk = policy_of(session, "csd")
    with acting(session, clerk):
        seen = set(session.scalars(select(Customer.id)))
    everything = set(session.scalars(select(Customer.id)))
    assert seen < everything
    for chosen in (
        Selection.all_matching(customer, MultiDict(), clerk),
        Selection.these(customer, map(str, everything)),
    ):
        assert numbers(session, chosen, customer, clerk) == seen


def test_a_signed_selection_comes_back_as_it_was(session: Session, customer: Entity) -> None:
    clerk = policy_of(session, "csd")
    for chosen in (
        Selection.these(customer, ["2", "1"]),
        Selection.all_matching(customer, MultiDict([("grade:eq", "A"), ("q", "南京")]), clerk, ["7"]),
    ):
        assert Selection.read(chosen.signed(clerk), customer, clerk) == chosen


def test_it_stays_short_however_many_match(session: Session, customer: Entity) -> None:
    assert len(Selection.all_matching(customer, MultiDict(), SYSTEM).signed(SYSTEM)) < 200


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "é"])
def test_any_other_text_is_refused(session: Session, customer: Entity, text: str) -> None:
    with pytest.raises(BadInput):
        Selection.read(text, customer, SYSTEM)


def test_it_is_good_for_nobody_else_and_nothing_else(session: Session, app: Flask, customer: Entity) -> None:
    clerk, other = policy_of(session, "csd"), policy_of(session, "css")
    text = Selection.these(customer, ["1"]).signed(clerk)
    contact: Any = app.extensions["dutybook"].by_name["contact"]
    for entity, policy in ((customer, other), (contact, clerk)):
        with pytest.raises(BadInput):
            Selection.read(text, entity, policy)


@pytest.mark.parametrize(
    "keys", [[], ["x"], ["1,2"], ["-1"], ["1" * 19], list(map(str, range(MOST_NAMED + 1)))]
)
def test_keys_that_are_none_or_too_many_are_refused(
    session: Session, customer: Entity, keys: list[str]
) -> None:
    with pytest.raises(BadInput):
        Selection.these(customer, keys)


@pytest.mark.parametrize("name", ["colour:eq", "grade:like"])
def test_what_the_list_does_not_know_is_refused(session: Session, customer: Entity, name: str) -> None:
    with pytest.raises(BadInput):
        Selection.all_matching(customer, MultiDict([(name, "A")]), SYSTEM)


def test_a_filter_on_a_masked_field_is_refused(session: Session, customer: Entity) -> None:
    for profile in session.scalars(select(LetterProfile)):
        profile.field_level = "masked"
    session.flush()
    clerk = policy_of(session, "csd")
    with pytest.raises(BadInput):
        Selection.all_matching(customer, MultiDict([("phone:starts", "1")]), clerk)


def test_entities_with_a_number_and_a_version_take_part(app: Flask) -> None:
    found = {each.name for each in app.extensions["dutybook"].entities if supports(each)}
    assert {"customer", "contract", "complaint", "contact", "tag", "user"} <= found

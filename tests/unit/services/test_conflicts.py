"""Separation of duties: in a position, in a person, at appointment, and on one record."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from admin_app.engine.access import Policy
from admin_app.engine.access.compile import compile_policy
from admin_app.engine.access.policy import EVERYTHING
from admin_app.engine.access.world import Cell, read_world
from admin_app.errors import Forbidden, Refused
from admin_app.services import clock, conflicts, people
from admin_app.services.contracts import after_contract_deleted, after_contract_saved, before_contract_saved
from models.conflict import DutyConflict
from models.contract import Contract
from models.deed import Deed
from models.duty import Duty
from models.organisation import Department, Position, Post, User

TODAY = date(2026, 11, 24)


def key_of(session, model, code):
    return session.scalar(select(model.id).where(model.code == code))


def user(session, username):
    return session.scalars(select(User).where(User.username == username)).one()


@pytest.fixture
def rule(session):
    """Declare that two duties exclude each other."""

    def declare(duty, other, reach="position"):
        made = DutyConflict(
            name_zh=f"{duty}与{other}分离",
            name_en=f"{duty} apart from {other}",
            reach=reach,
            duty_id=key_of(session, Duty, duty),
            other_duty_id=key_of(session, Duty, other),
        )
        session.add(made)
        session.flush()
        return made

    return declare


def test_on_the_starting_organisation_nothing_clashes(session):
    world = read_world(session)
    assert [each.reach for each in conflicts.read_rules(session)] == ["record", "record"]
    assert conflicts.matrix_conflicts(session, world) == []
    assert conflicts.person_conflicts(session, world, TODAY) == []


def test_a_position_that_holds_both_duties_is_named_with_the_rule(session, rule):
    # CT owns CTR1 and does CTR4.
    declared = rule("CTR1", "CTR4")
    (clash,) = conflicts.matrix_conflicts(session, read_world(session))
    position = key_of(session, Position, "CT")
    assert clash.rule.id == declared.id
    assert clash.rule.names == {"zh": "CTR1与CTR4分离", "en": "CTR1 apart from CTR4"}
    assert clash.cells == (
        (position, key_of(session, Duty, "CTR1")),
        (position, key_of(session, Duty, "CTR4")),
    )


def test_whoever_only_supervises_or_coordinates_holds_nothing(session, rule):
    # CT coordinates CTR2 and supervises CTR3.
    rule("CTR1", "CTR2")
    rule("CTR1", "CTR3")
    assert conflicts.matrix_conflicts(session, read_world(session)) == []


def test_two_actions_clash_where_a_position_gets_both(session):
    session.add(
        DutyConflict(
            name_zh="甲",
            name_en="Own and approve",
            reach="position",
            entity="contract",
            action="delete",
            other_action="approve",
        )
    )
    session.flush()
    found = conflicts.matrix_conflicts(session, read_world(session))
    assert {clash.cells[0][0] for clash in found} == {key_of(session, Position, "CT")}


def test_a_person_clashes_through_two_posts_in_force(session, rule):
    rule("CTR1", "CMP1", "person")
    world = read_world(session)
    assert conflicts.person_conflicts(session, world, TODAY) == []
    who = user(session, "csd")
    session.add(
        Post(
            user=who,
            position_id=key_of(session, Position, "CT"),
            department_id=key_of(session, Department, "BIZ"),
            valid_from=TODAY,
            valid_to=TODAY + timedelta(days=5),
        )
    )
    session.flush()
    (clash,) = conflicts.person_conflicts(session, world, TODAY)
    assert (clash.user, clash.person) == (who.id, who.name)
    assert conflicts.person_conflicts(session, world, TODAY + timedelta(days=6)) == []


def test_only_what_a_new_matrix_breaks_is_refused(session, rule):
    rule("CTR1", "CTR4")
    rule("CMP1", "CMP3")
    before = read_world(session)
    position, duty = key_of(session, Position, "CSD"), key_of(session, Duty, "CMP3")
    after = before.with_cells({**before.cells, (position, duty): Cell("R")})
    (clash,) = conflicts.new_conflicts(session, before, after, TODAY)
    assert clash.rule.names["en"] == "CMP1 apart from CMP3"
    with pytest.raises(Refused, match="CMP1"):
        conflicts.refuse_edits(session, before, after, TODAY)
    conflicts.refuse_edits(session, after, before, TODAY)


def appoint(session, policy, first=TODAY, last=None, who="csd"):
    return people.appoint(
        session,
        policy,
        user(session, who),
        session.get(Position, key_of(session, Position, "CT")),
        session.get(Department, key_of(session, Department, "BIZ")),
        first,
        last,
    )


def test_an_appointment_that_brings_two_duties_together_is_refused_by_name(session, rule):
    rule("CTR1", "CMP1", "person")
    with pytest.raises(Refused, match="CTR1") as refusal:
        appoint(session, Policy("admin", 1, unlimited=True))
    assert refusal.value.key == "position"


def test_posts_that_do_not_meet_in_time_do_not_clash(session, rule):
    rule("CTR1", "CMP1", "person")
    held = session.scalars(select(Post).join(Post.user).where(User.username == "csd")).one()
    held.valid_to = TODAY
    session.flush()
    admin = Policy("admin", 1, unlimited=True)
    with pytest.raises(Refused):
        appoint(session, admin)
    assert appoint(session, admin, TODAY + timedelta(days=1)).id


def approver(session, username):
    grants = {("contract", action): EVERYTHING for action in ("view", "edit", "create", "approve")}
    who = user(session, username)
    return Policy(username, who.id, home_department=key_of(session, Department, "BIZ"), grants=grants)


def save(session, policy, contract, **values):
    with session.no_autoflush:
        for key, value in values.items():
            setattr(contract, key, value)
        session.add(contract)
        before_contract_saved(session, policy, contract)
        session.flush()
        after_contract_saved(session, policy, contract)
        session.flush()


@pytest.fixture
def draft(session, make_customer):
    """A contract that ct wrote and bd looks after."""
    contract = Contract(title="Frame", customer=make_customer(), amount=Decimal(5), owner=user(session, "bd"))
    save(session, approver(session, "ct"), contract)
    return contract


@pytest.mark.parametrize("status", ["approved", "signed"])
@pytest.mark.parametrize("username", ["ct", "bd"])
def test_who_wrote_or_owns_a_contract_does_not_approve_it(session, draft, username, status):
    with pytest.raises(Refused, match=r"起草|writes") as refusal:
        save(session, approver(session, username), draft, status=status, signed_on=TODAY)
    assert refusal.value.key == "status"


def test_giving_the_contract_away_first_does_not_help(session, draft):
    with pytest.raises(Refused):
        save(session, approver(session, "bd"), draft, status="approved", owner=user(session, "rm"))


def test_somebody_else_with_the_duty_approves_it(session, draft):
    save(session, approver(session, "rm"), draft, status="review")
    save(session, approver(session, "rm"), draft, status="approved")
    assert conflicts.performed(session, "contract", draft, "approve") == {user(session, "rm").id}


def test_who_rewrote_a_draft_is_an_author_too(session, draft):
    save(session, approver(session, "rm"), draft, title="Frame agreement")
    with pytest.raises(Refused):
        save(session, approver(session, "rm"), draft, status="approved")


def test_without_the_duty_to_approve_nobody_does(session, draft):
    clerk = Policy("rm", user(session, "rm").id, grants={("contract", "edit"): EVERYTHING})
    with pytest.raises(Refused, match=r"approve|审批"):
        save(session, clerk, draft, status="approved")


def test_nobody_writes_a_contract_that_is_approved_already(session, make_customer):
    contract = Contract(title="Frame", customer=make_customer(), amount=Decimal(5), status="approved")
    with pytest.raises(Refused):
        save(session, approver(session, "ct"), contract)


def test_a_deleted_contract_leaves_no_deeds_to_the_next_of_its_number(session, draft):
    session.delete(draft)
    session.flush()
    after_contract_deleted(session, approver(session, "ct"), draft)
    assert session.scalars(select(Deed).where(Deed.entity == "contract")).all() == []


def test_nobody_appoints_themselves_not_even_while_standing_in_for_a_head(session):
    world = read_world(session)
    policy = compile_policy(session, user(session, "csd2"), clock.today(), world)
    with pytest.raises(Forbidden):
        people.appoint(
            session,
            policy,
            user(session, "csd2"),
            session.get(Position, key_of(session, Position, "CSS")),
            session.get(Department, key_of(session, Department, "CS")),
            TODAY + timedelta(days=30),
            None,
        )

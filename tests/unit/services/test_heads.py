"""Who leads a department, what a head may give, and who decides above."""

import pytest
from sqlalchemy import select

from admin_app.engine.access import Policy, compile_policy
from admin_app.engine.access.world import Cell, read_world
from admin_app.engine.site import site
from admin_app.services import clock
from admin_app.services.heads import beyond, editable_positions, head_of, headed_departments, leads, next_up
from models.duty import Duty
from models.grant import AccessGrant
from models.organisation import Department, Position, User

TODAY = clock.today()


@pytest.fixture
def world(session):
    return read_world(session)


@pytest.fixture
def policy_of(session, world):
    def compiled(username):
        user = session.scalars(select(User).where(User.username == username)).one()
        return compile_policy(session, user, TODAY, world)

    return compiled


def key(session, model, code):
    return session.scalar(select(model.id).where(model.code == code))


def codes(world, departments):
    return {world.departments[each].code for each in departments}


def usernames(leaders):
    return {each.username for each in leaders}


def test_a_head_leads_the_own_department_and_those_below(world, policy_of):
    assert codes(world, headed_departments(policy_of("css"), world)) == {"CS"}
    assert codes(world, headed_departments(policy_of("exe"), world)) == codes(world, world.departments)


def test_a_clerk_leads_nothing(world, policy_of):
    assert headed_departments(policy_of("csd"), world) == frozenset()
    assert not leads(policy_of("csd"))
    assert editable_positions(policy_of("csd"), world) == frozenset()


def test_a_manual_grant_makes_no_head(world, policy_of, session):
    clerk = session.scalars(select(User).where(User.username == "csd")).one()
    head = session.scalars(select(User).where(User.username == "css")).one()
    grant = AccessGrant(user=clerk, approver=head, entity="complaint", actions="configure", reason="试用")
    grant.rows, grant.field_level, grant.valid_from, grant.valid_to = "all", "read", TODAY, TODAY
    grant.department_id = key(session, Department, "CS")
    session.add(grant)
    session.flush()
    assert not leads(policy_of("csd"))


def test_positions_of_no_department_are_for_administrators(world, policy_of):
    mine = {world.positions[each].code for each in editable_positions(policy_of("css"), world)}
    assert mine == {"CSM", "CSS", "CSD", "ST"}
    assert len(editable_positions(Policy("admin", 1, unlimited=True), world)) == 29


def test_the_nearest_heads_come_first(session, world):
    assert usernames(head_of(session, world, key(session, Department, "CS"), TODAY)) >= {"css"}
    assert "exe" not in usernames(head_of(session, world, key(session, Department, "CS"), TODAY))
    assert usernames(head_of(session, world, None, TODAY)) == {"admin"}


def test_what_is_beyond_a_head_goes_up_the_tree_and_in_the_end_to_an_administrator(session, world, policy_of):
    department = key(session, Department, "CS")
    assert usernames(next_up(session, world, policy_of("css").user_id, department, TODAY)) == {"exe"}
    assert usernames(next_up(session, world, policy_of("exe").user_id, department, TODAY)) == {"admin"}
    assert "css" in usernames(next_up(session, world, policy_of("csd").user_id, department, TODAY))


def give(session, policy, world, duty, letter, rows=None, code="CS", levels=None):
    department = key(session, Department, code) if code else None
    cell = Cell(letter, rows, levels or {})
    return beyond(policy, world, site().access, department, key(session, Duty, duty), cell)


def test_a_head_gives_what_the_head_holds_and_no_wider(session, world, policy_of):
    css = policy_of("css")
    assert give(session, css, world, "CMP3", "R") == []
    assert give(session, css, world, "CMP3", "A") == []
    assert give(session, css, world, "CMP3", "R", rows="all") != []
    assert give(session, css, world, "CMP3", "R", code="SAL") != []
    assert give(session, css, world, "CMP3", "R", code=None) != []


def test_somebodys_own_records_count_as_the_departments(session, world, policy_of):
    assert give(session, policy_of("css"), world, "CMP3", "S") == []
    assert give(session, policy_of("mkm"), world, "CMP3", "S", code="MKT") != []


def test_an_administrator_gives_everything(session, world):
    assert give(session, Policy("admin", 1, unlimited=True), world, "CTR4", "A", rows="all") == []


def test_positions_that_exist_are_the_ones_that_count(session, world, policy_of):
    assert key(session, Position, "CSD") in editable_positions(policy_of("css"), world)
    assert key(session, Position, "SLM") not in editable_positions(policy_of("css"), world)

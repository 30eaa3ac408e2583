"""Verdicts in words: each yes names what it rests on, each no who could."""

from datetime import timedelta

import pytest
from flask import current_app, g
from flask_babel import force_locale
from sqlalchemy import select

from admin_app.engine.access.compile import compile_policy
from admin_app.engine.access.explain import why
from admin_app.engine.access.world import read_world
from admin_app.engine.language import LOCALES
from admin_app.engine.site import site
from admin_app.errors import BadInput
from admin_app.services import clock
from admin_app.services.answers import ACTION_WORDS, action_name
from admin_app.services.explanations import Explainer
from admin_app.services.sentences import Part, plain, weave
from models.complaint import Complaint
from models.contract import Contract, Obligation
from models.grant import AccessGrant
from models.organisation import Department, Post, User

TODAY = clock.today()


@pytest.fixture
def explainer(session):
    g.language = "en"
    return Explainer(session, current_app.extensions["dutybook"], read_world(session), TODAY)


@pytest.fixture
def policy_of(session):
    def found(username, today=TODAY):
        user = session.scalars(select(User).where(User.username == username)).one()
        return compile_policy(session, user, today)

    return found


@pytest.mark.parametrize("locale", LOCALES.values())
def test_an_action_by_itself_ends_without_a_colon(session, locale):
    with force_locale(locale):
        names = [action_name(action) for action in ACTION_WORDS]
    assert all(name and not name.endswith((":", "：")) for name in names)


def test_a_sentence_takes_its_parts_in_the_order_of_its_language():
    link = Part("cell", "matrix.index", {"q": "X"})
    assert weave("%(b)s of %(a)s.", a=(Part("A"),), b=link) == (link, Part(" of "), Part("A"), Part("."))
    assert plain(weave("100 % %(a)s", a="sure")) == "100 % sure"


@pytest.mark.parametrize("username", ["css", "csd", "csd2", "ct", "admin", "exe", "rm"])
@pytest.mark.parametrize("action", ["view", "edit", "delete"])
@pytest.mark.parametrize("entity", ["complaint", "obligation", "department", "user"])
def test_as_many_reasons_are_told_as_the_engine_finds(explainer, policy_of, username, action, entity):
    policy = policy_of(username)
    verdict = why(site().access, policy, action, entity)
    answer = explainer.explain(policy, action, entity)
    assert answer.allowed == verdict.allowed
    if verdict.ground == "cells":
        assert len(answer.because) == len(verdict.reasons)
    elif verdict.allowed:
        assert len(answer.because) == 1
    else:
        assert answer.because == ()


def test_acting_and_its_end_are_told(session, explainer, policy_of):
    end = session.scalars(
        select(Post.valid_to).join(User, User.id == Post.user_id).where(Post.acting)
    ).first()
    text = "\n".join(explainer.explain(policy_of("csd2"), "delete", "complaint").lines())
    assert "Because as acting Service supervisor for 罗嘉言 in Customer service you hold A" in text
    assert f"It ends after {end.isoformat()}." in text


def test_a_part_follows_its_whole(session, explainer, policy_of):
    there = select(Department.id).where(Department.code == "BIZ")
    obligation = session.scalars(
        select(Obligation)
        .join(Contract, Contract.id == Obligation.contract_id)
        .where(Contract.department_id.in_(there))
        .limit(1)
    ).one()
    answer = explainer.explain(policy_of("ct"), "delete", "obligation", obligation)
    text = "\n".join(answer.lines())
    assert answer.allowed
    assert "Obligations belong to contracts: whoever may edit the whole may do it with the part." in text
    assert "in Business." in text


def test_a_record_beyond_ones_reach_says_how_far_that_goes(session, explainer, policy_of):
    elsewhere = select(Department.id).where(Department.code == "MAL")
    record = session.scalars(select(Complaint).where(Complaint.department_id.in_(elsewhere)).limit(1)).one()
    answer = explainer.explain(policy_of("csd"), "edit", "complaint", record)
    assert not answer.allowed and len(answer.short) == 2
    assert "lies beyond" in plain(answer.answer)
    assert "钱佩兰" in {each.name for each in answer.able}
    assert "林小满" not in {each.name for each in answer.able}


def test_what_is_forbidden_to_all_needs_no_request(explainer, policy_of):
    for username in ("csd", "admin"):
        answer = explainer.explain(policy_of(username), "edit", "complaint_event")
        assert (answer.allowed, answer.ground, list(answer.ways)) == (False, "forbidden", [])
    assert explainer.who("edit", "complaint_event") == []


def test_a_grant_names_its_approver_reason_and_end(session, explainer, policy_of):
    users = dict(session.execute(select(User.username, User.id)).all())
    session.add(
        AccessGrant(
            user_id=users["bd"],
            entity="complaint",
            actions="view",
            rows="department",
            department_id=session.scalar(select(Department.id).where(Department.code == "CS")),
            field_level="read",
            reason="Joint visit",
            approver_id=users["css"],
            valid_from=TODAY,
            valid_to=TODAY + timedelta(days=2),
        )
    )
    session.flush()
    text = "\n".join(explainer.explain(policy_of("bd"), "view", "complaint").lines())
    until = (TODAY + timedelta(days=2)).isoformat()
    assert (
        f"granted by hand by 罗嘉言 until {until}: view complaints of the department. Reason: Joint visit"
        in text
    )
    (stranger,) = [each for each in explainer.who("view", "complaint") if each.username == "bd"]
    assert "Joint visit" not in plain(stranger.because[0])
    after = compile_policy(
        session, session.get(User, users["bd"]), TODAY + timedelta(days=3), read_world(session)
    )
    assert not explainer.explain(after, "view", "complaint").allowed


def test_names_follow_the_language(explainer, policy_of):
    g.language = "zh"
    text = "\n".join(explainer.explain(policy_of("css"), "edit", "complaint").lines())
    assert "客户服务主管" in text and "客户服务部" in text and "终级疑难投诉" in text


def test_what_does_not_exist_is_refused(explainer):
    for action, entity in (("fly", "complaint"), ("view", "nonsense"), ("", "")):
        with pytest.raises(BadInput):
            explainer.check(action, entity)
    explainer.check("create", "import")

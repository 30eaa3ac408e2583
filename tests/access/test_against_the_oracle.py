"""The engine of access against the oracle, over drawn worlds in the real models on both databases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.orm import Session, aliased, joinedload

from admin_app.engine.access import Policy, acting, compile_policy
from admin_app.engine.access.compile import add_up, policies
from admin_app.engine.access.explain import why
from admin_app.engine.access.world import read_world
from admin_app.engine.lookup import lookup
from admin_app.engine.site import Site
from models.contract import Obligation
from models.organisation import User
from tests.access import oracle
from tests.access.declared import MODELS, SITES
from tests.access.oracle import World
from tests.access.rooms import shown
from tests.access.worlds import ACTIONS, TODAY, worlds

#: A profile that was asked for says how many; otherwise 150 on each database.
WORLDS = (
    settings.default.max_examples if settings.get_current_profile_name() in ("nightly", "mutants") else 150
)
drawn = settings(
    report_multiple_bugs=False,
    max_examples=WORLDS,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
#: Harmless columns to write to.
WRITTEN = {
    "customer": "region",
    "contact": "wechat",
    "contract": "terms",
    "obligation": "description",
    "tag_family": "name_en",
    "tag": "name_en",
}


@drawn
@given(world=worlds())
def test_the_engine_and_the_oracle_agree(engine: Engine, world: World) -> None:
    site = SITES[world["kind"]]
    with shown(engine, world) as session:
        records = {
            name: {record.id: record for record in session.scalars(select(model))}
            for name, model in MODELS.items()
        }
        rules = read_world(session)
        everybody = policies(session, rules, TODAY)
        people = {user.id: user for user in session.scalars(select(User))}
        assert set(everybody) == {each["id"] for each in world["users"] if each["active"]}
        for user in people:
            policy = compile_policy(session, people[user], TODAY, rules)
            if user in everybody:
                assert everybody[user][1].unlimited is policy.unlimited
                assert policy.unlimited or everybody[user][1].grants == policy.grants
            compare_verdicts(site, world, user, policy, records)
            compare_fields(site, world, user, policy, records)
            compare_reasons(site, world, user, policy, records)
        compare_statements(session, site, world, 1, compile_policy(session, people[1], TODAY))


def compare_verdicts(site: Site, world: World, user: int, policy: Policy, records: Any) -> None:
    """May somebody do this at all, and on this record?"""
    for name in MODELS:
        entity = site.by_name[name]
        for action in ACTIONS:
            expected = oracle.may(world, user, action, name)
            assert site.may(policy, action, entity) is expected, (user, action, name)
            for row in world["rows"][name]:
                expected = oracle.may_row(world, user, action, name, row)
                record = records[name][row["id"]]
                assert site.may_record(policy, action, entity, record) is expected, (user, action, name, row)


def compare_fields(site: Site, world: World, user: int, policy: Policy, records: Any) -> None:
    """How much of each grouped field, on each record and on all."""
    for name in MODELS:
        levels = site.fields(policy, site.by_name[name])
        for field, group in world["entities"][name]["groups"].items():
            for row in world["rows"][name]:
                height = oracle.level(world, user, name, group, row)
                record = records[name][row["id"]]
                for index, word in enumerate(oracle.LEVELS):
                    if index:
                        got = site.access.contains(levels.rows(field, word), record)
                        assert got is (height >= index), (user, name, field, word, row)
            case = user, name, field
            assert levels.readable(field) is oracle.readable(world, user, name, field), case
            assert levels.visible(field) is oracle.reaches_level(world, user, name, field, "masked"), case
            assert levels.writable(field) is oracle.reaches_level(world, user, name, field, "write"), case
        assert levels.readable("id") and levels.visible("id") and levels.writable("id")


def compare_reasons(site: Site, world: World, user: int, policy: Policy, records: Any) -> None:
    """Each yes has reasons that carry it, together and one by one; each no has none."""
    for name in MODELS:
        for action in ACTIONS:
            for record in (None, *records[name].values()):
                verdict = why(site.access, policy, action, name, record)
                if record is None:
                    allowed = bool(site.access.rows(policy, action, name))
                else:
                    allowed = site.access.holds(policy, action, record)
                case = user, action, name, record and record.id
                assert verdict.allowed is allowed, case
                if verdict.ground in ("admin", "open"):
                    assert allowed and not verdict.reasons, case
                    continue
                assert bool(verdict.reasons) is allowed, case
                assert (verdict.ground == "cells") is allowed, case
                sources = [reason.source for reason in verdict.reasons]
                others = [source for source in policy.sources if not any(source is each for each in sources)]
                assert not holds(site, only(policy, others), action, name, record), case
                for source in sources:
                    assert holds(site, only(policy, [source]), action, name, record), case


def only(policy: Policy, sources: list[Any]) -> Policy:
    """The same person with some of the sources alone."""
    return replace(policy, sources=tuple(sources), grants=add_up(sources))


def holds(site: Site, policy: Policy, action: str, name: str, record: Any) -> bool:
    """The verdict on an entity, or on one record of it."""
    if record is None:
        return bool(site.access.rows(policy, action, name))
    return site.access.holds(policy, action, record)


def compare_statements(session: Session, site: Site, world: World, user: int, policy: Policy) -> None:
    """What comes back from, and goes into, the database through the hook."""
    wholes = {row["id"]: row["whole"] for row in world["rows"]["obligation"]}
    seen = {
        name: {row["id"] for row in world["rows"][name] if oracle.sees(world, user, name, row)}
        for name in MODELS
    }
    with acting(session, policy):
        for name, model in MODELS.items():
            session.expunge_all()
            assert {record.id for record in session.scalars(select(model))} == seen[name], name
            assert session.scalar(select(func.count(model.id))) == len(seen[name]), name
            assert session.scalar(select(func.max(aliased(model).id))) == max(seen[name], default=None), name
            offered = {int(key) for key, _label in lookup(session, site.by_name[name], "")}
            assert offered == seen[name], name
            touched = session.scalars(
                update(model).values({WRITTEN[name]: "x"}).returning(model.id), execution_options=_PLAIN
            )
            assert set(touched) == reached(world, user, "edit", name), name
        session.expunge_all()
        loaded = session.scalars(select(Obligation).options(joinedload(Obligation.contract))).all()
        assert {each.id for each in loaded if each.contract is not None} == {
            key for key in seen["obligation"] if wholes[key] in seen["contract"]
        }
        for name in ("tag", "obligation", "contract", "contact", "customer", "tag_family"):
            model = MODELS[name]
            expected = reached(world, user, "delete", name)
            with session.begin_nested() as savepoint:
                gone = session.scalars(delete(model).returning(model.id), execution_options=_PLAIN)
                assert set(gone) == expected, name
                savepoint.rollback()


_PLAIN = {"synchronize_session": False}


def reached(world: World, user: int, action: str, name: str) -> set[int]:
    """Rows that duties and grants reach."""
    return {row["id"] for row in world["rows"][name] if oracle.covers(world, user, action, name, row)}

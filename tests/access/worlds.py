"""Worlds: drawn by Hypothesis as lists of dicts for the oracle, and written as rows of the real models."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import Connection, Table, insert

from models.access import DutyAccess, LetterProfile
from models.base import Base
from models.duty import Duty, PositionDuty
from models.grant import AccessGrant
from models.organisation import Department, Position, Post, User
from tests.access.declared import KINDS, MODELS, entities_of
from tests.access.oracle import World

TODAY = date(2026, 3, 10)
ACTIONS = ("view", "create", "edit", "delete", "export", "reveal", "approve")
REACHES = ("own", "subordinates", "department", "department_tree", "all")
LEVELS = ("hidden", "masked", "read", "write")
LETTERS = ("R", "A", "V", "C", "S", "I")
#: Groups that a cell may speak of; one of them is no entity's.
SPOKEN = ("customer.contact", "contact.private", "contract.money", "obligation.money", "customer.money")
DEPARTMENTS, POSITIONS, DUTIES, PEOPLE = 5, 3, 3, 3

entity = st.sampled_from(tuple(MODELS))
actions = st.sets(st.sampled_from(ACTIONS), max_size=4).map(sorted)
# Most rights look at something: levels count with the right to view alone.
viewing = st.sets(st.sampled_from(ACTIONS), max_size=3).map(lambda words: sorted({"view", *words}))
reach = st.sampled_from(REACHES)
level = st.sampled_from(LEVELS)
#: A grant is for many rows, or for one, which need not exist.
record = st.none() | st.integers(1, 4)
person = st.integers(1, PEOPLE)
position = st.integers(1, POSITIONS)
duty = st.integers(1, DUTIES)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A company on TODAY with all its rules and some rows; ids count from 1 everywhere."""
    parents = [
        draw(st.none() | st.integers(1, each)) if each else None
        for each in range(draw(st.integers(1, DEPARTMENTS)))
    ]
    place = st.integers(1, len(parents))
    first = st.integers(-3, 1)
    days = st.integers(0, 4)
    kind = draw(st.integers(0, len(KINDS) - 1))
    letters = draw(
        st.dictionaries(
            st.sampled_from(LETTERS), st.tuples(actions | viewing, reach, level), min_size=1, max_size=4
        )
    )
    cells = draw(
        st.dictionaries(
            st.tuples(position, duty),
            st.tuples(
                st.sampled_from(LETTERS),
                st.none() | reach,
                st.none() | st.dictionaries(st.sampled_from(SPOKEN), level, max_size=3),
            ),
            max_size=6,
        )
    )
    posts = draw(
        st.lists(
            st.tuples(person, position, place, first, st.none() | days, st.booleans()),
            max_size=5,
            unique_by=lambda post: post[:4],
        )
    )
    grants = draw(
        st.lists(
            st.tuples(person, entity, actions | viewing, reach, record, level, place, first, days), max_size=3
        )
    )
    owned = st.lists(st.tuples(st.none() | person, place), max_size=5)
    contracts = draw(owned)
    return {
        "today": TODAY,
        "kind": kind,
        "entities": entities_of(kind),
        "users": [
            {"id": each + 1, "active": draw(st.integers(0, 7)) > 0, "admin": draw(st.integers(0, 9)) == 9}
            for each in range(PEOPLE)
        ],
        "departments": [{"id": each + 1, "parent": parent} for each, parent in enumerate(parents)],
        "positions": [{"id": each + 1} for each in range(POSITIONS)],
        "duties": [
            {"id": each + 1, "entities": draw(st.sets(entity, max_size=4).map(sorted))}
            for each in range(DUTIES)
        ],
        "letters": [
            {"letter": letter, "actions": words, "reach": word, "level": height}
            for letter, (words, word, height) in letters.items()
        ],
        "cells": [
            {"position": place, "duty": task, "letter": letter, "reach": word, "levels": heights}
            for (place, task), (letter, word, heights) in cells.items()
        ],
        "posts": [
            {
                "user": who,
                "position": job,
                "department": where,
                "first": TODAY + timedelta(days=start),
                "last": None if length is None else TODAY + timedelta(days=start + length),
                "acting": acting,
            }
            for who, job, where, start, length, acting in posts
        ],
        "grants": [
            {
                "user": who,
                "entity": name,
                "actions": words,
                "reach": word if only is None else None,
                "record": only,
                "level": height,
                "department": where,
                "first": TODAY + timedelta(days=start),
                "last": TODAY + timedelta(days=start + length),
            }
            for who, name, words, word, only, height, where, start, length in grants
        ],
        "rows": {
            "customer": _owned(draw(owned)),
            "contact": _owned(draw(owned)),
            "contract": _owned(contracts),
            "obligation": _parts(draw, len(contracts)),
            "tag_family": [{"id": 1, "owner": None, "department": None}],
            "tag": _parts(draw, 1),
        },
    }


def _owned(pairs: list[tuple[int | None, int]]) -> list[dict[str, Any]]:
    return [
        {"id": each + 1, "owner": owner, "department": where} for each, (owner, where) in enumerate(pairs)
    ]


def _parts(draw: st.DrawFn, wholes: int) -> list[dict[str, Any]]:
    chosen = draw(st.lists(st.integers(1, wholes), max_size=4)) if wholes else []
    return [{"id": each + 1, "whole": whole} for each, whole in enumerate(chosen)]


def write(connection: Connection, world: World) -> None:
    """Store the world in empty tables; one statement per table."""
    names = {"name_zh": "名", "name_en": "name"}
    _store(
        connection,
        Department,
        [
            {"id": each["id"], "code": f"d{each['id']}", "parent_id": each["parent"], **names}
            for each in world["departments"]
        ],
    )
    _store(
        connection,
        Position,
        [{"id": each["id"], "code": f"p{each['id']}", **names} for each in world["positions"]],
    )
    categories = {"category": "X", "category_zh": "类", "category_en": "X"}
    _store(
        connection,
        Duty,
        [{"id": each["id"], "code": f"u{each['id']}", **names, **categories} for each in world["duties"]],
    )
    _store(
        connection,
        User,
        [
            {
                "id": each["id"],
                "username": f"u{each['id']}",
                "name": f"人{each['id']}",
                "is_active": each["active"],
                "is_admin": each["admin"],
            }
            for each in world["users"]
        ],
    )
    _store(
        connection,
        LetterProfile,
        [
            {
                "letter": each["letter"],
                "actions": " ".join(each["actions"]),
                "rows": each["reach"],
                "field_level": each["level"],
            }
            for each in world["letters"]
        ],
    )
    _store(
        connection,
        DutyAccess,
        [{"duty_id": each["id"], "entity": name} for each in world["duties"] for name in each["entities"]],
    )
    _store(
        connection,
        PositionDuty,
        [
            {
                "position_id": each["position"],
                "duty_id": each["duty"],
                "letter": each["letter"],
                "rows": each["reach"],
                "field_levels": each["levels"],
            }
            for each in world["cells"]
        ],
    )
    _store(
        connection,
        Post,
        [
            {
                "user_id": each["user"],
                "position_id": each["position"],
                "department_id": each["department"],
                "valid_from": each["first"],
                "valid_to": each["last"],
                "acting": each["acting"],
            }
            for each in world["posts"]
        ],
    )
    _store(
        connection,
        AccessGrant,
        [
            {
                "user_id": each["user"],
                "entity": each["entity"],
                "actions": " ".join(each["actions"]),
                "rows": each["reach"],
                "record_key": None if each["record"] is None else str(each["record"]),
                "department_id": each["department"],
                "field_level": each["level"],
                "reason": "代班",
                "approver_id": each["user"] % PEOPLE + 1,
                "valid_from": each["first"],
                "valid_to": each["last"],
            }
            for each in world["grants"]
        ],
    )
    for name, filled in _FILLED.items():
        _store(connection, MODELS[name], [{**_keys(name, row), **filled(row)} for row in world["rows"][name]])


def _keys(name: str, row: dict[str, Any]) -> dict[str, Any]:
    if name in ("customer", "contact", "contract"):
        return {"id": row["id"], "owner_id": row["owner"], "department_id": row["department"]}
    whole = {"obligation": "contract_id", "tag": "family_id"}.get(name)
    return {"id": row["id"], whole: row["whole"]} if whole else {"id": row["id"]}


_FILLED: dict[str, Any] = {
    "customer": lambda row: {
        "code": f"KH-{row['id']}",
        "name": f"客户{row['id']}",
        "customer_class": "project",
        "customer_subtype": "single",
        "phone": "13812345678",
    },
    "contact": lambda row: {"name": f"联系人{row['id']}", "birthday": date(1990, 1, 1)},
    "contract": lambda row: {
        "number": f"HT-{row['id']}",
        "title": f"合同{row['id']}",
        "counterparty_kind": "supplier",
        "counterparty_name": "供应商",
        "amount": 5,
    },
    "obligation": lambda row: {"side": "ours", "description": f"义务{row['id']}", "amount": 1},
    "tag_family": lambda row: {"code": f"f{row['id']}", "name_zh": "族", "name_en": "family"},
    "tag": lambda row: {"name_zh": f"签{row['id']}", "name_en": "tag"},
}


def _store(connection: Connection, model: type[Any], rows: list[dict[str, Any]]) -> None:
    table: Table = Base.metadata.tables[model.__tablename__]
    if rows:
        connection.execute(insert(table), rows)

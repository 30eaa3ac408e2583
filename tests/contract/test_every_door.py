"""Every door for every position: the app answers what the matrix predicts, and shows the rows that it predicts."""

from __future__ import annotations

import csv
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from admin_app.gate import ANONYMOUS_ENDPOINTS
from models.organisation import User
from tests.contract.conftest import FOR_DAYS, Visitor
from tests.contract.doors import IMPERSONAL, undeclared, visits
from tests.contract.expectation import POSITIONS, Expectation
from tests.contract.pages import next_page, row_keys, tab_counts, title_count

#: PostgreSQL decides nothing of its own here: it gets one position of each kind (whole tree, clerk of two letters,
#: cross-department supervisor, helper with own rows, position without any right on data) and the administrator.
FEW = ("exe", "css", "csd", "da", "ct", "flr", "admin")
PAIRS = [
    *(("sqlite", who) for who in (*POSITIONS, "admin", *FOR_DAYS)),
    *(("postgresql", who) for who in FEW),
]
everybody = pytest.mark.parametrize(
    ("database_kind", "username"), PAIRS, indirect=["database_kind"], scope="session"
)
Visitors = Callable[[str], Visitor]


def test_each_route_has_a_declared_door(app: Flask) -> None:
    assert undeclared(app) == []


def test_the_doors_without_a_sign_in_are_the_known_ones() -> None:
    assert ANONYMOUS_ENDPOINTS == IMPERSONAL


def test_each_starting_position_has_a_demo_user(expectation: Expectation) -> None:
    assert [code for code in POSITIONS if not expectation.actor(code).grants] == []


@everybody
def test_each_door_answers_what_the_matrix_predicts(
    app: Flask, expectation: Expectation, visitors: Visitors, username: str
) -> None:
    visitor, actor = visitors(username), expectation.actor(username)
    wrong = []
    for visit in visits(app, expectation, actor):
        got = visitor.ask(visit.method, visit.url).status_code
        if got != visit.status:
            wrong.append(f"{visit.method} {visit.url}: {got}, not {visit.status}")
    assert wrong == []


@everybody
def test_each_list_shows_and_counts_exactly_the_predicted_rows(
    expectation: Expectation, visitors: Visitors, username: str
) -> None:
    visitor, actor = visitors(username), expectation.actor(username)
    for entity in expectation.site.entities:
        if not expectation.may(actor, "view", entity.name):
            continue
        expected = expectation.seen(actor, entity.name)
        url: str | None = f"/{entity.name}/?size=100"
        found: list[str] = []
        while url:
            answer = visitor.get(url)
            assert answer.status_code == 200, entity.name
            page = answer.text
            assert title_count(page) == len(expected), entity.name
            found += row_keys(page)
            url = next_page(page)
        assert len(found) == len(set(found)), entity.name
        assert {int(key) for key in found} == expected, entity.name


@everybody
def test_each_export_holds_exactly_the_rows_that_may_be_exported(
    expectation: Expectation, visitors: Visitors, username: str
) -> None:
    visitor, actor = visitors(username), expectation.actor(username)
    for entity in expectation.site.entities:
        if not expectation.may(actor, "export", entity.name):
            continue
        expected = expectation.keys(actor, "export", entity.name) & expectation.seen(actor, entity.name)
        lines = visitor.get(f"/{entity.name}/export/csv/?cols=id").text.splitlines()
        assert sorted(_keys_of(lines)) == sorted(expected), entity.name


def _keys_of(lines: list[str]) -> list[int]:
    rows = csv.reader(lines)
    next(rows)
    return [int(row[-1]) for row in rows]


@everybody
def test_each_record_counts_only_predicted_rows_on_its_tabs(
    expectation: Expectation, visitors: Visitors, username: str
) -> None:
    visitor, actor = visitors(username), expectation.actor(username)
    for entity in expectation.site.entities:
        seen = expectation.keys(actor, "view", entity.name)
        if not seen or not expectation.may(actor, "view", entity.name):
            continue
        key = min(seen)
        found = tab_counts(visitor.get(f"/{entity.name}/details/?id={key}").text)
        expected = {
            f"{child.name}.{each.key}": len(_pointing(expectation, actor, child, each, key))
            for child, each in expectation.site.referrers(entity)
            if expectation.may(actor, "view", child.name)
        }
        assert found == expected, entity.name


def _pointing(expectation: Expectation, actor: Any, child: Any, each: Any, key: int) -> set[int]:
    seen = expectation.seen(actor, child.name)
    return expectation.pointing[child.name, each.column.name].get(key, set()) & seen


def test_nobody_gets_in_without_a_sign_in(app: Flask, visitors: Visitors) -> None:
    visitor = visitors("")
    for rule in app.url_map.iter_rules():
        if rule.endpoint in IMPERSONAL:
            continue
        url = str(rule).replace("<export_type>", "csv").replace("<path:filename>", "x.css")
        for method in sorted(rule.methods or ()):
            answer = visitor.client.open(f"{url}?id=1", method=method)
            if method == "POST":
                # Without the token of a session nothing is even looked at.
                assert answer.status_code in (302, 400), (method, url)
            else:
                assert answer.status_code == 302, (method, url)
            assert "/login" in answer.headers.get("Location", "/login"), (method, url)


def test_a_script_without_a_sign_in_is_told_so(app: Flask, visitors: Visitors) -> None:
    for entity in app.extensions["dutybook"].entities:
        assert visitors("").ask("GET", f"/{entity.name}/").status_code == 401


def test_a_disabled_person_is_out_at_the_next_request(app: Flask, rollback: None) -> None:
    visitor = Visitor(app, "css")
    assert visitor.get("/complaint/").status_code == 200
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        session.query(User).filter_by(username="css").one().is_active = False
        session.commit()
    for rule in app.url_map.iter_rules():
        if rule.endpoint not in IMPERSONAL and "GET" in (rule.methods or ()):
            url = str(rule).replace("<export_type>", "csv").replace("<path:filename>", "x.css")
            assert visitor.get(url).status_code == 302, url
    assert visitor.post("/complaint/new/", {}).status_code == 401


def test_a_disabled_person_cannot_sign_in(app: Flask, expectation: Expectation) -> None:
    assert expectation.actor("csd4").user_id is not None
    with pytest.raises(AssertionError, match="cannot sign in"):
        Visitor(app, "csd4")

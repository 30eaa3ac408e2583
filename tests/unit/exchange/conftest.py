"""Imports into the whole app, on both databases, as whoever a test names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from flask import Flask, g
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, Policy, acting, compile_policy
from admin_app.engine.exchange.importing import Importer
from admin_app.engine.exchange.mapping import Recipe, choose, guess
from admin_app.engine.exchange.outcome import Outcome
from admin_app.engine.exchange.reading import read_table
from admin_app.engine.site import site
from models.organisation import User

TODAY = date(2026, 11, 24)


@pytest.fixture
def desk(app: Flask, session: Session) -> Iterator[Session]:
    """The session of a person who reads English."""
    with app.test_request_context(method="POST"):
        g.language = "en"
        yield session


@pytest.fixture
def policy_of(session: Session) -> Callable[[str], Policy]:
    """Call it with a user name to get that person's policy."""

    def find(username: str) -> Policy:
        user = session.scalars(select(User).where(User.username == username)).one()
        return compile_policy(session, user, TODAY)

    return find


@pytest.fixture
def load(desk: Session) -> Callable[..., Outcome]:
    """Call it with (entity, lines of a CSV file) to import them; `policy`, `constants` … as in Recipe."""

    def run(
        entity: str, text: str, policy: Policy = SYSTEM, dry: bool = False, look: Any = None, **recipe: Any
    ) -> Outcome:
        table = read_table(text.encode())
        target = site().by_name[entity]
        columns = recipe.pop("columns", None) or guess(target, table.headers)
        made = choose(Recipe(target, columns, **recipe), table.headers, columns)
        with acting(desk, policy):
            importer = Importer(desk, policy, made, table)
            return importer.run(dry=dry, look=look or (lambda importer: None))

    return run


def said(outcome: Outcome) -> list[tuple[int, str, str]]:
    """(line, field, sentence) of each problem."""
    return [(problem.line, problem.key, problem.message) for problem in outcome.problems]

"""Kinds of jobs to try the machinery on: they make tag families, whose codes are unique: nothing counts twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.engine.access import policy_of
from admin_app.engine.job import JobKind, Running
from admin_app.errors import Refused
from admin_app.jobs.order import order
from models.job import Job
from models.organisation import User
from models.tag import TagFamily


class Tried:
    """What the jobs of a test saw, and what happens to them in the middle."""

    def __init__(self) -> None:
        self.chunks: list[int] = []
        self.actors: list[str] = []
        self.before: Callable[[int], None] = lambda _number: None
        self.during: Callable[[int], None] = lambda _number: None


@pytest.fixture
def tried(app: Flask) -> Iterator[Tried]:
    """Declare the kinds `count`, `refuse` and `break` for one test."""
    seen = Tried()

    def count(run: Running) -> Any:
        number = 0
        while number < run.arguments["chunks"]:
            seen.before(number)
            with run.chunk() as step:
                number = (step.cursor or 0) + 1
                if number > run.arguments["chunks"]:
                    break
                seen.chunks.append(number)
                seen.actors.append(policy_of(step.session).actor)
                step.session.add(TagFamily(code=f"try-{number}", name_zh="试", name_en="Try"))
                step.session.flush()
                step.cursor, step.done = number, number
                seen.during(number)
        return {"chunks": number}

    def refuse(_run: Running) -> Any:
        raise Refused("Not on a Tuesday.")

    def fail(_run: Running) -> Any:
        raise ZeroDivisionError

    jobs = app.extensions["dutybook_jobs"]
    before = dict(jobs.kinds)
    for name, run in (("count", count), ("refuse", refuse), ("break", fail)):
        jobs.kinds[name] = JobKind(name, name, run)
    yield seen
    jobs.kinds = before


@pytest.fixture
def ordered(session: Session) -> Callable[..., int]:
    """Order a job and commit; gives its number."""

    def make(kind: str = "count", chunks: int = 3, username: str | None = None, **values: Any) -> int:
        actor = session.scalar(select(User.id).where(User.username == username)) if username else None
        job = order(session, kind, {"chunks": chunks}, actor, **values)
        number = job.id
        session.commit()
        return number

    return make


@pytest.fixture
def job_of(session: Session) -> Callable[[int], Job]:
    """The row as it is stored now."""

    def read(number: int) -> Job:
        found = session.get(Job, number, populate_existing=True)
        assert found is not None
        return found

    return read

"""The jobs page: one's own, everybody's for an administrator, and the button that takes one back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.jobs.order import order
from models.job import Job
from models.organisation import User
from tests.conftest import csrf_token


@pytest.fixture
def numbers(session: Session) -> dict[str, int]:
    """A waiting job of csd, one of css and one of the system."""
    made = {}
    for username in ("csd", "css", ""):
        actor = session.scalar(select(User.id).where(User.username == username))
        made[username] = order(session, "refresh_customers", {}, actor, total=10).id
    session.commit()
    return made


def shown(client: Any) -> set[int]:
    return {job["id"] for job in client.get("/jobs/data").json["jobs"]}


def test_one_sees_ones_own_jobs(numbers: dict[str, int], login: Callable[..., Any]) -> None:
    assert shown(login("csd")) == {numbers["csd"]}


def test_an_administrator_sees_all_jobs(numbers: dict[str, int], login: Callable[..., Any]) -> None:
    assert shown(login("admin")) >= set(numbers.values())


def test_the_page_tells_how_far_a_job_is(numbers: dict[str, int], login: Callable[..., Any]) -> None:
    page = login("csd").get("/jobs/").text
    assert f'data-job="{numbers["csd"]}"' in page
    assert "<progress" in page


def test_a_job_is_taken_back_by_whose_it_is(
    session: Session, numbers: dict[str, int], login: Callable[..., Any]
) -> None:
    client = login("csd")
    token = csrf_token(client.get("/jobs/").text)
    answer = client.post("/jobs/cancel", data={"id": numbers["css"], "csrf_token": token})
    assert answer.status_code == 404
    assert client.post("/jobs/cancel", data={"id": numbers["csd"], "csrf_token": token}).status_code == 302
    states = dict(session.execute(select(Job.id, Job.state).execution_options(populate_existing=True)).all())
    assert (states[numbers["csd"]], states[numbers["css"]]) == ("cancelled", "queued")


def test_the_commands_list_and_take_back(session: Session, numbers: dict[str, int], app: Any) -> None:
    runner = app.test_cli_runner()
    assert "refresh_customers  css" in runner.invoke(args=["jobs", "list"]).output
    assert runner.invoke(args=["jobs", "cancel", str(numbers[""])]).exit_code == 0
    assert runner.invoke(args=["jobs", "cancel", "999999"]).exit_code == 1

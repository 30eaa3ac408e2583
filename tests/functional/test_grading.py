"""Grades by rule over HTTP: previewed, approved by a second person, applied as they were seen, and undone."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.change import update_rows
from admin_app.jobs.run import run_job
from admin_app.services import clock
from admin_app.services.grading_score import score
from admin_app.services.regrading import active_rules, refresh_drift
from models.bulk import BulkRun
from models.change import ChangeSet
from models.contract import Contract
from models.customer import Customer
from models.grading import GradeRule
from models.organisation import User
from tests.conftest import sign_in
from tests.functional.test_bulk import Bulk, all_matching, outcomes, undo

WHY = "Year's review"
ACTION = "regrade_by_rule"


@pytest.fixture
def client_of(app: Any, rollback: None) -> Callable[[str], Bulk]:
    """Somebody in a browser of their own."""
    return lambda username: Bulk(sign_in(app.test_client(), username))


@pytest.fixture
def head(client_of: Callable[[str], Bulk]) -> Bulk:
    """Somebody whom all customers are open to."""
    return client_of("admin")


@pytest.fixture
def small(app: Any) -> Iterator[None]:
    """Two grades are many."""
    before = app.config["GRADING_APPROVAL"]
    app.config["GRADING_APPROVAL"] = 2
    yield
    app.config["GRADING_APPROVAL"] = before


def verdicts(session: Session) -> dict[int, Any]:
    """What the rules say of every customer, by number."""
    rows = score(active_rules(session), clock.today()).rows
    return {row.id: row for row in session.execute(select(rows))}


def grades(session: Session) -> dict[int, str | None]:
    """What is stored."""
    return dict(session.execute(select(Customer.id, Customer.grade)).all())


def test_everybody_is_regraded_by_rule_and_nothing_happens_before(session: Session, head: Bulk) -> None:
    expected, before = verdicts(session), grades(session)
    moving = {key for key, row in expected.items() if row.grade != row.stored}
    assert moving
    url = head.preview(ACTION, all_matching(), reason=WHY)
    page = head.client.get(url).text
    found = outcomes(page)
    assert found["change"] == len(moving)
    assert found["same"] == sum(row.ruled == row.stored for row in expected.values())
    assert grades(session) == before
    head.apply(url)
    after = grades(session)
    assert after == {key: row.grade for key, row in expected.items()}
    moved = session.get(Customer, min(moving), populate_existing=True)
    row = expected[moved.id]
    assert (moved.grade_points, moved.grade_rule_id) == (row.total, row.rule_id)
    assert (moved.grade_since, moved.drift_grade) == (clock.today(), None)
    made = session.scalars(select(ChangeSet).order_by(ChangeSet.id.desc())).first()
    assert (made.action, made.reason, made.rows) == (ACTION, WHY, len(moving))
    undo(head, url)
    assert grades(session) == before
    assert session.get(Customer, moved.id, populate_existing=True).grade_rule_id is None


def test_the_preview_says_from_which_grade_to_which(session: Session, head: Bulk) -> None:
    expected = [row for row in verdicts(session).values() if row.grade != row.stored]
    url = head.preview(ACTION, all_matching(), reason=WHY)
    lines = list(csv.reader(head.client.get(f"{url}file").text.lstrip("\ufeff").splitlines()))
    told = sorted((line[-2], line[-1]) for line in lines[1:] if line[-1] != "—")
    assert told == sorted((row.stored or "", row.grade) for row in expected)


def test_a_lock_and_a_minimum_stay_keep_a_grade(session: Session, head: Bulk) -> None:
    moving = sorted(key for key, row in verdicts(session).items() if row.grade != row.stored and row.stored)
    locked = {"grade_locked_until": date(2100, 1, 1), "grade_lock_reason": "key account"}
    update_rows(session, Customer, Customer.id == moving[0], locked)
    update_rows(
        session, Customer, Customer.id == moving[1], {"grade_since": clock.today() - timedelta(days=1)}
    )
    session.commit()
    before = grades(session)
    url = head.preview(ACTION, {"id": moving[:3]}, reason=WHY)
    assert outcomes(head.client.get(url).text) == {"change": 1, "locked": 2}
    head.apply(url)
    after = grades(session)
    assert [after[key] == before[key] for key in moving[:3]] == [True, True, False]


def test_what_is_applied_is_what_was_seen(session: Session, head: Bulk) -> None:
    key = min(key for key, row in verdicts(session).items() if row.grade == "C" != row.stored)
    url = head.preview(ACTION, {"id": [key]}, reason=WHY)
    # A contract that came meanwhile: it counts the next time.
    customer = session.get(Customer, key)
    session.add(
        Contract(
            number="T-1",
            title="Hall",
            customer_id=key,
            amount=Decimal(90_000_000),
            currency="CNY",
            status="signed",
            signed_on=clock.today(),
            department_id=customer.department_id,
        )
    )
    session.commit()
    assert verdicts(session)[key].ruled != "C"
    head.apply(url)
    assert grades(session)[key] == "C"


def test_a_lock_that_came_after_the_preview_holds(session: Session, head: Bulk) -> None:
    key = min(key for key, row in verdicts(session).items() if row.grade != row.stored)
    before = grades(session)[key]
    url = head.preview(ACTION, {"id": [key]}, reason=WHY)
    locked = {"grade_locked_until": date(2100, 1, 1), "grade_lock_reason": "key account"}
    update_rows(session, Customer, Customer.id == key, locked, touch=False)
    session.commit()
    head.apply(url)
    assert grades(session)[key] == before


def test_a_class_without_active_rules_is_told(session: Session, head: Bulk) -> None:
    update_rows(session, GradeRule, GradeRule.customer_class == "project", {"state": "draft"})
    session.commit()
    found = outcomes(head.client.get(head.preview(ACTION, all_matching(), reason=WHY)).text)
    numbers = select(func.count()).where(Customer.customer_class == "project")
    assert found["invalid"] == session.scalar(numbers)


def test_without_any_active_rules_the_form_says_so(session: Session, head: Bulk) -> None:
    update_rows(session, GradeRule, GradeRule.state == "active", {"state": "draft"})
    session.commit()
    page = head.ask(ACTION, **all_matching())
    selection = page.partition('name="selection" value="')[2].partition('"')[0]
    data = {"csrf_token": head.token, "selection": selection, "reason": WHY}
    answer = head.client.post(f"/bulk/customer/{ACTION}/", data=data)
    assert answer.status_code == 200
    assert "data-summary" in answer.text


@pytest.mark.usefixtures("small")
def test_a_second_person_approves_what_somebody_proposed(
    session: Session, client_of: Callable[[str], Bulk]
) -> None:
    """A clerk proposes; a clerk may not approve, nor the proposer; whoever holds `approve` does, and it is applied."""
    clerk = client_of("cms")
    before = grades(session)
    # What a job does lies in the same connection: nothing may be open around it.
    session.commit()
    url = clerk.preview(ACTION, all_matching(), reason=WHY)
    page = clerk.apply(url)
    assert 'data-run-state="waiting"' in page
    yes = {"csrf_token": clerk.token, "accept": "1"}
    assert clerk.client.post(f"{url}decide", data=yes).status_code == 403
    assert client_of("csd").client.get(url).status_code == 404
    boss = client_of("acm")
    assert boss.client.post(f"{url}decide", data={**yes, "csrf_token": boss.token}).status_code == 302
    run = session.scalars(select(BulkRun)).one()
    number = run.job_id
    session.commit()
    run_job(number)
    with acting(session, SYSTEM):
        session.refresh(run)
        assert (run.state, run.applied) == ("done", run.counts["change"])
        changed = {key for key, grade in grades(session).items() if grade != before[key]}
        assert len(changed) == run.applied > 2
        # Two are edited by hand; the undo leaves these alone, and the others go back.
        edited = sorted(changed)[:2]
        update_rows(session, Customer, Customer.id.in_(edited), {"grade": "D"})
        session.commit()
    assert clerk.client.get(f"{url}undo").text.count("data-skipped") == 2
    page = undo(clerk, url)
    assert page.count("data-skipped") == 2
    with acting(session, SYSTEM):
        after = grades(session)
    assert {key for key in changed if after[key] == before[key]} == changed - set(edited)


def test_a_grade_by_hand_has_a_day_and_no_rule(session: Session, head: Bulk) -> None:
    head.apply(head.preview(ACTION, all_matching(), reason=WHY))
    key = session.scalars(select(Customer.id).where(Customer.grade_rule_id.is_not(None))).first()
    other = "D" if grades(session)[key] != "D" else "A"
    head.apply(head.preview("regrade", {"id": [key]}, grade=other, reason=WHY))
    found = session.get(Customer, key, populate_existing=True)
    assert (found.grade, found.grade_rule_id, found.grade_points) == (other, None, None)
    assert found.grade_since == clock.today()


def test_drift_is_where_the_rules_say_otherwise_and_since_when(session: Session) -> None:
    today = clock.today()
    refresh_drift(session, None, today)
    expected = {key: row.ruled for key, row in verdicts(session).items() if row.ruled != row.stored}
    drifting = select(Customer.id, Customer.drift_grade).where(Customer.drift_since.is_not(None))
    assert dict(session.execute(drifting).all()) == expected
    key = min(expected)
    update_rows(session, Customer, Customer.id == key, {"drift_since": date(2026, 1, 2)}, touch=False)
    # As long as the rules say the same, it goes on; nothing is written for the others.
    assert refresh_drift(session, None, today) == 0
    assert session.get(Customer, key, populate_existing=True).drift_since == date(2026, 1, 2)
    update_rows(session, Customer, Customer.id == key, {"grade": expected[key]}, touch=False)
    assert refresh_drift(session, [key], today) == 1
    assert session.get(Customer, key, populate_existing=True).drift_since is None


def test_the_command_regrades_by_rule(session: Session, app: Any) -> None:
    expected = {key: row.grade for key, row in verdicts(session).items()}
    session.commit()
    answer = app.test_cli_runner().invoke(args=["bulk", ACTION, "customer", "--yes", "--reason", WHY])
    assert answer.exit_code == 0, answer.output
    with acting(session, SYSTEM):
        assert grades(session) == expected


def test_a_clerk_is_offered_it_and_who_only_reads_is_not(
    session: Session, client_of: Callable[[str], Bulk]
) -> None:
    assert ACTION in client_of("cms").client.get("/customer/").text
    dat = (
        client_of("fin")
        if session.scalar(select(User.id).where(User.username == "fin"))
        else client_of("hrm")
    )
    assert dat.choose(ACTION, **all_matching()).status_code == 403

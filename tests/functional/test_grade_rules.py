"""Rule sets: only a draft is edited, by whatever door; one is active; versions follow each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from admin_app.engine.change import update_rows
from admin_app.services import clock
from admin_app.services.grading import read_rules
from models.grading import GradeBand, GradeDimension, GradeRule, GradeStep
from tests.conftest import csrf_token, sign_in
from tests.functional.test_bulk import Bulk, outcomes

WHY = "Prices rose"


@pytest.fixture
def client_of(app: Any, rollback: None) -> Callable[[str], Any]:
    """Somebody in a browser of their own."""
    return lambda username: sign_in(app.test_client(), username)


@pytest.fixture
def acm(client_of: Callable[[str], Any]) -> Bulk:
    """Who owns the policy."""
    return Bulk(client_of("acm"), "grade_rule")


def act(bulk: Bulk, action: str, key: int, reason: str = WHY) -> str:
    """Preview one action on one rule set and apply it; the page after the preview."""
    url = bulk.preview(action, {"id": [key]}, reason=reason)
    page = str(bulk.client.get(url).text)
    if "data-bulk-apply" in page and 'type="submit">' in page:
        bulk.client.post(f"{url}apply", data={"csrf_token": bulk.token})
    return page


def active(session: Session, customer_class: str = "project") -> GradeRule:
    """The one in force."""
    found = select(GradeRule).where(GradeRule.customer_class == customer_class, GradeRule.state == "active")
    return session.scalars(found.execution_options(populate_existing=True)).one()


def draft(session: Session, bulk: Bulk) -> GradeRule:
    """A new version of the active one."""
    act(bulk, "new_version", active(session).id)
    return session.scalars(select(GradeRule).where(GradeRule.state == "draft")).one()


def form_of(client: Any, url: str) -> dict[str, str]:
    """The tokens that a form carries."""
    page = client.get(url).text
    token = page.partition('name="_token" value="')[2].partition('"')[0]
    return {"csrf_token": csrf_token(page), "_token": token}


def test_a_new_version_is_a_draft_with_the_same_lines(session: Session, acm: Bulk) -> None:
    before = active(session)
    made = draft(session, acm)
    assert (made.customer_class, made.number, made.active_from) == ("project", before.number + 1, None)
    old, new = read_rules(session, [before.id, made.id])
    if old.id != before.id:
        old, new = new, old
    assert (old.steps, old.rates, old.margin) == (new.steps, new.rates, new.margin)
    assert [(each.kind, each.months, each.weight, each.bands) for each in old.dimensions] == [
        (each.kind, each.months, each.weight, each.bands) for each in new.dimensions
    ]
    # One draft waits: another one would be forgotten.
    assert outcomes(act(acm, "new_version", before.id)) == {"change": 0, "invalid": 1}


def test_activating_a_draft_retires_the_version_before(session: Session, acm: Bulk) -> None:
    before = active(session).id
    made = draft(session, acm).id
    act(acm, "activate", made)
    assert active(session).id == made
    old = session.get(GradeRule, before, populate_existing=True)
    assert (old.state, old.active_to) == ("retired", clock.today())
    assert outcomes(act(acm, "activate", before)) == {"change": 0, "invalid": 1}


def test_a_draft_without_bands_is_not_activated(session: Session, acm: Bulk) -> None:
    made = draft(session, acm)
    session.add(GradeDimension(rule_id=made.id, kind="judgement"))
    session.commit()
    assert outcomes(act(acm, "activate", made.id)) == {"change": 0, "invalid": 1}


def test_a_retired_one_grades_no_more(session: Session, acm: Bulk) -> None:
    act(acm, "retire", active(session).id)
    assert [rule.customer_class for rule in read_rules(session)] == ["resource"]


def test_only_a_draft_is_edited(session: Session, acm: Bulk) -> None:
    rule = active(session)
    step = session.scalars(select(GradeStep).where(GradeStep.rule_id == rule.id)).first()
    band = session.scalars(
        select(GradeBand).join(GradeDimension).where(GradeDimension.rule_id == rule.id)
    ).first()
    of_rule = {"customer_class": "project", "name": rule.name, "currency": "CNY", "min_stay_days": "30"}
    of_band = {"dimension": str(band.dimension_id), "threshold": str(band.threshold)}
    for url, typed in (
        (f"/grade_rule/edit/?id={rule.id}", {**of_rule, "margin": "5"}),
        (f"/grade_step/edit/?id={step.id}", {"rule": str(rule.id), "grade": step.grade, "points": "700"}),
        (f"/grade_band/edit/?id={band.id}", {**of_band, "points": "7"}),
    ):
        answer = acm.client.post(url, data={**form_of(acm.client, url), **typed})
        assert answer.status_code != 302, url
        assert "草稿" in answer.text or "Only a draft" in answer.text, url
    session.expire_all()
    assert (rule.margin, step.points == 700, band.points == 7) == (20, False, False)


def test_lines_come_to_a_draft_and_go_from_it(session: Session, acm: Bulk) -> None:
    made = draft(session, acm)
    url = "/grade_step/new/"
    typed = {"grade": "A+", "points": "1000"}
    acm.client.post(url, data={**form_of(acm.client, url), "rule": str(made.id), **typed})
    found = select(func.count()).where(GradeStep.grade == "A+")
    assert session.scalar(found) == 1
    acm.client.post(url, data={**form_of(acm.client, url), "rule": str(active(session).id), **typed})
    assert session.scalar(found) == 1
    line = session.scalars(select(GradeStep).where(GradeStep.rule_id == active(session).id)).first()
    gone = f"/grade_step/delete/?id={line.id}"
    answer = acm.client.post(gone, data={"csrf_token": acm.token})
    assert answer.status_code == 409
    assert session.get(GradeStep, line.id, populate_existing=True) is not None


def test_what_was_in_force_is_not_deleted(session: Session, acm: Bulk) -> None:
    key = active(session).id
    assert acm.client.post(f"/grade_rule/delete/?id={key}", data={"csrf_token": acm.token}).status_code == 409
    assert session.get(GradeRule, key, populate_existing=True) is not None


def test_who_does_not_configure_does_not_activate(session: Session, client_of: Callable[[str], Any]) -> None:
    for username in ("csd", "cms", "cg"):
        bulk = Bulk(client_of(username), "grade_rule")
        answer = bulk.client.get(f"/bulk/grade_rule/activate/?id={active(session).id}")
        assert answer.status_code == 403, username


def test_two_active_versions_of_a_class_are_refused_by_the_database(session: Session) -> None:
    rule = active(session)
    values = {"name": "Twice", "customer_class": "project", "number": 77, "currency": "CNY"}
    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(GradeRule(**values, state="active", active_from=clock.today()))
        session.flush()
    assert update_rows(session, GradeRule, GradeRule.id == rule.id, {"state": "retired"}) == 1

"""The access report, the yearly review and the record of use, over HTTP."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select

from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from admin_app.services import clock
from models.duty import Duty, PositionDuty
from models.grant import AccessGrant
from models.matrix import MatrixVersion
from models.organisation import Department, Position, User
from models.review import AccessReview, AccessReviewItem
from models.usage import AccessUse
from tests.functional.browsing import Sign, post, stored, words


def lines(client: FlaskClient, query: str = "") -> list[dict[str, str]]:
    """The report as CSV."""
    answer = client.get(f"/access_report/csv{query}")
    assert answer.status_code == 200
    assert answer.data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_everybody_reads_of_themselves_a_head_of_the_department_an_administrator_of_all(person: Sign) -> None:
    assert {line["User name"] for line in lines(person("csd"))} == {"csd"}
    team = {line["User name"] for line in lines(person("css"))}
    assert {"css", "csd", "csd2", "st"} <= team and not {"slm", "exe", "admin"} & team
    everybody = {line["User name"] for line in lines(person("admin"))}
    assert {"ct", "slm", "admin"} | team <= everybody


def test_a_line_says_what_on_which_rows_and_why(person: Sign) -> None:
    found = lines(person("css"), "?person=css&entity=complaint")
    line = next(line for line in found if "A Last gate for hard complaints" in line["Because of"])
    assert line["Position"] == "Service supervisor" and line["Department"] == "Customer service"
    assert "delete" in line["Actions"] and line["On whose records"] == "Own department's and below"


@pytest.mark.parametrize("order", ["person", "position", "department", "entity"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_stands_in_each_order(person: Sign, order: str, language: str) -> None:
    answer = person("css", language).get(f"/access_report/?by={order}&department=CS")
    assert answer.status_code == 200
    assert "罗嘉言" in answer.text
    assert ("Customer service" if language == "en" else "客户服务部") in answer.text


def test_an_order_that_there_is_not_is_a_400(person: Sign) -> None:
    assert person("csd").get("/access_report/?by=nonsense").status_code == 400


def begin(app: Flask, client: FlaskClient) -> int:
    """Open this year's review; its number."""
    answer = post(client, "/access_review/new", year=clock.today().year)
    assert answer.status_code == 302
    found: int = stored(app, select(func.max(AccessReview.id)))
    return found


def item_of(app: Flask, review: int, username: str, duty: str | None) -> int:
    """The item about a person's cell for that duty, or about their grant."""
    query = (
        select(func.min(AccessReviewItem.id))
        .join(User, User.id == AccessReviewItem.user_id)
        .where(User.username == username, AccessReviewItem.review_id == review)
    )
    if duty is None:
        query = query.where(AccessReviewItem.source == "grant")
    else:
        query = query.join(Duty, Duty.id == AccessReviewItem.duty_id).where(Duty.code == duty)
    found: int = stored(app, query)
    assert found, (username, duty)
    return found


def give(app: Flask) -> int:
    """A manual grant for csd; its number."""
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        users = dict(session.execute(select(User.username, User.id)).all())
        grant = AccessGrant(
            user_id=users["csd"],
            entity="tag",
            actions="view",
            rows="department",
            department_id=session.scalar(select(Department.id).where(Department.code == "CS")),
            field_level="read",
            reason="Tag project",
            approver_id=users["css"],
            valid_from=clock.today() - timedelta(days=5),
            valid_to=clock.today() + timedelta(days=50),
        )
        session.add(grant)
        session.commit()
        return int(grant.id)


def test_a_review_holds_what_others_of_the_departments_hold(app: Flask, person: Sign) -> None:
    give(app)
    head = person("css")
    review = begin(app, head)
    people = select(User.username).join(AccessReviewItem, AccessReviewItem.user_id == User.id)
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        names = set(session.scalars(people.where(AccessReviewItem.review_id == review)))
    assert {"csd", "csd2", "csd3", "st", "csm"} <= names and not {"css", "slm", "csd4", "exe"} & names
    item_of(app, review, "csd", "CMP1")
    item_of(app, review, "csd", None)
    assert post(head, "/access_review/new", year=clock.today().year).status_code == 409
    assert post(head, "/access_review/new", year=1999).status_code == 400
    assert "Tag project" in words(
        head.get(f"/access_review/items?review={review}&person={_user(app, 'csd')}")
    )


def _user(app: Flask, username: str) -> int:
    found: int = stored(app, select(User.id).where(User.username == username))
    return found


def test_confirming_and_removing_grants(app: Flask, person: Sign) -> None:
    grant = give(app)
    head = person("css")
    review = begin(app, head)
    fields = {"review": review, "item": item_of(app, review, "csd", None)}
    assert post(head, "/access_review/decide", **fields, decision="removed").status_code == 400
    assert post(head, "/access_review/decide", **fields, decision="removed", reason="Over").status_code == 302
    last: date = stored(app, select(AccessGrant.valid_to).where(AccessGrant.id == grant))
    assert last == clock.today()
    assert post(head, "/access_review/decide", **fields, decision="confirmed").status_code == 409
    fields["item"] = item_of(app, review, "csd", "CMP1")
    assert post(head, "/access_review/decide", **fields, decision="confirmed").status_code == 302
    assert "Removed" in words(head.get(f"/access_review/items?review={review}&person={_user(app, 'csd')}"))


def test_removing_a_cell_changes_the_matrix_for_all_who_hold_the_position(app: Flask, person: Sign) -> None:
    head = person("css")
    review = begin(app, head)
    fields = {"review": review, "item": item_of(app, review, "csd", "SAT2")}
    answer = post(head, "/access_review/decide", **fields, decision="removed", reason="Others call back")
    assert answer.status_code == 302
    cell = (
        select(func.count(PositionDuty.id))
        .join(Position, Position.id == PositionDuty.position_id)
        .join(Duty, Duty.id == PositionDuty.duty_id)
        .where(Position.code == "CSD", Duty.code == "SAT2")
    )
    assert stored(app, cell) == 0
    reason = select(MatrixVersion.reason).order_by(MatrixVersion.number.desc()).limit(1)
    assert stored(app, reason) == "Others call back"
    open_ones = select(func.count()).where(
        AccessReviewItem.review_id == review,
        AccessReviewItem.decision == "open",
        AccessReviewItem.duty_id == select(Duty.id).where(Duty.code == "SAT2").scalar_subquery(),
        AccessReviewItem.position_id == select(Position.id).where(Position.code == "CSD").scalar_subquery(),
    )
    assert stored(app, open_ones) == 0


def test_reviews_are_for_heads_and_for_nobody_else(app: Flask, person: Sign) -> None:
    review = begin(app, person("css"))
    item = item_of(app, review, "csd", "CMP1")
    assert person("csd").get("/access_review/").status_code == 403
    other = person("slm")
    assert other.get(f"/access_review/items?review={review}").status_code == 404
    sent = post(other, "/access_review/decide", review=review, item=item, decision="removed", reason="x")
    assert sent.status_code == 404
    assert person("admin").get(f"/access_review/items?review={review}").status_code == 200


def test_use_is_kept_by_the_day(app: Flask, person: Sign) -> None:
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        session.execute(delete(AccessUse))
        session.commit()
    client = person("csd3")
    assert client.get("/complaint/").status_code == 200
    assert client.get("/complaint/new/").status_code == 200
    assert client.get("/contract/").status_code == 403
    post(client, "/language", code="zh")
    query = select(AccessUse.entity, AccessUse.action, AccessUse.last_on).where(
        AccessUse.user_id == _user(app, "csd3")
    )
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        assert [tuple(row) for row in session.execute(query)] == [("complaint", "view", clock.today())]

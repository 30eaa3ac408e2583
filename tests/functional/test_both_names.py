"""Who decides for somebody else signs with both names."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from admin_app.services import clock
from models.grant import AccessGrant, AccessRequest
from models.matrix import MatrixVersion
from models.organisation import User
from models.review import AccessReview, AccessReviewItem
from tests.functional.browsing import Sign, post, stored, words

BOTH = "Dana Whitlock for 罗嘉言"


def css(app: Flask) -> int:
    """The head of the service, whom a colleague stands in for."""
    found: int = stored(app, select(User.id).where(User.username == "css"))
    return found


def asked(app: Flask, person: Sign) -> dict[str, Any]:
    """A clerk's request, and an answer to it."""
    clerk = person("csd")
    post(clerk, "/requests/new", action="view", entity="tag", reason="Sort customers")
    until = clock.today() + timedelta(days=3)
    return {
        "id": stored(app, select(func.max(AccessRequest.id))),
        "rows": "own",
        "department": stored(app, select(func.min(AccessGrant.department_id))),
        "field_level": "read",
        "until": until.isoformat(),
        "answer": "For a week",
    }


@pytest.mark.parametrize("door", ["grant", "refuse"])
def test_a_decided_request_shows_both_names(app: Flask, person: Sign, door: str) -> None:
    form = asked(app, person)
    assert post(person("csd2"), f"/requests/{door}", **form).status_code == 302
    page = words(person("csd").get("/requests/"))
    assert f"decided by {BOTH}" in page
    if door == "grant":
        given = select(AccessGrant.acting_for_id).where(AccessGrant.request_id == form["id"])
        assert stored(app, given) == css(app)
        reason = words(person("csd").get("/why/?action=view&entity=tag"))
        assert f"granted by hand by {BOTH}" in reason


def test_who_decides_by_own_right_signs_alone(app: Flask, person: Sign) -> None:
    assert post(person("css"), "/requests/refuse", **asked(app, person)).status_code == 302
    page = words(person("csd").get("/requests/"))
    assert "decided by 罗嘉言 · For a week" in page and " for 罗嘉言" not in page


def test_a_review_and_the_version_that_follows_show_both_names(app: Flask, person: Sign) -> None:
    deputy = person("csd2")
    assert post(deputy, "/access_review/new", year=clock.today().year).status_code == 302
    review = stored(app, select(func.max(AccessReview.id)))
    clerk = stored(app, select(User.id).where(User.username == "csd"))
    items = select(AccessReviewItem.id).where(
        AccessReviewItem.review_id == review, AccessReviewItem.user_id == clerk
    )
    first, second = (stored(app, items.order_by(AccessReviewItem.id).offset(n).limit(1)) for n in (0, 1))
    fields = {"review": review, "item": first}
    kept = post(deputy, "/access_review/decide", **fields, decision="confirmed", reason="Needed daily")
    gone = post(
        deputy, "/access_review/decide", review=review, item=second, decision="removed", reason="Not needed"
    )
    assert (kept.status_code, gone.status_code) == (302, 302)
    page = words(deputy.get(f"/access_review/items?review={review}&person={clerk}"))
    assert f"{BOTH} · Needed daily" in page and f"{BOTH} · Not needed" in page
    number, standing_in = (
        stored(app, select(column).order_by(MatrixVersion.number.desc()).limit(1))
        for column in (MatrixVersion.number, MatrixVersion.acting_for_id)
    )
    assert standing_in == css(app)
    for address in ("/matrix/versions", f"/matrix/versions/{number}"):
        assert BOTH in words(deputy.get(address)), address

"""A department head at work on the matrix, over HTTP: what is changed holds from everybody's next request."""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from models.conflict import DutyConflict
from models.contract import Contract
from models.duty import Duty
from models.organisation import Department
from tests.conftest import csrf_token, sign_in

R = {"letter": "R", "rows": None, "field_levels": None}


class Person:
    """Somebody signed in, with a browser of their own."""

    def __init__(self, app: Flask, username: str, language: str = "zh") -> None:
        self.client: FlaskClient = sign_in(app.test_client(), username)
        self.token = csrf_token(self.client.get("/account/password").text)
        self.client.post("/language", data={"code": language, "csrf_token": self.token})

    def get(self, url: str) -> Any:
        """Open a page."""
        return self.client.get(url)

    def post(self, url: str, **fields: str) -> Any:
        """Send a form."""
        return self.client.post(url, data={**fields, "csrf_token": self.token})

    def send(self, door: str, *edits: dict[str, Any], reason: str = "") -> Any:
        """Send edits to a door of the matrix, as its script does."""
        headers = {"X-CSRFToken": self.token, "Accept": "application/json"}
        return self.client.post(
            f"/matrix/{door}", json={"edits": list(edits), "reason": reason}, headers=headers
        )

    def menu(self) -> str:
        """The links of the menu."""
        return " ".join(re.findall(r'<li><a href="([^"]+)"', self.get("/").text))


@pytest.fixture
def person(app: Flask, rollback: None) -> Callable[..., Person]:
    """Sign somebody in: (username, language)."""
    return lambda *who: Person(app, *who)


def edit(
    position: str, duty: str, cell: dict[str, Any] | None, seen: dict[str, Any] | None = None
) -> dict[str, Any]:
    """One edit as the page sends it."""
    return {"position": position, "duty": duty, "cell": cell, "seen": seen}


def contracts(app: Flask) -> tuple[list[int], list[int]]:
    """Contracts of the service department, and of others."""
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        home = session.scalars(select(Department.id).where(Department.code == "CS")).one()
        mine = session.scalars(select(Contract.id).where(Contract.department_id == home)).all()
        others = session.scalars(select(Contract.id).where(Contract.department_id != home)).all()
        return list(mine), list(others)


def test_a_right_comes_with_a_letter_and_goes_with_it(app: Flask, person: Callable[..., Person]) -> None:
    mine, others = contracts(app)
    css, csd = person("css"), person("csd")
    assert "/contract/" not in csd.menu()
    assert csd.get("/contract/").status_code == 403

    seen = css.send("preview", edit("CSD", "CTR4", R)).get_json()
    assert (seen["allowed"], seen["refused"], seen["losses"]["people"]) == (1, [], 0)
    assert seen["gains"]["heading"].startswith("3")
    (effect,) = seen["gains"]["effects"]
    assert str(len(mine)) in effect["records"]
    assert "林小满" in effect["who"]
    (english,) = person("css", "en").send("preview", edit("CSD", "CTR4", R)).get_json()["gains"]["effects"]
    assert english["parts"] == (
        "and with it, of those contracts: view, create, edit, delete, reveal values of obligations, performances"
    )
    assert csd.get("/contract/").status_code == 403

    assert css.send("save", edit("CSD", "CTR4", R)).status_code == 400
    saved = css.send("save", edit("CSD", "CTR4", R), reason="Contracts stay with us from today")
    assert saved.get_json() == {"version": 2, "changed": 1}

    assert "/contract/" in csd.menu()
    form = csd.get(f"/contract/edit/?id={mine[0]}")
    assert form.status_code == 200
    assert csd.get(f"/contract/edit/?id={others[0]}").status_code == 404
    assert csd.get(f"/contract/details/?id={others[0]}").status_code == 404

    assert css.send("save", edit("CSD", "CTR4", None, R), reason="Not yet").status_code == 200
    assert csd.get(f"/contract/edit/?id={mine[0]}").status_code == 403
    assert "/contract/" not in csd.menu()

    history = csd.get("/matrix/versions").text
    assert "Contracts stay with us from today" in history and "Not yet" in history and "罗嘉言" in history
    version = csd.get("/matrix/versions/2").text
    assert "CTR4" in version and "Contracts stay with us from today" in version


def test_a_clerk_edits_no_cell(person: Callable[..., Person]) -> None:
    csd = person("csd")
    for door in ("preview", "save", "request"):
        assert csd.send(door, edit("CSD", "CTR4", R), reason="me too").status_code == 403
    assert csd.get("/matrix/data").get_json()["editable"] == []
    assert "data-token" not in csd.get("/matrix/").text


def test_a_head_touches_no_other_department_and_gives_no_more_than_the_own(
    person: Callable[..., Person],
) -> None:
    css = person("css", "en")
    assert set(css.get("/matrix/data").get_json()["editable"]) == {"CSM", "CSS", "CSD", "ST"}
    wanted = [edit("SLM", "CTR4", R), edit("CSD", "CTR4", {**R, "letter": "A"}), edit("CSS", "CTR4", R)]
    seen = css.send("preview", *wanted).get_json()
    assert [each["kind"] for each in seen["refused"]] == ["department", "beyond", "beyond"]
    assert "delete" in seen["refused"][1]["text"]
    assert (seen["allowed"], seen["gains"]["people"]) == (0, 0)
    for each in wanted:
        assert css.send("save", each, reason="why not").status_code == 403
    assert css.send("save", edit("CSD", "CTR4", R), wanted[0], reason="both").status_code == 403
    assert css.get("/matrix/versions").text.count("db-version-number") == 0


def test_what_is_beyond_a_head_is_asked_for_and_decided(person: Callable[..., Person]) -> None:
    css, admin = person("css", "en"), person("admin", "en")
    asked = css.send(
        "request", edit("CSD", "CTR4", {**R, "letter": "A"}), reason="They run it all"
    ).get_json()
    assert asked["requested"] == 1
    key = asked["requests"][0]
    assert "They run it all" in css.get("/matrix/requests").text
    assert css.post(f"/matrix/requests/{key}", accept="1").status_code == 403
    assert person("slm").post(f"/matrix/requests/{key}", accept="1").status_code == 404
    assert admin.post(f"/matrix/requests/{key}", accept="0").status_code == 400
    assert admin.post(f"/matrix/requests/{key}", accept="1").status_code == 302
    assert admin.post(f"/matrix/requests/{key}", accept="1").status_code == 409
    cells = css.get("/matrix/data").get_json()["cells"]
    assert {"position": "CSD", "duty": "CTR4", "cell": {**R, "letter": "A"}} in cells


def test_a_version_is_brought_back(person: Callable[..., Person]) -> None:
    css = person("css", "en")
    css.send("save", edit("CSD", "CTR4", R), reason="try")
    assert css.post("/matrix/versions/1/restore", reason=" ").status_code == 400
    assert "Bring this version back" in css.get("/matrix/versions/1?with=now").text
    assert css.post("/matrix/versions/1/restore", reason="enough").status_code == 302
    assert "brings back version 1" in css.get("/matrix/versions/3").text
    assert person("csd").post("/matrix/versions/2/restore", reason="again").status_code == 403
    assert css.get("/matrix/versions/9").status_code == 404


def test_two_heads_do_not_overwrite_each_other(person: Callable[..., Person]) -> None:
    css, csm = person("css"), person("admin")
    assert css.send("save", edit("CSD", "CTR4", R), reason="mine").status_code == 200
    late = csm.send("save", edit("CSD", "CTR4", {**R, "letter": "I"}), reason="mine")
    assert late.status_code == 409
    assert csm.send("preview", edit("CSD", "CTR4", None)).status_code == 409


def test_a_refused_cell_leads_to_the_rule_that_it_breaks(app: Flask, person: Callable[..., Person]) -> None:
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        duties = [
            session.scalars(select(Duty.id).where(Duty.code == code)).one() for code in ("SVC2", "CTR4")
        ]
        names = {"name_zh": "受理与维护分开", "name_en": "Apart"}
        rule = DutyConflict(**names, reach="position", duty_id=duties[0], other_duty_id=duties[1])
        session.add(rule)
        session.commit()
        address = f"/duty_conflict/details/?id={rule.id}"
    (refused,) = person("css").send("preview", edit("CSD", "CTR4", R)).get_json()["refused"]
    assert (refused["kind"], refused["rules"]) == ("conflict", [address])
    assert person("css").get(address).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {"edits": {}},
        {"edits": [1]},
        {"edits": [{"position": "CSD", "duty": "nothing", "cell": None, "seen": None}]},
        {"edits": [{"position": "CSD", "duty": "CTR4", "cell": {"letter": 1}, "seen": None}]},
        {"edits": [{"position": "CSD", "duty": "CTR4", "cell": {"letter": "X"}, "seen": None}]},
        {"edits": [{"position": "CSD", "duty": "CTR4", "cell": {"letter": "R", "rows": "moon"}}]},
        {"edits": [{"position": "CSD", "duty": "CTR4", "cell": {"letter": "R", "field_levels": {"a": "b"}}}]},
        {"edits": [edit("CSD", "CTR4", R), edit("CSD", "CTR4", None)]},
    ],
)
def test_nonsense_is_refused_in_words(person: Callable[..., Person], body: Any) -> None:
    css = person("css")
    for door in ("preview", "save"):
        answer = css.client.post(f"/matrix/{door}", json=body, headers={"X-CSRFToken": css.token})
        assert answer.status_code == 400


def test_a_forged_request_changes_nothing(person: Callable[..., Person]) -> None:
    css = person("css")
    body = {"edits": [edit("CSD", "CTR4", R)], "reason": "forged"}
    assert css.client.post("/matrix/save", json=body).status_code == 400


def test_the_page_reads_in_both_orientations(person: Callable[..., Person]) -> None:
    css = person("css", "en")
    plain, turned = css.get("/matrix/").text, css.get("/matrix/?turn=1&category=ctr").text
    for page in (plain, turned):
        assert len(re.findall(r'class="db-let is-\w" title', page)) == 184
    assert plain.count("<tr data-duty") == 63
    assert len(re.findall(r"<tr data-line", turned)) == 29


def test_the_matrix_leaves_as_a_file_and_comes_back_unchanged(person: Callable[..., Person]) -> None:
    css = person("css", "en")
    for url in ("/matrix/export.csv", "/matrix/export.xlsx", "/matrix/export.csv?turn=1"):
        answer = css.get(url)
        assert answer.status_code == 200
        data = {
            "file": (io.BytesIO(answer.data), "matrix"),
            "csrf_token": css.token,
            "turned": str(int("turn" in url)),
        }
        page = css.client.post("/matrix/import", data=data).text
        fields = dict(re.findall(r'name="((?:role|duty)-\d+)".*?value="([^"]+)" selected', page))
        assert len([name for name in fields if name.startswith("role")]) == 29
        found = css.post("/matrix/import", upload=upload(page), turned=data["turned"], **fields).text
        assert 'data-pending="[]"' in found


def test_a_foreign_matrix_is_mapped_by_hand_and_previewed(person: Callable[..., Person]) -> None:
    css = person("css", "en")
    text = "Activity,Agents,Sales\nContracts,,\nKeep contracts,R/A,I\n"
    data = {"file": (io.BytesIO(text.encode()), "theirs.csv"), "csrf_token": css.token}
    page = css.client.post("/matrix/import", data=data).text
    assert "Agents" in page and "Keep contracts" in page
    chosen = {"role-0": "CSD", "role-1": "SLM", "duty-0": "CTR4"}
    page = css.post("/matrix/import", upload=upload(page), **chosen).text
    pending = json.loads(html.unescape(re.search(r'data-pending="([^"]*)"', page)[1]))
    assert pending == [{"position": "CSD", "duty": "CTR4", "cell": {**R, "letter": "A"}}]
    assert "theirs.csv changes 1 cell" in page and "1 more is in a position" in page
    assert css.get("/matrix/versions").text.count("db-version-number") == 0


def test_files_that_are_none_are_refused(person: Callable[..., Person]) -> None:
    css = person("css", "en")
    for content in (b"", b"PK\x03\x04junk", b"one\ntwo\n", b"Activity,Agent\nCalls,maybe\n"):
        data = {"file": (io.BytesIO(content), "x.csv"), "csrf_token": css.token}
        assert css.client.post("/matrix/import", data=data).status_code == 400
    assert css.post("/matrix/import", upload="forged").status_code == 400
    assert person("csd").get("/matrix/import").status_code == 403


def upload(page: str) -> str:
    """The token of the file that the page is about."""
    found = re.search(r'name="upload" value="([^"]+)"', page)
    assert found, page
    return found[1]

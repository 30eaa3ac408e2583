"""A cell of the matrix through its own form: by the rules of the grid, and with a version."""

import re

import pytest
from sqlalchemy import func, select

from models.conflict import DutyConflict
from models.duty import Duty, PositionDuty
from models.matrix import MatrixVersion
from models.organisation import Position


@pytest.fixture
def send(client, login):
    """Send a form as the administrator."""
    login("admin")

    def send(url, **typed):
        page = client.get(url).text
        hidden = re.findall(r'<input type="hidden" name="(csrf_token|_token|id)" value="([^"]*)"', page)
        return client.post(url, data=dict(hidden) | typed)

    return send


def key(session, model, code):
    return session.scalar(select(model.id).where(model.code == code))


def test_a_cell_that_brings_incompatible_duties_together_is_refused_with_the_rules_name(send, session):
    duties = {code: key(session, Duty, code) for code in ("CMP1", "CMP3")}
    rule = DutyConflict(name_zh="受理与终审分开", name_en="Intake apart", reach="position")
    rule.duty_id, rule.other_duty_id = duties.values()
    session.add(rule)
    session.commit()
    position = key(session, Position, "CSD")
    answer = send("/position_duty/new/", position=str(position), duty=str(duties["CMP3"]), letter="A")
    assert answer.status_code == 200
    assert re.search("受理与终审分开|Intake apart", answer.text)
    assert session.scalar(select(func.count(MatrixVersion.id))) == 0
    supervising = send("/position_duty/new/", position=str(position), duty=str(duties["CMP3"]), letter="V")
    assert supervising.status_code == 302


def test_each_changed_cell_leaves_a_version(send, session):
    position, duty = key(session, Position, "CSD"), key(session, Duty, "CTR4")
    assert send("/position_duty/new/", position=str(position), duty=str(duty), letter="R").status_code == 302
    cell = session.scalar(
        select(PositionDuty.id).where(PositionDuty.position_id == position, PositionDuty.duty_id == duty)
    )
    typed = {"position": str(position), "duty": str(duty), "letter": "S"}
    assert send(f"/position_duty/edit/?id={cell}", **typed).status_code == 302
    assert send(f"/position_duty/delete/?id={cell}").status_code == 302
    found = session.scalars(select(MatrixVersion).order_by(MatrixVersion.number)).all()
    letters = [
        tuple((each[side] or {}).get("letter") for side in ("before", "after"))
        for version in found
        for each in version.changes
    ]
    assert [version.number for version in found] == [1, 2, 3, 4]
    assert letters == [(None, "R"), ("R", "S"), ("S", None)]
    assert found[0].cells == found[3].cells


def test_other_words_in_a_cell_are_no_change_of_the_matrix(send, session):
    cell = session.scalars(select(PositionDuty).order_by(PositionDuty.id)).first()
    typed = {
        "position": str(cell.position_id),
        "duty": str(cell.duty_id),
        "letter": cell.letter,
        "detail_en": "in other words",
    }
    assert send(f"/position_duty/edit/?id={cell.id}", **typed).status_code == 302
    assert session.scalar(select(func.count(MatrixVersion.id))) == 0

"""The page of gaps over HTTP: the numbers, who opens it, and where findings lead."""

import html
import re
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from admin_app.db import db
from admin_app.services import clock
from models.duty import Duty, PositionDuty
from models.organisation import Department, Position, Post, User
from models.types import utc_now
from models.usage import AccessUse
from seed.organisation import load_organisation

NUMBER = re.compile(r'data-kind="(\w+)">[^<]*<span class="db-count" data-number>(\d+)')
MEND = re.compile(r'<a class="btn db-btn" href="([^"]+)" data-mend')


def numbers(page):
    return {kind: int(number) for kind, number in NUMBER.findall(page)}


@pytest.fixture
def read(app, rollback, login):
    """Open the page as somebody, in a browser of their own."""

    def read(username, kind=""):
        read.client = login(app.test_client(), username)
        answer = read.client.get(f"/gaps/?kind={kind}")
        assert answer.status_code == 200
        return answer.text

    return read


@pytest.mark.parametrize("username", ["admin", "css", "exe"])
def test_the_starting_matrix_has_the_known_gaps(read, username):
    found = numbers(read(username))
    assert (found["unheld"], found["ownerless"], found["shared"], found["clashes"]) == (0, 37, 12, 0)


def test_an_empty_company_has_only_positions_to_fill(database_url, tmp_path):
    from admin_app.engine.access import SYSTEM, acting
    from admin_app.engine.access.world import read_world
    from admin_app.services.gaps import read_gaps
    from tests.conftest import make_app

    app = make_app(database_url, tmp_path)
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        load_organisation(session)
        session.commit()
        gaps = read_gaps(session, read_world(session), clock.today(), 90, app.extensions["dutybook"].by_name)
        db.session.remove()
        db.engine.dispose()
    kinds = ("unheld", "ownerless", "shared", "vacant", "granted", "unused", "clashes")
    assert [len(getattr(gaps, kind)) for kind in kinds] == [0, 37, 12, 29, 0, 0, 0]


@pytest.mark.parametrize("username", ["csd", "st", "cms"])
def test_whoever_leads_nothing_does_not_open_it(client, login, username):
    login(username)
    assert client.get("/gaps/").status_code == 403
    assert 'href="/gaps/"' not in client.get("/").text


def test_a_kind_that_there_is_not_is_refused(client, login):
    login("css")
    assert client.get("/gaps/?kind=nonsense").status_code == 400


def test_a_finding_opens_the_cells_and_only_whoever_may_edit_mends_them(read, session):
    everything = MEND.findall(read("admin", "shared"))
    assert len(everything) == 12
    mine = MEND.findall(read("css", "shared"))
    shared = {
        duty.code
        for duty in session.scalars(select(Duty))
        if session.scalar(
            select(PositionDuty.id)
            .join(Position)
            .join(Position.department)
            .where(PositionDuty.duty_id == duty.id, PositionDuty.letter == "A", Department.code == "CS")
        )
    }
    codes = {re.search(r"q=(\w+)", url)[1] for url in map(html.unescape, mine)}
    assert codes
    assert codes <= shared
    assert len(codes) < 12
    page = read.client.get(html.unescape(mine[0])).text
    assert page.count("<tr data-duty") >= 1


def test_a_cell_without_which_nobody_holds_the_duty_is_a_gap(read, session):
    duty = session.scalars(select(Duty).where(Duty.code == "CMP2")).one()
    for cell in session.scalars(select(PositionDuty).where(PositionDuty.duty_id == duty.id)):
        session.delete(cell)
    session.commit()
    page = read("css", "unheld")
    assert numbers(page)["unheld"] == 1
    assert "CMP2" in page


def test_access_that_was_there_and_was_not_used_for_long_is_told(read, session):
    before = numbers(read("admin", "unused"))["unused"]
    user = session.scalars(select(User).where(User.username == "csd")).one()
    post = session.scalars(select(Post).where(Post.user_id == user.id)).one()
    post.created_at = utc_now() - timedelta(days=91)
    session.commit()
    page = read("admin", "unused")
    assert before == 0
    assert numbers(page)["unused"] == 1
    assert "林小满" in page
    entities = ("complaint", "customer", "contact", "activity", "complaint_event", "attachment")
    for entity in entities:
        session.add(AccessUse(user_id=user.id, entity=entity, action="view", last_on=clock.today()))
    session.commit()
    assert numbers(read("admin", "unused"))["unused"] == 0


def test_the_page_costs_few_statements(read, session):
    read("admin")
    statements = []

    def note(*args):
        statements.append(args[2])

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        read.client.get("/gaps/")
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert 0 < len(statements) <= 12, statements

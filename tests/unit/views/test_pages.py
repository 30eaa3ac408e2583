"""The first page and the matrix, over HTTP."""

import html
import re

import pytest
from sqlalchemy import event, func, select

from admin_app.db import db
from models.complaint import Complaint
from models.duty import Duty
from models.organisation import Position

CARD = re.compile(r'<a class="db-kpi" href="([^"]+)">.*?db-kpi-value">([^<]+)', re.DOTALL)
POINT = re.compile(r'<td class="db-num"><a href="([^"]+)">([^<]+)</a>')
HEADING = re.compile(r'<h2 id="(?:chart|list)-[^"]+">([^<]+)')
OPEN = ("new", "assigned", "in_progress", "waiting", "reopened")


def counted(page):
    """How many records a list says that it has."""
    return int(re.search(r"(\d+)[^<]*(?:record|条|位|个)", page.split('class="db-title"', 1)[1])[1])


@pytest.fixture
def english(client, login):
    """Sign somebody in who reads English."""

    def sign(username):
        login(username)
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/").text)[1]
        client.post("/language", data={"code": "en", "csrf_token": token})
        return client

    return sign


@pytest.mark.parametrize("username", ["admin", "csd", "ct", "acm"])
def test_every_number_opens_as_many_rows(english, username):
    client = english(username)
    page = client.get("/").text
    numbers = [*CARD.findall(page), *(pair for pair in POINT.findall(page) if "." not in pair[1])]
    assert numbers
    for url, number in numbers:
        answer = client.get(html.unescape(url))
        assert answer.status_code == 200, url
        assert counted(answer.text) == int(number), url


def test_the_amounts_of_a_month_open_its_contracts(english):
    client = english("admin")
    amounts = [pair for pair in POINT.findall(client.get("/").text) if "." in pair[1]]
    assert len(amounts) == 12
    url, amount = next(pair for pair in amounts if pair[1] != "0.00")
    page = client.get(html.unescape(url) + "&size=100&cols=amount").text
    listed = re.findall(r">\s*([\d,]+\.\d\d)\s*<", page.split("<tbody", 1)[1].split("</tbody", 1)[0])
    assert sum(round(float(each.replace(",", "")) * 100) for each in listed) == round(
        float(amount.replace(",", "")) * 100
    )


def test_blocks_are_there_for_those_who_may_view_them(english):
    assert "Contract amount by month" not in HEADING.findall(english("csd").get("/").text)


def test_the_contract_role_sees_contracts(english):
    headings = HEADING.findall(english("ct").get("/").text)
    assert "Contract amount by month" in headings
    assert "Complaints by status" not in headings


def test_whoever_may_view_nothing_still_sees_the_own_duties(english):
    page = english("exe").get("/").text
    assert not CARD.findall(page)
    assert "Make major decisions" in page or "Decide and answer for results" in page


def test_open_complaints_are_those_that_wait_for_somebody(english, session):
    expected = session.scalar(select(func.count(Complaint.id)).where(Complaint.status.in_(OPEN)))
    page = english("admin").get("/complaint/?status:in=" + ",".join(OPEN)).text
    assert counted(page) == expected


def test_a_filter_by_several_values_refuses_unknown_ones(english):
    assert english("admin").get("/complaint/?status:in=new,nonsense").status_code == 400


@pytest.mark.parametrize(("url", "most"), [("/", 26), ("/matrix/", 12)])
def test_the_pages_cost_few_statements(english, url, most, session):
    client = english("admin")
    client.get(url)
    statements = []

    def note(*args):
        statements.append(args[2])

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        client.get(url)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert 0 < len(statements) <= most, statements


@pytest.mark.parametrize("username", ["exe", "csd", "admin"])
def test_everybody_reads_the_matrix(english, session, username):
    page = english(username).get("/matrix/").text
    positions = session.scalar(select(func.count(Position.id)))
    duties = session.scalar(select(func.count(Duty.id)))
    assert f"{positions} positions × {duties} duties" in page
    assert page.count("<tr data-duty") == duties


def test_a_gap_that_there_is_not_is_refused(english):
    client = english("csd")
    assert client.get("/matrix/?gaps=none").status_code == 200
    assert client.get("/matrix/?gaps=nonsense").status_code == 400


@pytest.mark.parametrize("url", ["/", "/matrix/"])
def test_nobody_gets_in_without_signing_in(client, url):
    assert client.get(url).status_code == 302

"""The benchmark: its rows, that they go into today's schema, and how it judges."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path
from xml.etree import ElementTree

import pytest
from sqlalchemy import func, select, text

from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from bench import goals, picture, report
from bench.load import ADMIN, CLERK, CLERKS, PASSWORD, fill, make_app
from bench.rows import COLUMNS, INVENTED, in_department, source
from models.contact import Contact
from models.customer import Customer
from models.organisation import Department
from tests.conftest import Client, sign_in

ROWS = 700


def test_a_row_depends_on_its_number_alone() -> None:
    first, second = (list(islice(INVENTED.customers(count), 50)) for count in (500, 500))
    assert first == second
    assert {len(row) for row in first} == {len(COLUMNS)}
    assert [row[0] for row in first] == list(range(1, 51))


def test_rare_words_stand_in_seven_names_and_the_clerks_rows_everywhere() -> None:
    names = [row[1] for row in INVENTED.customers(10_000)]
    for rare in (INVENTED.rare_latin, INVENTED.rare_chinese):
        assert sum(rare in name for name in names) in (7, 8)
    own = [number for number in range(1, 10_001) if in_department(number)]
    assert 90 <= len(own) <= 110
    assert all(any(start <= number < start + 1_000 for number in own) for start in range(1, 10_000, 1_000))


def test_without_the_peers_there_are_rows_all_the_same(tmp_path: Path) -> None:
    assert source(tmp_path) is INVENTED


def test_the_rows_fit_the_schema_and_the_people_can_sign_in(database_url: str, tmp_path: Path) -> None:
    app = make_app(database_url, tmp_path)
    app.test_client_class = Client
    fill(app, database_url, INVENTED, ROWS)
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        assert session.scalar(select(func.count(Customer.id))) == ROWS
        assert session.scalar(select(func.count(Contact.id))) == ROWS // 4
        # Every column reads back as the models type it.
        last = session.get(Customer, ROWS)
        assert last is not None
        assert last.created_at.tzinfo is not None
        assert str(last.contract_total).partition(".")[2].isdigit()
        clerks = select(Department.id).where(Department.code == CLERKS).scalar_subquery()
        owned = session.scalar(select(func.count(Customer.id)).where(Customer.department_id == clerks))
        assert owned == sum(map(in_department, range(1, ROWS + 1)))
        check = "PRAGMA foreign_key_check" if database_url.startswith("sqlite") else "SELECT 1 WHERE false"
        assert session.execute(text(check)).all() == []
    for name in (ADMIN, CLERK):
        page = sign_in(app.test_client(), name, PASSWORD).get("/customer/").text
        assert re.search(r"<tr[^>]*\bdata-row\b", page)
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize(("first", "word"), [(2.9, "reached"), (3.1, "MISSED"), (None, "not there")])
def test_a_goal_is_reached_missed_or_not_there(first: float | None, word: str) -> None:
    ops = {
        "bare:list": {"median_ms": 1.0},
        "admin:list_first": {"median_ms": first} if first else {"error": "x"},
    }
    line = report.goals("sqlite", ops).splitlines()[2]
    assert word in line


def test_what_grows_with_the_rows_is_named() -> None:
    small = {"admin:edit": {"median_ms": 2.0}, "admin:save": {"median_ms": 2.0}}
    big = {"admin:edit": {"median_ms": 2.2}, "admin:save": {"median_ms": 3.0}}
    assert [each.goal for each in goals.growth(small, big) if not each.met] == ["admin:save"]


def test_the_picture_is_an_svg_with_a_line_for_each(tmp_path: Path) -> None:
    ours = {rows: {"admin:list_first": {"median_ms": 3.0}} for rows in (100_000, 1_000_000)}
    theirs = {1_000_000: {"django": {"list_first": {"median_ms": 86.0}}}}
    drawn = ElementTree.fromstring(picture.draw("<sqlite>", ours, theirs))
    assert len(drawn.findall("{http://www.w3.org/2000/svg}polyline")) == 4 * 7

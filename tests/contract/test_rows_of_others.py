"""What belongs to another department stays there: lookups, filters, forms and exports give nothing of it away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from models.access import LetterProfile
from models.complaint import Complaint
from models.contract import Contract
from models.customer import Customer
from models.organisation import Department, Position, Post, User
from tests.contract.conftest import Visitor
from tests.contract.expectation import Expectation
from tests.contract.pages import errors, next_page, read_form, row_keys, title_count

Visitors = Callable[[str], Visitor]
#: A clerk, a supervisor, a salesman, the data administrator: each sees other rows.
WATCHERS = ("csd", "css", "slm", "da", "ct")
watcher = pytest.mark.parametrize("username", WATCHERS)


@pytest.fixture
def clerk(visitors: Visitors) -> Visitor:
    """A clerk of the customer service, signed in before anything is rolled back."""
    return visitors("csd")


@pytest.fixture
def stored(app: Flask, clerk: Visitor, rollback: None) -> Iterator[Callable[[], Any]]:
    """Call it for a session that acts as the system, in a context of its own."""

    def open_session() -> Any:
        return _System(app)

    yield open_session


class _System:
    """`with stored() as session:`"""

    def __init__(self, app: Flask) -> None:
        self._context = app.app_context()

    def __enter__(self) -> Session:
        self._context.__enter__()
        self._acting = acting(db.session(), SYSTEM)
        return self._acting.__enter__()

    def __exit__(self, *problem: Any) -> None:
        if problem[0] is None:
            db.session().commit()
        self._acting.__exit__(*problem)
        self._context.__exit__(*problem)


def _foreign_customer(session: Session) -> Customer:
    """A customer of the sales department."""
    found = session.scalars(
        select(Customer).join(Customer.department).where(Department.code == "SAL").order_by(Customer.id)
    ).first()
    assert found is not None
    found.name = "远方的秘密 Hidden Ltd"
    return found


def _own_customer(session: Session) -> Customer:
    found = session.scalars(
        select(Customer).join(Customer.department).where(Department.code == "CS").order_by(Customer.id)
    ).first()
    assert found is not None
    return found


@watcher
def test_a_list_counts_and_pages_through_exactly_the_visible_rows(
    expectation: Expectation, visitors: Visitors, username: str
) -> None:
    visitor, actor = visitors(username), expectation.actor(username)
    walked = 0
    for entity in expectation.site.entities:
        if not expectation.may(actor, "view", entity.name) or len(entity.key_kinds) != 1:
            continue
        seen = expectation.seen(actor, entity.name)
        page = visitor.get(f"/{entity.name}/").text
        assert title_count(page) == len(seen), entity.name
        keys, pages = row_keys(page), 1
        while (url := next_page(page)) is not None and pages < 4:
            page, pages = visitor.get(url).text, pages + 1
            keys += row_keys(page)
        assert len(keys) == len(set(keys)) == min(len(seen), 20 * pages), entity.name
        assert {int(key) for key in keys} <= seen, entity.name
        walked += 1
    assert walked > 5


@watcher
def test_lookups_offer_visible_rows_only(expectation: Expectation, visitors: Visitors, username: str) -> None:
    visitor, actor = visitors(username), expectation.actor(username)
    asked = 0
    for entity in expectation.site.entities:
        if not (expectation.may(actor, "view", entity.name) or expectation.may(actor, "create", entity.name)):
            continue
        for key, each in entity.fields.items():
            target = expectation.site.target(each) if each.reference else None
            if target is None:
                continue
            seen = expectation.seen(actor, target.name)
            for query in ("", "a", "公司", "1"):
                answer = visitor.get(f"/{entity.name}/ajax/lookup/?name={key}&query={query}")
                assert {int(pair[0]) for pair in answer.json} <= seen, (entity.name, key)
                asked += 1
            offered = visitor.get(f"/{entity.name}/ajax/lookup/?name={key}").json
            assert bool(offered) == bool(seen), (entity.name, key)
    assert asked


def test_a_lookup_does_not_find_a_hidden_row_by_its_name(clerk: Visitor, stored: Any) -> None:
    with stored() as session:
        key = _foreign_customer(session).id
    answer = clerk.get("/complaint/ajax/lookup/?name=customer&query=Hidden")
    assert answer.json == []
    assert clerk.get(f"/customer/details/?id={key}").status_code == 404


def test_a_search_does_not_find_a_hidden_row(clerk: Visitor, stored: Any) -> None:
    with stored() as session:
        _foreign_customer(session)
    page = clerk.get("/customer/?q=Hidden")
    assert page.status_code == 200
    assert row_keys(page.text) == []


def test_a_filter_by_a_hidden_row_tells_neither_its_name_nor_rows_of_others(
    clerk: Visitor, stored: Any
) -> None:
    with stored() as session:
        hidden = _foreign_customer(session)
        complaint = session.scalars(select(Complaint).where(Complaint.customer_id != hidden.id)).first()
        assert complaint is not None
        complaint.department_id = hidden.department_id
        complaint.customer = hidden
        complaint.owner = None
        key, foreign = hidden.id, complaint.id
    page = clerk.get(f"/complaint/?customer:eq={key}")
    assert page.status_code == 200
    assert "Hidden" not in page.text
    assert str(foreign) not in row_keys(page.text)


def test_a_hidden_reference_shows_no_name_and_no_link(clerk: Visitor, stored: Any) -> None:
    with stored() as session:
        hidden, own = _foreign_customer(session), _own_customer(session)
        own.parent = hidden
        key, hidden_key = own.id, hidden.id
    for url in (
        f"/customer/details/?id={key}",
        f"/customer/edit/?id={key}",
        f"/customer/?cols=parent&id:eq={key}",
    ):
        page = clerk.get(url)
        assert page.status_code == 200, url
        assert "Hidden Ltd" not in page.text, url
        assert f"/customer/details/?id={hidden_key}" not in page.text, url


def test_an_existing_hidden_reference_is_kept_when_something_else_is_saved(
    clerk: Visitor, stored: Any
) -> None:
    with stored() as session:
        hidden, own = _foreign_customer(session), _own_customer(session)
        own.parent = hidden
        key, hidden_key = own.id, hidden.id
    url = f"/customer/edit/?id={key}"
    form = read_form(clerk.get(url).text)
    assert clerk.post(url, {**form.fields, "region": "别处"}).status_code == 302
    with stored() as session:
        own = session.get(Customer, key)
        assert (own.parent_id, own.region) == (hidden_key, "别处")


def test_a_forged_reference_is_refused_at_its_field_and_nothing_is_written(
    clerk: Visitor, stored: Any
) -> None:
    with stored() as session:
        hidden, own = _foreign_customer(session), _own_customer(session)
        own.parent_id = None
        key, hidden_key = own.id, hidden.id
        before = own.region
    url = f"/customer/edit/?id={key}"
    form = read_form(clerk.get(url).text)
    answer = clerk.post(url, {**form.fields, "parent": str(hidden_key), "region": "forged"})
    assert answer.status_code == 200
    assert list(errors(answer.text)) == ["parent"]
    assert "Hidden Ltd" not in answer.text
    with stored() as session:
        own = session.get(Customer, key)
        assert (own.parent_id, own.region) == (None, before)


@pytest.mark.parametrize("forged", ["999999999999999999999", "x", "1,2", "-", "0"])
def test_a_reference_to_nothing_is_refused_like_a_hidden_one(
    clerk: Visitor, stored: Any, forged: str
) -> None:
    with stored() as session:
        own = _own_customer(session)
        own.parent_id = None
        key = own.id
    url = f"/customer/edit/?id={key}"
    form = read_form(clerk.get(url).text)
    answer = clerk.post(url, {**form.fields, "parent": forged})
    assert answer.status_code == 200
    assert list(errors(answer.text)) == ["parent"]


def test_a_preset_reference_to_a_hidden_row_is_left_out(clerk: Visitor, stored: Any) -> None:
    with stored() as session:
        key = _foreign_customer(session).id
    page = clerk.get(f"/complaint/new/?customer={key}")
    assert page.status_code == 200
    assert read_form(page.text).fields["customer"] == ""
    assert "Hidden Ltd" not in page.text


def test_a_record_cannot_be_moved_out_of_reach(clerk: Visitor, stored: Any) -> None:
    with stored() as session:
        own = _own_customer(session)
        own.owner_id = None
        key, there = own.id, session.scalars(select(Department).where(Department.code == "SAL")).one().id
        before = own.department_id
    url = f"/customer/edit/?id={key}"
    form = read_form(clerk.get(url).text)
    assert clerk.post(url, {**form.fields, "department": str(there)}).status_code == 403
    with stored() as session:
        assert session.get(Customer, key).department_id == before


def test_a_part_cannot_be_hung_on_a_hidden_whole(app: Flask, stored: Any) -> None:
    with stored() as session:
        contract = session.scalars(
            select(Contract).join(Contract.department).where(Department.code == "SAL")
        ).first()
        assert contract is not None
        key = contract.id
    clerk = Visitor(app, "ct")
    form = read_form(clerk.get("/obligation/new/").text)
    typed = {**form.fields, "contract": str(key), "side": "ours", "description": "forged"}
    answer = clerk.post("/obligation/new/", typed)
    assert answer.status_code == 200
    assert list(errors(answer.text)) == ["contract"]


def test_rows_that_may_be_seen_but_not_exported_stay_out_of_the_file(app: Flask, stored: Any) -> None:
    # Two posts: one sees the complaints of everybody, the other may take away those of the customer service.
    with stored() as session:
        user = session.scalars(select(User).where(User.username == "ct")).one()
        profile = session.scalars(select(LetterProfile).where(LetterProfile.letter == "R")).one()
        profile.actions, profile.rows = "view create edit work", "all"
        supervisor = session.scalars(select(Position).where(Position.code == "CSS")).one()
        clerk = session.scalars(select(Position).where(Position.code == "CSD")).one()
        department = session.scalars(select(Department).where(Department.code == "CS")).one()
        session.add_all(
            [
                Post(user=user, position=supervisor, department=department, valid_from=date(2020, 1, 1)),
                Post(user=user, position=clerk, department=department, valid_from=date(2020, 1, 1)),
            ]
        )
        own = set(
            session.scalars(
                select(Complaint.id).where(
                    (Complaint.department_id == department.id) | (Complaint.owner_id == user.id)
                )
            )
        )
        every = set(session.scalars(select(Complaint.id)))
    visitor = Visitor(app, "ct")
    assert {int(key) for key in row_keys(visitor.get("/complaint/?size=100").text)} == every
    lines = visitor.get("/complaint/export/csv/?cols=id").text.splitlines()[1:]
    assert {int(line.rpartition(",")[2]) for line in lines} == own
    assert own < every

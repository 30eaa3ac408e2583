"""The doors that Flask-Admin leaves open beside a scoped list, one test each: docs and issues of it name them all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from models.activity import Activity
from models.contract import Contract, Obligation
from models.customer import Customer
from models.organisation import Department
from tests.contract.conftest import Visitor
from tests.contract.pages import errors, read_form, row_keys

SECRET = "远方的秘密 Hidden Ltd"
SHUT = (403, 404)


@pytest.fixture
def clerk(visitors: Callable[[str], Visitor]) -> Visitor:
    """A clerk of the customer service; whoever else a test needs signs in too, before anything is rolled back."""
    for username in ("css", "ct", "admin"):
        visitors(username)
    return visitors("csd")


@contextmanager
def system(app: Flask) -> Iterator[Session]:
    """A session that acts as the system."""
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        yield session
        session.commit()


@pytest.fixture
def case(app: Flask, clerk: Visitor, rollback: None) -> SimpleNamespace:
    """Keys of a customer of the clerk's department and of one of another, which is its parent."""
    with system(app) as session:

        def first(code: str) -> Customer:
            statement = select(Customer).join(Customer.department).where(Department.code == code)
            return session.scalars(statement.order_by(Customer.id)).first()  # type: ignore[return-value]

        hidden, own = first("SAL"), first("CS")
        hidden.name, hidden.credit_code, hidden.owner_id = SECRET, "91310000SECRET0001", None
        own.parent = hidden
        return SimpleNamespace(hidden=hidden.id, own=own.id, url=f"/customer/edit/?id={own.id}")


def stored(app: Flask, key: int) -> SimpleNamespace:
    """What a customer holds now."""
    with system(app) as session:
        found = session.get_one(Customer, key)
        return SimpleNamespace(parent=found.parent_id, name=found.name, credit_code=found.credit_code)


def test_list(clerk: Visitor, case: Any) -> None:
    page = clerk.get("/customer/?size=100").text
    assert str(case.own) in row_keys(page)
    assert str(case.hidden) not in row_keys(page) and SECRET not in page


def test_search(clerk: Visitor, case: Any) -> None:
    assert row_keys(clerk.get("/customer/?q=Hidden").text) == []


def test_export(visitors: Callable[[str], Visitor], case: Any) -> None:
    answer = visitors("css").get("/customer/export/csv/")
    assert answer.status_code == 200 and SECRET not in answer.text


@pytest.mark.parametrize("key", ["own", "hidden"])
def test_delete_action(app: Flask, clerk: Visitor, case: Any, key: str) -> None:
    chosen = getattr(case, key)
    answer = clerk.ask("POST", "/customer/action/", action="delete", rowid=str(chosen))
    assert answer.status_code in SHUT
    assert stored(app, chosen)


def test_edit_get(clerk: Visitor, case: Any) -> None:
    assert clerk.get(f"/customer/edit/?id={case.hidden}").status_code == 404


def test_edit_post(app: Flask, clerk: Visitor, case: Any) -> None:
    fields = read_form(clerk.get(case.url).text).fields
    answer = clerk.post(f"/customer/edit/?id={case.hidden}", {**fields, "name": "forged"})
    assert answer.status_code == 404
    assert stored(app, case.hidden).name == SECRET


def test_details(clerk: Visitor, case: Any) -> None:
    answer = clerk.get(f"/customer/details/?id={case.hidden}")
    assert answer.status_code == 404 and SECRET not in answer.text


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_delete(app: Flask, clerk: Visitor, case: Any, method: str) -> None:
    assert clerk.ask(method, f"/customer/delete/?id={case.hidden}").status_code in SHUT
    assert stored(app, case.hidden).name == SECRET


@pytest.mark.parametrize("who", ["csd", "admin"])
@pytest.mark.parametrize("key", ["own", "hidden"])
def test_ajax_update(app: Flask, visitors: Callable[[str], Visitor], case: Any, key: str, who: str) -> None:
    chosen = getattr(case, key)
    before = stored(app, chosen)
    sent = {"list_form_pk": str(chosen), "name": "forged"}
    assert visitors(who).ask("POST", "/customer/ajax/update/", **sent).status_code in SHUT
    assert stored(app, chosen) == before


def test_custom_action(clerk: Visitor, case: Any) -> None:
    for name in ("delete", "approve", "nonsense", ""):
        answer = clerk.ask("POST", "/customer/action/", action=name, rowid=[case.own, case.hidden])
        assert answer.status_code in SHUT, name


def test_ajax_lookup_asks_for_a_right(clerk: Visitor, case: Any) -> None:
    assert clerk.ask("GET", "/contract/ajax/lookup/?name=customer&query=").status_code == 403


def test_ajax_lookup_keeps_to_the_rows_of_its_target(clerk: Visitor, case: Any) -> None:
    assert clerk.get("/complaint/ajax/lookup/?name=customer&query=Hidden").json == []


def test_ajax_reference_on_post(app: Flask, clerk: Visitor, case: Any) -> None:
    with system(app) as session:
        session.get_one(Customer, case.own).parent_id = None
    fields = read_form(clerk.get(case.url).text).fields
    answer = clerk.post(case.url, {**fields, "parent": str(case.hidden)})
    assert list(errors(answer.text)) == ["parent"] and SECRET not in answer.text
    assert stored(app, case.own).parent is None


def test_unknown_id_does_not_empty_a_nullable_reference(app: Flask, clerk: Visitor, case: Any) -> None:
    fields = read_form(clerk.get(case.url).text).fields
    answer = clerk.post(case.url, {**fields, "parent": "999999999"})
    assert list(errors(answer.text)) == ["parent"]
    assert stored(app, case.own).parent == case.hidden


def test_child_cannot_be_given_another_parent_out_of_reach(
    app: Flask, clerk: Visitor, visitors: Callable[[str], Visitor], rollback: None
) -> None:
    keeper = visitors("ct")
    with system(app) as session:
        seen = {int(key) for key in row_keys(keeper.get("/contract/?size=100").text)}
        hidden = session.scalars(select(Contract.id).where(Contract.id.not_in(seen)).limit(1)).one()
        part = session.scalars(select(Obligation.id).where(Obligation.contract_id.in_(seen)).limit(1)).one()
    url = f"/obligation/edit/?id={part}"
    fields = read_form(keeper.get(url).text).fields
    answer = keeper.post(url, {**fields, "contract": str(hidden)})
    assert list(errors(answer.text)) == ["contract"]
    with system(app) as session:
        assert session.get_one(Obligation, part).contract_id in seen


def test_one_to_many_is_in_no_form(app: Flask) -> None:
    for entity in app.extensions["dutybook"].entities:
        lists = {each.key for each in entity.mapper.relationships if each.uselist}
        assert not lists.intersection(entity.form_fields), entity.name


def test_inline_models_delete_nothing(app: Flask, clerk: Visitor, case: Any) -> None:
    with system(app) as session:
        before = session.scalar(select(func.count(Activity.id)))
    fields = read_form(clerk.get(case.url).text).fields
    forged = {"del-activity-0": "on", "activity-0-id": "1", "activities": "1", "contacts": "1"}
    assert clerk.post(case.url, {**fields, **forged}).status_code == 302
    with system(app) as session:
        assert session.scalar(select(func.count(Activity.id))) == before


def test_unique_validator_names_no_hidden_row(app: Flask, clerk: Visitor, case: Any) -> None:
    fields = read_form(clerk.get(case.url).text).fields
    taken = stored(app, case.hidden).credit_code
    answer = clerk.post(case.url, {**fields, "credit_code": taken})
    assert list(errors(answer.text)) == ["credit_code"]
    assert SECRET not in answer.text and f"id={case.hidden}" not in answer.text
    assert stored(app, case.own).credit_code != taken


@pytest.mark.parametrize("query", ["password_hash:has=a", "password_hash:filled=1", "sort=password_hash"])
def test_column_filters_on_what_no_list_shows(visitors: Callable[[str], Visitor], query: str) -> None:
    assert visitors("admin").get(f"/user/?{query}").status_code == 400


def test_relation_labels(clerk: Visitor, case: Any) -> None:
    for url in (f"/customer/details/?id={case.own}", case.url, "/customer/?cols=parent&size=100"):
        answer = clerk.get(url)
        assert answer.status_code == 200 and SECRET not in answer.text, url


def test_index_view(visitors: Callable[[str], Visitor]) -> None:
    answer = visitors("").get("/")
    assert answer.status_code == 302 and "/login" in answer.headers["Location"]


@pytest.mark.parametrize("path", ["/contract/", "/contract/new/", "/contract/export/csv/"])
def test_denied_operations_are_a_403_and_no_redirect(clerk: Visitor, path: str) -> None:
    assert clerk.get(path).status_code == 403

"""The index says what the records say, whichever way they were written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM
from admin_app.engine.change import delete_rows, insert_rows, update_rows
from admin_app.engine.search.building import check, reindex
from admin_app.engine.search.index import Index, indexes
from admin_app.engine.search.matching import Matching
from admin_app.engine.site import site
from models.activity import Activity
from models.customer import Customer
from models.organisation import Department, User
from models.tag import TagFamily
from tests.conftest import csrf_token


def silent(done: int, total: int) -> None:
    """Watch nothing."""


def index_of(name: str) -> Index:
    found = indexes().of(site().by_name[name])
    assert found is not None
    return found


def found(session: Session, words: str, name: str = "customer") -> list[str]:
    """Labels of what a text finds for the system."""
    entity = site().by_name[name]
    statement = select(getattr(entity.model, entity.label_key or "id"))
    return sorted(session.scalars(statement.where(Matching(entity, words, SYSTEM).criterion())))


def true(session: Session, *names: str) -> bool:
    """Whether the indexes and the records agree."""
    session.flush()
    return all(not any(check(session, index_of(name), silent)) for name in names)


def make(session: Session, name: str, **values: Any) -> Customer:
    service = session.scalars(select(Department).where(Department.code == "CS")).one()
    record = Customer(
        code=f"KH-9{session.query(Customer).count():04}",
        name=name,
        customer_class="resource",
        customer_subtype="enterprise",
        department_id=service.id,
        **values,
    )
    session.add(record)
    session.flush()
    return record


def test_starting_data_are_in_the_index(session: Session) -> None:
    for index in indexes().by_model.values():
        assert not any(check(session, index, silent)), index.name


def test_a_flush_writes_what_it_made_changed_and_deleted(session: Session) -> None:
    record = make(session, "鹮鹮器材有限公司", phone="0571-1234567")
    assert found(session, "鹮鹮") == found(session, "huanhuan") == found(session, "4567") == [record.name]
    record.name = "鹳鹳器材有限公司"
    session.flush()
    assert found(session, "鹮鹮") == []
    assert found(session, "鹳鹳") == ["鹳鹳器材有限公司"]
    session.delete(record)
    session.flush()
    assert found(session, "鹳鹳") == []
    assert true(session, "customer")


def test_what_is_rolled_back_leaves_no_term(session: Session) -> None:
    make(session, "鹮鹮器材有限公司")
    session.rollback()
    assert found(session, "鹮鹮") == []
    with session.begin_nested() as savepoint:
        make(session, "鹮鹮器材有限公司")
        savepoint.rollback()
    assert found(session, "鹮鹮") == []
    assert true(session, "customer")


def test_parts_go_with_their_whole(session: Session) -> None:
    record = make(session, "鹮鹮器材有限公司")
    session.add(
        Activity(customer_id=record.id, kind="call", subject="鹮鹮来电", department_id=record.department_id)
    )
    session.flush()
    assert found(session, "鹮鹮", "activity") == ["鹮鹮来电"]
    # The database itself takes the activity along.
    session.delete(record)
    session.flush()
    assert found(session, "鹮鹮", "activity") == []
    assert true(session, "activity")


def test_whoever_leaves_takes_no_record_out_of_the_index(session: Session) -> None:
    person = User(username="leaver", name="鹮一鸣", language="zh", password_hash="x")
    session.add(person)
    session.flush()
    record = make(session, "鹮鹮器材有限公司", owner_id=person.id)
    assert found(session, "hym", "user") == ["鹮一鸣"]
    session.delete(person)
    session.flush()
    session.refresh(record)
    assert record.owner_id is None
    assert true(session, "customer", "user")


def test_bulk_writes_write_the_index_too(session: Session) -> None:
    names = ["鹮甲公司", "鹮乙公司", "鹮丙公司"]
    records = [make(session, name) for name in names]
    keys = [record.id for record in records]
    other = session.scalars(select(Department).where(Department.code == "SAL")).one()
    values = {"name": Customer.name + "改", "department_id": other.id}
    update_rows(session, Customer, Customer.id.in_(keys[:2]), values)
    assert found(session, "鹮 改") == ["鹮乙公司改", "鹮甲公司改"]
    assert true(session, "customer")
    delete_rows(session, Customer, Customer.id.in_(keys[1:]))
    assert found(session, "鹮") == ["鹮甲公司改"]
    more = select(
        (TagFamily.code + "-copy").label("code"),
        (TagFamily.name_zh + "鹮").label("name_zh"),
        TagFamily.name_en.label("name_en"),
    )
    assert insert_rows(session, TagFamily, more) == len(found(session, "鹮", "tag_family")) > 0
    assert true(session, "customer", "tag_family")


def test_a_form_and_an_import_write_the_index(
    session: Session, client: FlaskClient, login: Callable[..., FlaskClient]
) -> None:
    desk = login("admin")
    page = desk.get("/tag_family/new/").text
    token = page.split('name="_token" value="')[1].split('"')[0] if 'name="_token"' in page else ""
    data = {
        "csrf_token": csrf_token(page),
        "_token": token,
        "code": "huan",
        "name_zh": "鹮族",
        "name_en": "Ibis",
    }
    assert desk.post("/tag_family/new/", data=data).status_code == 302
    assert "鹮族" in desk.get("/tag_family/?q=ibi").text
    assert true(session, "tag_family")


def break_index(session: Session, index: Index, keys: Iterable[int]) -> None:
    for key in keys:
        column = "rowid" if session.get_bind().dialect.name == "sqlite" else "id"
        session.connection().execute(text(f"DELETE FROM {index.name} WHERE {column} = :key"), {"key": key})


def test_check_tells_what_is_missing_differing_and_superfluous(session: Session) -> None:
    index = index_of("customer")
    first, second, *_ = session.scalars(select(Customer.id).order_by(Customer.id)).all()
    break_index(session, index, [first])
    assert check(session, index, silent) == (1, 0, 0)
    session.connection().execute(
        text("UPDATE customer SET name = '鹮鹮' WHERE id = :id").execution_options(writes_history=True),
        {"id": second},
    )
    assert check(session, index, silent) == (1, 1, 0)
    reindex(session, index, [first, second])
    assert not any(check(session, index, silent))


def test_the_commands_check_and_put_right(app: Flask, session: Session) -> None:
    runner = app.test_cli_runner()
    assert runner.invoke(args=["search", "check"]).exit_code == 0
    index = index_of("customer")
    keys = session.scalars(select(Customer.id).order_by(Customer.id).limit(3)).all()
    break_index(session, index, keys)
    session.commit()
    told = runner.invoke(args=["search", "check", "customer"])
    assert told.exit_code == 1
    assert "customer: 3 missing, 0 differing, 0 superfluous" in told.output
    rebuilt = runner.invoke(args=["search", "rebuild", "customer"])
    assert rebuilt.exit_code == 0, rebuilt.output
    assert f"customer: {session.query(Customer).count():,} records" in rebuilt.output
    assert runner.invoke(args=["search", "check"]).exit_code == 0
    assert "nobody has no index" in runner.invoke(args=["search", "rebuild", "nobody"]).output


@pytest.mark.parametrize("size", [1, 2, 500])
def test_a_rebuild_takes_out_what_has_no_record(
    session: Session, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    from admin_app.engine.search import building

    monkeypatch.setattr(building, "_CHUNK", size)
    index = index_of("tag_family")
    if session.get_bind().dialect.name == "sqlite":
        # Only there can it happen at all: on PostgreSQL a foreign key forbids it.
        write = text("INSERT INTO search_tag_family (rowid, terms) VALUES (99999, 'awlost')")
        session.connection().execute(write)
        assert check(session, index, silent).superfluous == 1
    building.rebuild(session, index, silent)
    assert not any(check(session, index, silent))

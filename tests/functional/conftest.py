"""Whoever clicks through the app."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.engine.change import context
from models.complaint import Complaint
from models.customer import Customer
from models.organisation import Department, User
from tests.conftest import sign_in
from tests.functional.browsing import Sign, newest, post


@pytest.fixture
def person(app: Flask, rollback: None) -> Sign:
    """Open a browser of somebody, in English unless said otherwise."""

    def opened(username: str, language: str = "en") -> FlaskClient:
        client = sign_in(app.test_client(), username)
        post(client, "/language", code=language)
        return client

    return opened


@pytest.fixture
def customer(session: Session) -> Callable[..., Customer]:
    """Make a customer of a department and commit; "CS" is the clerk's own."""

    def make(number: int, department: str = "CS", **values: Any) -> Customer:
        place = session.scalars(select(Department).where(Department.code == department)).one()
        record = Customer(
            code=f"KH-9{number:04d}",
            name=f"Prüfstand {number}",
            customer_class="resource",
            customer_subtype="enterprise",
            department_id=place.id,
            **values,
        )
        session.add(record)
        session.commit()
        return record

    return make


@pytest.fixture
def complaint(session: Session) -> Complaint:
    """A new complaint of a customer of the service department, with the clerk csd."""
    service = session.scalars(select(Department).where(Department.code == "CS")).one()
    made = Complaint(
        number="TS-T",
        customer=session.scalars(select(Customer).where(Customer.department_id == service.id)).first(),
        channel="phone",
        subject="The lift stands still",
        owner=session.scalars(select(User).where(User.username == "csd")).one(),
        department=service,
    )
    session.add(made)
    session.commit()
    return made


@pytest.fixture
def change(session: Session) -> Callable[..., int]:
    """Write fields of a record by the system, for a reason, and commit; the id of the change set."""

    def write(record: Any, reason: str = "Asked for", **values: Any) -> int:
        for key, value in values.items():
            setattr(record, key, value)
        context(session, reason=reason)
        session.commit()
        return newest(session)

    return write

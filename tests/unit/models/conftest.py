"""An in-memory SQLite database with foreign keys on, and the few records that the tests build on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

import models  # noqa: F401 - fills the metadata
from admin_app.sqlite import find_driver
from models.base import Base
from models.customer import Customer
from models.organisation import Department


@pytest.fixture
def model_engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://", module=find_driver(), poolclass=StaticPool)

    @event.listens_for(engine, "connect")
    def _foreign_keys_on(connection: Any, record: Any) -> None:
        connection.execute("PRAGMA foreign_keys=ON")

    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def model_session(model_engine: Engine) -> Iterator[Session]:
    with Session(model_engine) as session:
        yield session


@pytest.fixture
def department(model_session: Session) -> Department:
    department = Department(code="CR", name_zh="客户关系部", name_en="Customer relations")
    model_session.add(department)
    model_session.flush()
    return department


@pytest.fixture
def customer(model_session: Session, department: Department) -> Customer:
    customer = Customer(
        code="KH-00001",
        name="云杉精密",
        customer_class="project",
        customer_subtype="single",
        department=department,
    )
    model_session.add(customer)
    model_session.flush()
    return customer

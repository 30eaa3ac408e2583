"""A big load, made small: the same copying with a block of forty, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import func, inspect, select
from sqlalchemy.orm import Session

from admin_app.services.contracts import refresh_customers
from models.base import Base
from models.complaint import Complaint, ComplaintEvent
from models.contact import Affiliation, Contact
from models.contract import Contract, Performance
from models.customer import Customer
from seed import customers, demo
from seed.demo import DemoResult, load_demo
from seed.multiply import COPIED
from tests.unit.seed.conftest import opened
from tests.unit.seed.test_people_and_names import is_valid

TODAY = date(2026, 11, 24)
#: Forty made one by one, three whole copies, and a copy of the first thirteen.
TOTAL, BLOCK = 173, 40


@pytest.fixture
def big(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Session, DemoResult]]:
    monkeypatch.setattr(demo, "RICH_LIMIT", 10)
    monkeypatch.setattr(demo, "BLOCK", BLOCK)
    monkeypatch.setattr(demo, "CHUNK", 15)
    monkeypatch.setattr(customers, "_BIG_COMPLAINTS", 0.5)
    told: list[int] = []
    with opened(database_url) as session:
        names = indexes(session)
        result = load_demo(session, TOTAL, TODAY, lambda done, _: told.append(done), "correct horse battery")
        assert told == [15, 30, 40, 80, 120, 160, 173]
        assert indexes(session) == names
        yield session, result


def indexes(session: Session) -> set[str | None]:
    inspector = inspect(session.connection())
    return {index["name"] for table in COPIED for index in inspector.get_indexes(table.name)}


def test_a_big_load_is_true_and_whole(big: tuple[Session, DemoResult]) -> None:
    session, result = big
    stored = {
        name: session.scalar(select(func.count()).select_from(Base.metadata.tables[name]))
        for name in result.counts
    }
    assert result.counts == stored
    assert stored["customer"] == stored["contact"] == stored["affiliation"] == TOTAL
    before = session.execute(select(Customer.__table__).order_by(Customer.id)).all()
    refresh_customers(session, None, TODAY)
    assert session.execute(select(Customer.__table__).order_by(Customer.id)).all() == before

    codes = session.scalars(select(Customer.code).order_by(Customer.id)).all()
    assert codes[:40] == [f"KH-{number:05d}" for number in range(1, 41)]
    assert len(set(session.scalars(select(Customer.name)))) == TOTAL
    credit = session.scalars(select(Customer.credit_code).where(Customer.credit_code.is_not(None))).all()
    assert all(is_valid(code) for code in credit)

    # A copy has what its original has: 13 originals have been copied four times, the others three times.
    originals = select(Customer.id).order_by(Customer.id)
    keys = session.scalars(originals).all()
    for model, owner in (
        (Contract, Contract.customer_id),
        (Complaint, Complaint.customer_id),
        (Affiliation, Affiliation.customer_id),
    ):
        tally = select(owner, func.count(model.id)).group_by(owner)
        per = {row[0]: row[1] for row in session.execute(tally)}
        assert all(per.get(keys[at], 0) == per.get(keys[at % BLOCK], 0) for at in range(TOTAL)), model
    parts = select(func.count()).select_from(Performance).join(Performance.contract)
    assert session.scalar(parts) == stored["performance"]
    assert session.scalar(select(func.count()).select_from(ComplaintEvent)) == stored["complaint_event"]


def test_the_next_record_gets_the_next_key(big: tuple[Session, DemoResult]) -> None:
    session, _ = big
    last = session.scalar(select(func.max(Contact.id))) or 0
    department = session.scalars(select(Customer.department_id).limit(1)).one()
    contact = Contact(name="Mira Solheim", department_id=department)
    session.add(contact)
    session.flush()
    assert contact.id > last

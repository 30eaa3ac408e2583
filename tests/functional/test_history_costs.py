"""A page of history costs no more statements at fifty rows than at five."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session

from admin_app.engine.change import context, delete_rows, update_rows
from models.customer import Customer
from models.organisation import User
from tests.functional.browsing import Sign, newest

UNCOUNTED = ("SAVEPOINT", "RELEASE", "ROLLBACK", "PRAGMA", "BEGIN")
#: Statements of a page at most, signing in and rights included.
BUDGET = 12
#: What looks at more than a page of rows: all lists of a record, and each kind of rows of a change.
BUDGETS = {"past": 28, "undo": 16, "half undone": 16, "restore": 20}


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that the database gets in the block."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, text: str, *_rest: Any) -> None:
        if not text.lstrip().upper().startswith(UNCOUNTED):
            sent.append(text)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_no_page_costs_more_at_fifty_rows_than_at_five(
    session: Session, person: Sign, customer: Any, change: Any
) -> None:
    head, admin = person("css"), person("admin")
    people = session.scalars(select(User.id).limit(20)).all()
    costs: dict[str, list[int]] = {}
    for count in (5, 50):
        start = 100 * count
        whole = customer(start)
        keys = [customer(start + 1 + number, parent_id=whole.id).id for number in range(count)]
        for number in range(count):
            change(whole, region=f"R{number}", owner_id=people[number % len(people)])
        for number, key in enumerate(keys):
            session.get_one(Customer, key).owner_id = people[number % len(people)]
        context(session, reason="Everybody gets some")
        session.commit()
        made = newest(session)
        costs = _visit(
            head,
            costs,
            {
                "timeline": f"/customer/history/?id={whole.id}",
                "past": f"/customer/past/?id={whole.id}&at=2099-01-01",
                "log": "/changes/",
                "set": f"/changes/{made}",
                "undo": f"/changes/{made}/undo",
            },
        )
        update_rows(session, Customer, Customer.id.in_(keys[::2]), {"region": "Elsewhere"})
        update_rows(session, Customer, Customer.id.in_(keys[::2]), {"owner_id": whole.owner_id})
        session.commit()
        costs = _visit(head, costs, {"half undone": f"/changes/{made}/undo"})
        delete_rows(session, Customer, Customer.id.in_(keys))
        session.commit()
        gone = newest(session)
        costs = _visit(
            head,
            costs,
            {"deletion": f"/changes/{gone}", "restore": f"/changes/{gone}/undo", "log after": "/changes/"},
        )
        costs = _visit(admin, costs, {"trash": "/customer/trash/"})
    # A page of fewer kinds of fields asks for the names of fewer kinds of records.
    assert all(many <= few for few, many in costs.values()), costs
    assert all(few <= BUDGETS.get(page, BUDGET) for page, (few, _many) in costs.items()), costs


def _visit(visitor: Any, costs: dict[str, list[int]], pages: dict[str, str]) -> dict[str, list[int]]:
    for page, url in pages.items():
        # What is found out once per process is no cost of the page.
        visitor.get(url)
        with counted() as sent:
            assert visitor.get(url).status_code == 200, page
        costs.setdefault(page, []).append(len(sent))
    return costs

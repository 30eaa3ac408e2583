"""What happens by itself, once on each day of the company."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from flask_babel import lazy_gettext
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from admin_app.engine.job import JobKind, Running
from admin_app.services import clock
from admin_app.services.contracts import refresh_customers
from admin_app.services.regrading import refresh_drift
from models.customer import Customer

#: Customers of one transaction: nobody else who writes waits for all of them.
CHUNK: Final = 5_000


def _in_chunks(run: Running, refresh: Callable[[Session, list[int]], Any]) -> Any:
    total: int | None = None
    while True:
        with run.chunk(total) as step:
            session, after = step.session, int(step.cursor or 0)
            if total is None:
                total = session.scalar(select(func.count(Customer.id))) or 0
            following = select(Customer.id).where(Customer.id > after).order_by(Customer.id).limit(CHUNK)
            ids = list(session.scalars(following))
            if not ids:
                return {"customers": step.done}
            refresh(session, ids)
            step.cursor, step.done = ids[-1], step.done + len(ids)


def _refresh(run: Running) -> Any:
    """Time alone makes a customer lapse: nobody saves anything on that day."""
    return _in_chunks(run, lambda session, ids: refresh_customers(session, ids, clock.today()))


def _drift(run: Running) -> Any:
    """Contracts age out of the time that a rule looks at, and complaints come: the grade by rule moves by itself."""
    return _in_chunks(run, lambda session, ids: refresh_drift(session, ids, clock.today()))


REFRESH: Final = JobKind(
    "refresh_customers", lazy_gettext("Transaction status of all customers"), _refresh, True
)
DRIFT: Final = JobKind("refresh_drift", lazy_gettext("Grades that differ from the rules"), _drift, True)

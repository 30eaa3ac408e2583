"""What happens by itself, once on each day of the company."""

from __future__ import annotations

from typing import Any, Final

from flask_babel import lazy_gettext
from sqlalchemy import func, select

from admin_app.engine.job import JobKind, Running
from admin_app.services import clock
from admin_app.services.contracts import refresh_customers
from models.customer import Customer

#: Customers of one transaction: nobody else who writes waits for all of them.
CHUNK: Final = 5_000


def _refresh(run: Running) -> Any:
    """Time alone makes a customer lapse: nobody saves anything on that day."""
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
            refresh_customers(session, ids, clock.today())
            step.cursor, step.done = ids[-1], step.done + len(ids)


REFRESH: Final = JobKind(
    "refresh_customers", lazy_gettext("Transaction status of all customers"), _refresh, True
)

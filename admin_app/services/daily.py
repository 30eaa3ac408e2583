"""What happens by itself, once on each day of the company."""

from __future__ import annotations

from typing import Any, Final

from flask_babel import lazy_gettext

from admin_app.engine.job import JobKind, Running
from admin_app.services import clock
from admin_app.services.contracts import refresh_customers


def _refresh(run: Running) -> Any:
    """Time alone makes a customer lapse: nobody saves anything on that day."""
    with run.chunk() as step:
        refresh_customers(step.session, None, clock.today())
    return {"day": clock.today().isoformat()}


REFRESH: Final = JobKind(
    "refresh_customers", lazy_gettext("Transaction status of all customers"), _refresh, True
)

"""When a customer was last spoken to, derived from activities."""

from __future__ import annotations

from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.change import update_rows
from admin_app.services import clock
from admin_app.services.ownership import fill_ownership
from models.activity import Activity
from models.customer import Customer
from models.types import utc_now

#: Kinds of activities in which somebody met or heard the customer; a note to oneself is none.
CONTACT_KINDS: Final = ("call", "visit", "meeting", "mail")
_STASH: Final = "customers_last_contacted"


def refresh_last_contact(session: Session, customer_id: int) -> None:
    """Write the company's date of the customer's latest dealing up to now, or NULL where there is none, and flush."""
    latest = select(func.max(Activity.at)).where(
        Activity.customer_id == customer_id, Activity.kind.in_(CONTACT_KINDS), Activity.at <= utc_now()
    )
    session.flush()
    with acting(session, SYSTEM):
        moment = session.scalar(latest)
        day = clock.day_of(moment) if moment else None
        # Neither version nor time of change move: nobody's open form goes stale over a call.
        update_rows(
            session, Customer, Customer.id == customer_id, {"last_contact_on": day}, touch=False, few=True
        )


def before_activity_saved(session: Session, policy: Policy, activity: Activity) -> None:
    """Fill an empty owner and department; remember whose activity it was until now."""
    fill_ownership(session, policy, activity)
    stored = select(Activity.customer_id).where(Activity.id == activity.id)
    with acting(session, SYSTEM), session.no_autoflush:
        session.info.setdefault(_STASH, set()).update(session.scalars(stored))


def after_activity_saved(session: Session, policy: Policy, activity: Activity) -> None:
    """Refresh the customer, and the one that had this activity before."""
    for customer_id in sorted(session.info.pop(_STASH, set()) | {activity.customer_id}):
        refresh_last_contact(session, customer_id)


after_activity_deleted = after_activity_saved

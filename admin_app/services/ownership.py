"""Whose a new record is when nobody says."""

from __future__ import annotations

from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from admin_app.engine.access import Policy
from models.organisation import Department, User


def fill_ownership(session: Session, policy: Policy, record: Any) -> None:
    """Give a new record to its maker and the maker's department, where these are empty.

    Somebody who may create own records only would otherwise be refused for leaving a field empty. The system has
    neither a person nor a department; what it makes without one is for the database to refuse.
    """
    if inspect(record).persistent:
        return
    # Through the relationships: one that a form has set to None would win over the plain column at the flush.
    if record.owner is None and record.owner_id is None and policy.user_id is not None:
        record.owner = session.get(User, policy.user_id)
    if record.department is None and record.department_id is None and policy.home_department is not None:
        record.department = session.get(Department, policy.home_department)

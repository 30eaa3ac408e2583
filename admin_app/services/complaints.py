"""A complaint's course: its number, its timeline, and when it was closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flask import current_app, has_app_context
from sqlalchemy import Select, inspect, literal, select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.access.explain import acting_for
from admin_app.engine.change import insert_rows
from admin_app.engine.labels import labels
from admin_app.engine.site import site
from admin_app.services.numbering import next_complaint_number
from admin_app.services.ownership import fill_ownership
from models.complaint import Complaint, ComplaintEvent
from models.organisation import User
from models.types import utc_now

#: Statuses in which somebody still has to do something.
OPEN: Final = ("new", "assigned", "in_progress", "waiting", "reopened")
#: Most databases take some 32,000 parameters in one statement.
_CHUNK: Final = 10_000
#: The step that a complaint takes by getting a status.
STEPS: Final = {
    "new": "noted",
    "assigned": "assigned",
    "in_progress": "resumed",
    "waiting": "waiting",
    "solved": "solved",
    "confirmed": "confirmed",
    "closed": "closed",
    "reopened": "reopened",
}


def before_complaint_saved(session: Session, policy: Policy, complaint: Complaint) -> None:
    """Fill an empty number, owner and department, keep `closed_at` true, and write the timeline.

    A new complaint begins its timeline; a change of status or owner adds a step. Steps go to the database in the same
    flush as the complaint, so there is never one without the other.
    """
    is_new = not inspect(complaint).persistent
    fill_ownership(session, policy, complaint)
    if not complaint.number:
        complaint.number = next_complaint_number(session)
    status = complaint.status or "new"
    now = utc_now()
    # Without this the default would be some microseconds later than the closing.
    complaint.received_at = complaint.received_at or now
    if status == "closed":
        complaint.closed_at = complaint.closed_at or now
    else:
        complaint.closed_at = None
    if is_new:
        _add(session, policy, complaint, "logged", status_words(status) if status != "new" else None)
        return
    with acting(session, SYSTEM), session.no_autoflush:
        before = session.scalar(select(Complaint.status).where(Complaint.id == complaint.id))
    if before is not None and before != status:
        _add(session, policy, complaint, STEPS[status], f"{status_words(before)} → {status_words(status)}")
    if _owner_changed(complaint):
        _add(session, policy, complaint, "assigned", _name(session, complaint))


def before_event_saved(session: Session, policy: Policy, event: ComplaintEvent) -> None:
    """Sign a step with the name of who writes it, and of whom that person stands in for.

    Nobody writes the timeline in somebody else's name.
    """
    if policy.user_id is not None:
        event.author_id = policy.user_id
        event.acting_for_id = _acting_for(policy, event.complaint)


def _acting_for(policy: Policy, complaint: Complaint | None) -> int | None:
    """In whose place this person works on the complaint, if in anybody's; no statement for most people."""
    if complaint is None or not any(source.acting for source in policy.sources):
        return None
    return acting_for(site().access, policy, "edit", complaint)


def _add(session: Session, policy: Policy, complaint: Complaint, kind: str, text: str | None) -> None:
    session.add(
        ComplaintEvent(
            complaint=complaint,
            at=utc_now(),
            kind=kind,
            text=text,
            author_id=policy.user_id,
            acting_for_id=_acting_for(policy, complaint),
        )
    )


def note_new_owner(session: Session, policy: Policy, complaints: Sequence[int], owner: str) -> None:
    """Add to the timelines of these complaints that they went to somebody."""
    step: dict[str, Any] = {"at": utc_now(), "kind": "assigned", "text": owner, "author_id": policy.user_id}
    values = [literal(value, ComplaintEvent.__table__.c[key].type).label(key) for key, value in step.items()]
    for start in range(0, len(complaints), _CHUNK):
        which = Complaint.id.in_(complaints[start : start + _CHUNK])
        insert_rows(session, ComplaintEvent, select(Complaint.id.label("complaint_id"), *values).where(which))


def after_complaints_changed(
    session: Session, policy: Policy, ids: Select[Any], values: Mapping[str, Any]
) -> None:
    """Add to the timelines of these complaints that they went to somebody, where that is what changed."""
    if "owner" not in values:
        return
    with acting(session, SYSTEM):
        found = session.get(User, values["owner"]) if values["owner"] is not None else None
    step: dict[str, Any] = {
        "at": utc_now(),
        "kind": "assigned",
        "text": found.name if found else "—",
        "author_id": policy.user_id,
    }
    told = [literal(value, ComplaintEvent.__table__.c[key].type).label(key) for key, value in step.items()]
    with acting(session, SYSTEM):
        insert_rows(
            session,
            ComplaintEvent,
            select(Complaint.id.label("complaint_id"), *told).where(Complaint.id.in_(ids)),
        )


def _owner_changed(complaint: Complaint) -> bool:
    state = inspect(complaint)
    return state.attrs.owner.history.has_changes() or state.attrs.owner_id.history.has_changes()


def _name(session: Session, complaint: Complaint) -> str:
    owner = complaint.owner
    # A relationship that was set to None says more than the column, which follows at the flush.
    if not inspect(complaint).attrs.owner.history.has_changes() and complaint.owner_id is not None:
        owner = session.get(User, complaint.owner_id)
    return owner.name if owner else "—"


def status_words(status: str) -> str:
    """The status in the language of who acts: a timeline quotes, it is not translated afterwards."""
    if has_app_context() and "dutybook" in current_app.extensions:
        return labels().choice("complaint", "status", status)
    return status

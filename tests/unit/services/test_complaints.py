"""The course of a complaint."""

import pytest
from sqlalchemy import select

from admin_app.services.complaints import before_complaint_saved, before_event_saved
from models.complaint import Complaint, ComplaintEvent
from models.organisation import User


@pytest.fixture
def save(session, clerk):
    def save(complaint):
        with session.no_autoflush:
            session.add(complaint)
            before_complaint_saved(session, clerk, complaint)
        session.flush()
        return complaint

    return save


@pytest.fixture
def complaint(save, make_customer):
    return save(Complaint(customer=make_customer(), channel="phone", subject="The lift stands still"))


def timeline(session, complaint):
    statement = (
        select(ComplaintEvent).where(ComplaintEvent.complaint_id == complaint.id).order_by(ComplaintEvent.id)
    )
    return [(event.kind, event.text) for event in session.scalars(statement)]


def test_a_new_complaint_has_a_number_an_owner_and_a_first_step(session, complaint, clerk):
    assert complaint.number.startswith("TS-")
    assert (complaint.owner_id, complaint.department_id) == (clerk.user_id, clerk.home_department)
    assert timeline(session, complaint) == [("logged", None)]
    event = session.scalars(select(ComplaintEvent).where(ComplaintEvent.complaint_id == complaint.id)).one()
    assert event.author_id == clerk.user_id


def test_each_change_of_status_is_a_step_in_words(session, complaint, save):
    for status in ("assigned", "in_progress", "waiting"):
        complaint.status = status
        save(complaint)
    assert timeline(session, complaint)[1:] == [
        ("assigned", "新受理 → 已指派"),
        ("resumed", "已指派 → 处理中"),
        ("waiting", "处理中 → 等待客户"),
    ]


def test_a_change_of_anything_else_is_no_step(session, complaint, save):
    complaint.subject = "The lift stands still again"
    save(complaint)
    assert timeline(session, complaint) == [("logged", None)]


def test_a_new_owner_is_a_step(session, complaint, save):
    colleague = session.scalars(select(User).where(User.username == "css")).one()
    complaint.owner = colleague
    save(complaint)
    complaint.owner = None
    save(complaint)
    assert timeline(session, complaint)[1:] == [("assigned", colleague.name), ("assigned", "—")]


def test_closing_sets_the_time_and_reopening_clears_it(session, complaint, save):
    for status in ("assigned", "in_progress", "solved", "confirmed", "closed"):
        complaint.status = status
        save(complaint)
    closed_at = complaint.closed_at
    assert closed_at >= complaint.received_at
    complaint.subject = "Closed, with a better subject"
    save(complaint)
    assert complaint.closed_at == closed_at
    complaint.status = "reopened"
    save(complaint)
    assert complaint.closed_at is None
    assert [kind for kind, _text in timeline(session, complaint)][-2:] == ["closed", "reopened"]


def test_a_complaint_from_a_file_may_be_closed_already(session, save, make_customer):
    complaint = save(Complaint(customer=make_customer(), channel="web", subject="Old", status="closed"))
    assert complaint.closed_at is not None
    assert timeline(session, complaint) == [("logged", "已结案")]


def test_nobody_writes_in_somebody_elses_name(session, complaint, clerk):
    event = ComplaintEvent(complaint=complaint, kind="noted", text="…", author_id=10**6)
    before_event_saved(session, clerk, event)
    assert event.author_id == clerk.user_id

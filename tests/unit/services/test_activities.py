"""The last contact follows from activities."""

from datetime import UTC, date, datetime, timedelta

import pytest

from admin_app.services.activities import after_activity_deleted, after_activity_saved, before_activity_saved
from models.activity import Activity
from models.types import utc_now


@pytest.fixture
def record(session, clerk):
    def make(customer, at, kind="call"):
        activity = Activity(customer=customer, at=at, kind=kind, subject="About the offer")
        return save(activity)

    def save(activity):
        with session.no_autoflush:
            session.add(activity)
            before_activity_saved(session, clerk, activity)
            session.flush()
            after_activity_saved(session, clerk, activity)
        return activity

    make.again = save
    return make


def test_the_latest_one_counts_in_the_companys_day(record, make_customer):
    customer = make_customer()
    record(customer, datetime(2026, 3, 1, 17, tzinfo=UTC))
    record(customer, datetime(2026, 2, 1, 8, tzinfo=UTC))
    assert customer.last_contact_on == date(2026, 3, 2)


def test_notes_and_plans_are_no_contact(record, make_customer):
    customer = make_customer()
    record(customer, datetime(2026, 3, 1, tzinfo=UTC), kind="note")
    record(customer, utc_now() + timedelta(days=3), kind="visit")
    assert customer.last_contact_on is None


def test_a_moved_or_deleted_one_counts_no_longer(record, make_customer, session, clerk):
    first, second = make_customer(), make_customer()
    activity = record(first, datetime(2026, 3, 1, tzinfo=UTC))
    activity.customer = second
    record.again(activity)
    assert (first.last_contact_on, second.last_contact_on) == (None, date(2026, 3, 1))
    session.delete(activity)
    session.flush()
    after_activity_deleted(session, clerk, activity)
    assert second.last_contact_on is None


def test_it_belongs_to_its_maker(record, make_customer, clerk):
    activity = record(make_customer(), datetime(2026, 3, 1, tzinfo=UTC))
    assert (activity.owner_id, activity.department_id) == (clerk.user_id, clerk.home_department)

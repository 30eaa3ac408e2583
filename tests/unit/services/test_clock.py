"""Months and days of the company."""

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest

from admin_app.services import clock


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 11, 24), 12, date(2025, 11, 24)),
        (date(2024, 2, 29), 12, date(2023, 2, 28)),
        (date(2026, 3, 31), 1, date(2026, 2, 28)),
        (date(2026, 1, 15), 1, date(2025, 12, 15)),
        (date(2026, 12, 31), -2, date(2027, 2, 28)),
    ],
)
def test_a_month_without_that_day_gives_its_last_one(day, months, expected):
    assert clock.months_before(day, months) == expected


def test_months_follow_each_other_without_a_gap():
    months = clock.months_until(date(2026, 3, 31), 14)
    assert months[0] == (date(2025, 2, 1), date(2025, 2, 28))
    assert months[-1] == (date(2026, 3, 1), date(2026, 3, 31))
    assert all(after[0].toordinal() == before[1].toordinal() + 1 for before, after in pairwise(months))


def test_the_companys_day_begins_at_its_own_midnight():
    assert clock.day_of(datetime(2026, 11, 23, 16, 30, tzinfo=UTC)) == date(2026, 11, 24)

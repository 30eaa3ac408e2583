"""The company's day: dates are counted in its time zone, moments are stored in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import has_app_context

from admin_app.engine.language import DEFAULT_TIME_ZONE, time_zone
from models.types import utc_now


def company_zone() -> ZoneInfo:
    """The setting TIME_ZONE; its default where no app is running."""
    return ZoneInfo(time_zone() if has_app_context() else DEFAULT_TIME_ZONE)


def today() -> date:
    """The company's date at this moment."""
    return day_of(utc_now())


def day_of(moment: datetime) -> date:
    """The company's date at `moment`, which bears its zone."""
    return moment.astimezone(company_zone()).date()


def end_of(day: date) -> datetime:
    """The first moment after `day`, in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), company_zone()).astimezone(UTC)


def months_before(day: date, months: int) -> date:
    """The same day `months` earlier, or that month's last day where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    first = date(year, month + 1, 1)
    following = date(year + month // 11, (month + 1) % 12 + 1, 1)
    return min(first + timedelta(days=day.day - 1), following - timedelta(days=1))


def months_until(day: date, count: int) -> list[tuple[date, date]]:
    """The last `count` calendar months up to the one of `day`, oldest first, as (first day, last day)."""
    found = []
    for back in range(count - 1, -1, -1):
        first = months_before(day.replace(day=1), back)
        following = months_before(first, -1)
        found.append((first, following - timedelta(days=1)))
    return found

"""Dates, times and intervals. Stored in UTC where the column has a zone, typed and shown in the company's zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from admin_app.engine.kinds import base
from admin_app.engine.kinds.base import Cell, Kind, Unreadable
from admin_app.engine.language import time_zone

_RANGE = (base.EQUALS, base.AT_LEAST, base.AT_MOST, base.EMPTY_OP, base.FILLED_OP)
_INTERVAL = re.compile(
    r"(-)?(?:([0-9]{1,9})\s*(?:d|天|days?)?\s+)?([0-9]{1,4}):([0-5][0-9])"
    r"(?::([0-5][0-9])(?:\.([0-9]{1,6}))?)?"
)


def _zone() -> ZoneInfo:
    # Not Flask-Babel's zone: put into a datetime, a pytz zone means local mean time, minutes away from the clock.
    return ZoneInfo(time_zone())


class DateKind(Kind):
    """A calendar day."""

    name = "date"
    operators = _RANGE
    input_type = "date"

    def parse(self, text: str) -> date:
        """ISO 8601, and the usual 2026/3/1, 2026.3.1 and 2026年3月1日."""
        parts = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", text.strip())
        try:
            if parts:
                return date(*(int(part) for part in parts.groups()))
            return date.fromisoformat(text.strip())
        except ValueError:
            raise Unreadable(_("“%(value)s” is no date; write 2026-03-01.", value=text)) from None

    def show(self, value: Any) -> str:
        """ISO 8601."""
        return str(value.isoformat())


class DateTimeKind(Kind):
    """A moment. With `zoned` it is kept in UTC and shown in the company's zone, else it is taken as it is."""

    name = "datetime"
    operators = _RANGE
    input_type = "datetime-local"

    def __init__(self, zoned: bool) -> None:
        self.zoned = zoned

    def parse(self, text: str) -> datetime:
        """ISO 8601 with or without an offset, a blank for the T, or a date alone (its midnight)."""
        try:
            moment = datetime.fromisoformat(text.strip())
        except ValueError:
            raise Unreadable(_("“%(value)s” is no time; write 2026-03-01 14:30.", value=text)) from None
        if not self.zoned:
            return moment.replace(tzinfo=None)
        try:
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=_zone())
            return moment.astimezone(UTC)
        except OverflowError:
            raise Unreadable(_("“%(value)s” is no time; write 2026-03-01 14:30.", value=text)) from None

    def _local(self, value: datetime) -> datetime:
        if not self.zoned:
            return value
        # A plain DateTime(timezone=True) comes back from SQLite without the zone that it was put in with: UTC.
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(_zone())

    def show(self, value: Any) -> str:
        """As `datetime-local` sends it: a browser leaves out seconds that are zero, and would seem to change it."""
        shown = self._local(value).replace(tzinfo=None, microsecond=0)
        return shown.isoformat(timespec="seconds" if shown.second else "minutes")

    def cell(self, value: Any) -> Cell:
        """To the minute."""
        return Cell("datetime", self._local(value).strftime("%Y-%m-%d %H:%M"))

    def export(self, value: Any) -> str:
        """ISO 8601 with its offset."""
        return self._local(value).isoformat()

    def field(self, label: Any, validators: Any, required: bool) -> Any:
        """`step=1` lets the browser keep the seconds."""
        field = super().field(label, validators, required)
        field.kwargs["render_kw"]["step"] = "1"
        return field


class TimeKind(Kind):
    """A time of day, with its offset where the column has one."""

    name = "time"
    operators = _RANGE

    def parse(self, text: str) -> time:
        """ISO 8601: 14:30, 14:30:15, 14:30+08:00."""
        try:
            return time.fromisoformat(text.strip())
        except ValueError:
            raise Unreadable(_("“%(value)s” is no time of day; write 14:30.", value=text)) from None

    def show(self, value: Any) -> str:
        """ISO 8601."""
        return str(value.isoformat())


class IntervalKind(Kind):
    """A length of time, typed as `[days] hours:minutes[:seconds]`."""

    name = "interval"
    operators = _RANGE

    def parse(self, text: str) -> timedelta:
        """ "36:00", "2 06:30:00" (two days, six and a half hours), "-0:15"."""
        match = _INTERVAL.fullmatch(text.strip())
        if not match:
            raise Unreadable(_("“%(value)s” is no length of time; write 2 06:30:00.", value=text))
        sign, days, hours, minutes, seconds, fraction = match.groups()
        factor = -1 if sign else 1
        try:
            return timedelta(
                days=factor * int(days or 0),
                hours=factor * int(hours),
                minutes=factor * int(minutes),
                seconds=factor * int(seconds or 0),
                microseconds=factor * int((fraction or "").ljust(6, "0")),
            )
        except OverflowError:
            raise Unreadable(_("“%(value)s” is no length of time; write 2 06:30:00.", value=text)) from None

    def show(self, value: Any) -> str:
        """`[-][days] H:MM:SS[.ffffff]`."""
        total = abs(value)
        hours, rest = divmod(total.seconds, 3600)
        minutes, seconds = divmod(rest, 60)
        clock = f"{hours}:{minutes:02}:{seconds:02}"
        if total.microseconds:
            clock += f".{total.microseconds:06}"
        return ("-" if value < timedelta() else "") + (f"{total.days} " if total.days else "") + clock

"""Days, moments, times of day and lengths of time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from flask import Flask, current_app
from flask_babel import refresh
from hypothesis import assume, given
from hypothesis import strategies as st

from admin_app.engine.kinds import DateKind, DateTimeKind, IntervalKind, Kind, TimeKind, Unreadable
from tests.unit.engine.properties import steady

ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC")


def live_in(zone: str) -> ZoneInfo:
    """Move the company to another time zone."""
    current_app.config["TIME_ZONE"] = zone
    refresh()
    return ZoneInfo(zone)


@pytest.fixture(autouse=True)
def _back_home(reader: Flask) -> None:
    live_in("Asia/Shanghai")


@steady
@given(st.dates())
def test_a_day_reads_back(day: date) -> None:
    kind = DateKind()
    assert kind.parse(kind.show(day)) == day == kind.parse(kind.export(day))


@pytest.mark.parametrize(
    "text", ["2026-03-01", "2026/3/1", "2026.3.1", "2026年3月1日", " 2026-3-01 ", "20260301"]
)
def test_a_day_may_be_written_as_people_do(text: str) -> None:
    assert DateKind().parse(text) == date(2026, 3, 1)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-02-30", "2026-13-01", "0000-01-01", "1.3.2026"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match="is no date; write 2026-03-01"):
        DateKind().parse(text)


@steady
@given(st.datetimes(), st.sampled_from(ZONES))
def test_a_moment_reads_back_from_its_export_in_every_zone(naive: datetime, zone: str) -> None:
    live_in(zone)
    assume(datetime(1, 1, 3) < naive < datetime(9999, 12, 29))
    moment, kind = naive.replace(tzinfo=UTC), DateTimeKind(zoned=True)
    assert kind.parse(kind.export(moment)) == moment


@steady
@given(st.datetimes(min_value=datetime(1900, 1, 2), max_value=datetime(9999, 12, 29)), st.sampled_from(ZONES))
def test_a_moment_reads_back_from_its_form_unless_the_clock_strikes_twice(naive: datetime, zone: str) -> None:
    place = live_in(zone)
    moment, kind = naive.replace(microsecond=0, tzinfo=UTC), DateTimeKind(zoned=True)
    # In the hour that clocks repeat, a text without an offset means the first of two moments.
    assume(moment.astimezone(place).fold == 0)
    assert kind.parse(kind.show(moment)) == moment


@steady
@given(st.datetimes())
def test_a_moment_without_a_zone_is_taken_as_it_is(moment: datetime) -> None:
    kind = DateTimeKind(zoned=False)
    assert kind.parse(kind.export(moment)) == moment
    whole = moment.replace(microsecond=0)
    assert kind.parse(kind.show(whole)) == whole


def test_a_moment_is_typed_and_shown_in_the_companys_zone() -> None:
    kind = DateTimeKind(zoned=True)
    moment = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)
    assert kind.parse("2026-03-01 14:30") == moment == kind.parse("2026-03-01T14:30:00")
    assert kind.parse("2026-03-01T06:30Z") == moment == kind.parse("2026-03-01T07:30+01:00")
    assert kind.parse("2026-03-01") == datetime(2026, 2, 28, 16, tzinfo=UTC)
    assert kind.show(moment) == "2026-03-01T14:30"
    assert kind.show(moment + timedelta(seconds=5)) == "2026-03-01T14:30:05"
    assert kind.export(moment) == "2026-03-01T14:30:00+08:00"
    assert kind.cell(moment).text == "2026-03-01 14:30"


def test_a_zoned_column_that_lost_its_zone_in_sqlite_is_utc() -> None:
    kind = DateTimeKind(zoned=True)
    assert kind.parse(kind.show(datetime(2026, 3, 1, 6, 30))) == datetime(2026, 3, 1, 6, 30, tzinfo=UTC)


def test_an_offset_in_a_column_without_zones_is_dropped() -> None:
    assert DateTimeKind(zoned=False).parse("2026-03-01T14:30+08:00") == datetime(2026, 3, 1, 14, 30)


@pytest.mark.parametrize("text", ["", "noon", "2026-03-01 25:00", "0001-01-01 00:00+23:59"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match="is no time; write 2026-03-01 14:30"):
        DateTimeKind(zoned=True).parse(text)


def test_the_browser_is_asked_to_keep_the_seconds() -> None:
    assert DateTimeKind(zoned=True).field("At", [], True).kwargs["render_kw"]["step"] == "1"


@steady
@given(
    st.times(
        timezones=st.sampled_from(
            [None, UTC, timezone(timedelta(hours=8)), timezone(timedelta(minutes=-210))]
        )
    )
)
def test_a_time_of_day_reads_back_with_its_offset(clock: time) -> None:
    kind = TimeKind()
    back = kind.parse(kind.show(clock))
    assert (back, back.utcoffset()) == (clock, clock.utcoffset())


@pytest.mark.parametrize("text", ["", "noon", "24:30", "14:60"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match="is no time of day; write 14:30"):
        TimeKind().parse(text)


@steady
@given(st.timedeltas())
def test_a_length_of_time_reads_back(length: timedelta) -> None:
    kind = IntervalKind()
    assert kind.parse(kind.show(length)) == length == kind.parse(kind.export(length))


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("36:00", timedelta(hours=36)),
        ("2 06:30:00", timedelta(days=2, hours=6, minutes=30)),
        ("2d 6:30", timedelta(days=2, hours=6, minutes=30)),
        ("2 days 6:30", timedelta(days=2, hours=6, minutes=30)),
        ("2天 06:30", timedelta(days=2, hours=6, minutes=30)),
        ("-0:15", timedelta(minutes=-15)),
        ("0:00:00.5", timedelta(milliseconds=500)),
        ("-1 0:00:00.000001", timedelta(days=-1, microseconds=-1)),
    ],
)
def test_a_length_of_time_may_be_written_as_people_do(text: str, length: timedelta) -> None:
    assert IntervalKind().parse(text) == length


@pytest.mark.parametrize("text", ["", "long", "1", "1:2", "1:99", "1:30:99", "-", "999999999 9999:00"])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match="is no length of time; write 2 06:30:00"):
        IntervalKind().parse(text)


@steady
@given(
    st.sampled_from([DateKind(), DateTimeKind(True), DateTimeKind(False), TimeKind(), IntervalKind()]),
    st.text(alphabet="0123456789:-+./TZ 年月日d天", max_size=25) | st.text(),
)
def test_any_text_is_a_time_or_unreadable(kind: Kind, text: str) -> None:
    try:
        kind.parse(text)
    except Unreadable as refusal:
        assert str(refusal)

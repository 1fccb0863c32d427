from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.errors import Invalid
from apps.market import sessions

HOUR = 3_600_000_000


def at(text):
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000


def opens(hours, *moments):
    return sessions.parse(hours).mask(np.array([at(moment) for moment in moments], np.int64)).tolist()


def test_the_end_is_exclusive_and_the_start_is_not():
    hours = "09:30-16:00 America/New_York"

    assert opens(hours, "2013-10-07T13:29Z", "2013-10-07T13:30Z", "2013-10-07T19:59Z", "2013-10-07T20:00Z") == [
        False, True, True, False,
    ]  # fmt: skip


def test_hours_follow_the_clocks_of_their_place():
    """New York left daylight saving time on 2013-11-03: 09:30 was 13:30 UTC before and 14:30 UTC after."""
    hours = "09:30-16:00 America/New_York"

    assert opens(hours, "2013-11-01T13:30Z", "2013-11-04T13:30Z", "2013-11-04T14:30Z") == [True, False, True]


def test_on_the_day_of_the_change_each_bar_is_asked():
    """London put its clocks forward at 01:00 UTC on 2024-03-31: 02:00 local time was 01:00 UTC."""
    assert opens("02:00-03:00 Europe/London", "2024-03-31T00:30Z", "2024-03-31T01:30Z") == [False, True]
    assert opens("00:00-01:00 Europe/London", "2024-03-31T00:30Z", "2024-03-31T01:30Z") == [True, False]


def test_hours_may_span_midnight():
    hours = "22:00-02:00 UTC"

    assert opens(hours, "2024-01-01T21:59Z", "2024-01-01T22:00Z", "2024-01-02T01:59Z", "2024-01-02T02:00Z") == [
        False, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "  ", "00:00-24:00 UTC", "00:00-24:00 Asia/Kolkata"])
def test_no_hours_and_all_hours_are_the_same(text):
    assert sessions.parse(text).mask(np.arange(at("2024-03-30T00:00Z"), at("2024-04-01T00:00Z"), HOUR)).all()


def test_times_that_are_none_are_no_error():
    assert sessions.parse("09:30-16:00 Asia/Tokyo").mask(np.empty(0, np.int64)).tolist() == []


WRONG = [
    "all day", "09:30-16:00", "9:30-16:00 UTC", "09:30-09:30 UTC", "09:60-16:00 UTC", "25:00-26:00 UTC",
    "24:01-10:00 UTC",
    "09:30-16:00 Mars/Olympus", "09:30-16:00 America", "09:30-16:00 ../../etc/passwd", "09:30-16:00 /etc/passwd",
    "09:30-16:00 UTC; DROP", "٠٩:٣٠-١٦:٠٠ UTC", "09:30-16:00 UTC\0",
]  # fmt: skip


@pytest.mark.parametrize("text", WRONG)
def test_words_that_are_no_hours_are_refused(text):
    with pytest.raises(Invalid):
        sessions.parse(text)


zones = st.sampled_from(sorted(available_timezones() - {"localtime", "Factory"}))
minutes = st.integers(0, 1439)


@given(zone=zones, start=minutes, end=minutes, first=st.integers(-3_000_000_000, 4_000_000_000))
def test_the_mask_is_what_a_clock_on_the_wall_says(zone, start, end, first):
    if start == end:
        return
    times = (first + np.arange(0, 400 * 86_400, 7 * 3600 + 1234)) * 1_000_000

    mask = sessions.TradingHours(start, end, zone).mask(times)

    for time, is_open in zip(times.tolist(), mask.tolist(), strict=True):
        local = datetime.fromtimestamp(time // 1_000_000, UTC).astimezone(ZoneInfo(zone))
        minute = local.hour * 60 + local.minute
        assert is_open == (start <= minute < end if start < end else minute >= start or minute < end)

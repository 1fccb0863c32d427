"""Sessions of trading weeks, across changes of the clocks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from apps.engine.series.calendars import (
    ALWAYS,
    CALENDARS,
    CME_GLOBEX,
    FOREX,
    HONG_KONG_EQUITIES,
    LONDON_EQUITIES,
    SATURDAY,
    US_EQUITIES,
    US_EQUITIES_EXTENDED,
    Calendar,
    Hours,
    hours,
)
from apps.engine.series.quotes import QUOTE_BAR
from apps.engine.types import BAR
from tests.golden.series import read_series

if TYPE_CHECKING:
    from pathlib import Path

    from apps.engine.types import Array

HOUR = 3_600_000_000
NEW_YORK = "America/New_York"


def at(*texts: str, zone: str = "UTC") -> Array:
    moments = [datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)) for text in texts]
    return np.array([round(moment.timestamp()) * 1_000_000 for moment in moments])


def open_hours(calendar: Calendar, begin: str, *, days: int, zone: str) -> list[str]:
    """The local times of the half hours at which a market goes from closed to open and back."""
    halves = at(begin, zone=zone)[0] + HOUR // 2 * np.arange(48 * days)
    changes = halves[1:][np.diff(calendar.is_open(halves).astype(np.int8)) != 0]
    return [datetime.fromtimestamp(time / 1e6, ZoneInfo(zone)).strftime("%a %H:%M") for time in changes]


def test_the_forex_week_is_from_sunday_to_friday_at_five_in_new_york_in_both_times_of_the_year() -> None:
    for begin in ("2024-03-02T00:00", "2024-03-09T00:00", "2024-11-02T00:00"):  # clocks change on the 10th and the 3rd
        assert open_hours(FOREX, begin, days=7, zone=NEW_YORK) == ["Sun 17:00", "Fri 17:00"]


def test_exchange_hours_hold_in_local_time() -> None:
    week = open_hours(US_EQUITIES, "2024-03-08T00:00", days=4, zone=NEW_YORK)
    london = open_hours(LONDON_EQUITIES, "2024-03-29T00:00", days=4, zone="Europe/London")
    hong_kong = open_hours(HONG_KONG_EQUITIES, "2024-01-02T00:00", days=1, zone="Asia/Hong_Kong")

    assert week == ["Fri 09:30", "Fri 16:00", "Mon 09:30", "Mon 16:00"]
    assert london == ["Fri 08:00", "Fri 16:30", "Mon 08:00", "Mon 16:30"]
    assert hong_kong == ["Tue 09:30", "Tue 12:00", "Tue 13:00", "Tue 16:00"]
    assert open_hours(CME_GLOBEX, "2024-03-08T12:00", days=3, zone="America/Chicago") == ["Fri 16:00", "Sun 17:00"]


@pytest.mark.parametrize(("day", "lasts"), [("2024-03-09", 23), ("2024-06-01", 24), ("2024-11-02", 25)])
def test_a_session_over_a_change_of_the_clocks_closes_at_its_usual_hour(day: str, lasts: int) -> None:
    weekend = Calendar("weekend", NEW_YORK, hours((SATURDAY,), "12:00", "12:00"))

    opens, closes = weekend.sessions(*at(f"{day}T13:00", f"{day}T13:00", zone=NEW_YORK).tolist())

    assert closes[1] - opens[1] == lasts * HOUR


def test_a_market_that_never_rests_is_always_open() -> None:
    times = at("1969-12-31T00:00")[0] + HOUR * np.arange(24 * 400)

    assert ALWAYS.is_open(times).all()
    assert (ALWAYS.settled(times) == times).all()


def test_a_session_is_open_at_its_open_and_not_at_its_close() -> None:
    edges = at("2024-07-01T09:30", "2024-07-01T16:00", zone=NEW_YORK)

    assert US_EQUITIES.is_open(np.sort(np.concatenate((edges - 1, edges)))).tolist() == [False, True, True, False]


def test_an_order_for_the_day_ends_with_its_session_or_with_the_next_one() -> None:
    times = at("2024-07-05T09:29", "2024-07-05T09:30", "2024-07-05T16:00", "2024-07-06T12:00", zone=NEW_YORK)

    friday, monday = at("2024-07-05T16:00", "2024-07-08T16:00", zone=NEW_YORK)
    assert US_EQUITIES.session_ends(times).tolist() == [friday, friday, monday, monday]


def test_trading_before_a_time_was_over_with_the_last_close() -> None:
    times = at("2024-07-05T09:30", "2024-07-05T12:00", "2024-07-05T16:00", "2024-07-08T00:00", zone=NEW_YORK)

    thursday, friday = at("2024-07-04T16:00", "2024-07-05T16:00", zone=NEW_YORK)
    assert US_EQUITIES.settled(times).tolist() == [thursday, times[1], friday, friday]


def test_sessions_between_two_times_come_with_a_neighbour_on_each_side() -> None:
    noon = int(at("2024-07-03T12:00", zone=NEW_YORK)[0])

    opens, closes = US_EQUITIES.sessions(noon, noon)

    assert opens.tolist() == at("2024-07-02T09:30", "2024-07-03T09:30", "2024-07-04T09:30", zone=NEW_YORK).tolist()
    assert (closes - opens == 6.5 * HOUR).all()


def test_nothing_is_asked_about_no_times() -> None:
    nothing = np.empty(0, np.int64)

    for answer in (FOREX.is_open(nothing), FOREX.session_ends(nothing), FOREX.settled(nothing)):
        assert len(answer) == 0


def test_calendars_are_found_by_their_names() -> None:
    assert CALENDARS["us_equities"] is US_EQUITIES
    assert all(name == calendar.name for name, calendar in CALENDARS.items())


@pytest.mark.parametrize(
    ("week", "problem"),
    [
        ((), "no sessions"),
        (hours(range(5), "09:00", "16:00") + hours((2,), "15:59", "17:00"), "runs into"),
        (hours((6,), "17:00", "16:00") + hours((0,), "15:00", "20:00"), "runs into"),
    ],
)
def test_a_week_that_cannot_be_is_refused(week: tuple[Hours, ...], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Calendar("wrong", "UTC", week)


@pytest.mark.parametrize(
    ("weekday", "opens", "lasts"),
    [(7, timedelta(0), timedelta(1)), (0, timedelta(days=1), timedelta(1)), (0, timedelta(0), timedelta(0))],
)
def test_hours_that_cannot_be_are_refused(weekday: int, opens: timedelta, lasts: timedelta) -> None:
    with pytest.raises(ValueError, match="cannot"):
        Hours(weekday, opens, lasts)


def test_real_bars_lie_in_the_sessions_of_their_market(shared: Path) -> None:
    folder = shared / "data" / "bars"
    spy = read_series(folder / "equity_spy_1m_trade_20131007_20131011.csv.gz", BAR)["time"]
    euro = read_series(folder / "fx_eurusd_1m_quote_oanda_201405.csv.gz", QUOTE_BAR)["time"]

    assert US_EQUITIES_EXTENDED.is_open(spy).all()
    assert US_EQUITIES.is_open(spy).sum() == 5 * 390
    assert FOREX.is_open(euro).all()

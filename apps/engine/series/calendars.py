"""When a market trades: the sessions of its week in its own clock, and where they lie in UTC.

A calendar is a week that repeats. It knows the changes to and from summer time and no holidays: a day on which nothing
traded has no bars, and nothing follows from a session without bars.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from apps.engine.types import EPOCH

if TYPE_CHECKING:
    from apps.engine.types import Array

MICROSECOND: Final = timedelta(microseconds=1)
WEEK: Final = timedelta(days=7)
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = range(7)


def instant(day: date, since_midnight: timedelta, zone: ZoneInfo) -> int:
    """When the clocks of a zone show this, microseconds UTC; `since_midnight` may be negative, for the evening before.

    An hour that clocks skip is counted on from the last one they showed; of one that they show twice, the first.
    """
    wall = datetime.combine(day, time()) + since_midnight
    return (wall.replace(tzinfo=zone) - EPOCH) // MICROSECOND


def local_date(time: int, zone: ZoneInfo) -> date:
    """The date on the calendars of a zone at this time, microseconds UTC."""
    return (EPOCH + timedelta(microseconds=int(time))).astimezone(zone).date()


class Sessions(NamedTuple):
    """Times [opens, closes) in microseconds UTC, in order and not overlapping; both (n,) int64."""

    opens: Array
    closes: Array


@dataclass(frozen=True, slots=True)
class Hours:
    """One session of the week by the wall clock: from `opens` of a weekday (0 is Monday) for `lasts`.

    The length is the difference of the two wall clock times, so that a session over a change of the clocks still
    closes at its usual hour.
    """

    weekday: int
    opens: timedelta
    lasts: timedelta

    def __post_init__(self) -> None:
        if self.weekday not in range(7):
            raise ValueError(f"A session cannot begin on weekday {self.weekday}; 0 is Monday and 6 is Sunday.")
        if not timedelta() <= self.opens < timedelta(days=1):
            raise ValueError(f"A session cannot open {self.opens} after midnight; it must be within the day.")
        if not timedelta() < self.lasts <= WEEK:
            raise ValueError(f"A session cannot last {self.lasts}; it must be more than nothing and a week at most.")


@dataclass(frozen=True, slots=True)
class Calendar:
    """A trading week that repeats. zone: IANA name of the clock that the hours are told by. week: in any order.

    Raises ValueError when the week is empty or two of its sessions overlap.
    """

    name: str
    zone: str
    week: tuple[Hours, ...]

    def __post_init__(self) -> None:
        week = sorted(self.week, key=lambda hours: (hours.weekday, hours.opens))
        if not week:
            raise ValueError(f"The calendar {self.name} has no sessions; a week needs one at least.")
        opens = [timedelta(days=hours.weekday) + hours.opens for hours in week]
        for hours, begin, following in zip(week, opens, [*opens[1:], opens[0] + WEEK], strict=True):
            if begin + hours.lasts > following:
                raise ValueError(f"In the calendar {self.name} the session {hours} runs into the one after it.")
        object.__setattr__(self, "week", tuple(week))

    def sessions(self, first: int, last: int) -> Sessions:
        """Every session with a part between two times (microseconds UTC), and one at least before and after those."""
        zone = ZoneInfo(self.zone)
        opens, closes = _sessions(self, _monday(first, zone) - 2 * WEEK, _monday(last, zone) + 2 * WEEK)
        start = int(np.searchsorted(closes, first, side="right")) - 1
        stop = int(np.searchsorted(opens, last, side="right")) + 1
        return Sessions(opens[start:stop], closes[start:stop])

    def is_open(self, times: Array) -> Array:
        """Which of the times, (n,) int64 in order, are inside a session: (n,) bool."""
        if not len(times):
            return np.empty(0, np.bool_)
        opens, closes = self.sessions(int(times[0]), int(times[-1]))
        return times < closes[np.searchsorted(opens, times, side="right") - 1]

    def session_ends(self, times: Array) -> Array:
        """When an order for the day ends: the close of the session that each time is in, or else of the next one.

        times: (n,) int64 in order. Returns (n,) int64, microseconds UTC.
        """
        if not len(times):
            return np.empty(0, np.int64)
        closes = self.sessions(int(times[0]), int(times[-1])).closes
        return closes[np.searchsorted(closes, times, side="right")]

    def settled(self, times: Array) -> Array:
        """When the trading before each time was over: that time itself inside a session, else the close before it.

        times: (n,) int64 in order. Returns (n,) int64, microseconds UTC. A bar that ends at `times` is complete then.
        """
        if not len(times):
            return np.empty(0, np.int64)
        opens, closes = self.sessions(int(times[0]), int(times[-1]))
        return np.minimum(times, closes[np.searchsorted(opens, times, side="left") - 1])


def _monday(time: int, zone: ZoneInfo) -> date:
    day = local_date(time, zone)
    return day - timedelta(days=day.weekday())


@lru_cache(maxsize=64)
def _sessions(calendar: Calendar, monday: date, last_monday: date) -> Sessions:
    """All sessions of the weeks from one Monday to another. Twenty years of five sessions a week cost 20 ms."""
    zone = ZoneInfo(calendar.zone)
    opens, closes = [], []
    while monday <= last_monday:
        for hours in calendar.week:
            day = monday + timedelta(days=hours.weekday)
            opens.append(instant(day, hours.opens, zone))
            closes.append(instant(day, hours.opens + hours.lasts, zone))
        monday += WEEK
    return Sessions(_sealed(opens), _sealed(closes))


def _sealed(times: list[int]) -> Array:
    array = np.array(times, np.int64)
    array.flags.writeable = False  # the cache hands the same arrays to everybody
    return array


def hours(days: range | tuple[int, ...], opens: str, closes: str) -> tuple[Hours, ...]:
    """The same hours on several weekdays: hours(range(5), "09:30", "16:00").

    A close that is not later than the open is the next day's.
    """
    begin, end = _since_midnight(opens), _since_midnight(closes)
    lasts = end - begin if end > begin else end - begin + timedelta(days=1)
    return tuple(Hours(day, begin, lasts) for day in days)


def _since_midnight(wall: str) -> timedelta:
    return datetime.combine(date.min, time.fromisoformat(wall)) - datetime.combine(date.min, time())


WEEKDAYS: Final = range(5)
EVENINGS: Final = (SUNDAY, MONDAY, TUESDAY, WEDNESDAY, THURSDAY)  # on which the trading days Monday to Friday begin

ALWAYS: Final = Calendar("24/7", "UTC", hours(range(7), "00:00", "00:00"))
FOREX: Final = Calendar("forex", "America/New_York", hours(EVENINGS, "17:00", "17:00"))
US_EQUITIES: Final = Calendar("us_equities", "America/New_York", hours(WEEKDAYS, "09:30", "16:00"))
US_EQUITIES_EXTENDED: Final = Calendar("us_equities_extended", "America/New_York", hours(WEEKDAYS, "04:00", "20:00"))
CME_GLOBEX: Final = Calendar("cme_globex", "America/Chicago", hours(EVENINGS, "17:00", "16:00"))
LONDON_EQUITIES: Final = Calendar("london_equities", "Europe/London", hours(WEEKDAYS, "08:00", "16:30"))
XETRA: Final = Calendar("xetra", "Europe/Berlin", hours(WEEKDAYS, "09:00", "17:30"))
HONG_KONG_EQUITIES: Final = Calendar(
    "hong_kong_equities",
    "Asia/Hong_Kong",
    hours(WEEKDAYS, "09:30", "12:00") + hours(WEEKDAYS, "13:00", "16:00"),
)

CALENDARS: Final = {
    calendar.name: calendar
    for calendar in (
        ALWAYS,
        FOREX,
        US_EQUITIES,
        US_EQUITIES_EXTENDED,
        CME_GLOBEX,
        LONDON_EQUITIES,
        XETRA,
        HONG_KONG_EQUITIES,
    )
}

"""Timeframes: how long a bar is, and from where its bars are counted.

Timeframe.parse("5m")                                            # on the clock: 00:00, 00:05, …
Timeframe.parse("1h", calendar=US_EQUITIES, from_open=True)      # 09:30, 10:30, … 15:30 in New York, half an hour
Timeframe.parse("1d", zone="America/New_York", day_begins=-7)    # the forex day, from 17:00 to 17:00
Timeframe.parse("1w"), Timeframe.parse("1mo")                    # from Monday, from the first of the month
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self
from zoneinfo import ZoneInfo

import numpy as np

from apps.engine.series.calendars import Calendar, instant, local_date

if TYPE_CHECKING:
    from apps.engine.types import Array

SECOND: Final = 1_000_000
DAY: Final = 86_400 * SECOND
MONDAY: Final = 4 * DAY  # 1970-01-05, the first one after the epoch
FAR: Final = 2**62  # later than every time of a row, and the length of a step that nothing but an interval's end cuts
FIRST_MONDAY, EPOCH_DAY, EPOCH_MONTH = date(1970, 1, 5).toordinal(), date(1970, 1, 1).toordinal(), 1970 * 12


class Unit(StrEnum):
    SECOND = "s"
    MINUTE = "m"
    HOUR = "h"
    DAY = "d"
    WEEK = "w"
    MONTH = "mo"


LENGTHS: Final = {
    Unit.SECOND: SECOND,
    Unit.MINUTE: 60 * SECOND,
    Unit.HOUR: 3600 * SECOND,
    Unit.DAY: DAY,
    Unit.WEEK: 7 * DAY,
}
INTRADAY: Final = (Unit.SECOND, Unit.MINUTE, Unit.HOUR)
SHORTHAND: Final = {"D": Unit.DAY, "W": Unit.WEEK, "M": Unit.MONTH}


class Buckets(NamedTuple):
    """Where bars begin and end: intervals [opens, closes) in order, each cut into steps from its open.

    The last step of an interval ends with it. opens, closes: (n,) int64, microseconds UTC.
    """

    opens: Array
    closes: Array
    step: int

    def most(self, first: int, last: int) -> int:
        """No more buckets than this hold a time from `first` to `last`."""
        return (last - first) // self.step + len(self.opens) + 1


@dataclass(frozen=True, slots=True)
class Timeframe:
    """A number of units of time, and the clock that they are counted on.

    Seconds, minutes and hours are counted from 1970 in UTC, and in another zone from the beginning of each day, whose
    last bar may be short; with `from_open`, from the opening of each session. Weeks begin with Monday.

    zone: IANA name. day_begins: hours from midnight by the zone's clock at which days, weeks and months begin: -7 is
    five in the afternoon of the day before. calendar: rows outside its sessions do not count, and a bar is complete
    when the last session in it closes. Raises ValueError for what cannot be.
    """

    count: int
    unit: Unit
    zone: str = "UTC"
    day_begins: float = 0.0
    calendar: Calendar | None = None
    from_open: bool = False

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"A bar cannot be {self.count} {self.unit.name.lower()}s long; it must be 1 or more.")
        if not -24 < self.day_begins < 24:
            raise ValueError(
                f"A day cannot begin {self.day_begins} hours from midnight; it must be within a day of it."
            )
        if self.from_open and self.calendar is None:
            raise ValueError(f"Bars of {self} can only be counted from the open of a calendar's sessions; name one.")
        if self.from_open and self.unit not in INTRADAY:
            raise ValueError(f"Bars of {self} are longer than a session; only s, m and h are counted from its open.")
        ZoneInfo(self.zone)  # ZoneInfoNotFoundError is a KeyError that names the zone

    @classmethod
    def parse(cls, text: str, **clock: Any) -> Self:
        """Of a text such as 30s, 5m, 4h, 1d, 1w, 1mo; D, W and M are also read. Raises ValueError for another one."""
        match = re.fullmatch(r"([1-9][0-9]{0,5})(mo|[smhdwDWM])", text)
        if not match:
            raise ValueError(f"{text!r} is not a timeframe; it must be a number and one of s, m, h, d, w, mo: 15m.")
        return cls(int(match[1]), SHORTHAND.get(match[2]) or Unit(match[2]), **clock)

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"

    def buckets(self, first: int, last: int) -> Buckets:
        """The buckets of all times from `first` to `last`, microseconds UTC."""
        step = self.count * LENGTHS[self.unit] if self.unit != Unit.MONTH else FAR
        if self.from_open and self.calendar:
            return Buckets(*self.calendar.sessions(first, last), step)
        if self.zone == "UTC" and self.unit != Unit.MONTH:
            origin = self._offset // timedelta(microseconds=1) + (MONDAY if self.unit == Unit.WEEK else 0)
            begin = origin - FAR // 2 // step * step
            return Buckets(np.array([begin]), np.array([FAR]), step)
        edges = self._edges(first, last)
        return Buckets(edges[:-1], edges[1:], step if self.unit in INTRADAY else FAR)

    def settled(self, ends: Array) -> Array:
        """When bars that end at these times, (n,) int64 in order, are complete: with the calendar's last trading."""
        return self.calendar.settled(ends) if self.calendar else ends

    @property
    def _offset(self) -> timedelta:
        return timedelta(hours=self.day_begins)

    def _edges(self, first: int, last: int) -> Array:
        """Where the zone's days, weeks or months begin, from before the first time to after the last."""
        zone = ZoneInfo(self.zone)
        numbers = range(self._number(local_date(first, zone)) - 1, self._number(local_date(last, zone)) + 3)
        return np.array([instant(self._day(number), self._offset, zone) for number in numbers], np.int64)

    @property
    def _every(self) -> int:
        """How many days, weeks or months there are between two edges."""
        return 1 if self.unit in INTRADAY else self.count

    def _number(self, day: date) -> int:
        """How many edges there are from 1970 to a day."""
        if self.unit == Unit.MONTH:
            return (day.year * 12 + day.month - 1 - EPOCH_MONTH) // self._every
        if self.unit == Unit.WEEK:
            return (day.toordinal() - FIRST_MONDAY) // 7 // self._every
        return (day.toordinal() - EPOCH_DAY) // self._every

    def _day(self, number: int) -> date:
        """The day of an edge by its number."""
        units = number * self._every
        if self.unit == Unit.MONTH:
            year, month = divmod(EPOCH_MONTH + units, 12)
            return date(year, month + 1, 1)
        if self.unit == Unit.WEEK:
            return date.fromordinal(FIRST_MONDAY + 7 * units)
        return date.fromordinal(EPOCH_DAY + units)

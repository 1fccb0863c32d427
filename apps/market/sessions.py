"""Trading hours in words, `09:30-16:00 America/New_York`, and which bars lie within them."""

import re
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np

from apps.engine.types import Array
from apps.errors import Invalid
from apps.market.quality import moment

_WORDS = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d) +([A-Za-z0-9_+/-]+)", re.ASCII)
_MICROSECOND = timedelta(microseconds=1)
_MINUTE = 60_000_000
_DAY = 86_400_000_000
PIECE_ROWS = 1_000_000  # of ticks there may be very many, and each takes some hundred bytes on the way
EXAMPLE = "write it as 09:30-16:00 America/New_York; the end is exclusive"


@dataclass(frozen=True)
class TradingHours:
    """From `start` up to but without `end`, minutes after midnight in `zone`; `end` before `start` spans midnight."""

    start: int
    end: int
    zone: str

    def mask(self, times: Array) -> Array:
        """(n,) bool for times (n,) int64 microseconds UTC: whether the bar opens within the hours."""
        pieces = [self._mask(times[at : at + PIECE_ROWS]) for at in range(0, len(times), PIECE_ROWS)]
        return np.concatenate(pieces) if pieces else np.empty(0, bool)

    def _mask(self, times: Array) -> Array:
        minutes = (times + _offsets(times, ZoneInfo(self.zone))) % _DAY // _MINUTE
        if self.start <= self.end:
            return np.asarray((minutes >= self.start) & (minutes < self.end))
        return np.asarray((minutes >= self.start) | (minutes < self.end))


ALWAYS = TradingHours(0, 24 * 60, "UTC")


def parse(text: str) -> TradingHours:
    """The hours a text names; the empty one names all. Raises Invalid."""
    if not text.strip():
        return ALWAYS
    found = _WORDS.fullmatch(text.strip())
    if found is None:
        raise Invalid(f"{text!r} are no trading hours: {EXAMPLE}.")
    start, end = _minutes(found[1], found[2], text), _minutes(found[3], found[4], text)
    if start == end:
        raise Invalid(f"{text!r} is an empty time: {EXAMPLE}.")
    return TradingHours(start, end, _zone(found[5]))


def _minutes(hours: str, minutes: str, text: str) -> int:
    of_day = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or of_day > 24 * 60:
        raise Invalid(f"{text!r} names a time that no clock shows: {EXAMPLE}.")
    return of_day


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError):  # unknown, outside the folder of zones, a folder itself
        raise Invalid(f"There is no time zone {name!r}; there are UTC, America/New_York, Europe/London …") from None


def _offsets(times: Array, zone: ZoneInfo) -> Array:
    """(n,) microseconds to add to UTC. Clocks are looked up once a day, and bar by bar on the days they are changed."""
    days, day_of = np.unique(times // _DAY, return_inverse=True)
    first = np.array([_offset(day * _DAY, zone) for day in days.tolist()], np.int64)
    last = np.array([_offset((day + 1) * _DAY, zone) for day in days.tolist()], np.int64)
    offsets = first[day_of]
    changed = np.flatnonzero((first != last)[day_of])
    offsets[changed] = [_offset(time, zone) for time in times[changed].tolist()]
    return offsets


def _offset(time: int, zone: ZoneInfo) -> int:
    offset = moment(time).astimezone(zone).utcoffset()
    assert offset is not None
    return offset // _MICROSECOND

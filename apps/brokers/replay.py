"""The replay feed: stored rows, played on a clock."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from apps.engine.types import Array

SECOND = 1_000_000
LATEST = 253_370_764_800 * SECOND  # the year 9999: what comes later comes never


@dataclass(frozen=True)
class Clock:
    """When the clock of a replay began to go, microseconds UTC, and how many rows had come by then."""

    at: int
    row: int = 0


class Replay:
    """closes: when each row was complete, microseconds, ascending; the first one lasted from `origin`. All of them may
    be as much earlier, for instance the opens of bars of one length.

    rate: how many microseconds of them pass in one of the clock's. A clock that is put on goes on where it stood: what
    was stored between two rows does not pass while it rests.
    """

    def __init__(self, closes: Sequence[int] | Array, clock: Clock, *, rate: float, origin: int = 0) -> None:
        self._closes = closes
        self._clock = clock
        self._rate = rate
        self._start = int(closes[clock.row - 1]) if clock.row else origin

    def come(self, now: int) -> int:
        return bisect_right(range(len(self._closes)), now, lo=self._clock.row, key=self.moment_of)

    def moment_of(self, row: int) -> int:
        elapsed = (int(self._closes[row]) - self._start) / self._rate
        return min(self._clock.at + ceil(elapsed), LATEST)


def evenly(count: int) -> Sequence[int]:
    """Closes of so many rows that follow each other by a second, whenever they were."""
    return range(SECOND, (count + 1) * SECOND, SECOND)

"""How many bars a run does next, and when."""

import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from apps.brokers.feed import Feed

CHUNK_SECONDS = 0.2
FIRST_CHUNK_BARS = 1
FIRST_FEED_BARS = 16  # what has come in a few seconds is recorded at once
MAX_CHUNK_BARS = 500_000
GROWTH = 10  # one lucky chunk must not lead to a huge one
REST_SECONDS = 0.05  # for a row that comes later, a run does not keep its worker
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Pace:
    """How many bars to do next: as many as fit CHUNK_SECONDS, and no more than the asked speed allows by now."""

    bars_per_second: float | None = None
    bars: int = field(default_factory=lambda: FIRST_CHUNK_BARS)
    started: float = field(default_factory=time.monotonic)
    done: int = 0
    slow: int = -1  # how many bars come before one that is done by itself, because it may take very long; or one less
    longest_rest: float = math.inf

    def next(self) -> int:
        """Bars of the next chunk."""
        bars = self.bars
        if self.bars_per_second is not None:
            bars = min(bars, max(1, int(self.bars_per_second * CHUNK_SECONDS)))
        if self.slow >= self.done:
            bars = min(bars, max(1, self.slow - 1 - self.done))
        return bars

    def ahead(self) -> float:
        """Seconds until the next chunk is due at the asked speed."""
        if self.bars_per_second is None:
            return 0.0
        return self.started + (self.done + self.next()) / self.bars_per_second - time.monotonic()

    def due_at(self, processed: int) -> datetime | None:
        """When the row after so many comes; None where nothing is waited for."""
        return None

    def took(self, bars: int, seconds: float) -> None:
        self.done += bars
        fitting = int(bars * CHUNK_SECONDS / max(seconds, 1e-6))
        self.bars = min(max(fitting, 1), self.bars * GROWTH, MAX_CHUNK_BARS)

    def was_cut_off(self, bars: int, seconds: float) -> None:
        """So many bars were booked when the seconds were over; one with fills is so before its `on_bar`."""
        self.bars = max(1, int(bars * CHUNK_SECONDS / seconds))
        self.slow = self.done + bars


class FeedPace(Pace):
    """As many as fit CHUNK_SECONDS, of those that have come.

    now: the moment, microseconds UTC. processed: the rows done before.
    """

    def __init__(self, feed: Feed, now: Callable[[], int], processed: int) -> None:
        super().__init__(bars=FIRST_FEED_BARS, longest_rest=REST_SECONDS)
        self._feed = feed
        self._now = now
        self._first = processed

    def next(self) -> int:
        there = self._feed.come(self._now()) - (self._first + self.done)
        return max(1, min(super().next(), there))

    def ahead(self) -> float:
        return (self._feed.moment_of(self._first + self.done) - self._now()) / 1e6

    def due_at(self, processed: int) -> datetime | None:
        with suppress(IndexError):
            return _EPOCH + timedelta(microseconds=self._feed.moment_of(processed))
        return None

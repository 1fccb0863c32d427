"""How fast coarser bars are made: `python -m tests.benchmarks.resampling`.

CPU milliseconds, the best of several calls after one that warms up: what the work costs when nobody else is at the
memory, which is what it waits for. A goal that is missed ends the process with an error.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import numpy as np

from apps.engine.series.calendars import US_EQUITIES
from apps.engine.series.clock import merged
from apps.engine.series.quality import checked
from apps.engine.series.quotes import QUOTE_BAR, TICK
from apps.engine.series.resampling import Aggregator, closes_of, resample
from apps.engine.series.timeframes import Timeframe
from apps.engine.types import BAR

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.engine.types import Array

MINUTE = 60_000_000
BEGIN = 1_704_067_200_000_000  # 2024-01-01T00:00:00Z
BARS, TICKS = 1_000_000, 5_000_000
CHUNK = 10_000
NEW_YORK = "America/New_York"
FORMS = {
    "5m": Timeframe.parse("5m"),
    "1d": Timeframe.parse("1d"),
    "New York 5 pm day": Timeframe.parse("1d", zone=NEW_YORK, day_begins=-7),
    "1h of a session": Timeframe.parse("1h", calendar=US_EQUITIES, from_open=True),
    "1m": Timeframe.parse("1m"),
}


def minutes(count: int) -> Array:
    random = np.random.default_rng(1)
    bars = np.empty(count, BAR)
    bars["time"] = BEGIN + MINUTE * np.arange(count)
    bars["open"], bars["close"] = random.random(count) + 100.0, random.random(count) + 100.0
    bars["high"], bars["low"], bars["volume"] = 102.0, 99.0, 1.0
    return bars


def quotes(count: int) -> Array:
    """Ticks about every 173 ms, ten days of them."""
    random = np.random.default_rng(2)
    ticks = np.empty(count, TICK)
    ticks["time"] = BEGIN + np.cumsum(random.integers(1, 345_600, count))
    ticks["bid"] = random.random(count) + 1.0
    ticks["ask"] = ticks["bid"] + 0.0001
    return ticks


def in_chunks(bars: Array, timeframe: Timeframe) -> int:
    aggregator = Aggregator(BAR, timeframe, of=FORMS["1m"])
    return sum(len(aggregator.add(bars[first : first + CHUNK])) for first in range(0, len(bars), CHUNK))


def milliseconds(work: Callable[[], object], rounds: int = 25) -> float:
    work()
    spent = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return min(spent) * 1000


def main() -> None:
    bars, ticks = minutes(BARS), quotes(TICKS)
    fine_closes = closes_of(bars, FORMS["1m"])
    five = resample(bars, FORMS["5m"])
    quote_bars = np.ones(BARS, QUOTE_BAR)
    quote_bars["time"] = bars["time"]
    others = [bars["time"][:20_000]] * 50
    works: list[tuple[str, Callable[[], object], float | None]] = [
        ("1 M bars to 5m", lambda: resample(bars, FORMS["5m"]), 5.0),
        ("5 M ticks to 1m", lambda: resample(ticks, FORMS["1m"]), 30.0),
        ("1 M bars to 1d", lambda: resample(bars, FORMS["1d"]), None),
        ("1 M bars to New York 5 pm days", lambda: resample(bars, FORMS["New York 5 pm day"]), None),
        ("1 M bars to session hours", lambda: resample(bars, FORMS["1h of a session"]), None),
        ("1 M quote bars to 5m", lambda: resample(quote_bars, FORMS["5m"]), None),
        ("1 M bars to 5m, chunks of 10k", lambda: in_chunks(bars, FORMS["5m"]), None),
        ("closes of 1 M bars", lambda: closes_of(bars, FORMS["1m"]), None),
        ("visible from, 200 k in 1 M bars", lambda: five.visible_from(fine_closes), None),
        ("check of 5 M ticks", lambda: checked(ticks), None),
        ("clock of 50 x 20 k bars", lambda: merged(others), None),
    ]
    missed = []
    for name, work, goal in works:
        spent = milliseconds(work)
        print(f"{name:34} {spent:8.2f} CPU-ms" + (f"   goal {goal:.0f}" if goal else ""))
        if goal and spent > goal:
            missed.append(name)
    if missed:
        sys.exit(f"Slower than the goal: {', '.join(missed)}.")


if __name__ == "__main__":
    main()

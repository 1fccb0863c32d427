"""Several instruments on one clock, and the stretch of a series that a run needs before it starts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from apps.engine.errors import EngineError
from apps.engine.kernels import clock as kernels
from apps.engine.kernels import sealed
from apps.engine.types import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.engine.types import Array

MISSING: Final = -1


class BadClock(EngineError, ValueError):
    """instrument, row: which series, and the index of the row in it, that cannot be put on a common clock."""

    def __init__(self, instrument: int, row: int, time: int) -> None:
        self.instrument = instrument
        self.row = row
        told = moment(time).isoformat()
        super().__init__(f"Row {row} ({told}) of instrument {instrument}: it is not later than the row before it.")


@dataclass(frozen=True)
class Clock:
    """Every time at which one of the instruments has a bar.

    times: (n,) int64 microseconds UTC. rows: (n, instruments) int64, which of its bars an instrument has at each time,
    MISSING where it has none: that instrument's orders are not matched there.
    """

    times: Array
    rows: Array

    @cached_property
    def latest(self) -> Array:
        """The last bar of each instrument up to each time, by which a position is valued; MISSING before its first."""
        latest = np.empty_like(self.rows)
        kernels.carry(self.rows, MISSING, latest)
        return latest

    def table(self, series: Sequence[Array]) -> Array:
        """The instruments' rows side by side, (n, instruments): a missing one has prices of nan and no volume.

        series: of one layout, bars, quote bars or ticks.
        """
        table = np.zeros(self.rows.shape, series[0].dtype)
        for name in table.dtype.names or ():
            if name not in ("time", "volume", "ticks"):
                table[name] = np.nan
        table["time"] = self.times[:, None]
        for instrument, bars in enumerate(series):
            present = self.rows[:, instrument] != MISSING
            table[present, instrument] = bars
        return table


def merged(series: Sequence[Array]) -> Clock:
    """The clock of several instruments. series: of each, the (m,) int64 times of its bars, in order, without two alike.

    Raises BadClock for a time that is not later than the one before it, and ValueError for no series.
    """
    if not series:
        raise ValueError("A clock needs the times of one instrument at least.")
    for instrument, times in enumerate(series):
        wrong = np.flatnonzero(times[1:] <= times[:-1])
        if len(wrong):
            row = int(wrong[0]) + 1
            raise BadClock(instrument, row, int(times[row]))
    times = sealed(np.ascontiguousarray(np.concatenate(series), np.int64))
    bounds = sealed(np.concatenate(([0], np.cumsum([len(each) for each in series]))).astype(np.int64))
    union = np.empty(len(times), np.int64)
    union = union[: kernels.union(times, bounds, np.empty(len(series), np.int64), union)].copy()
    rows = np.empty((len(union), len(series)), np.int64)
    kernels.place(times, bounds, sealed(union), MISSING, rows)
    return Clock(union, rows)


class Window(NamedTuple):
    """Of a series, the rows [first, stop) of which a run trades on those from `start`; the earlier ones warm it up.

    lacking: how many of the wanted bars of warm-up the data does not have.
    """

    first: int
    start: int
    stop: int
    lacking: int

    @property
    def rows(self) -> slice:
        return slice(self.first, self.stop)


def window(times: Array, begin: int, end: int | None = None, *, warm_up: int = 0) -> Window:
    """The rows of times in [begin, end), and this many bars before them.

    times: (n,) int64 in order. begin, end: microseconds UTC; no end is the end of the data.
    """
    if warm_up < 0:
        raise ValueError(f"A warm-up of {warm_up} bars cannot be; it must be 0 or more.")
    start = int(np.searchsorted(times, begin))
    stop = len(times) if end is None else max(int(np.searchsorted(times, end)), start)
    first = max(start - warm_up, 0)
    return Window(first, start, stop, warm_up - (start - first))


def coarse_window(window: Window, firsts: Array, visible_from: Array, *, warm_up: int) -> Window:
    """The window made longer, so that this many whole bars of a coarser timeframe are seen before its start.

    firsts, visible_from: of `Resampled`, over the same rows as the window. The first coarse bar of the data does not
    count: it may have begun before the data. `lacking` is the larger of what the window and this lack.
    """
    seen = int(np.searchsorted(visible_from, window.start))  # at the close before the start
    from_bar = max(seen - warm_up, 1)
    lacking = max(window.lacking, warm_up - max(seen - from_bar, 0))
    if seen <= from_bar:
        return window._replace(lacking=lacking)
    return window._replace(first=min(window.first, int(firsts[from_bar])), lacking=lacking)

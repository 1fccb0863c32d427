"""Coarser bars from finer rows, all at once or as they come, and when a strategy may see each of them.

A row belongs to the bar in whose bucket its time is; one exactly on a border belongs to the bar that begins there.
A bar is labelled with the start of its bucket. A bucket without rows has no bar. Bars and prints make bars, ticks and
quote bars make quote bars. Prices are the rows' own; a volume is the plain sum of the rows' in their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from apps.engine.errors import EngineError
from apps.engine.kernels import resampling as kernels
from apps.engine.kernels import sealed
from apps.engine.series.quotes import PRINT, QUOTE_BAR, TICK
from apps.engine.types import BAR, moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.engine.series.timeframes import Timeframe
    from apps.engine.types import Array, Column

Price = Literal["bid", "ask", "mid"]

COARSE: Final = {BAR: BAR, PRINT: BAR, TICK: QUOTE_BAR, QUOTE_BAR: QUOTE_BAR}
OUT_OF_ORDER: Final = "it does not come after the row before it"
CHUNK: Final = 65_536  # ticks whose prices are copied at a time: 1.5 MB
NEVER: Final = -(2**63)  # before every time


class BadSeries(EngineError, ValueError):
    """row: index of the row that does not fit into its series."""

    def __init__(self, row: int, time: int, problem: str) -> None:
        self.row = row
        self.problem = problem
        super().__init__(f"Row {row} ({moment(int(time)).isoformat()}): {problem}.")


@dataclass(frozen=True)
class Resampled:
    """Coarse bars and what they were made of.

    rows: (n,) BAR or QUOTE_BAR; the last one may still be growing where the data ends, and the first may have begun
    before the data. firsts, lasts: (n,) int64, the first and last fine row of each.
    """

    timeframe: Timeframe
    rows: Array
    firsts: Array
    lasts: Array

    @cached_property
    def ends(self) -> Array:
        """Where the bucket of each bar ends, (n,) int64 microseconds UTC."""
        return _bucket_ends(self.rows["time"], self.timeframe)

    @cached_property
    def closes(self) -> Array:
        """When each bar is complete: at the end of its bucket, or with the calendar's last close before that."""
        return self.timeframe.settled(self.ends)

    def visible_from(self, fine_closes: Array) -> Array:
        """The fine row at whose close a strategy sees each bar for the first time, (n,) int64.

        That is the first row which closes no earlier than the bar, and the number of rows when the data ends before.
        fine_closes: (m,) int64, of all fine rows: `closes_of` the bars, or the times of the ticks. Raises BadSeries
        for a fine bar that reaches out of the coarse one it is in.
        """
        _refuse_reaching(fine_closes, self.ends, self.lasts, self.timeframe)
        reached = np.empty(len(self.rows), np.int64)
        kernels.first_reaching(_sealed_times(self.closes), _sealed_times(fine_closes), reached)
        return reached


def resample(rows: Array, timeframe: Timeframe) -> Resampled:
    """The coarse bars of all rows, (n,) of BAR, QUOTE_BAR, TICK or PRINT in time order.

    The rows' prices are taken as checked. Rows outside the sessions of the timeframe's calendar are left out. Raises
    BadSeries for rows out of order and TypeError for other layouts. A million bars to 5 minutes take 5 ms.
    """
    kept = _in_sessions(rows, timeframe)
    inside = rows if kept is None else rows[kept]
    coarse, firsts = _gathered(inside, timeframe)
    lasts = np.append(firsts[1:] - 1, len(inside) - 1)[: len(firsts)]
    return Resampled(timeframe, coarse, *((firsts, lasts) if kept is None else (kept[firsts], kept[lasts])))


def closes_of(bars: Array, timeframe: Timeframe) -> Array:
    """When each bar of this timeframe closes, (n,) int64 microseconds UTC: where its bucket ends, as in `Resampled`.

    A bar whose label is off the grid still ends with its bucket. Raises BadSeries for a bar that shares its bucket
    with the one before it, and for one outside the timeframe's sessions.
    """
    times = np.ascontiguousarray(bars["time"])
    ends = _bucket_ends(times, timeframe)
    wrong = np.flatnonzero(ends[1:] <= ends[:-1])
    if len(wrong):
        row = int(wrong[0]) + 1
        raise BadSeries(row, times[row], f"it does not come after the bar of {timeframe} before it")
    closes = timeframe.settled(ends)
    wrong = np.flatnonzero(closes <= times)
    if len(wrong):
        raise BadSeries(int(wrong[0]), times[wrong[0]], "it is outside the sessions of its calendar")
    return closes


class Aggregator:
    """Coarse bars from fine rows as they come: the same, to the bit, as `resample` makes of all rows at once.

    layout: BAR, QUOTE_BAR, TICK or PRINT. of: the timeframe of the fine bars; ticks and prints have none.
    """

    def __init__(self, layout: np.dtype[Any], timeframe: Timeframe, *, of: Timeframe | None = None) -> None:
        if (layout in (BAR, QUOTE_BAR)) != (of is not None):
            raise ValueError("Fine bars need their timeframe, to tell when they close; ticks and prints have none.")
        self._layout = layout
        self._timeframe = timeframe
        self._of = of
        self._growing = np.empty(0, COARSE[layout])
        self._now = NEVER  # when the last row closed
        self._closed = NEVER  # where the bucket of the last bar that was given away ends

    @property
    def growing(self) -> Array:
        """The bar that is not complete yet: one row, or none."""
        return self._growing.copy()

    def add(self, rows: Array) -> Array:
        """The coarse bars that are complete when the last of these rows closes, each of them given once.

        Raises BadSeries, and takes none of the rows, when one is earlier than what has been or belongs to a bar that
        is complete, and when a fine bar does not close after the one before it or reaches out of its coarse bar.
        """
        if rows.dtype != self._layout:
            raise TypeError(f"This aggregator takes rows of {self._layout}, not of {rows.dtype}.")
        if not len(rows):
            return self._growing[:0].copy()
        times = rows["time"]
        closes = times if self._of is None else closes_of(rows, self._of)
        if closes[0] < self._now or (self._of is not None and closes[0] == self._now):
            raise BadSeries(0, times[0], OUT_OF_ORDER)
        kept = _in_sessions(rows, self._timeframe)
        inside = rows if kept is None else rows[kept]
        if len(inside) and inside["time"][0] < self._closed:
            row = 0 if kept is None else int(kept[0])
            raise BadSeries(row, times[row], f"its bar of {self._timeframe} is complete already")
        if self._of is not None:
            _refuse_reaching(closes, _bucket_ends(inside["time"], self._timeframe), kept, self._timeframe)
        if len(inside):
            self._growing, _ = _gathered(inside, self._timeframe, self._growing)
        self._now = int(closes[-1])
        return self.close(self._now)

    def close(self, time: int) -> Array:
        """The bars that are complete at a time (microseconds UTC), whether or not a row has come since they ended."""
        ends = _bucket_ends(self._growing["time"], self._timeframe)
        complete = int(np.searchsorted(self._timeframe.settled(ends), time, side="right"))
        done, self._growing = self._growing[:complete], self._growing[complete:].copy()
        if complete:
            self._closed = int(ends[complete - 1])
        return done

    def state(self) -> dict[str, Any]:
        """Everything that the further bars depend on, as plain values."""
        return {"growing": [list(row) for row in self._growing.tolist()], "now": self._now, "closed": self._closed}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where the state was taken."""
        self._growing = np.array([tuple(row) for row in state["growing"]], COARSE[self._layout])
        self._now, self._closed = state["now"], state["closed"]


def bars_of(quote_bars: Array, price: Price) -> Array:
    """One side of quote bars as (n,) BAR; the volume is the number of ticks.

    Of "mid" the open and the close are exact and the high and the low are means of both sides', which never lie inside
    the true ones: when the mid was highest the bars do not tell.
    """
    bars = np.empty(len(quote_bars), BAR)
    bars["time"], bars["volume"] = quote_bars["time"], quote_bars["ticks"]
    for name in ("open", "high", "low", "close"):
        bars[name] = _of(price, quote_bars[f"bid_{name}"], quote_bars[f"ask_{name}"])
    return bars


def prints_of(ticks: Array, price: Price) -> Array:
    """One price of ticks as (n,) PRINT of size 1, so that the volume of their bars is the number of ticks."""
    prints = np.empty(len(ticks), PRINT)
    prints["time"], prints["size"] = ticks["time"], 1.0
    prints["price"] = _of(price, ticks["bid"], ticks["ask"])
    return prints


def tick_bars(ticks: Array, timeframe: Timeframe, price: Price) -> Array:
    """Bars of one price of ticks, (n,) BAR, with exact highs and lows of the mid; memory for one chunk besides."""
    aggregator = Aggregator(PRINT, timeframe)
    chunks = [ticks[first : first + CHUNK] for first in range(0, len(ticks), CHUNK)]
    return np.concatenate([*(aggregator.add(prints_of(chunk, price)) for chunk in chunks), aggregator.growing])


def _of(price: Price, bid: Column, ask: Column) -> Column:
    if price == "mid":
        return (bid + ask) / 2.0
    return bid if price == "bid" else ask


def _gathered(rows: Array, timeframe: Timeframe, growing: Array | None = None) -> tuple[Array, Array]:
    """The coarse bars of rows inside sessions, the growing one (if any) included, and each one's first row."""
    if rows.dtype not in COARSE or rows.ndim != 1:
        raise TypeError(f"Only bars, quote bars, ticks and prints can be resampled, not {rows.dtype}.")
    layout = COARSE[rows.dtype]
    if not len(rows):
        return np.empty(0, layout), np.empty(0, np.int64)
    made = 0 if growing is None else len(growing)
    times = rows["time"]
    first, last = int(growing["time"][0] if growing is not None and made else times[0]), int(times[-1])
    if last < times[0]:
        raise _disorder(times)
    opens, closes, step = buckets = timeframe.buckets(first, last)
    capacity = min(len(rows), buckets.most(first, last)) + 2
    coarse, firsts = np.empty(capacity, layout), np.empty(capacity, np.int64)
    if growing is not None:
        coarse[:made] = growing
    fine = sealed(np.ascontiguousarray(rows))
    made = kernels.aggregate(fine, _sealed_times(opens), _sealed_times(closes), step, coarse, firsts, made)
    if made == kernels.OUT_OF_ORDER:
        raise _disorder(times)
    return coarse[:made], firsts[:made]


def _disorder(times: Array) -> BadSeries:
    row = int(np.flatnonzero(times[1:] < times[:-1])[0]) + 1
    return BadSeries(row, times[row], OUT_OF_ORDER)


def _refuse_reaching(closes: Array, ends: Array, rows: Array | None, timeframe: Timeframe) -> None:
    """Raise BadSeries for the first of these rows (None for all) that closes after the end of its coarse bar."""
    reaching = np.flatnonzero((closes if rows is None else closes[rows]) > ends)
    if len(reaching):
        row = int(reaching[0] if rows is None else rows[reaching[0]])
        raise BadSeries(row, closes[row], f"the bar that closes then reaches out of its bar of {timeframe}")


def _in_sessions(rows: Array, timeframe: Timeframe) -> Array | None:
    """Which rows are inside the calendar's sessions, by index; None for all of them."""
    if timeframe.calendar is None or not len(rows):
        return None
    times = np.ascontiguousarray(rows["time"])
    if np.any(times[1:] < times[:-1]):
        raise _disorder(times)
    kept = np.flatnonzero(timeframe.calendar.is_open(times))
    return None if len(kept) == len(rows) else kept


def _bucket_ends(times: Array, timeframe: Timeframe) -> Array:
    """Where the bucket of each time ends; the time itself where it is in none."""
    ends = np.empty(len(times), np.int64)
    if len(times):
        opens, closes, step = timeframe.buckets(int(times.min()), int(times.max()))
        kernels.bucket_ends(_sealed_times(times), _sealed_times(opens), _sealed_times(closes), step, ends)
    return ends


def _sealed_times(times: Array) -> Array:
    return sealed(np.ascontiguousarray(times, np.int64))

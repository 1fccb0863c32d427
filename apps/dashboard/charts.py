"""What a chart of an execution shows: price, equity, drawdown and fills, all on the same buckets.

The chart library has one ordinal time scale a chart, so every series of it must have the same times. A bucket is
`step` bars, counted from the run's first bar: whatever window is asked for, the same bars share a bucket. Folding keeps
the highest and the lowest value of each bucket, so that no extreme disappears by zooming out. A run on ticks has a bar
for each point of its equity, and prices with bid and ask are shown in the middle.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import numpy as np
import orjson

from apps.equity.blocks import extremes
from apps.equity.journal import equity
from apps.events.journal import events
from apps.executions.data import bars_of
from apps.executions.models import Execution

MICROSECONDS = 1_000_000
SPARKLINE_POINTS = 48
FILL = np.dtype([("time", "i8"), ("side", "i8"), ("quantity", "f8"), ("price", "f8")])
"""time: microseconds UTC; side: +1 bought, -1 sold."""


@dataclass(frozen=True)
class Window:
    """A part of a chart: times in seconds UTC, both inclusive, None for the ends of the run.

    points: how many buckets there may be. step: bars a bucket; None for as few as `points` allows.
    """

    start: int | None = None
    end: int | None = None
    points: int = 1500
    step: int | None = None


def columns(execution: Execution, window: Window) -> dict[str, Any]:
    """The chart's columns, one value a bucket, and the fills of the window by bucket and side.

    `bars` is how many of them are done, `first` and `last` are their times, `step` the bars of one bucket; `processed`
    of `total` rows of the data are done, which are ticks where a bar is made of several.
    Times are seconds UTC of each bucket's first bar; drawdown is per cent of the peak so far, zero or less.
    """
    curve = _curve(execution.pk, execution.created_at, execution.equity_head)
    bars = _bars(execution)[: len(curve)]
    begin, end, step = _range(bars["time"], window)
    starts = np.arange(begin, end, step)
    done = {"processed": execution.processed, "total": execution.total}
    heading = {"bars": len(bars), **done, "step": step, **_ends(bars["time"])}
    if not len(starts):
        return {**heading, **{name: [] for name in _COLUMNS}, "fills": {name: [] for name in _FILL_COLUMNS}}
    fills = _fills(execution.pk, execution.created_at, execution.events_head)
    return {**heading, **_folded(bars, curve, starts, end), "fills": _grouped(fills, bars["time"], begin, end, step)}


def sparkline(execution: Execution) -> Sequence[float]:
    """A few points of the equity curve with its extremes; read once for each head."""
    if execution.equity_head < 2:
        return ()
    return _thin_curve(execution.pk, execution.created_at, execution.equity_head)


_COLUMNS = ("time", "open", "high", "low", "close", "equity", "equity_low", "equity_high", "drawdown")
_FILL_COLUMNS = ("time", "side", "count", "quantity", "price")

CURVE = np.dtype([("balance", "f8"), ("drawdown", "f8")])


# An id alone would not do as a key: a restored database may give it to another run.


@lru_cache(maxsize=8)
def _curve(execution_id: int, created_at: datetime, head: int) -> np.ndarray:
    """(head,) CURVE: the account at each bar's close, and how far it is under its peak so far, in per cent."""
    balances = equity.points(execution_id, 1, head)["balance"]
    curve = np.empty(len(balances), CURVE)
    curve["balance"] = balances
    if len(balances):
        curve["drawdown"] = (balances / np.maximum.accumulate(balances) - 1.0) * 100.0
    return curve


@lru_cache(maxsize=4096)
def _thin_curve(execution_id: int, created_at: datetime, head: int) -> tuple[float, ...]:
    balances = equity.points(execution_id, 1, head)["balance"]
    return tuple(balances[extremes(balances, SPARKLINE_POINTS)].tolist())


@lru_cache(maxsize=8)
def _fills(execution_id: int, created_at: datetime, head: int) -> np.ndarray:
    """(n,) FILL of the events 1 … head, in time order."""
    bodies = events.bodies(execution_id, 0, event_type="trade_executed").filter(sequence__lte=head)
    return np.array([_fill(orjson.loads(body)) for body in bodies.iterator()], FILL)


def _fill(row: dict[str, Any]) -> tuple[int, int, float, float]:
    event = row["event"]
    time = int(np.datetime64(row["timestamp"].removesuffix("Z"), "us").astype("i8"))
    return time, 1 if event["side"] == "buy" else -1, float(event["units"]), float(event["price"])


def _bars(execution: Execution) -> np.ndarray:
    """(n,) BAR that the run reads, from its first to its last, one for each point of its equity."""
    ticks = execution.manifest.get("ticks", {"equity_seconds": 0})
    data = orjson.dumps(execution.manifest["data"], option=orjson.OPT_SORT_KEYS)
    return _bars_of(data, ticks["equity_seconds"])


@lru_cache(maxsize=8)
def _bars_of(data: bytes, equity_seconds: int) -> np.ndarray:
    return bars_of(orjson.loads(data), equity_seconds)


def _range(times: np.ndarray, window: Window) -> tuple[int, int, int]:
    """First bar, the bar after the last, and bars a bucket; both ends lie on the borders of buckets."""
    begin = 0 if window.start is None else int(np.searchsorted(times, window.start * MICROSECONDS, side="right")) - 1
    end = len(times) if window.end is None else int(np.searchsorted(times, window.end * MICROSECONDS, side="right"))
    begin, end = max(begin, 0), max(end, 0)
    step = window.step or _least_step(end - begin, window.points)
    return begin - begin % step, min(-(-end // step) * step, len(times)), step


def _least_step(bars: int, points: int) -> int:
    """The least power of two that folds `bars` into `points` buckets: zooming passes through few different foldings."""
    step = 1
    while bars > points * step:
        step *= 2
    return step


def _ends(times: np.ndarray) -> dict[str, int | None]:
    first, last = (_seconds(times[[0, -1]]).tolist()) if len(times) else (None, None)
    return {"first": first, "last": last}


def _folded(bars: np.ndarray, curve: np.ndarray, starts: np.ndarray, end: int) -> dict[str, np.ndarray]:
    """The columns of the buckets that begin at the bars `starts`, the last of them ending before the bar `end`."""
    begin, lasts = int(starts[0]), np.append(starts[1:], end) - 1
    within, at = slice(begin, end), starts - begin
    balances, drawdowns = curve["balance"][within], curve["drawdown"][within]
    return {
        "time": _seconds(bars["time"][starts]),
        "open": bars["open"][starts],
        "high": np.maximum.reduceat(bars["high"][within], at),
        "low": np.minimum.reduceat(bars["low"][within], at),
        "close": bars["close"][lasts],
        "equity": np.round(curve["balance"][lasts], 2),
        "equity_low": np.round(np.minimum.reduceat(balances, at), 2),
        "equity_high": np.round(np.maximum.reduceat(balances, at), 2),
        "drawdown": np.round(np.minimum.reduceat(drawdowns, at), 4),
    }


def _grouped(fills: np.ndarray, times: np.ndarray, begin: int, end: int, step: int) -> dict[str, np.ndarray]:
    """Fills of the bars begin … end - 1 by bucket and side: how many, how much, at which mean price."""
    bars = np.searchsorted(times, fills["time"], side="right") - 1
    inside = (bars >= begin) & (bars < end)
    chosen, buckets = fills[inside], bars[inside] // step
    keys, group, count = np.unique(buckets * 2 + (chosen["side"] > 0), return_inverse=True, return_counts=True)
    quantity = np.bincount(group, chosen["quantity"], len(keys))
    value = np.bincount(group, chosen["quantity"] * chosen["price"], len(keys))
    return {
        "time": _seconds(times[keys // 2 * step]),
        "side": np.where(keys % 2, 1, -1),
        "count": count,
        "quantity": quantity,
        "price": value / quantity,
    }


def _seconds(times: np.ndarray) -> np.ndarray:
    return times // MICROSECONDS

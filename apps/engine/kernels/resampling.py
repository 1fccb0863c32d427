"""Rows of one kind into coarser bars in one pass, and the times at which bars end and become visible.

Buckets are intervals [opens, closes), each cut into steps from its open; the last step of an interval ends with it.
"""

from typing import Any

import numba
from numba import njit, types
from numba.extending import overload

from apps.engine.kernels import BARS, OPTIONS, rows_of
from apps.engine.series.quotes import PRINT, QUOTE_BAR, TICK
from apps.engine.types import BAR, Array, Record

FIXED_TIMES = types.Array(types.int64, 1, "C", readonly=True)
TIMES = types.int64[::1]
BAR_ROW, QUOTE_BAR_ROW, TICK_ROW, PRINT_ROW = (numba.from_dtype(layout) for layout in (BAR, QUOTE_BAR, TICK, PRINT))
BEFORE_ALL = -(2**63)
OUT_OF_ORDER = -1


# A growing bar is a tuple of its prices, which stay in registers: growing it in the buffer takes twice as long.
# Each of these has a body for every layout, chosen when a kernel is compiled.


def begun(row: Record) -> Any:
    """The growing bar of which this row is the first."""
    raise NotImplementedError("for compiled code")


def grown(bar: Any, row: Record) -> Any:
    """The growing bar after one more row."""
    raise NotImplementedError("for compiled code")


def read(row: Record) -> Any:
    """The growing bar that a row of the buffer holds."""
    raise NotImplementedError("for compiled code")


def write(bar: Any, coarse: Record) -> None:
    """Put the growing bar into a row of the buffer."""
    raise NotImplementedError("for compiled code")


@overload(begun, strict=False)
def _begun(row: Any) -> Any:
    if row == BAR_ROW:
        return lambda row: (row.open, row.high, row.low, row.close, row.volume)
    if row == PRINT_ROW:
        return lambda row: (row.price, row.price, row.price, row.price, row.size)
    if row == TICK_ROW:
        return lambda row: (row.bid, row.bid, row.bid, row.bid, row.ask, row.ask, row.ask, row.ask, 1)
    return _quote_bar


@overload(grown, strict=False)
def _grown(bar: Any, row: Any) -> Any:
    if row == BAR_ROW:
        return lambda bar, row: (bar[0], max(bar[1], row.high), min(bar[2], row.low), row.close, bar[4] + row.volume)
    if row == PRINT_ROW:
        return lambda bar, row: (bar[0], max(bar[1], row.price), min(bar[2], row.price), row.price, bar[4] + row.size)
    if row == TICK_ROW:
        return _by_tick
    return _by_quote_bar


@overload(read, strict=False)
def _read(row: Any) -> Any:
    if row == BAR_ROW:
        return lambda row: (row.open, row.high, row.low, row.close, row.volume)
    return _quote_bar


@overload(write, strict=False)
def _write(bar: Any, coarse: Any) -> Any:
    return _write_bar if coarse == BAR_ROW else _write_quote_bar


def _quote_bar(row: Record) -> tuple[Any, ...]:
    bid = row.bid_open, row.bid_high, row.bid_low, row.bid_close
    return (*bid, row.ask_open, row.ask_high, row.ask_low, row.ask_close, row.ticks)


def _by_tick(bar: tuple[Any, ...], row: Record) -> tuple[Any, ...]:
    bid = bar[0], max(bar[1], row.bid), min(bar[2], row.bid), row.bid
    return (*bid, bar[4], max(bar[5], row.ask), min(bar[6], row.ask), row.ask, bar[8] + 1)


def _by_quote_bar(bar: tuple[Any, ...], row: Record) -> tuple[Any, ...]:
    bid = bar[0], max(bar[1], row.bid_high), min(bar[2], row.bid_low), row.bid_close
    ask = bar[4], max(bar[5], row.ask_high), min(bar[6], row.ask_low), row.ask_close
    return (*bid, *ask, bar[8] + row.ticks)


def _write_bar(bar: Any, coarse: Record) -> None:
    coarse.open, coarse.high, coarse.low, coarse.close, coarse.volume = bar


def _write_quote_bar(bar: Any, coarse: Record) -> None:
    coarse.bid_open, coarse.bid_high, coarse.bid_low, coarse.bid_close = bar[:4]
    coarse.ask_open, coarse.ask_high, coarse.ask_low, coarse.ask_close = bar[4:8]
    coarse.ticks = bar[8]


@njit(**OPTIONS)
def bucket(time: int, opens: Array, closes: Array, step: int) -> tuple[int, int]:
    """Start and end of the bucket of a time; both are the time itself when it is in none."""
    interval, later = -1, len(opens)
    while later - interval > 1:
        middle = (interval + later) // 2
        if opens[middle] <= time:
            interval = middle
        else:
            later = middle
    if interval < 0 or time >= closes[interval]:
        return time, time
    start = opens[interval] + (time - opens[interval]) // step * step
    return start, min(start + step, closes[interval])


@njit(**OPTIONS)
def bucket_after(time: int, end: int, opens: Array, closes: Array, step: int) -> tuple[int, int]:
    """As `bucket`, for a time at or after the end of the bucket before; in its neighbour, as most are, it is found
    without a search and a division."""
    if len(opens) == 1 and time - end < step and end + step <= closes[0] and end > opens[0]:
        return end, end + step
    return bucket(time, opens, closes, step)


def _aggregate_of(rows: Any, coarse: Any) -> Any:
    return types.int64(rows, FIXED_TIMES, FIXED_TIMES, types.int64, rows_of(coarse), TIMES, types.int64)


@njit(
    [
        _aggregate_of(BARS, BAR),
        _aggregate_of(rows_of(PRINT, readonly=True), BAR),
        _aggregate_of(rows_of(TICK, readonly=True), QUOTE_BAR),
        _aggregate_of(rows_of(QUOTE_BAR, readonly=True), QUOTE_BAR),
    ],
    **OPTIONS,
)
def aggregate(rows: Array, opens: Array, closes: Array, step: int, coarse: Array, firsts: Array, made: int) -> int:
    """Gather rows, each of which is in a bucket, into coarse bars; returns how many there are.

    coarse: room for the buckets of all times up to the last row's. firsts: the first of the rows in each bar. made: 1
    when the first coarse bar is there already and goes on growing, else 0. Returns OUT_OF_ORDER when a row is earlier
    than one before it, of which a lack of room is also a sign.
    """
    bar = read(coarse[0])
    end = bucket(coarse[0].time, opens, closes, step)[1] if made else BEFORE_ALL
    before = BEFORE_ALL
    for i in range(len(rows)):
        row = rows[i]
        if row.time < before:
            return OUT_OF_ORDER
        before = row.time
        if row.time < end:
            bar = grown(bar, row)
            continue
        if made == len(coarse):
            return OUT_OF_ORDER
        if made:
            write(bar, coarse[made - 1])
        coarse[made].time, end = bucket_after(row.time, end, opens, closes, step)
        firsts[made] = i
        made += 1
        bar = begun(row)
    if made:
        write(bar, coarse[made - 1])
    return made


@njit(types.void(FIXED_TIMES, FIXED_TIMES, FIXED_TIMES, types.int64, TIMES), **OPTIONS)
def bucket_ends(times: Array, opens: Array, closes: Array, step: int, ends: Array) -> None:
    """Where the bucket of each time ends; the time itself when it is in none."""
    start, end = BEFORE_ALL, BEFORE_ALL
    for i in range(len(times)):
        if times[i] < start:  # not in order
            start, end = bucket(times[i], opens, closes, step)
        elif times[i] >= end:
            start, end = bucket_after(times[i], end, opens, closes, step)
        ends[i] = end


@njit(types.void(FIXED_TIMES, FIXED_TIMES, TIMES), **OPTIONS)
def first_reaching(targets: Array, times: Array, reached: Array) -> None:
    """Index of the first of the times, in order, that is at or after each target, in order; their number if none."""
    i = 0
    for k in range(len(targets)):
        while i < len(times) and times[i] < targets[k]:
            i += 1
        reached[k] = i

"""One pass over quotes or prints: is every one of them usable, and how often is the spread zero or below?"""

from typing import Any

import numpy as np
from numba import njit, types

from apps.engine.kernels import OPTIONS, rows_of
from apps.engine.kernels.bars import (
    BAD_VOLUME,
    DUPLICATE,
    EARLIEST,
    FINE,
    HIGH_BELOW_LOW,
    LATEST,
    NO_TIME,
    NOT_FINITE,
    NOT_POSITIVE,
    OUT_OF_ORDER,
)
from apps.engine.series.quotes import PRINT, QUOTE_BAR, TICK
from apps.engine.types import Array, Record

FOUND = types.UniTuple(types.int64, 5)  # type: ignore[no-untyped-call]
BAD_TICKS = 8  # after the problems of bars


def _rows(layout: Any) -> Any:
    return FOUND(rows_of(layout, readonly=True))


@njit(**OPTIONS)
def price_problem(price: float) -> int:
    if not np.isfinite(price):
        return NOT_FINITE
    return FINE if price > 0.0 else NOT_POSITIVE


@njit(**OPTIONS)
def time_problem(time: int, before: int) -> int:
    """Of a row after a row of the time `before`."""
    if not EARLIEST <= time <= LATEST:
        return NO_TIME
    return OUT_OF_ORDER if time < before else FINE


@njit(**OPTIONS)
def prices_problem(open_: float, high: float, low: float, close: float) -> int:
    """Of one side of a quote bar."""
    for price in (open_, high, low, close):
        problem = price_problem(price)
        if problem != FINE:
            return problem
    return HIGH_BELOW_LOW if high < low else FINE


@njit(**OPTIONS)
def quote_bar_problem(row: Record, before: int) -> int:
    problem = prices_problem(row.bid_open, row.bid_high, row.bid_low, row.bid_close)
    if problem == FINE:
        problem = prices_problem(row.ask_open, row.ask_high, row.ask_low, row.ask_close)
    if problem == FINE:
        problem = time_problem(row.time, before)
    if problem == FINE and row.time == before:
        problem = DUPLICATE
    if problem == FINE and row.ticks < 0:
        problem = BAD_TICKS
    return problem


# Each returns the first bad row and what is wrong with it, (-1, FINE) when there is none; how many rows before it have
# a spread below 0 and how many one of 0; and the first with a spread below 0, or -1.


@njit(_rows(TICK), **OPTIONS)
def examine_ticks(ticks: Array) -> tuple[int, int, int, int, int]:
    crossed, locked, first_crossed = 0, 0, -1
    before = EARLIEST
    for i in range(len(ticks)):
        bid, ask, time = ticks[i].bid, ticks[i].ask, ticks[i].time
        if not (0.0 < bid < np.inf and 0.0 < ask < np.inf and before <= time <= LATEST):
            problem = max(price_problem(bid), price_problem(ask), time_problem(time, before))
            return i, problem, crossed, locked, first_crossed
        before = time
        locked += ask == bid
        if ask < bid:
            crossed += 1
            first_crossed = i if first_crossed < 0 else first_crossed
    return -1, FINE, crossed, locked, first_crossed


@njit(_rows(QUOTE_BAR), **OPTIONS)
def examine_quote_bars(bars: Array) -> tuple[int, int, int, int, int]:
    crossed, locked, first_crossed = 0, 0, -1
    before = EARLIEST - 1
    for i in range(len(bars)):
        bar = bars[i]
        problem = quote_bar_problem(bar, before)
        if problem != FINE:
            return i, problem, crossed, locked, first_crossed
        before = bar.time
        spread = min(bar.ask_open - bar.bid_open, bar.ask_close - bar.bid_close)
        locked += spread == 0.0
        if spread < 0.0:
            crossed += 1
            first_crossed = i if first_crossed < 0 else first_crossed
    return -1, FINE, crossed, locked, first_crossed


@njit(_rows(PRINT), **OPTIONS)
def examine_prints(prints: Array) -> tuple[int, int, int, int, int]:
    before = EARLIEST
    for i in range(len(prints)):
        row = prints[i]
        problem = max(price_problem(row.price), time_problem(row.time, before))
        if problem == FINE and not (np.isfinite(row.size) and row.size >= 0.0):
            problem = BAD_VOLUME
        if problem != FINE:
            return i, problem, 0, 0, -1
        before = row.time
    return -1, FINE, 0, 0, -1

"""One pass over the bars: is every one of them tradable, between which prices do they stay, and which data are they?"""

import numpy as np
from numba import njit, types

from apps.engine.kernels import BARS, INNER, OPTIONS, rows_of
from apps.engine.series.quotes import QUOTE_BAR
from apps.engine.types import Array

FINE, NOT_FINITE, NOT_POSITIVE, HIGH_BELOW_LOW, BAD_VOLUME, OUT_OF_ORDER, DUPLICATE, NO_TIME, CROSSED = range(9)
DAY = 86_400_000_000  # microseconds

EARLIEST, LATEST = -62_135_596_800_000_000, 253_402_300_799_999_999  # the years 1 to 9999, in microseconds
PAIR = types.UniTuple(types.int64, 2)  # type: ignore[no-untyped-call]

BAR_BLOCK = 16  # bars whose extremes are kept together
BAR_EXTREMES = np.dtype([("low", "f8"), ("high", "f8"), ("lowest_close", "f8"), ("highest_close", "f8")])


@njit(PAIR(BARS, rows_of(BAR_EXTREMES)), **OPTIONS)
def first_bad(bars: Array, extremes: Array) -> tuple[int, int]:
    """The first bad row and what is wrong with it; (-1, FINE) when there is none.

    extremes: (blocks,) BAR_EXTREMES, of BAR_BLOCK bars each, which are written on the way.
    """
    for i in range(len(bars)):
        bar, block = bars[i], extremes[i // BAR_BLOCK]
        if not (np.isfinite(bar.open) and np.isfinite(bar.high) and np.isfinite(bar.low) and np.isfinite(bar.close)):
            return i, NOT_FINITE
        if not (bar.open > 0.0 and bar.high > 0.0 and bar.low > 0.0 and bar.close > 0.0):
            return i, NOT_POSITIVE
        if bar.high < bar.low:
            return i, HIGH_BELOW_LOW
        if not (np.isfinite(bar.volume) and bar.volume >= 0.0):
            return i, BAD_VOLUME
        if not EARLIEST <= bar.time <= LATEST:
            return i, NO_TIME
        if i > 0 and bar.time < bars[i - 1].time:
            return i, OUT_OF_ORDER
        if i > 0 and bar.time == bars[i - 1].time:
            return i, DUPLICATE
        if i % BAR_BLOCK == 0:
            block.low = block.lowest_close = np.inf
            block.high = block.highest_close = -np.inf
        block.low = min(block.low, bar.low)
        block.high = max(block.high, bar.high)
        block.lowest_close = min(block.lowest_close, bar.close)
        block.highest_close = max(block.highest_close, bar.close)
    return -1, FINE


@njit(**INNER)
def side_problem(low: float, open_: float, close: float, high: float) -> int:
    """What is wrong with the prices of one side."""
    if not (np.isfinite(low) and np.isfinite(open_) and np.isfinite(close) and np.isfinite(high)):
        return NOT_FINITE
    if not (low > 0.0 and open_ > 0.0 and close > 0.0 and high > 0.0):
        return NOT_POSITIVE
    return HIGH_BELOW_LOW if high < low else FINE


@njit(PAIR(rows_of(QUOTE_BAR, readonly=True)), **OPTIONS)
def first_bad_quote(quotes: Array) -> tuple[int, int]:
    """As `first_bad`, of quote bars; the ask may be as low as the bid and not below it."""
    for i in range(len(quotes)):
        quote = quotes[i]
        for problem in (
            side_problem(quote.bid_low, quote.bid_open, quote.bid_close, quote.bid_high),
            side_problem(quote.ask_low, quote.ask_open, quote.ask_close, quote.ask_high),
        ):
            if problem != FINE:
                return i, problem
        if quote.ask_open < quote.bid_open or quote.ask_close < quote.bid_close:
            return i, CROSSED
        if quote.ask_high < quote.bid_high or quote.ask_low < quote.bid_low:
            return i, CROSSED
        if quote.ticks < 0:
            return i, BAD_VOLUME
        if not EARLIEST <= quote.time <= LATEST:
            return i, NO_TIME
        if i > 0 and quote.time <= quotes[i - 1].time:
            return i, DUPLICATE if quote.time == quotes[i - 1].time else OUT_OF_ORDER
    return -1, FINE


@njit(types.uint64(types.Array(types.uint64, 1, "C", readonly=True)), **OPTIONS)
def checksum(words: Array) -> np.uint64:
    """A 64-bit checksum, to notice other data; it is no protection against somebody who wants it to match.

    Source: FNV-1a by 64-bit words (Fowler, Noll, Vo), with a final mix so that high bits reach the low ones.
    """
    total = np.uint64(14695981039346656037)
    for word in words:
        total = (total ^ word) * np.uint64(1099511628211)
        total ^= total >> np.uint64(29)
    return total


def checksum_of(array: Array) -> int:
    """The checksum of an array's bytes, filled up with zeros to whole words."""
    data = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    if len(data) % 8:
        data = np.append(data, np.zeros(-len(data) % 8, np.uint8))
    words = data.view(np.uint64)
    words.flags.writeable = False
    return int(checksum(words))

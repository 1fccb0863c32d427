"""One pass over the bars: is every one of them tradable, and which data are they?"""

import numpy as np
from numba import njit, types

from apps.engine.kernels import BARS, OPTIONS
from apps.engine.types import Array

FINE, NOT_FINITE, NOT_POSITIVE, HIGH_BELOW_LOW, BAD_VOLUME, OUT_OF_ORDER, DUPLICATE, NO_TIME = range(8)

EARLIEST, LATEST = -62_135_596_800_000_000, 253_402_300_799_999_999  # the years 1 to 9999, in microseconds
PAIR = types.UniTuple(types.int64, 2)  # type: ignore[no-untyped-call]


@njit(PAIR(BARS), **OPTIONS)
def first_bad(bars: Array) -> tuple[int, int]:
    """The first bad row and what is wrong with it; (-1, FINE) when there is none."""
    for i in range(len(bars)):
        bar = bars[i]
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

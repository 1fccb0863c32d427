"""One clock for the bars of several instruments: their times merged, and which bar each has at which of them.

times: all instruments' times, one after the other, each in order without repetition. bounds: (k + 1,) int64, where the
times of instrument j begin (j) and end (j + 1).
"""

from numba import njit, types

from apps.engine.kernels import OPTIONS
from apps.engine.types import Array

FIXED_TIMES = types.Array(types.int64, 1, "C", readonly=True)
TIMES = types.int64[::1]
TABLE = types.int64[:, ::1]
AFTER_ALL = 2**63 - 1


@njit(types.int64(FIXED_TIMES, FIXED_TIMES, TIMES, TIMES), **OPTIONS)
def union(times: Array, bounds: Array, heads: Array, merged: Array) -> int:
    """Every time that an instrument has a bar at, once and in order; returns how many. heads: (k,) scratch."""
    instruments = len(heads)
    for j in range(instruments):
        heads[j] = bounds[j]
    found = 0
    while True:
        earliest = AFTER_ALL
        for j in range(instruments):
            if heads[j] < bounds[j + 1]:
                earliest = min(earliest, times[heads[j]])
        if earliest == AFTER_ALL:
            return found
        merged[found] = earliest
        found += 1
        for j in range(instruments):
            if heads[j] < bounds[j + 1] and times[heads[j]] == earliest:
                heads[j] += 1


@njit(types.void(FIXED_TIMES, FIXED_TIMES, FIXED_TIMES, types.int64, TABLE), **OPTIONS)
def place(times: Array, bounds: Array, merged: Array, missing: int, rows: Array) -> None:
    """The bar of each instrument at each merged time, counted from its own first; `missing` where it has none."""
    for j in range(len(bounds) - 1):
        head = bounds[j]
        for i in range(len(merged)):
            has_bar = head < bounds[j + 1] and times[head] == merged[i]
            rows[i, j] = head - bounds[j] if has_bar else missing
            head += has_bar


@njit(types.void(TABLE, types.int64, TABLE), **OPTIONS)
def carry(rows: Array, missing: int, latest: Array) -> None:
    """The last bar each instrument has had up to each merged time; `missing` before its first."""
    for i in range(len(rows)):
        for j in range(rows.shape[1]):
            before = latest[i - 1, j] if i else missing
            latest[i, j] = before if rows[i, j] == missing else rows[i, j]

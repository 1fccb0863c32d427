"""Kernels of windows and means; `apps.engine.indicators` documents what they compute.

`out` arrives full of nan and the inputs without any: whoever calls cuts the columns into stretches of defined values.
Running sums are formed anew every `period` bars, so that their rounding errors never pile up.
"""

import math

from numba import njit, types

from apps.engine.kernels import COLUMN, INPUT, OPTIONS
from apps.engine.types import Array, Column

SHRUNK = 1e-4
"""Squares that have shrunk this far, when a jump leaves the window, are mostly rounding errors of the large ones."""

OF_ONE = types.void(INPUT, types.int64, COLUMN)
OF_TWO = types.void(INPUT, INPUT, types.int64, COLUMN)
OF_THREE = types.void(INPUT, INPUT, INPUT, types.int64, COLUMN)


@njit(inline="always")
def plus(total: float, lost: float, value: float) -> tuple[float, float]:
    """Neumaier's step: the sum, and the part of it that the float could not hold."""
    larger = total + value
    if abs(total) >= abs(value):
        lost += (total - larger) + value
    else:
        lost += (value - larger) + total
    return larger, lost


@njit(OF_ONE, **OPTIONS)
def sma(values: Column, period: int, out: Column) -> None:
    total = 0.0
    lost = 0.0  # what the running total dropped in rounding
    equal = 0  # values in a row that are the same: their mean needs no sum
    for i in range(len(values)):
        value = values[i]
        equal = equal + 1 if i > 0 and value == values[i - 1] else 1
        total, lost = plus(total, lost, value)
        if i >= period:
            total, lost = plus(total, lost, -values[i - period])
        if i >= period - 1:
            out[i] = value if equal >= period else (total + lost) / period


@njit(types.void(INPUT, COLUMN), **OPTIONS)
def running_total(values: Column, out: Column) -> None:
    total = 0.0
    lost = 0.0
    for i in range(len(values)):
        total, lost = plus(total, lost, values[i])
        out[i] = total + lost


@njit(types.void(INPUT, types.int64, types.int64, COLUMN), **OPTIONS)
def ema(values: Column, period: int, seeded_after: int, out: Column) -> None:
    """Seeded after this many values by the mean of the last `period` of them."""
    if seeded_after > len(values):
        return
    seed = seeded_after - 1
    mean = 0.0
    for i in range(seeded_after - period, seeded_after):
        mean += values[i]
    mean /= period
    out[seed] = mean
    weight = 2.0 / (period + 1.0)
    for i in range(seeded_after, len(values)):
        mean += weight * (values[i] - mean)
        out[i] = mean


@njit(types.void(INPUT, types.int64, types.int64, COLUMN), **OPTIONS)
def ema_of_first(values: Column, period: int, shown_after: int, out: Column) -> None:
    """Seeded by the very first value, and kept to itself until this many values are in it."""
    weight = 2.0 / (period + 1.0)
    mean = values[0]
    for i in range(len(values)):
        mean += weight * (values[i] - mean)
        if i >= shown_after - 1:
            out[i] = mean


@njit(OF_ONE, **OPTIONS)
def wilder(values: Column, period: int, out: Column) -> None:
    if period > len(values):
        return
    mean = 0.0
    for i in range(period):
        mean += values[i]
    mean /= period
    out[period - 1] = mean
    for i in range(period, len(values)):
        mean = (mean * (period - 1) + values[i]) / period
        out[i] = mean


@njit(inline="always")
def window_sums(values: Column, last: int, period: int) -> tuple[float, float]:
    """The sum of the window that ends at `last`, and the one weighted 1 … period, the newest heaviest."""
    total = 0.0
    weighted = 0.0
    for weight in range(1, period + 1):
        value = values[last - period + weight]
        total += value
        weighted += weight * value
    return total, weighted


@njit(OF_ONE, **OPTIONS)
def wma(values: Column, period: int, out: Column) -> None:
    total = 0.0
    weighted = 0.0
    weights = period * (period + 1.0) / 2.0
    for i in range(period - 1, len(values)):
        if (i + 1) % period == 0:
            total, weighted = window_sums(values, i, period)
        else:
            weighted += period * values[i] - total
            total += values[i] - values[i - period]
        out[i] = weighted / weights


@njit(types.void(INPUT, types.int64, COLUMN, COLUMN), **OPTIONS)
def regression(values: Column, period: int, slopes: Column, ends: Column) -> None:
    """Least squares over the window's 0 … period - 1: slope, and the line's value at the last of them."""
    total = 0.0
    weighted = 0.0
    middle = (period - 1) / 2.0
    spread = period * (period * period - 1.0) / 12.0  # sum of squared distances from the middle
    for i in range(period - 1, len(values)):
        if (i + 1) % period == 0:
            total, weighted = window_sums(values, i, period)
        else:
            weighted += period * values[i] - total
            total += values[i] - values[i - period]
        slope = (weighted - (middle + 1.0) * total) / spread
        slopes[i] = slope
        ends[i] = total / period + slope * middle


@njit(inline="always")
def moments(values: Column, last: int, period: int) -> tuple[float, float]:
    """Mean of the window that ends at `last`, and the sum of squared distances from it."""
    mean = 0.0
    for i in range(last - period + 1, last + 1):
        mean += values[i]
    mean /= period
    squares = 0.0
    for i in range(last - period + 1, last + 1):
        squares += (values[i] - mean) ** 2
    return mean, squares


@njit(OF_ONE, **OPTIONS)
def deviation(values: Column, period: int, out: Column) -> None:
    mean = 0.0
    squares = 0.0
    largest = 0.0  # since they were formed anew
    equal = 0
    for i in range(len(values)):
        equal = equal + 1 if i > 0 and values[i] == values[i - 1] else 1
        if i < period - 1:
            continue
        before = mean
        step = values[i] - values[max(i - period, 0)]
        mean += step / period
        squares += step * (values[i] - mean + values[max(i - period, 0)] - before)
        if (i + 1) % period == 0 or squares < SHRUNK * largest:
            mean, squares = moments(values, i, period)
            largest = squares
        largest = max(largest, squares)
        out[i] = 0.0 if equal >= period else math.sqrt(max(squares, 0.0) / period)


@njit(types.void(INPUT, types.int64, types.int64[::1], COLUMN, COLUMN), **OPTIONS)
def highest(values: Column, period: int, ring: Array, ages: Column, out: Column) -> None:
    """The largest of the window, and how many bars ago it was; the latest one of equals. ring: scratch, (period,)
    or as long as the values, where these are fewer."""
    room = len(ring)  # for the indices that may still become the maximum, their values falling from head to tail
    head = 0
    held = 0
    for i in range(len(values)):
        if held and ring[head] <= i - period:
            head = (head + 1) % room
            held -= 1
        while held and values[ring[(head + held - 1) % room]] <= values[i]:
            held -= 1
        ring[(head + held) % room] = i
        held += 1
        if i >= period - 1:
            out[i] = values[ring[head]]
            ages[i] = i - ring[head]

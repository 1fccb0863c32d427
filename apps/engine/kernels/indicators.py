"""Indicator kernels; `apps.engine.indicators` documents what they compute. `out` arrives full of nan."""

import numpy as np
from numba import njit, types

from apps.engine.kernels import COLUMN, INPUT, OPTIONS
from apps.engine.types import Column

OF_ONE = types.void(INPUT, types.int64, COLUMN)
OF_THREE = types.void(INPUT, INPUT, INPUT, types.int64, COLUMN)


@njit(**OPTIONS)
def first_defined(values: Column) -> int:
    """Index of the first value that is not nan; their number when there is none."""
    i = 0
    while i < len(values) and np.isnan(values[i]):
        i += 1
    return i


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
    start = first_defined(values)
    total = 0.0
    lost = 0.0  # what the running total dropped in rounding
    for i in range(start, len(values)):
        total, lost = plus(total, lost, values[i])
        if i >= start + period:
            total, lost = plus(total, lost, -values[i - period])
        if i >= start + period - 1:
            out[i] = (total + lost) / period


@njit(OF_ONE, **OPTIONS)
def ema(values: Column, period: int, out: Column) -> None:
    seed = first_defined(values) + period - 1
    if seed >= len(values):
        return
    mean = 0.0
    for i in range(seed - period + 1, seed + 1):
        mean += values[i]
    mean /= period
    out[seed] = mean
    weight = 2.0 / (period + 1.0)
    for i in range(seed + 1, len(values)):
        mean += weight * (values[i] - mean)
        out[i] = mean


@njit(inline="always")
def strength(gain: float, loss: float) -> float:
    moved = gain + loss
    return 100.0 * gain / moved if moved > 0.0 else 50.0


@njit(OF_ONE, **OPTIONS)
def rsi(values: Column, period: int, out: Column) -> None:
    start = first_defined(values)
    seed = start + period
    if seed >= len(values):
        return
    gain = 0.0
    loss = 0.0
    for i in range(start + 1, seed + 1):
        change = values[i] - values[i - 1]
        gain += max(change, 0.0)
        loss += max(-change, 0.0)
    gain /= period
    loss /= period
    out[seed] = strength(gain, loss)
    for i in range(seed + 1, len(values)):
        change = values[i] - values[i - 1]
        gain = (gain * (period - 1) + max(change, 0.0)) / period
        loss = (loss * (period - 1) + max(-change, 0.0)) / period
        out[i] = strength(gain, loss)


@njit(inline="always")
def true_range_at(high: Column, low: Column, close: Column, i: int) -> float:
    before = close[i - 1]
    return max(high[i] - low[i], abs(high[i] - before), abs(low[i] - before))


@njit(OF_THREE, **OPTIONS)
def true_range(high: Column, low: Column, close: Column, period: int, out: Column) -> None:
    for i in range(1, len(close)):
        out[i] = true_range_at(high, low, close, i)


@njit(OF_THREE, **OPTIONS)
def atr(high: Column, low: Column, close: Column, period: int, out: Column) -> None:
    if period >= len(close):
        return
    mean = 0.0
    for i in range(1, period + 1):
        mean += true_range_at(high, low, close, i)
    mean /= period
    out[period] = mean
    for i in range(period + 1, len(close)):
        mean = (mean * (period - 1) + true_range_at(high, low, close, i)) / period
        out[i] = mean


@njit(OF_ONE, **OPTIONS)
def highest(values: Column, period: int, out: Column) -> None:
    start = first_defined(values)
    # a ring of the indices that may still become the maximum, their values falling from head to tail
    ring = np.empty(period, np.int64)
    head = 0
    held = 0
    for i in range(start, len(values)):
        if held and ring[head] <= i - period:
            head = (head + 1) % period
            held -= 1
        while held and values[ring[(head + held - 1) % period]] <= values[i]:
            held -= 1
        ring[(head + held) % period] = i
        held += 1
        if i >= start + period - 1:
            out[i] = values[ring[head]]

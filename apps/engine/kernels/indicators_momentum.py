"""Kernels of momentum: what moved, how far, and against what."""

import numpy as np
from numba import njit, types

from apps.engine.kernels import COLUMN, INPUT, OPTIONS
from apps.engine.kernels.indicators import OF_ONE
from apps.engine.types import Column

SAME_PRICE = 1e-12
"""Typical prices that are equal on paper differ in their last bits, and a money flow must not hang on those."""


@njit(inline="always")
def strength(gain: float, loss: float) -> float:
    moved = gain + loss
    return 100.0 * gain / moved if moved > 0.0 else 50.0


@njit(OF_ONE, **OPTIONS)
def rsi(values: Column, period: int, out: Column) -> None:
    if period >= len(values):
        return
    gain = 0.0
    loss = 0.0
    for i in range(1, period + 1):
        change = values[i] - values[i - 1]
        gain += max(change, 0.0)
        loss += max(-change, 0.0)
    gain /= period
    loss /= period
    out[period] = strength(gain, loss)
    for i in range(period + 1, len(values)):
        change = values[i] - values[i - 1]
        gain = (gain * (period - 1) + max(change, 0.0)) / period
        loss = (loss * (period - 1) + max(-change, 0.0)) / period
        out[i] = strength(gain, loss)


@njit(OF_ONE, **OPTIONS)
def cci(typical: Column, period: int, out: Column) -> None:
    for i in range(period - 1, len(typical)):
        mean = 0.0
        for j in range(i - period + 1, i + 1):
            mean += typical[j]
        mean /= period
        distance = 0.0
        for j in range(i - period + 1, i + 1):
            distance += abs(typical[j] - mean)
        away = typical[i] - mean
        out[i] = away / (0.015 * distance / period) if away != 0.0 and distance != 0.0 else 0.0


@njit(types.void(INPUT, INPUT, types.int64, COLUMN, COLUMN), **OPTIONS)
def mfi(typical: Column, volume: Column, period: int, flows: Column, out: Column) -> None:
    """flows: scratch, zeros, as long as the other columns; signed."""
    for i in range(1, len(typical)):
        change = typical[i] - typical[i - 1]
        if abs(change) > SAME_PRICE * typical[i]:
            flows[i] = np.sign(change) * typical[i] * volume[i]
    inwards = 0.0
    outwards = 0.0
    for i in range(period, len(typical)):
        if i % period == 0:  # anew
            inwards = 0.0
            outwards = 0.0
            for j in range(i - period + 1, i):
                inwards += max(flows[j], 0.0)
                outwards += max(-flows[j], 0.0)
        else:
            inwards -= max(flows[i - period], 0.0)
            outwards -= max(-flows[i - period], 0.0)
        inwards = max(inwards, 0.0) + max(flows[i], 0.0)
        outwards = max(outwards, 0.0) + max(-flows[i], 0.0)
        out[i] = strength(inwards, outwards)


@njit(OF_ONE, **OPTIONS)
def kama(values: Column, period: int, out: Column) -> None:
    if period >= len(values):
        return
    slow, fast = 2.0 / 31.0, 2.0 / 3.0
    mean = values[period - 1]
    for i in range(period, len(values)):
        path = 0.0
        for j in range(i - period + 1, i + 1):
            path += abs(values[j] - values[j - 1])
        efficiency = abs(values[i] - values[i - period]) / path if path > 0.0 else 0.0
        mean += (efficiency * (fast - slow) + slow) ** 2 * (values[i] - mean)
        out[i] = mean


@njit(types.void(INPUT, INPUT, INPUT, COLUMN), **OPTIONS)
def anchored_mean(values: Column, weights: Column, anchors: Column, out: Column) -> None:
    """The weighted mean since the anchor last changed; nan while nothing weighs."""
    total = 0.0
    weight = 0.0
    for i in range(len(values)):
        if i > 0 and anchors[i] != anchors[i - 1]:
            total = 0.0
            weight = 0.0
        total += values[i] * weights[i]
        weight += weights[i]
        out[i] = total / weight if weight > 0.0 else np.nan

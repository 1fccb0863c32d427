"""Means of a line: how smooth it is against how late."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from apps.engine.indicators.columns import bars, column, columns, price

if TYPE_CHECKING:
    from apps.engine.types import Column


def sma(values: Column, period: int) -> Column:
    """Simple moving average: the mean of the last `period` values.

    First defined at period - 1. The running sum is compensated (Neumaier, "Rundungsfehleranalyse", ZAMM 54, 1974), and
    the mean of equal values is that value however far the ones before were.
    """
    from apps.engine.kernels import indicators as kernels

    return column(kernels.sma, values, periods=[period])


def ema(values: Column, period: int) -> Column:
    """Exponential moving average: e += 2 / (period + 1) × (x - e), seeded by the mean of the first `period` values.

    First defined at period - 1.
    """
    return ema_seeded_after(values, period, period)


def ema_seeded_after(values: Column, period: int, count: int) -> Column:
    """An `ema` seeded after `count` values by the mean of the last `period` of them; first defined at count - 1."""
    from apps.engine.kernels import indicators as kernels

    return column(kernels.ema, values, periods=[period, max(period, count)])


def wilder(values: Column, period: int) -> Column:
    """Wilder's smoothing: m = (m × (period - 1) + x) / period, seeded by the mean of the first `period` values.

    First defined at period - 1. Source: Wilder, "New Concepts in Technical Trading Systems", 1978.
    """
    from apps.engine.kernels import indicators as kernels

    return column(kernels.wilder, values, periods=[period])


def wma(values: Column, period: int) -> Column:
    """Weighted moving average: weights 1 … period, the newest heaviest.

    First defined at period - 1.
    """
    from apps.engine.kernels import indicators as kernels

    return column(kernels.wma, values, periods=[period])


def dema(values: Column, period: int) -> Column:
    """Double exponential average: 2 × E1 - E2, E2 being the `ema` of E1.

    First defined at 2 × (period - 1). Source: Mulloy, "Smoothing Data with Faster Moving Averages", Technical Analysis
    of Stocks & Commodities 12(1), 1994.
    """
    once = ema(values, period)
    return 2.0 * once - ema(once, period)


def tema(values: Column, period: int) -> Column:
    """Triple exponential average: 3 × E1 - 3 × E2 + E3, each the `ema` of the one before.

    First defined at 3 × (period - 1). Source: Mulloy, "Smoothing Data with Less Lag", Technical Analysis of Stocks &
    Commodities 12(2), 1994.
    """
    once = ema(values, period)
    twice = ema(once, period)
    return 3.0 * once - 3.0 * twice + ema(twice, period)


def trima(values: Column, period: int) -> Column:
    """Triangular average: the `sma` of an `sma`, of (period + 1) // 2 and period // 2 + 1 values.

    First defined at period - 1.
    """
    return sma(sma(values, (bars(period) + 1) // 2), period // 2 + 1)


def t3(values: Column, period: int, factor: float = 0.7) -> Column:
    """Tillson's T3: a sum of six nested `ema`s, of weights that grow with the factor (0: the third of them alone).

    c1 × E6 + c2 × E5 + c3 × E4 + c4 × E3 with c1 = -v³, c2 = 3v² + 3v³, c3 = -6v² - 3v - 3v³, c4 = 1 + 3v + v³ + 3v².
    First defined at 6 × (period - 1). Source: Tillson, "Better Moving Averages", Technical Analysis of Stocks &
    Commodities 16(1), 1998.
    """
    nested = [ema(values, period)]
    for _ in range(5):
        nested.append(ema(nested[-1], period))
    square, cube = factor**2, factor**3
    weights = (1 + 3 * factor + cube + 3 * square, -6 * square - 3 * factor - 3 * cube, 3 * square + 3 * cube, -cube)
    third, *further = (weight * each for weight, each in zip(weights, nested[2:], strict=True))
    return sum(further, third)


def kama(values: Column, period: int) -> Column:
    """Kaufman's adaptive average: fast where the line goes straight, slow where it wavers.

    m += (er × (2/3 - 2/31) + 2/31)² × (x - m), with er = |x - x[-period]| / sum of |changes|; 0 where nothing changed.
    Starts from x[period - 1]; first defined at `period`. Source: Kaufman, "Smarter Trading", 1995.
    """
    from apps.engine.kernels import indicators_momentum as kernels

    return column(kernels.kama, values, periods=[period])


def hma(values: Column, period: int) -> Column:
    """Hull's average: wma(2 × wma(x, period // 2) - wma(x, period), floor(sqrt(period))).

    First defined at period - 1 + floor(sqrt(period)) - 1. Source: Hull, "How to reduce lag in a moving average", 2005.
    Raises ValueError for a period below 2.
    """
    return wma(2.0 * wma(values, bars(period) // 2) - wma(values, period), math.isqrt(period))


def vwma(values: Column, volume: Column, period: int) -> Column:
    """Volume-weighted average: sum(x × v) / sum(v) over `period` bars.

    First defined at period - 1; the plain mean where nothing was traded.
    """
    weighted, weight, plain = sma(price(values) * price(volume), period), sma(volume, period), sma(values, period)
    return where_positive(weight, weighted, plain)


def where_positive(weight: Column, weighted: Column, plain: Column) -> Column:
    """weighted / weight, and the plain value where nothing weighs."""
    import numpy as np

    return np.divide(weighted, weight, out=plain.copy(), where=weight > 0.0)


def linear_regression(values: Column, period: int) -> Column:
    """Where the least-squares line through the last `period` values stands at the last of them.

    First defined at period - 1. Needs 2 bars or more; over 1 it is nan.
    """
    return _regression(values, period)[1]


def linear_regression_slope(values: Column, period: int) -> Column:
    """How much the least-squares line through the last `period` values rises a bar.

    First defined at period - 1. Needs 2 bars or more; over 1 it is nan.
    """
    return _regression(values, period)[0]


def _regression(values: Column, period: int) -> tuple[Column, ...]:
    from apps.engine.kernels import indicators as kernels

    return columns(2, kernels.regression, values, periods=[period])

"""The catalogue of indicators: plain functions over columns, computed by kernels.

Each takes float64 columns (n,), oldest first, and returns a column (n,) that is nan until it is first defined. Leading
nan of the input (an indicator of an indicator) only delay the start. Value i depends on values up to i alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.engine.types import Column


def sma(values: Column, period: int) -> Column:
    """Mean of the last `period` values; first defined at `period - 1`.

    The running sum is compensated (Neumaier, "Rundungsfehleranalyse", ZAMM 54, 1974), so that the mean of equal prices
    is that price however far the prices before were.
    """
    from apps.engine.kernels import indicators as kernels

    return _column(kernels.sma, period, values)


def ema(values: Column, period: int) -> Column:
    """Exponential mean of weight 2 / (period + 1), seeded by the mean of the first `period` values at `period - 1`."""
    from apps.engine.kernels import indicators as kernels

    return _column(kernels.ema, period, values)


def rsi(values: Column, period: int) -> Column:
    """Relative strength index, 0 … 100; first defined at `period`. 50 where nothing ever moved.

    Source: Wilder, "New Concepts in Technical Trading Systems", 1978: the averages of gains and losses start as means
    of the first `period` changes and then move by 1 / period.
    """
    from apps.engine.kernels import indicators as kernels

    return _column(kernels.rsi, period, values)


def true_range(high: Column, low: Column, close: Column) -> Column:
    """Largest of high - low and the distances of high and low from the close before; first defined at 1.

    Source: Wilder, "New Concepts in Technical Trading Systems", 1978.
    """
    from apps.engine.kernels import indicators as kernels

    return _column(kernels.true_range, 1, high, low, close)


def atr(high: Column, low: Column, close: Column, period: int) -> Column:
    """Wilder's mean of the true range: seeded at `period` by the mean of the first `period` true ranges."""
    from apps.engine.kernels import indicators as kernels

    return _column(kernels.atr, period, high, low, close)


def highest(values: Column, period: int) -> Column:
    """Largest of the last `period` values, the present one included; first defined at `period - 1`.

    Over the highs this is the upper Donchian channel. Source of the one-pass form: Lemire, "Streaming maximum-minimum
    filter using no more than three comparisons per element", Nordic Journal of Computing 13(4), 2006.
    """
    from apps.engine.kernels import indicators as kernels

    return _column(kernels.highest, period, values)


def lowest(values: Column, period: int) -> Column:
    """Smallest of the last `period` values, the present one included; first defined at `period - 1`."""
    from apps.engine.kernels import indicators as kernels

    return -_column(kernels.highest, period, -np.asarray(values, dtype=np.float64))


def _column(kernel: Callable[..., Any], period: int, *columns: Column) -> Column:
    """Run a kernel into a fresh column. Raises ValueError for a period below 1 and for columns of unequal length."""
    if period < 1:
        raise ValueError(f"A period of {period} bars is impossible; it must be 1 or more.")
    inputs = [np.ascontiguousarray(column, dtype=np.float64) for column in columns]
    if len({len(column) for column in inputs}) != 1:
        raise ValueError(f"The columns differ in length: {', '.join(str(len(column)) for column in inputs)}.")
    out = np.full(len(inputs[0]), np.nan)
    kernel(*inputs, period, out)
    return out

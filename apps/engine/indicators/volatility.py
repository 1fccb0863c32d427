"""Ranges, deviations, and the bands and channels made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apps.engine.indicators.averages import ema, sma, wilder
from apps.engine.indicators.columns import column, columns, price, quotient

if TYPE_CHECKING:
    from apps.engine.types import Column


def true_range(high: Column, low: Column, close: Column) -> Column:
    """The largest of high - low and the distances of high and low from the close before.

    First defined at 1. Source: Wilder, "New Concepts in Technical Trading Systems", 1978.
    """
    from apps.engine.kernels import indicators_trend as kernels

    return column(kernels.true_range, high, low, close)


def atr(high: Column, low: Column, close: Column, period: int) -> Column:
    """Average true range: Wilder's smoothing of the true range, seeded by the mean of the first `period` of them.

    First defined at `period`. Source: Wilder, "New Concepts in Technical Trading Systems", 1978.
    """
    return wilder(true_range(high, low, close), period)


def natr(high: Column, low: Column, close: Column, period: int) -> Column:
    """The average true range in percent of the close.

    First defined at `period`.
    """
    return 100.0 * atr(high, low, close, period) / price(close)


def standard_deviation(values: Column, period: int) -> Column:
    """Standard deviation of the last `period` values as a population (divided by period).

    First defined at period - 1; exactly 0 where all are equal.
    """
    from apps.engine.kernels import indicators as kernels

    return column(kernels.deviation, values, periods=[period])


def bollinger(values: Column, period: int = 20, deviations: float = 2.0) -> tuple[Column, Column, Column]:
    """Bollinger bands (upper, middle, lower): the `sma`, and that many population deviations around it.

    First defined at period - 1. Source: Bollinger, "Bollinger on Bollinger Bands", 2001.
    """
    middle = sma(values, period)
    reach = deviations * standard_deviation(values, period)
    return middle + reach, middle, middle - reach


def bollinger_percent_b(values: Column, period: int = 20, deviations: float = 2.0) -> Column:
    """Where the value stands between the lower band (0) and the upper one (1).

    First defined at period - 1; 0.5 where the bands are one line.
    """
    upper, _, lower = bollinger(values, period, deviations)
    return quotient(price(values) - lower, upper - lower, 0.5)


def bollinger_width(values: Column, period: int = 20, deviations: float = 2.0) -> Column:
    """The distance of the Bollinger bands as a fraction of the middle one.

    First defined at period - 1.
    """
    upper, middle, lower = bollinger(values, period, deviations)
    return quotient(upper - lower, middle, np.nan)


def keltner(
    high: Column, low: Column, close: Column, period: int = 20, atr_period: int = 10, multiple: float = 2.0
) -> tuple[Column, Column, Column]:
    """Keltner channel (upper, middle, lower): the `ema` of the close, and a multiple of the `atr` around it.

    The middle is first defined at period - 1, the channel at max(period - 1, atr_period). Source: Linda Raschke's form
    of Keltner, "How to Make Money in Commodities", 1960.
    """
    middle = ema(close, period)
    reach = multiple * atr(high, low, close, atr_period)
    return middle + reach, middle, middle - reach


def highest(values: Column, period: int) -> Column:
    """The largest of the last `period` values, the present one included.

    First defined at period - 1. Source of the one-pass form: Lemire, "Streaming maximum-minimum filter using no more
    than three comparisons per element", Nordic Journal of Computing 13(4), 2006.
    """
    return _peaks(values, period)[1]


def lowest(values: Column, period: int) -> Column:
    """The smallest of the last `period` values, the present one included.

    First defined at period - 1.
    """
    return -_peaks(-price(values), period)[1]


def bars_since_highest(values: Column, period: int) -> Column:
    """How many bars ago the largest of the last `period` values was; of equals, the latest.

    First defined at period - 1.
    """
    return _peaks(values, period)[0]


def bars_since_lowest(values: Column, period: int) -> Column:
    """How many bars ago the smallest of the last `period` values was; of equals, the latest.

    First defined at period - 1.
    """
    return _peaks(-price(values), period)[0]


def donchian(high: Column, low: Column, period: int = 20) -> tuple[Column, Column, Column]:
    """Donchian channel (upper, middle, lower): highest high and lowest low, the present bar included.

    First defined at period - 1. A break of the channel is a close beyond its value of one bar ago.
    """
    upper, lower = highest(high, period), lowest(low, period)
    return upper, (upper + lower) / 2.0, lower


def _peaks(values: Column, period: int) -> tuple[Column, ...]:
    from apps.engine.kernels import indicators as kernels

    def kernel(part: Column, window: int, ages: Column, out: Column) -> None:
        kernels.highest(part, window, np.empty(min(window, len(part)), np.int64), ages, out)

    return columns(2, kernel, values, periods=[period])

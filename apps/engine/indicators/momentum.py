"""Oscillators: how far and how one-sidedly a price has moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apps.engine.indicators.averages import ema, ema_seeded_after, sma
from apps.engine.indicators.columns import bars, column, delayed, price, quotient
from apps.engine.indicators.volatility import highest, lowest, true_range

if TYPE_CHECKING:
    from apps.engine.types import Column


def rsi(values: Column, period: int = 14) -> Column:
    """Relative strength index: 100 × gains / (gains + losses), averages by Wilder's smoothing; 0 … 100.

    First defined at `period`; 50 where nothing ever moved. Source: Wilder, "New Concepts in Technical Trading Systems",
    1978: the averages start as means of the first `period` changes.
    """
    from apps.engine.kernels import indicators_momentum as kernels

    return column(kernels.rsi, values, periods=[period])


def cmo(values: Column, period: int = 14) -> Column:
    """Chande's momentum oscillator: 100 × (gains - losses) / (gains + losses), smoothed as the `rsi` is; -100 … 100.

    First defined at `period`; 0 where nothing ever moved. Source: Chande & Kroll, "The New Technical Trader", 1994.
    """
    return 2.0 * rsi(values, period) - 100.0


def momentum(values: Column, period: int = 10) -> Column:
    """x - x[-period]. First defined at `period`."""
    return price(values) - delayed(price(values), bars(period))


def rate_of_change(values: Column, period: int = 10) -> Column:
    """100 × (x / x[-period] - 1). First defined at `period`; nan where x[-period] is 0."""
    before = delayed(price(values), bars(period))
    return 100.0 * quotient(price(values) - before, before, np.nan)


def macd(values: Column, fast: int = 12, slow: int = 26, signal: int = 9) -> tuple[Column, Column, Column]:
    """Moving average convergence divergence (macd, signal, histogram).

    macd: fast `ema` - slow `ema`, both seeded at slow - 1 by the means of their own last values; signal: the `ema` of
    it. All three are first defined at slow + signal - 2. Source: Appel, "The Moving Average Convergence-Divergence
    Trading Method", 1979; seeding as TA-Lib does it.
    """
    fast, slow = sorted((bars(fast), bars(slow)))
    line = ema_seeded_after(values, fast, slow) - ema(values, slow)
    smooth = ema(line, signal)
    return np.where(np.isnan(smooth), np.nan, line), smooth, line - smooth


def ppo(values: Column, fast: int = 12, slow: int = 26) -> Column:
    """Percentage price oscillator: 100 × (fast `ema` - slow `ema`) / slow `ema`, each seeded by its own first values.

    First defined at the longer period - 1.
    """
    quick, calm = ema(values, fast), ema(values, slow)
    return 100.0 * quotient(quick - calm, calm, np.nan)


def trix(values: Column, period: int = 15) -> Column:
    """The percent change a bar of an `ema` of an `ema` of an `ema`.

    First defined at 3 × (period - 1) + 1. Source: Hutson, "Good TRIX", Technical Analysis of Stocks & Commodities
    1(5), 1983.
    """
    return rate_of_change(ema(ema(ema(values, period), period), period), 1)


def stochastic_fast(
    high: Column, low: Column, close: Column, period: int = 14, smooth: int = 3
) -> tuple[Column, Column]:
    """Fast stochastic (K, D): 100 × (close - lowest low) / (highest high - lowest low), and the `sma` of it.

    Both first defined at period + smooth - 2; K is 50 where the range is nothing. Source: Lane, "Lane's Stochastics",
    Technical Analysis of Stocks & Commodities 2(3), 1984.
    """
    return _with_mean(_place_in_range(high, low, close, period), smooth)


def stochastic(
    high: Column, low: Column, close: Column, period: int = 14, slowing: int = 3, smooth: int = 3
) -> tuple[Column, Column]:
    """Slow stochastic (K, D): K is the `sma` of the fast K over `slowing` bars, D the `sma` of K over `smooth`.

    Both first defined at period + slowing + smooth - 3.
    """
    return _with_mean(sma(_place_in_range(high, low, close, period), slowing), smooth)


def stochastic_rsi(values: Column, period: int = 14, window: int = 5, smooth: int = 3) -> tuple[Column, Column]:
    """The fast stochastic (K, D) of the `rsi` over `window` bars; 0 … 100.

    Both first defined at period + window + smooth - 2. Source: Chande & Kroll, "The New Technical Trader", 1994.
    """
    strength = rsi(values, period)
    return _with_mean(_place_in_range(strength, strength, strength, window), smooth)


def williams_r(high: Column, low: Column, close: Column, period: int = 14) -> Column:
    """Williams' %R: -100 × (highest high - close) / (highest high - lowest low); -100 … 0.

    First defined at period - 1; -50 where the range is nothing.
    """
    return _place_in_range(high, low, close, period) - 100.0


def cci(high: Column, low: Column, close: Column, period: int = 20) -> Column:
    """Commodity channel index: (tp - mean) / (0.015 × mean absolute deviation), tp = (high + low + close) / 3.

    First defined at period - 1; 0 where nothing deviates. Source: Lambert, "Commodity Channel Index", Commodities,
    1980.
    """
    from apps.engine.kernels import indicators_momentum as kernels

    return column(kernels.cci, typical_price(high, low, close), periods=[period])


def ultimate_oscillator(
    high: Column, low: Column, close: Column, short: int = 7, medium: int = 14, long: int = 28
) -> Column:
    """100 × (4 A(short) + 2 A(medium) + A(long)) / 7, A = sum of buying pressure / sum of true range; 0 … 100.

    Buying pressure is the close above the lower of the low and the close before. First defined at the longest period;
    A is 0.5 where nothing moved. Source: Williams, "The Ultimate Oscillator", Technical Analysis of Stocks &
    Commodities 3(4), 1985.
    """
    ranges = true_range(high, low, close)
    pressure = price(close) - np.minimum(price(low), delayed(price(close), 1))
    short_share, medium_share, long_share = (
        quotient(sma(pressure, period), sma(ranges, period), 0.5) for period in (short, medium, long)
    )
    return 100.0 * (4.0 * short_share + 2.0 * medium_share + long_share) / 7.0


def awesome_oscillator(high: Column, low: Column, short: int = 5, long: int = 34) -> Column:
    """Williams' awesome oscillator: the `sma` of (high + low) / 2 over `short` bars less the one over `long`.

    First defined at long - 1. Source: Williams, "New Trading Dimensions", 1998.
    """
    middle = (price(high) + price(low)) / 2.0
    return sma(middle, short) - sma(middle, long)


def typical_price(high: Column, low: Column, close: Column) -> Column:
    """(high + low + close) / 3. Defined from the first bar."""
    return (price(high) + price(low) + price(close)) / 3.0


def _place_in_range(high: Column, low: Column, close: Column, period: int) -> Column:
    top, bottom = highest(high, period), lowest(low, period)
    return 100.0 * quotient(price(close) - bottom, top - bottom, 0.5)


def _with_mean(line: Column, period: int) -> tuple[Column, Column]:
    """The line and its mean, the line only where the mean is."""
    mean = sma(line, period)
    return np.where(np.isnan(mean), np.nan, line), mean

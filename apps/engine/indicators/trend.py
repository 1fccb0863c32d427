"""Direction: which way a price goes, and where that would be over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apps.engine.indicators.averages import sma, wilder
from apps.engine.indicators.columns import bars, column, columns, delayed, price, quotient
from apps.engine.indicators.volatility import atr, bars_since_highest, bars_since_lowest, highest, lowest, true_range

if TYPE_CHECKING:
    from apps.engine.types import Column


def directional_index(high: Column, low: Column, close: Column, period: int = 14) -> tuple[Column, Column, Column]:
    """Wilder's directional movement (+DI, -DI, DX), each 0 … 100.

    +DM is a new high's advance where it is larger than the new low's, -DM mirrored. Sums S of +DM, -DM and TR start
    with bars 1 … period - 1 and go on as S - S / period + x; DI = 100 × S(DM) / S(TR), DX = 100 × |+DI - -DI| / (+DI +
    -DI). First defined at `period`; 0 where nothing moved. Source: Wilder, "New Concepts in Technical Trading Systems",
    1978.
    """
    from apps.engine.kernels import indicators_trend as kernels

    plus, minus, index = columns(3, kernels.directional, high, low, close, periods=[period])
    return plus, minus, index


def adx(high: Column, low: Column, close: Column, period: int = 14) -> Column:
    """Average directional index: Wilder's smoothing of DX.

    First defined at 2 × period - 1.
    """
    return wilder(directional_index(high, low, close, period)[2], period)


def adxr(high: Column, low: Column, close: Column, period: int = 14) -> Column:
    """The mean of the `adx` now and period - 1 bars ago.

    First defined at 3 × period - 2.
    """
    strength = adx(high, low, close, period)
    return (strength + delayed(strength, period - 1)) / 2.0


def aroon(high: Column, low: Column, period: int = 14) -> tuple[Column, Column, Column]:
    """Aroon (up, down, oscillator): 100 × (period - bars since the last extreme of period + 1 bars) / period.

    First defined at `period`; the oscillator is up - down. Source: Chande, "A Time Price Oscillator", Technical
    Analysis of Stocks & Commodities 13(9), 1995.
    """
    window = bars(period) + 1
    up = 100.0 * (period - bars_since_highest(high, window)) / period
    down = 100.0 * (period - bars_since_lowest(low, window)) / period
    return up, down, up - down


def parabolic_sar(high: Column, low: Column, acceleration: float = 0.02, maximum: float = 0.2) -> Column:
    """Parabolic stop and reverse: a stop that moves towards the extreme by a share that grows with each new extreme.

    Starts short where bar 1 moves further down than up, else long, from the other extreme of bar 0. It never enters
    the last two bars. First defined at 1. Source: Wilder, "New Concepts in Technical Trading Systems", 1978; start as
    TA-Lib's.
    """
    from apps.engine.kernels import indicators_trend as kernels

    return column(kernels.parabolic, high, low, factors=[acceleration, maximum])


def supertrend(
    high: Column, low: Column, close: Column, period: int = 10, multiple: float = 3.0
) -> tuple[Column, Column]:
    """Supertrend (stop, direction): bands of a multiple of the `atr` round (high + low) / 2 that only ever tighten.

    The direction is 1 above the lower band and -1 below the upper one, and turns when a close breaks the band; it is 0
    before that. First defined at `period`. Source: Olivier Seban's indicator.
    """
    from apps.engine.kernels import indicators_trend as kernels

    ranges = atr(high, low, close, period)
    stop, direction = columns(2, kernels.supertrend, high, low, close, ranges, factors=[multiple])
    return stop, np.where(np.isnan(direction), 0.0, direction)


def vortex(high: Column, low: Column, close: Column, period: int = 14) -> tuple[Column, Column]:
    """Vortex indicator (plus, minus): sums of |high - low before| and |low - high before|, over the sum of true range.

    First defined at `period`; nan where nothing moved. Source: Botes & Siepman, "The Vortex Indicator", Technical
    Analysis of Stocks & Commodities 28(1), 2010.
    """
    ranges = sma(true_range(high, low, close), period)
    rises = sma(np.abs(price(high) - delayed(price(low), 1)), period)
    falls = sma(np.abs(price(low) - delayed(price(high), 1)), period)
    return quotient(rises, ranges, np.nan), quotient(falls, ranges, np.nan)


def ichimoku(
    high: Column, low: Column, conversion: int = 9, base: int = 26, span: int = 52
) -> tuple[Column, Column, Column, Column]:
    """Ichimoku (tenkan, kijun, senkou A, senkou B), each the middle of the range of so many bars.

    Senkou A is the mean of tenkan and kijun, senkou B the middle of `span` bars; both stand `base` bars later than the
    bars they come from. First defined at conversion - 1, base - 1, 2 × base - 1 and span + base - 1. Source: Hosoda,
    1969. The lagging line is `chikou`.
    """
    tenkan, kijun, middle = (_middle(high, low, period) for period in (conversion, base, span))
    return tenkan, kijun, delayed((tenkan + kijun) / 2.0, base), delayed(middle, base)


def heikin_ashi(
    open: Column,  # noqa: A002 - the price's name
    high: Column,
    low: Column,
    close: Column,
) -> tuple[Column, Column, Column, Column]:
    """Heikin-Ashi bars (open, high, low, close): averaged bars for the eye; nobody trades at their prices.

    close = (o + h + l + c) / 4; open = the middle of the open and close before, at first the bar's own open; high and
    low include both. Defined from the first bar.
    """
    from apps.engine.kernels import indicators_trend as kernels

    smooth_close = (price(open) + price(high) + price(low) + price(close)) / 4.0
    smooth_open = column(kernels.heikin_ashi_open, (price(open) + price(close)) / 2.0, smooth_close)
    top = np.maximum(price(high), np.maximum(smooth_open, smooth_close))
    bottom = np.minimum(price(low), np.minimum(smooth_open, smooth_close))
    return smooth_open, top, bottom, smooth_close


def _middle(high: Column, low: Column, period: int) -> Column:
    return (highest(high, period) + lowest(low, period)) / 2.0

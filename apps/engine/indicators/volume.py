"""Volume: whether the money goes with the price."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apps.engine.indicators.averages import sma
from apps.engine.indicators.columns import bars, column, delayed, price, quotient
from apps.engine.indicators.momentum import typical_price

if TYPE_CHECKING:
    from apps.engine.types import Array, Column

DAY = 86_400_000_000  # microseconds


def obv(close: Column, volume: Column) -> Column:
    """On-balance volume: the running total of the volume, with the sign of the close's change.

    Defined from the first bar, whose volume counts as bought. Source: Granville, "Granville's New Key to Stock Market
    Profits", 1963.
    """
    from apps.engine.kernels import indicators as kernels

    change = price(close) - delayed(price(close), 1)
    return column(kernels.running_total, np.where(np.isnan(change), 1.0, np.sign(change)) * price(volume))


def accumulation_distribution(high: Column, low: Column, close: Column, volume: Column) -> Column:
    """Chaikin's accumulation/distribution line: the running total of the money flow.

    The flow is ((close - low) - (high - close)) / (high - low) × volume, and 0 where high = low. Defined from the
    first bar.
    """
    from apps.engine.kernels import indicators as kernels

    return column(kernels.running_total, _money_flow(high, low, close, volume))


def chaikin_oscillator(
    high: Column, low: Column, close: Column, volume: Column, fast: int = 3, slow: int = 10
) -> Column:
    """The fast less the slow exponential mean of the accumulation/distribution line, both seeded by its first value.

    First defined at the longer period - 1.
    """
    from apps.engine.kernels import indicators as kernels

    line = accumulation_distribution(high, low, close, volume)
    longer = max(fast, slow)
    quick, calm = (column(kernels.ema_of_first, line, periods=[period, longer]) for period in (fast, slow))
    return quick - calm


def chaikin_money_flow(high: Column, low: Column, close: Column, volume: Column, period: int = 20) -> Column:
    """Sum of the money flow over the sum of the volume; -1 … 1.

    First defined at period - 1; 0 where nothing was traded.
    """
    return quotient(sma(_money_flow(high, low, close, volume), period), sma(volume, period), 0.0)


def mfi(high: Column, low: Column, close: Column, volume: Column, period: int = 14) -> Column:
    """Money flow index: 100 × inflow / (inflow + outflow) of typical price × volume, by the typical price's change.

    Changes within 1e-12 of the price are none. First defined at `period`; 50 where nothing flowed. Source: Quong &
    Soudack, "Volume-weighted RSI: Money Flow", Technical Analysis of Stocks & Commodities 7(3), 1989.
    """
    from apps.engine.kernels import indicators_momentum as kernels

    def kernel(typical: Column, part: Column, window: int, out: Column) -> None:
        kernels.mfi(typical, part, window, np.zeros(len(part)), out)

    return column(kernel, typical_price(high, low, close), volume, periods=[bars(period)])


def vwap(time: Array, high: Column, low: Column, close: Column, volume: Column) -> Column:
    """Volume-weighted average price of the UTC day so far, of the typical price.

    time: (n,) int64, microseconds UTC. Defined from the day's first bar with volume.
    """
    from apps.engine.kernels import indicators_momentum as kernels

    day = np.asarray(time) // DAY
    return column(kernels.anchored_mean, typical_price(high, low, close), volume, day)


def _money_flow(high: Column, low: Column, close: Column, volume: Column) -> Column:
    above, below = price(close) - price(low), price(high) - price(close)
    return quotient(above - below, price(high) - price(low), 0.0) * price(volume)

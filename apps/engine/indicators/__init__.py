"""The catalogue of indicators: plain functions over columns, computed by kernels that load when they are first called.

Each takes float64 columns (n,), oldest first, and returns a column (n,), or a tuple of them, that is nan until it is
first defined. Bars are counted from 0. Value i depends on values up to i alone, so that a prefix of the input gives a
prefix of the result, bit for bit. A hole in the input (nan or infinite; an indicator of an indicator has one at its
start) is a hole in the result, and whatever is summed or smoothed begins anew after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from apps.engine.indicators.averages import (
    dema,
    ema,
    hma,
    kama,
    linear_regression,
    linear_regression_slope,
    sma,
    t3,
    tema,
    trima,
    vwma,
    wilder,
    wma,
)
from apps.engine.indicators.candles import doji, engulfing, hammer, morning_star, shooting_star, three_white_soldiers
from apps.engine.indicators.charts import chikou
from apps.engine.indicators.momentum import (
    awesome_oscillator,
    cci,
    cmo,
    macd,
    momentum,
    ppo,
    rate_of_change,
    rsi,
    stochastic,
    stochastic_fast,
    stochastic_rsi,
    trix,
    typical_price,
    ultimate_oscillator,
    williams_r,
)
from apps.engine.indicators.trend import (
    adx,
    adxr,
    aroon,
    directional_index,
    heikin_ashi,
    ichimoku,
    parabolic_sar,
    supertrend,
    vortex,
)
from apps.engine.indicators.volatility import (
    atr,
    bars_since_highest,
    bars_since_lowest,
    bollinger,
    bollinger_percent_b,
    bollinger_width,
    donchian,
    highest,
    keltner,
    lowest,
    natr,
    standard_deviation,
    true_range,
)
from apps.engine.indicators.volume import (
    accumulation_distribution,
    chaikin_money_flow,
    chaikin_oscillator,
    mfi,
    obv,
    vwap,
)

if TYPE_CHECKING:
    from collections.abc import Callable

FAMILIES: Final[dict[str, tuple[Callable[..., Any], ...]]] = {
    "Averages": (
        sma, ema, wilder, wma, dema, tema, trima, t3, kama, hma, vwma, linear_regression, linear_regression_slope,
    ),
    "Momentum": (
        rsi, cmo, momentum, rate_of_change, macd, ppo, trix, stochastic, stochastic_fast, stochastic_rsi, williams_r,
        cci, ultimate_oscillator, awesome_oscillator, typical_price,
    ),
    "Trend": (
        directional_index, adx, adxr, aroon, parabolic_sar, supertrend, vortex, ichimoku, heikin_ashi,
    ),
    "Volatility and channels": (
        true_range, atr, natr, standard_deviation, bollinger, bollinger_percent_b, bollinger_width, keltner, donchian,
        highest, lowest, bars_since_highest, bars_since_lowest,
    ),
    "Volume": (
        obv, accumulation_distribution, chaikin_oscillator, chaikin_money_flow, mfi, vwap,
    ),
    "Candlesticks": (
        doji, engulfing, hammer, shooting_star, morning_star, three_white_soldiers,
    ),
}  # fmt: skip

CATALOGUE: Final = {function.__name__: function for family in FAMILIES.values() for function in family}
"""Every indicator that a strategy may declare, by name; none of them looks ahead."""

CHARTS: Final = {"chikou": chikou}
"""Lines for charts only."""

for _function in CATALOGUE.values():
    _function.__module__ = __name__  # the address they are asked by, whichever file they are written in

__all__ = [
    "CATALOGUE",
    "CHARTS",
    "FAMILIES",
    "accumulation_distribution",
    "adx",
    "adxr",
    "aroon",
    "atr",
    "awesome_oscillator",
    "bars_since_highest",
    "bars_since_lowest",
    "bollinger",
    "bollinger_percent_b",
    "bollinger_width",
    "cci",
    "chaikin_money_flow",
    "chaikin_oscillator",
    "chikou",
    "cmo",
    "dema",
    "directional_index",
    "doji",
    "donchian",
    "ema",
    "engulfing",
    "hammer",
    "heikin_ashi",
    "highest",
    "hma",
    "ichimoku",
    "kama",
    "keltner",
    "linear_regression",
    "linear_regression_slope",
    "lowest",
    "macd",
    "mfi",
    "momentum",
    "morning_star",
    "natr",
    "obv",
    "parabolic_sar",
    "ppo",
    "rate_of_change",
    "rsi",
    "shooting_star",
    "sma",
    "standard_deviation",
    "stochastic",
    "stochastic_fast",
    "stochastic_rsi",
    "supertrend",
    "t3",
    "tema",
    "three_white_soldiers",
    "trima",
    "trix",
    "true_range",
    "typical_price",
    "ultimate_oscillator",
    "vortex",
    "vwap",
    "vwma",
    "wilder",
    "williams_r",
    "wma",
]

"""Candlestick patterns, as TA-Lib defines them: 100 bullish, -100 bearish, 0 none; 80 for a match at its very edge.

"Long", "short", "near" and "far" are measured against means of the bars before: bodies and ranges of ten bars, for near
and far five. Before those exist no pattern is seen: the value is 0, never nan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from apps.engine.indicators.averages import sma
from apps.engine.indicators.columns import delayed, price

if TYPE_CHECKING:
    from apps.engine.types import Array, Column

BODIES, NEIGHBOURS = 10, 5  # bars of the means


@dataclass(frozen=True)
class Candles:
    """Bars as a reader of candlesticks sees them; `ago(n)` are the same n bars earlier."""

    open: Column
    high: Column
    low: Column
    close: Column
    usual_body: Column  # means over the bars before
    usual_range: Column
    near_range: Column

    @property
    def body(self) -> Column:
        return np.abs(self.close - self.open)

    @property
    def top(self) -> Column:
        return np.maximum(self.open, self.close)

    @property
    def bottom(self) -> Column:
        return np.minimum(self.open, self.close)

    @property
    def upper_shadow(self) -> Column:
        return self.high - self.top

    @property
    def lower_shadow(self) -> Column:
        return self.bottom - self.low

    @property
    def is_white(self) -> Array:
        return self.close >= self.open

    @property
    def is_black(self) -> Array:
        return self.close < self.open

    @property
    def is_short(self) -> Array:
        return self.body < self.usual_body

    def ago(self, bars: int) -> Candles:
        return Candles(**{name: delayed(values, bars) for name, values in vars(self).items()})


def doji(open: Column, high: Column, low: Column, close: Column) -> Column:  # noqa: A002
    """Doji: a body of at most a tenth of the usual range.

    100 or 0, from bar 10 on.
    """
    now = _candles(open, high, low, close)
    return _signal(now.body <= 0.1 * now.usual_range)


def hammer(open: Column, high: Column, low: Column, close: Column) -> Column:  # noqa: A002
    """Hammer: a short body near the low before, a lower shadow longer than it, no upper one.

    100 or 0, from bar 11 on.
    """
    now = _candles(open, high, low, close)
    before = now.ago(1)
    is_shape = now.is_short & (now.lower_shadow > now.body) & (now.upper_shadow < 0.1 * now.usual_range)
    return _signal(is_shape & (now.bottom <= before.low + 0.2 * before.near_range))


def shooting_star(open: Column, high: Column, low: Column, close: Column) -> Column:  # noqa: A002
    """Shooting star: a short body above the one before, a long upper shadow, no lower one.

    -100 or 0, from bar 11 on.
    """
    now = _candles(open, high, low, close)
    is_shape = now.is_short & (now.upper_shadow > now.body) & (now.lower_shadow < 0.1 * now.usual_range)
    return -_signal(is_shape & (now.bottom > now.ago(1).top))


def engulfing(open: Column, high: Column, low: Column, close: Column) -> Column:  # noqa: A002
    """Engulfing: a body around the one before, of the other colour.

    ±100, ±80 where one end is shared, or 0; from bar 2 on.
    """
    now = _candles(open, high, low, close)
    before = now.ago(1)
    covers = (now.top >= before.top) & (now.bottom <= before.bottom)
    shares_an_end = (now.top == before.top) | (now.bottom == before.bottom)
    shares_both = (now.top == before.top) & (now.bottom == before.bottom)
    is_bullish, is_bearish = now.is_white & before.is_black, now.is_black & before.is_white
    found = covers & ~shares_both & (is_bullish | is_bearish)
    found[:2] = False
    return _signal(found) * np.where(is_bullish, 1.0, -1.0) * np.where(shares_an_end, 0.8, 1.0)


def morning_star(
    open: Column,  # noqa: A002
    high: Column,
    low: Column,
    close: Column,
    penetration: float = 0.3,
) -> Column:
    """Morning star: a long black body, a short one below it, a white one well into the first.

    100 or 0, from bar 12 on. penetration: how far into the first body, as a fraction of it.
    """
    now = _candles(open, high, low, close)
    star, first = now.ago(1), now.ago(2)
    falls = first.is_black & (first.body > first.usual_body)
    rests = ~(star.body > star.usual_body) & (star.top < first.bottom)
    rises = now.is_white & (now.body > now.usual_body) & (now.close > first.close + penetration * first.body)
    return _signal(falls & rests & rises)


def three_white_soldiers(open: Column, high: Column, low: Column, close: Column) -> Column:  # noqa: A002
    """Three white soldiers: white bodies that rise from within each other and end near their highs.

    100 or 0, from bar 12 on.
    """
    third = _candles(open, high, low, close)
    second, first = third.ago(1), third.ago(2)
    found = third.body > third.usual_body
    for soldier in (first, second, third):
        found &= soldier.is_white & (soldier.upper_shadow < 0.1 * soldier.usual_range)
    for later, earlier in ((second, first), (third, second)):
        found &= (later.close > earlier.close) & (later.open > earlier.open)
        found &= later.open <= earlier.close + 0.2 * earlier.near_range
        found &= later.body > earlier.body - 0.6 * earlier.near_range
    return _signal(found)


def _candles(open: Column, high: Column, low: Column, close: Column) -> Candles:  # noqa: A002
    body, spread = np.abs(price(close) - price(open)), price(high) - price(low)
    return Candles(
        price(open),
        price(high),
        price(low),
        price(close),
        usual_body=delayed(sma(body, BODIES), 1),
        usual_range=delayed(sma(spread, BODIES), 1),
        near_range=delayed(sma(spread, NEIGHBOURS), 1),
    )


def _signal(found: Array) -> Column:
    return np.where(found, 100.0, 0.0)

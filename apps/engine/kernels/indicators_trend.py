"""Kernels of trend: ranges, directions and the stops that follow a price."""

from numba import njit, types

from apps.engine.kernels import COLUMN, INPUT, OPTIONS
from apps.engine.types import Column


@njit(inline="always")
def true_range_at(high: Column, low: Column, close: Column, i: int) -> float:
    before = close[i - 1]
    return max(high[i] - low[i], abs(high[i] - before), abs(low[i] - before))


@njit(types.void(INPUT, INPUT, INPUT, COLUMN), **OPTIONS)
def true_range(high: Column, low: Column, close: Column, out: Column) -> None:
    for i in range(1, len(close)):
        out[i] = true_range_at(high, low, close, i)


@njit(types.void(INPUT, INPUT, INPUT, types.int64, COLUMN, COLUMN, COLUMN), **OPTIONS)
def directional(
    high: Column, low: Column, close: Column, period: int, plus: Column, minus: Column, index: Column
) -> None:
    """Wilder's two directional indicators and their index; sums of bars 1 … period - 1 first, then smoothed."""
    upward = 0.0
    downward = 0.0
    ranges = 0.0
    for i in range(1, len(close)):
        up = high[i] - high[i - 1]
        down = low[i - 1] - low[i]
        kept = 1.0 if i < period else 1.0 - 1.0 / period
        upward = upward * kept + (up if up > down and up > 0.0 else 0.0)
        downward = downward * kept + (down if down > up and down > 0.0 else 0.0)
        ranges = ranges * kept + true_range_at(high, low, close, i)
        if i >= period:
            plus[i] = 100.0 * upward / ranges if ranges > 0.0 else 0.0
            minus[i] = 100.0 * downward / ranges if ranges > 0.0 else 0.0
            moved = upward + downward
            index[i] = 100.0 * abs(upward - downward) / moved if moved > 0.0 else 0.0


@njit(inline="always")
def favourable(high: Column, low: Column, side: float, i: int) -> float:
    """The bar's best price for a position of this side, as a number that is better when larger."""
    return high[i] if side > 0.0 else -low[i]


@njit(inline="always")
def adverse(high: Column, low: Column, side: float, i: int) -> float:
    return low[i] if side > 0.0 else -high[i]


@njit(types.void(INPUT, INPUT, types.float64, types.float64, COLUMN), **OPTIONS)
def parabolic(high: Column, low: Column, acceleration: float, maximum: float, out: Column) -> None:
    """A stop that speeds up; kept, like the extreme, times the side: both sides are one rule then."""
    if len(high) < 2:
        return
    up, down = high[1] - high[0], low[0] - low[1]
    side = -1.0 if down > up and down > 0.0 else 1.0
    stop = adverse(high, low, side, 0)
    extreme = favourable(high, low, side, 1)
    weight = acceleration
    for i in range(1, len(high)):
        before = max(i - 1, 1)
        if adverse(high, low, side, i) <= stop:
            stop = max(extreme, favourable(high, low, side, before), favourable(high, low, side, i))
            out[i] = side * stop
            side = -side
            stop = -stop
            weight = acceleration
            extreme = favourable(high, low, side, i)
        else:
            out[i] = side * stop
            if favourable(high, low, side, i) > extreme:
                extreme = favourable(high, low, side, i)
                weight = min(weight + acceleration, maximum)
        stop += weight * (extreme - stop)
        stop = min(stop, adverse(high, low, side, before), adverse(high, low, side, i))


@njit(types.void(INPUT, INPUT, INPUT, INPUT, types.float64, COLUMN, COLUMN), **OPTIONS)
def supertrend(
    high: Column, low: Column, close: Column, ranges: Column, multiple: float, out: Column, direction: Column
) -> None:
    side = 0.0
    upper = 0.0
    lower = 0.0
    for i in range(len(close)):
        middle = (high[i] + low[i]) / 2.0
        reach = multiple * ranges[i]
        if i == 0:
            upper, lower = middle + reach, middle - reach
            side = 1.0 if close[i] > middle else -1.0
        else:
            before = close[i - 1]
            upper = middle + reach if middle + reach < upper or before > upper else upper
            lower = middle - reach if middle - reach > lower or before < lower else lower
            if side > 0.0 and close[i] < lower:
                side = -1.0
            elif side < 0.0 and close[i] > upper:
                side = 1.0
        direction[i] = side
        out[i] = lower if side > 0.0 else upper


@njit(types.void(INPUT, INPUT, COLUMN), **OPTIONS)
def heikin_ashi_open(open: Column, close: Column, out: Column) -> None:  # noqa: A002 - the price's name
    """close: of the Heikin-Ashi bars."""
    for i in range(len(open)):
        out[i] = (out[i - 1] + close[i - 1]) / 2.0 if i > 0 else open[0]

"""Made-up markets for demonstrations and tests: one-minute bars of a coin that trades around the clock, and ticks.

Returns of the coin follow a GARCH(1,1) process (Bollerslev, "Generalized autoregressive conditional
heteroskedasticity", Journal of Econometrics 31, 1986), so calm and wild hours come in clusters; volume rises with
volatility and towards noon. Nothing in it can be predicted: the expected return of every minute is zero.

Only operations whose result IEEE 754 fixes to the last bit (+, -, *, /, square root, rounding) are used, in a fixed
order, so that one seed gives the same bytes on every machine.
"""

from functools import reduce

import numpy as np

from apps.engine.series.quotes import TICK
from apps.engine.types import BAR, Array, Column

MINUTE = 60_000_000  # microseconds
MINUTES_A_DAY = 1440
STEPS = 4  # price moves within a minute, from which its high and low come
PRICE_INCREMENT = 0.01
START_PRICE = 20_000.0
DAILY_VOLATILITY = 0.03
SHOCK_WEIGHT, MEMORY = 0.05, 0.945  # of the variance: what the last minute adds, what remains of before
VOLUME_A_MINUTE = 12.0  # coins

FX_INCREMENTS = 100_000  # of a price of 1, of the made-up pair
FX_START = 110_000  # increments, as are the next two
FX_STEP = 3.0  # standard deviation of the middle from tick to tick
FX_SPREAD = (6, 19)  # from, and up to but without
FX_GAP = 4000  # milliseconds between two ticks, at most


def minute_bars(start: int, count: int, seed: int = 1) -> Array:
    """`count` bars (BAR) from `start`, microseconds UTC; a longer series of one seed begins with the shorter one."""
    shocks = _shocks(count, seed)
    volatility = _volatility(_sum(shocks) / np.sqrt(STEPS))
    moves = 1.0 + shocks * (volatility / np.sqrt(STEPS))[:, None]
    path = _rounded(START_PRICE * np.cumprod(moves).reshape(count, STEPS), PRICE_INCREMENT)

    bars = np.empty(count, BAR)
    bars["time"] = start + MINUTE * np.arange(count)
    bars["close"] = path[:, -1]
    bars["open"][:1] = START_PRICE
    bars["open"][1:] = bars["close"][:-1]
    bars["high"] = np.maximum(path.max(axis=1), bars["open"])
    bars["low"] = np.minimum(path.min(axis=1), bars["open"])
    bars["volume"] = _volume(bars["time"], volatility, seed)
    return bars


def ticks(start: int, count: int, seed: int = 1) -> Array:
    """`count` ticks (TICK) of a currency pair from `start`, microseconds UTC; some share a time.

    The middle is a random walk, the spread is drawn anew at every tick.
    """
    draws = np.random.Generator(np.random.PCG64([seed, 2])).random((count, 6))
    made = np.empty(count, TICK)
    made["time"] = start + np.cumsum(np.floor(draws[:, 0] * FX_GAP).astype(np.int64)) * 1000
    least, end = FX_SPREAD
    spread = least + np.floor(draws[:, 1] * (end - least)).astype(np.int64)
    steps = np.rint((_sum(draws[:, 2:]) - 2.0) * np.sqrt(3.0) * FX_STEP).astype(np.int64)
    bid = FX_START + np.cumsum(steps) - spread // 2
    made["bid"], made["ask"] = bid / FX_INCREMENTS, (bid + spread) / FX_INCREMENTS
    return made


def _shocks(count: int, seed: int) -> Column:
    """Independent shocks (count, STEPS) of mean 0 and variance 1, nearly normal: sums of four uniform numbers."""
    uniform = np.random.Generator(np.random.PCG64([seed, 0])).random((count, STEPS, 4))
    return np.asarray((_sum(uniform) - 2.0) * np.sqrt(3.0))


def _volatility(shocks: Column) -> Column:
    """Standard deviation of each minute's return (n,), given the minutes' shocks (n,) of variance 1."""
    usual = DAILY_VOLATILITY * DAILY_VOLATILITY / MINUTES_A_DAY
    variance, variances = usual, []
    for shock in shocks.tolist():
        variances.append(variance)
        variance = (1.0 - SHOCK_WEIGHT - MEMORY) * usual + (SHOCK_WEIGHT * shock * shock + MEMORY) * variance
    return np.asarray(np.sqrt(np.array(variances)))


def _volume(time: Array, volatility: Column, seed: int) -> Column:
    """Coins traded in each minute (n,): more when prices move, most at noon UTC, always some."""
    noise = 0.25 + 1.5 * np.random.Generator(np.random.PCG64([seed, 1])).random(len(time))
    noon = 1.0 - np.abs((time // MINUTE % MINUTES_A_DAY) / (MINUTES_A_DAY / 2) - 1.0)  # 0 at midnight, 1 at noon
    usual = DAILY_VOLATILITY / np.sqrt(MINUTES_A_DAY)
    return _rounded(VOLUME_A_MINUTE * noise * (0.5 + noon) * (volatility / usual), 0.0001)


def _sum(values: Column) -> Column:
    """Sums over the last axis, term by term from the left: numpy's own order depends on the machine."""
    return np.asarray(reduce(np.add, np.moveaxis(values, -1, 0)))


def _rounded(values: Column, increment: float) -> Column:
    per_unit = round(1.0 / increment)  # dividing by a whole number gives the nearest double of the decimal
    return np.asarray(np.rint(values * per_unit) / per_unit)

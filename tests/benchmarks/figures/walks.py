"""The market data of the works: seeded random walks, the same on every machine."""

import numpy as np

from apps.engine.types import BAR, Array

TICK = np.dtype([("time", "i8"), ("bid", "f8"), ("ask", "f8")])  # microseconds UTC
START = 1_704_067_200_000_000  # 2024-01-01
MINUTE = 60_000_000
STEPS = 12  # of the walk inside one bar
BLOCK = 50_000


def bars(count: int, *, seed: int, price: float = 100.0, deviation: float = 0.0005) -> Array:
    """(count,) BAR of one minute, each opening at the close before; prices to four decimals.

    price: of the first open. deviation: of the log price over one minute, which the walk reaches in twelve steps. A
    shorter walk is the beginning of a longer one as far as its whole blocks go.
    """
    random = np.random.default_rng(seed)
    made = np.empty(count, BAR)
    made["time"] = START + MINUTE * np.arange(count)
    log_price, close = np.log(price), price
    for first in range(0, count, BLOCK):
        block = made[first : first + BLOCK]
        steps = random.standard_normal((len(block), STEPS)) * (deviation / np.sqrt(STEPS))
        random.standard_normal(len(block))  # the gaps of the walk's sister with gaps, which shares the seed's sequence
        logs = log_price + np.cumsum(steps.ravel())
        log_price = logs[-1]
        prices = np.exp(logs).round(4).reshape(steps.shape)
        block["close"] = prices[:, -1]
        block["open"] = np.concatenate([[close], prices[:-1, -1]])
        block["high"] = np.maximum(prices.max(axis=1), block["open"])
        block["low"] = np.minimum(prices.min(axis=1), block["open"])
        block["volume"] = np.round(random.gamma(2.0, 50.0, len(block)) + 1.0, 3)
        close = prices[-1, -1]
    return made


def ticks(count: int, *, seed: int, price: float = 1.1, deviation: float = 0.00002, spread: float = 0.00008) -> Array:
    """(count,) TICK of a currency pair, five decimals, one in about 1.2 seconds; the ask is above the bid."""
    random = np.random.default_rng(seed)
    middle = price * np.exp(np.cumsum(random.standard_normal(count) * deviation / price))
    spreads = spread * (1.0 + 0.25 * np.abs(random.standard_normal(count)))
    made = np.empty(count, TICK)
    made["bid"] = np.round(middle - spreads / 2, 5)
    made["ask"] = np.maximum(np.round(middle + spreads / 2, 5), np.round(made["bid"] + 0.00001, 5))
    made["time"] = START + np.cumsum(random.integers(200_000_000, 2_200_000_000, count)) // 1000
    return made


def folded(minutes: Array, length: int) -> Array:
    """Bars (n,) of one minute as whole bars of `length` minutes; those of the unfinished one are left out."""
    whole = minutes[: len(minutes) // length * length].reshape(-1, length)
    made = np.empty(len(whole), BAR)
    made["time"], made["open"], made["close"] = whole["time"][:, 0], whole["open"][:, 0], whole["close"][:, -1]
    made["high"], made["low"] = whole["high"].max(axis=1), whole["low"].min(axis=1)
    made["volume"] = whole["volume"].sum(axis=1)
    return made

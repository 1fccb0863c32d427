"""The five works that engines are compared by: their data, what each has to come to, and what a variant comes to.

w1  a million one-minute bars; one unit while SMA 20 > SMA 100, at market, 0.1 % fee, 10,000 of cash.
w2  974,000 one-minute bars; on five-minute bars one unit at the cross of EMA 8 and 21, both sides, stop 0.5 % and
    target 1 % away, 0.04 % fee, 10,000 of cash.
w3  w1 on 100,000 bars for 1,000 pairs of averages.
w4  5,000,000 ticks; a thousand units at the ask, up to five layers 9.987 pips apart, all out 9.987 pips above the mean
    entry or 29.987 pips below the last; no fee, 10,000 of cash. Off the tick grid, so that no rounding decides.
w5  w1 on 50 instruments of 20,000 bars in one account, 1,000,000 of cash.

Every bar opens at the close before, so that "at this close" and "at the next open" are one price. The data are made
once, proved by a plain loop against the known outcomes, and kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tests.benchmarks.figures import loops, walks

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.engine.types import Array

CACHE = Path(__file__).resolve().parents[3] / ".cache" / "bench"

CASH, FEE, FAST, SLOW = 10_000.0, 0.001, 20, 100
CROSS = {"length": 5, "fee": 0.0004, "stop_share": 0.005, "target_share": 0.01}
CROSS_FAST, CROSS_SLOW = 8, 21
PAIRS = tuple(product(range(5, 45, 2), range(50, 550, 10)))
LAYERS = {"step": 0.0009987, "profit": 0.0009987, "loss": 0.0029987, "quantity": 1000.0, "layers": 5}
INSTRUMENTS = 50
CASH_OF_MANY = 1_000_000.0


@dataclass(frozen=True)
class Outcome:
    """What a run came to. count: of fills in w1, w3 and w5, of trades in w2, of cycles in w4."""

    count: int
    equity: float

    def is_near(self, other: Outcome, tolerance: float) -> bool:
        return self.count == other.count and abs(self.equity - other.equity) <= tolerance


@dataclass(frozen=True)
class Work:
    make: Callable[[], Array]
    """The data, time along the first axis."""
    loop: Callable[..., Outcome]
    """The outcome for the data, or for their first part; keywords are variants of the rules."""
    truth: Outcome
    tolerance: float = 1e-6
    passes: int = 1
    """How often every bar or tick is gone through."""


def data(name: str) -> Path:
    """The file of a work's data, made when it is not there. Exits when the data are not those of the known outcome."""
    path, work = CACHE / f"{name}.npy", WORKS[name]
    if not path.exists():
        made = work.make()
        outcome = work.loop(made)
        if not outcome.is_near(work.truth, work.tolerance):
            raise SystemExit(f"The data of {name} are wrong: {outcome}, not {work.truth}.")
        CACHE.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npy")
        np.save(part, made)
        part.replace(path)
    return path


def one_pair(
    bars: Array,
    *,
    fast: int = FAST,
    slow: int = SLOW,
    first_decision: int = 0,
    at_next_close: bool = False,
    closes_at_end: str = "",
) -> Outcome:
    """w1. at_next_close: fills a bar's length after its open. closes_at_end: sells what is held, at this price of the
    last bar."""
    opens, closes = (np.ascontiguousarray(bars[name]) for name in ("open", "close"))
    equity = np.empty(len(bars))
    fills, position = loops.hold_while_above(
        closes if at_next_close else opens, closes, loops.mean(closes, fast), loops.mean(closes, slow),
        FEE, CASH, equity, first_decision,
    )  # fmt: skip
    if closes_at_end and position:
        price = float(bars[closes_at_end][-1])
        return Outcome(fills + 1, equity[-1] + position * (price - closes[-1]) - position * price * FEE)
    return Outcome(fills, equity[-1])


def crosses(bars: Array, *, closes_at_end: bool = False) -> Outcome:
    """w2. closes_at_end: at the last close."""
    closes = walks.folded(bars, CROSS["length"])["close"].copy()
    fast, slow = loops.exponential_mean(closes, CROSS_FAST), loops.exponential_mean(closes, CROSS_SLOW)
    columns = [np.ascontiguousarray(bars[name]) for name in ("high", "low", "close")]
    equity = np.empty(len(bars))
    terms = (CROSS["length"], CROSS["fee"], CROSS["stop_share"], CROSS["target_share"])
    trades, position = loops.enter_on_cross(*columns, fast, slow, *terms, CASH, equity)
    if closes_at_end and position:
        return Outcome(trades + 1, equity[-1] - columns[-1][-1] * CROSS["fee"])
    return Outcome(trades, equity[-1])


def all_pairs(bars: Array) -> Outcome:
    """w3: fills and final equities of all pairs, added up.

    Its averages are equal to the last digit in hundreds of bars, so that the order of adding decides some fills.
    """
    outcomes = [one_pair(bars, fast=fast, slow=slow) for fast, slow in PAIRS]
    return Outcome(sum(each.count for each in outcomes), sum(each.equity for each in outcomes))


def layers(ticks: Array) -> Outcome:
    bids, asks = np.ascontiguousarray(ticks["bid"]), np.ascontiguousarray(ticks["ask"])
    _, cycles, equity = loops.add_layers(bids, asks, *LAYERS.values(), CASH)
    return Outcome(cycles, equity)


def many(bars: Array, *, closes_at_end: str = "") -> Outcome:
    """w5. closes_at_end: sells what is held, at this price of the last bar."""
    opens, closes = np.ascontiguousarray(bars["open"]), np.ascontiguousarray(bars["close"])
    columns = list(closes.T.copy())
    fast, slow = (np.stack([loops.mean(column, period) for column in columns], axis=1) for period in (FAST, SLOW))
    equity = np.empty(len(bars))
    fills = loops.hold_many_while_above(opens, closes, fast, slow, FEE, CASH_OF_MANY, equity)
    if closes_at_end:
        held, prices = fast[-2] > slow[-2], bars[closes_at_end][-1]
        earned = held * (prices - closes[-1] - prices * FEE)
        return Outcome(fills + int(held.sum()), equity[-1] + float(earned.sum()))
    return Outcome(fills, equity[-1])


def _many_bars() -> Array:
    walked = [walks.bars(20_000, seed=500 + i, price=50.0 + 3 * i) for i in range(INSTRUMENTS)]
    return np.stack(walked, axis=1)


WORKS = {
    "w1": Work(lambda: walks.bars(1_000_000, seed=11), one_pair, Outcome(13_822, 8098.5849978999)),
    "w2": Work(lambda: walks.bars(974_000, seed=21), crosses, Outcome(2_806, 9847.5117953044)),
    "w3": Work(lambda: walks.bars(100_000, seed=31), all_pairs, Outcome(915_102, 9906961.8738), 1e-4, passes=1_000),
    "w4": Work(lambda: walks.ticks(5_000_000, seed=41), layers, Outcome(469, 9887.89), 1e-6),
    "w5": Work(_many_bars, many, Outcome(13_822, 998331.5654364)),
}

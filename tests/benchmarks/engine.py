"""How fast the engine is, against the limit of the machine it runs on: `python -m tests.benchmarks.engine`.

The work: a million one-minute bars, SMA 20 against SMA 100, long one unit while the fast one is above, 0.1 % fee. A
strategy class that is called on every bar, with its orders, fills, trades, equity rows and figures, is compared with
a plain numba loop that computes two columns and the equity curve and nothing else. CPU seconds, medians, both in this
process.
"""

from __future__ import annotations

import statistics
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from apps.engine.indicators import sma
from apps.engine.session import Session
from apps.engine.strategy import Strategy
from apps.engine.types import BAR, Costs, Instrument

if TYPE_CHECKING:
    from collections.abc import Callable

BARS = 1_000_000
CASH, FEE = 10_000.0, 0.001
FILLS, EQUITY = 13_822, 8098.5849978999
GATE = 35  # times the plain loop
STEPS = 12  # of the walk inside one bar
BLOCK = 50_000
MINUTE = 60_000_000


class SmaState(Strategy):
    """Long one unit while the fast average is above the slow one."""

    def init(self) -> None:
        self.fast = self.indicator(sma, 20)
        self.slow = self.indicator(sma, 100)

    def on_bar(self) -> None:
        if self.fast[-1] > self.slow[-1]:
            if not self.position:
                self.buy(1.0)
        elif self.position:
            self.close_position()


def random_walk(count: int, *, seed: int = 11, start: float = 100.0, deviation: float = 0.0005) -> np.ndarray:
    """One-minute bars of a geometric random walk, each opening at the close before; prices to four decimals.

    deviation: of the log price over one minute, which the walk reaches in twelve steps.
    """
    random = np.random.default_rng(seed)
    bars = np.empty(count, BAR)
    bars["time"] = 1_704_067_200_000_000 + MINUTE * np.arange(count)
    log_price, close = np.log(start), start
    for first in range(0, count, BLOCK):
        block = bars[first : first + BLOCK]
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
    return bars


@njit(cache=True)
def plain_mean(values, period):  # type: ignore[no-untyped-def]
    means = np.full(len(values), np.nan)
    total = 0.0
    for i in range(len(values)):
        total += values[i] - (values[i - period] if i >= period else 0.0)
        if i >= period - 1:
            means[i] = total / period
    return means


@njit(cache=True)
def plain_loop(opens, closes, fast, slow, equity):  # type: ignore[no-untyped-def]
    """The same work with nothing around it; returns the number of fills."""
    cash, position, wanted, fills = CASH, 0.0, 0.0, 0
    for i in range(len(closes)):
        if wanted != position:
            cash -= (wanted - position) * opens[i] + abs(wanted - position) * opens[i] * FEE
            position = wanted
            fills += 1
        equity[i] = cash + position * closes[i]
        wanted = 1.0 if fast[i] > slow[i] else 0.0
    return fills


def by_plain_loop(bars: np.ndarray) -> tuple[int, float]:
    opens, closes = np.ascontiguousarray(bars["open"]), np.ascontiguousarray(bars["close"])
    equity = np.empty(len(bars))
    fills = plain_loop(opens, closes, plain_mean(closes, 20), plain_mean(closes, 100), equity)
    return fills, equity[-1]


def by_class(bars: np.ndarray, chunk: int = BARS) -> tuple[int, float]:
    session = Session(SmaState, {}, bars, instrument=Instrument("WALK"), cash=CASH, costs=Costs(commission_rate=FEE))
    fills = 0
    while not session.finished:
        fills += len(session.advance(chunk).fills)
        figures = session.metrics()
    return fills, figures["final_equity"]


def cpu_seconds(work: Callable[[], tuple[int, float]], rounds: int) -> float:
    """Median CPU seconds of a call, after one that warms up and proves the result."""
    fills, equity = work()
    if fills != FILLS or abs(equity - EQUITY) > 1e-6:
        sys.exit(f"Wrong result: {fills} fills and {equity}, not {FILLS} and {EQUITY}.")
    spent = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return statistics.median(spent)


def main(rounds: int = 5) -> None:
    bars = random_walk(BARS)
    loop = cpu_seconds(lambda: by_plain_loop(bars), rounds)
    print(f"plain numba loop       {loop:.4f} CPU-s  {BARS / loop / 1e6:7.2f} M bars/CPU-s")
    for name, chunk in (("class, one advance", BARS), ("class, chunks of 10k", 10_000)):
        spent = cpu_seconds(lambda chunk=chunk: by_class(bars, chunk), rounds)
        print(f"{name:22} {spent:.4f} CPU-s  {BARS / spent / 1e6:7.2f} M bars/CPU-s  {spent / loop:5.1f} x the loop")
        if spent / loop > GATE:
            sys.exit(f"Slower than {GATE} times the plain loop.")


if __name__ == "__main__":
    main()

"""Jesse: strategies as classes over one-minute candles, stepping minute by minute (`w1`) or in its fast mode."""

from collections.abc import Callable
from typing import Any

import jesse.indicators as ta
import numpy as np
from jesse.research import backtest
from jesse.strategies import Strategy

LIMITS = {"w1": 200_000, "w1_fast": 200_000, "w2": 300_000, "w2_fast": 300_000, "w5": 4_000, "w5_fast": 4_000}
VARIANTS = {
    "w1": {"closes_at_end": "close"},
    "w1_fast": {"closes_at_end": "close"},
    "w2": {"closes_at_end": True},
    "w2_fast": {"closes_at_end": True},
    "w5": {"closes_at_end": "close"},
    "w5_fast": {"closes_at_end": "close"},
}
WINDOW = 240  # candles that an indicator is given: what Jesse itself takes of a run with a warm-up
EXCHANGE, SYMBOL = "Binance Perpetual Futures", "BTC-USDT"


class HoldWhileAbove(Strategy):
    def before(self) -> None:
        candles = self.candles[-WINDOW:]
        self.is_above = ta.sma(candles, 20) > ta.sma(candles, 100)

    def should_long(self) -> bool:
        return self.is_above

    def go_long(self) -> None:
        self.buy = 1, self.price

    def should_cancel_entry(self) -> bool:
        return True

    def update_position(self) -> None:
        if not self.is_above:
            self.liquidate()


def w1(bars: np.ndarray) -> Callable[[], tuple[int, float]]:
    return play(HoldWhileAbove, "1m", {SYMBOL: bars}, fee=0.001, is_fast=False)


def w1_fast(bars: np.ndarray) -> Callable[[], tuple[int, float]]:
    return play(HoldWhileAbove, "1m", {SYMBOL: bars}, fee=0.001, is_fast=True)


def play(
    strategy: type[Strategy],
    timeframe: str,
    minutes: dict[str, np.ndarray],
    *,
    fee: float,
    is_fast: bool,
    cash: float = 10_000.0,
) -> Callable[[], tuple[int, float]]:
    """Jesse closes what is open at the end, so that every fill belongs to one of its trades."""
    config: dict[str, Any] = {
        "starting_balance": cash, "fee": fee, "type": "futures", "futures_leverage": 1,
        "futures_leverage_mode": "cross", "exchange": EXCHANGE, "warm_up_candles": 0,
    }  # fmt: skip
    routes = [
        {"exchange": EXCHANGE, "strategy": strategy, "symbol": symbol, "timeframe": timeframe} for symbol in minutes
    ]
    candles = {
        f"{EXCHANGE}-{symbol}": {"exchange": EXCHANGE, "symbol": symbol, "candles": candles_of(bars)}
        for symbol, bars in minutes.items()
    }

    def run() -> tuple[int, float]:
        figures = backtest(config, routes, [], candles, fast_mode=is_fast)["metrics"]
        return 2 * figures["total"], cash + figures["net_profit"]

    return run


def candles_of(bars: np.ndarray) -> np.ndarray:
    """(n, 6) in Jesse's order, times in milliseconds."""
    return np.column_stack([bars["time"] // 1000, *(bars[name] for name in ("open", "close", "high", "low", "volume"))])


class EnterOnCross(Strategy):
    """Both sides; the averages of the bar before are remembered, so that one value of each is computed a bar."""

    def __init__(self) -> None:
        super().__init__()
        self.fast = self.slow = float("nan")

    def before(self) -> None:
        candles, fast, slow = self.candles[-WINDOW:], self.fast, self.slow
        self.fast, self.slow = ta.ema(candles, 8), ta.ema(candles, 21)
        self.crossed_up = fast <= slow and self.fast > self.slow
        self.crossed_down = fast >= slow and self.fast < self.slow

    def should_long(self) -> bool:
        return self.crossed_up

    def should_short(self) -> bool:
        return self.crossed_down

    def go_long(self) -> None:
        self.buy = 1, self.price

    def go_short(self) -> None:
        self.sell = 1, self.price

    def should_cancel_entry(self) -> bool:
        return True

    def on_open_position(self, order: Any) -> None:
        direction, entry = (1 if self.is_long else -1), self.position.entry_price
        self.stop_loss = 1, entry * (1 - direction * 0.005)
        self.take_profit = 1, entry * (1 + direction * 0.01)


def w2(bars: np.ndarray) -> Callable[[], tuple[int, float]]:
    return half(play(EnterOnCross, "5m", {SYMBOL: bars}, fee=0.0004, is_fast=False))


def w2_fast(bars: np.ndarray) -> Callable[[], tuple[int, float]]:
    return half(play(EnterOnCross, "5m", {SYMBOL: bars}, fee=0.0004, is_fast=True))


def half(run: Callable[[], tuple[int, float]]) -> Callable[[], tuple[int, float]]:
    """Trades instead of fills."""

    def trades() -> tuple[int, float]:
        fills, equity = run()
        return fills // 2, equity

    return trades


def w5(bars: np.ndarray) -> Callable[[], tuple[int, float]]:
    return play(HoldWhileAbove, "1m", columns(bars), fee=0.001, is_fast=False, cash=1e6)


def w5_fast(bars: np.ndarray) -> Callable[[], tuple[int, float]]:
    return play(HoldWhileAbove, "1m", columns(bars), fee=0.001, is_fast=True, cash=1e6)


def columns(bars: np.ndarray) -> dict[str, np.ndarray]:
    """Bars (n, instruments) by symbol."""
    return {f"WALK{i}-USDT": bars[:, i] for i in range(bars.shape[1])}

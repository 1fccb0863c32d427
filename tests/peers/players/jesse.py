"""Jesse follows a script of orders on one-minute candles, and reports on a run.

Market orders fill at the close of the candle they are given in; they are told here as fills of the next one, as our
engine books them.
"""

from typing import Any

import numpy as np
import pandas as pd
from jesse.research import backtest
from jesse.services import metrics
from jesse.strategies import Strategy

EXCHANGE, SYMBOL = "Binance Perpetual Futures", "BTC-USDT"
START, MINUTE = 1_704_067_200_000, 60_000  # milliseconds: whatever the bars are, to Jesse they are minutes

NOTHING = {"act": "", "side": 0, "quantity": 0.0}


class Scripted(Strategy):
    steps: dict[int, dict[str, Any]] = {}
    fills: list[tuple[int, float, float]] = []

    decided = -1
    """The last candle at whose close the strategy was asked."""

    def before(self) -> None:
        self.decided = self.index
        self.step = self.steps.get(self.index, NOTHING)

    def should_long(self) -> bool:
        return self.step["act"] in ("enter", "turn") and self.step["side"] > 0

    def should_short(self) -> bool:
        return self.step["act"] in ("enter", "turn") and self.step["side"] < 0

    def should_cancel_entry(self) -> bool:
        return bool(self.step["act"])

    def go_long(self) -> None:
        self.buy = self.step["quantity"], self.entry()
        self.protect()

    def go_short(self) -> None:
        self.sell = self.step["quantity"], self.entry()
        self.protect()

    def update_position(self) -> None:
        act, side, quantity = self.step["act"], self.step["side"], self.step["quantity"]
        held = self.position.qty * side
        for order in self.entry_orders:
            if act and order.is_active:
                self.broker.cancel_order(order.id)
        if act == "leave" or (act == "turn" and held < 0):
            self.liquidate()
        elif act == "add" and held > 0 and side > 0:
            self.buy = quantity, self.entry()
        elif act == "add" and held > 0:
            self.sell = quantity, self.entry()
        elif act == "reduce" and held > quantity:
            self.take_profit = quantity, self.price

    def entry(self) -> float:
        return self.step["limit"] or self.step["stop"] or self.price

    def protect(self) -> None:
        if self.step["stop_loss"]:
            self.stop_loss = self.step["quantity"], self.step["stop_loss"]
        if self.step["target"]:
            self.take_profit = self.step["quantity"], self.step["target"]

    def on_open_position(self, order: Any) -> None:
        self.tell(order)

    def on_close_position(self, order: Any, closed_trade: Any) -> None:
        self.tell(order)

    def on_increased_position(self, order: Any) -> None:
        self.tell(order)

    def on_reduced_position(self, order: Any) -> None:
        self.tell(order)

    def tell(self, order: Any) -> None:
        bar = round((order.executed_at - START) / MINUTE) - 1  # it gives every fill the time of the candle's end
        at_close = bar == self.decided
        self.fills.append((bar + at_close, float(order.filled_qty), float(order.price)))


def play(
    bars: np.ndarray, steps: dict[int, dict[str, Any]], cash: float, fee: float
) -> tuple[list[tuple[int, float, float]], float]:
    fills: list[tuple[int, float, float]] = []
    strategy = type("Script", (Scripted,), {"steps": steps, "fills": fills})
    config = {
        "starting_balance": cash, "fee": fee, "type": "futures", "futures_leverage": 1,
        "futures_leverage_mode": "cross", "exchange": EXCHANGE, "warm_up_candles": 0,
    }  # fmt: skip
    routes = [{"exchange": EXCHANGE, "strategy": strategy, "symbol": SYMBOL, "timeframe": "1m"}]
    minutes = START + MINUTE * np.arange(len(bars))
    columns = [bars[name] for name in ("open", "close", "high", "low", "volume")]
    candles = {"exchange": EXCHANGE, "symbol": SYMBOL, "candles": np.column_stack([minutes, *columns])}
    figures = backtest(config, routes, [], {f"{EXCHANGE}-{SYMBOL}": candles})["metrics"]
    return fills, cash + figures.get("net_profit", 0.0)


def report(run: dict[str, np.ndarray]) -> dict[str, float]:
    days = pd.date_range("2024-01-01", periods=len(run["daily"]))
    returns = pd.Series(run["daily"], index=days).pct_change(1)
    return {
        "sharpe": metrics.sharpe_ratio(returns).iloc[0],
        "sortino": metrics.sortino_ratio(returns).iloc[0],
        "cagr": metrics.cagr(returns).iloc[0] * 100,
        "max_drawdown": metrics.max_drawdown(returns).iloc[0] * 100,
        "calmar": metrics.calmar_ratio(returns).iloc[0],
        "omega": metrics.omega_ratio(returns).iloc[0],
    }

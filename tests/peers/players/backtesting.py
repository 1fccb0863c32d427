"""backtesting.py follows a script of orders, by its defaults, and reports on a run."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy
from backtesting._stats import compute_stats


class Scripted(Strategy):
    steps: dict[int, dict[str, Any]] = {}

    def init(self) -> None:
        pass

    def next(self) -> None:
        step = self.steps.get(len(self.data) - 1)
        if step is None:
            return
        for order in self.orders:
            if not order.is_contingent:
                order.cancel()
        held, side, quantity = self.position.size, step["side"], step["quantity"]
        act = step["act"]
        if act == "enter" and not held:
            self.place(side, quantity, step)
        elif act == "turn" and held * side <= 0:
            for trade in self.trades:
                trade.sl = trade.tp = None
            self.place(side, quantity + abs(held), step)
        elif act == "add" and held * side > 0:
            self.place(side, quantity, step)
        elif act == "reduce" and held * side > quantity:
            self.place(-side, quantity, step)
        elif act == "leave" and held:
            self.position.close()

    def place(self, side: int, quantity: float, step: dict[str, Any]) -> None:
        submit = self.buy if side > 0 else self.sell
        submit(size=quantity, limit=step["limit"], stop=step["stop"], sl=step["stop_loss"], tp=step["target"])


def play(
    bars: np.ndarray, steps: dict[int, dict[str, Any]], cash: float, fee: float
) -> tuple[list[tuple[int, float, float]], float]:
    index = pd.DatetimeIndex(bars["time"].astype("datetime64[us]"))
    frame = pd.DataFrame({name.capitalize(): bars[name] for name in ("open", "high", "low", "close", "volume")}, index)
    figures = Backtest(frame, type("Script", (Scripted,), {"steps": steps}), cash=cash, commission=fee).run()
    strategy = figures["_strategy"]
    fills = []
    for trade in (*strategy.closed_trades, *strategy.trades):
        fills.append((trade.entry_bar, 1, trade.size, trade.entry_price))
        if trade.exit_bar is not None:
            turn = 0 if trade.exit_bar > trade.entry_bar else 2  # what ends in a bar ends before another begins
            fills.append((trade.exit_bar, turn, -trade.size, trade.exit_price))
    fills.sort(key=lambda fill: fill[:2])
    return [(int(bar), float(size), float(price)) for bar, _, size, price in fills], figures["Equity Final [$]"]


def report(run: dict[str, np.ndarray]) -> dict[str, float]:
    index = pd.DatetimeIndex(run["times"].astype("datetime64[us]"))
    prices = pd.DataFrame(dict.fromkeys(("Open", "High", "Low", "Close"), run["prices"]), index=index)
    held = run["closed_at"].astype("datetime64[us]") - run["opened_at"].astype("datetime64[us]")
    trades = pd.DataFrame(
        {
            "Size": run["quantity"],
            "EntryBar": run["opened_bar"],
            "ExitBar": run["closed_bar"],
            "PnL": run["pnl"],
            "ReturnPct": run["pnl"] / (run["quantity"] * run["entry_price"]),
            "Duration": pd.to_timedelta(held),
        }
    )
    stats = compute_stats(trades, run["equity"], prices, SimpleNamespace(_indicators=[]))
    return {name: value for name, value in stats.items() if isinstance(value, int | float)}

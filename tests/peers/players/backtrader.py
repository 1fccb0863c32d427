"""backtrader follows a script of orders, by its broker's defaults."""

from typing import Any

import backtrader as bt
import numpy as np
import pandas as pd


class Scripted(bt.Strategy):
    params = (("steps", None),)

    def __init__(self) -> None:
        self.fills: list[tuple[int, float, float]] = []
        self.entries: list[bt.Order] = []
        self.protection: list[bt.Order] = []

    def notify_order(self, order: bt.Order) -> None:
        if order.status == order.Completed:
            self.fills.append((len(self.data) - 1, order.executed.size, order.executed.price))

    def next(self) -> None:
        step = self.p.steps.get(len(self.data) - 1)
        if step is None:
            return
        for order in self.entries:
            self.cancel(order)  # does nothing to one that has filled
        self.entries.clear()
        held, side, quantity = self.position.size, step["side"], step["quantity"]
        act = step["act"]
        if act == "enter" and not held:
            self.place(side, quantity, step)
        elif act == "turn" and held * side <= 0:
            self.leave()
            self.place(side, quantity, step)
        elif act == "add" and held * side > 0:
            self.place(side, quantity, step)
        elif act == "reduce" and held * side > quantity:
            self.place(-side, quantity, step)
        elif act == "leave" and held:
            self.leave()

    def leave(self) -> None:
        for order in self.protection:
            if order.alive():
                self.cancel(order)
        self.protection.clear()
        self.close()

    def place(self, side: int, quantity: float, step: dict[str, Any]) -> None:
        kind, price = bt.Order.Market, None
        if step["limit"] is not None:
            kind, price = bt.Order.Limit, step["limit"]
        elif step["stop"] is not None:
            kind, price = bt.Order.Stop, step["stop"]
        terms = {"size": quantity, "exectype": kind, "price": price}
        stop, target = step["stop_loss"], step["target"]
        if stop is None and target is None:
            self.entries.append(self.buy(**terms) if side > 0 else self.sell(**terms))
            return
        if stop is None:
            terms["stopexec"] = None
        if target is None:
            terms["limitexec"] = None
        levels = {"stopprice": stop, "limitprice": target}
        orders = self.buy_bracket(**terms, **levels) if side > 0 else self.sell_bracket(**terms, **levels)
        self.entries.append(orders[0])
        self.protection += [order for order in orders[1:] if order is not None]


def play(
    bars: np.ndarray, steps: dict[int, dict[str, Any]], cash: float, fee: float
) -> tuple[list[tuple[int, float, float]], float]:
    frame = pd.DataFrame({name: bars[name] for name in ("open", "high", "low", "close", "volume")})
    frame.index = pd.DatetimeIndex(bars["time"].astype("datetime64[us]"))
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(bt.feeds.PandasData(dataname=frame))
    cerebro.addstrategy(Scripted, steps=steps)
    cerebro.broker.setcash(cash)
    cerebro.broker.setcommission(commission=fee)
    (played,) = cerebro.run()
    return played.fills, cerebro.broker.getvalue()

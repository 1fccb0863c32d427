"""backtrader: strategies as classes, called bar by bar; indicators over the whole data before."""

from collections.abc import Callable

import backtrader as bt
import numpy as np
import pandas as pd

LIMITS = {"w1": 100_000, "w5": 3_000}


class HoldWhileAbove(bt.Strategy):
    def __init__(self) -> None:
        self.fast = bt.indicators.SimpleMovingAverage(self.data.close, period=20)
        self.slow = bt.indicators.SimpleMovingAverage(self.data.close, period=100)
        self.fills = 0

    def next(self) -> None:
        if self.fast[0] > self.slow[0]:
            if not self.position:
                self.buy(size=1)
        elif self.position:
            self.close()

    def notify_order(self, order: bt.Order) -> None:
        self.fills += order.status == order.Completed


class HoldMany(bt.Strategy):
    """The same for each of several data."""

    def __init__(self) -> None:
        average = bt.indicators.SimpleMovingAverage
        self.averages = [(data, average(data.close, period=20), average(data.close, period=100)) for data in self.datas]
        self.fills = 0

    def next(self) -> None:
        for data, fast, slow in self.averages:
            if fast[0] > slow[0]:
                if not self.getposition(data):
                    self.buy(data=data, size=1)
            elif self.getposition(data):
                self.close(data=data)

    def notify_order(self, order: bt.Order) -> None:
        self.fills += order.status == order.Completed


def w1(bars: np.ndarray) -> Callable[[], tuple[int, float]]:
    return play(HoldWhileAbove, [bars], cash=10_000)


def w5(bars: np.ndarray) -> Callable[[], tuple[int, float]]:
    return play(HoldMany, list(bars.T), cash=1_000_000)


def play(strategy: type[bt.Strategy], columns: list[np.ndarray], cash: int) -> Callable[[], tuple[int, float]]:
    cerebro = bt.Cerebro(stdstats=False)
    for bars in columns:
        cerebro.adddata(feed(bars))
    cerebro.addstrategy(strategy)
    cerebro.broker.setcash(cash)
    cerebro.broker.setcommission(commission=0.001)

    def run() -> tuple[int, float]:
        (played,) = cerebro.run()
        return played.fills, cerebro.broker.getvalue()

    return run


def feed(bars: np.ndarray) -> bt.feeds.PandasData:
    frame = pd.DataFrame({name: bars[name] for name in ("open", "high", "low", "close", "volume")})
    frame.index = pd.DatetimeIndex(bars["time"].astype("datetime64[us]"))
    return bt.feeds.PandasData(dataname=frame)

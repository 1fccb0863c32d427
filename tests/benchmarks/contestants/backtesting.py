"""backtesting.py: strategies as classes, called bar by bar over a data frame."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy

LIMITS = {"w1": 400_000}
VARIANTS = {"w1": {"first_decision": 100}}  # the first call comes one bar after the last indicator is ready


class HoldWhileAbove(Strategy):
    def init(self) -> None:
        self.fast = self.I(mean, self.data.Close, 20)
        self.slow = self.I(mean, self.data.Close, 100)

    def next(self) -> None:
        if self.fast[-1] > self.slow[-1]:
            if not self.position:
                self.buy(size=1)
        elif self.position:
            self.position.close()


def w1(bars: np.ndarray) -> Callable[[], tuple[int, float]]:
    frame = table(bars)

    def run() -> tuple[int, float]:
        figures = Backtest(frame, HoldWhileAbove, cash=10_000, commission=0.001).run()
        strategy = figures["_strategy"]
        return 2 * len(strategy.closed_trades) + len(strategy.trades), figures["Equity Final [$]"]

    return run


def mean(values: np.ndarray, period: int) -> pd.Series:
    return pd.Series(values).rolling(period).mean()


def table(bars: np.ndarray) -> pd.DataFrame:
    index = pd.DatetimeIndex(bars["time"].astype("datetime64[us]"))
    columns = {name.capitalize(): bars[name] for name in ("open", "high", "low", "close", "volume")}
    return pd.DataFrame(columns, index=index)


class EnterOnCross(Strategy):
    """On five-minute bars, told at the minute that ends one: +1 where the fast average crosses above, -1 below."""

    def init(self) -> None:
        self.cross = self.I(crosses, self.data.Close)

    def next(self) -> None:
        direction = self.cross[-1]
        if not direction or self.position:
            return
        price = self.data.Close[-1]  # the next open is the same
        levels = {"sl": price * (1 - direction * 0.005), "tp": price * (1 + direction * 0.01)}
        if direction > 0:
            self.buy(size=1, **levels)
        else:
            self.sell(size=1, **levels)


def w2(bars: np.ndarray) -> Callable[[], tuple[int, float]]:
    frame = table(bars)

    def run() -> tuple[int, float]:
        figures = Backtest(frame, EnterOnCross, cash=10_000, commission=0.0004).run()
        return len(figures["_trades"]), figures["Equity Final [$]"]

    return run


def crosses(closes: np.ndarray) -> np.ndarray:
    ends = pd.Series(closes[4::5])
    fast, slow = (ends.ewm(span=period, adjust=False, min_periods=period).mean() for period in (8, 21))
    side = np.sign(fast - slow)
    before = side.shift()
    told = np.zeros(len(closes))
    told[4::5][(before <= 0) & (side > 0)] = 1
    told[4::5][(before >= 0) & (side < 0)] = -1
    return told

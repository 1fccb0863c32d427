"""bt: target weights over frames of prices; here a security's quantity is set at each bar."""

from collections.abc import Callable

import bt
import numpy as np
import pandas as pd

LIMITS = {"w1": 100_000, "w5": 5_000}


class Holding(bt.Algo):
    """Rebalance to the number of units that a column of targets asks for."""

    def __init__(self, targets: pd.DataFrame) -> None:
        super().__init__()
        self.targets = targets.to_numpy()
        self.names = list(targets.columns)
        self.bar = -1

    def __call__(self, target: bt.Strategy) -> bool:
        self.bar += 1
        for name, quantity in zip(self.names, self.targets[self.bar], strict=True):
            held = target.children[name].position if name in target.children else 0.0
            if quantity != held:
                target.transact(quantity - held, name)
        return True


def w1(bars: np.ndarray) -> Callable[[], tuple[int, float]]:
    return hold_while_above(bars[:, None], cash=10_000.0)


def w5(bars: np.ndarray) -> Callable[[], tuple[int, float]]:
    return hold_while_above(bars, cash=1_000_000.0)


def hold_while_above(bars: np.ndarray, cash: float) -> Callable[[], tuple[int, float]]:
    """Carried out at the close of the deciding bar, which is the open of the next one; the last bar decides nothing."""
    index = pd.DatetimeIndex(bars["time"][:, 0].astype("datetime64[us]"))
    prices = pd.DataFrame(bars["close"], index=index, columns=[f"walk{i}" for i in range(bars.shape[1])])

    def run() -> tuple[int, float]:
        fast, slow = (prices.rolling(period).mean() for period in (20, 100))
        targets = (fast > slow).astype(float)
        targets.iloc[-1] = targets.iloc[-2]
        strategy = bt.Strategy("hold", [Holding(targets)], children=list(prices))
        backtest = bt.Backtest(strategy, prices, initial_capital=cash, commissions=fee, integer_positions=False)
        backtest.run()
        return int((targets.diff().fillna(0.0) != 0.0).to_numpy().sum()), backtest.strategy.value

    return run


def fee(quantity: float, price: float) -> float:
    return abs(quantity) * price * 0.001

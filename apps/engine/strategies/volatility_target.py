from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from apps.engine.indicators import standard_deviation
from apps.engine.strategy import Float, Int, Line, Strategy

if TYPE_CHECKING:
    from apps.engine.types import Array


def log_returns(close: Array) -> Array:
    """ln(x / x[-1]); first defined at 1."""
    return np.concatenate((np.full(min(1, len(close)), np.nan), np.diff(np.log(close))))


class VolatilityTarget(Strategy):
    """Holds as much as keeps the expected volatility of the account at a target: less in storms, more in calm.

    Source: Moreira & Muir, "Volatility-Managed Portfolios", Journal of Finance 72 (2017).
    """

    title = "Volatility target"

    target_volatility = Float(0.10, min=0.001, max=2, help="Annual standard deviation that is aimed at.")
    period = Int(20, min=2, max=1000, unit="bars", help="Bars that the volatility is measured over.")
    bars_per_year = Int(252, min=1, max=10_000_000, unit="bars", help="What makes a bar's volatility an annual one.")
    most = Float(1.0, min=0.01, max=20, help="The largest position as a share of the equity.")
    band = Float(0.10, min=0, max=1, help="Rebalance when the position is further from its aim, as a share of it.")

    def init(self) -> None:
        returns = self.indicator(log_returns)
        self.deviation: Line = self.indicator(standard_deviation, self.period, of=returns)

    def on_bar(self) -> None:
        volatility = self.deviation[-1] * math.sqrt(self.bars_per_year)
        if not volatility > 0:
            return
        aim = self.size(min(self.most, self.target_volatility / volatility))
        if abs(aim - self.position) > self.band * aim:
            self.target(aim)

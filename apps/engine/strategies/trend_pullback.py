from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.engine.indicators import ema, rsi
from apps.engine.strategies.sizing import SizedStrategy
from apps.engine.strategy import Choice, Float, Int, Line

if TYPE_CHECKING:
    from collections.abc import Mapping


class TrendPullback(SizedStrategy):
    """Buys weakness within a rising trend: the trend is read from longer bars, the weakness from the run's own.

    The longer bars are seen only when they have closed. They must be longer than the run's.

    Source: the "triple screen" of Elder, "Trading for a Living" (1993).
    """

    title = "Pullback in a trend"

    trend_bars = Choice("1d", ["15m", "1h", "4h", "1d", "1w"], help="Bars that the trend is read from.")
    trend_period = Int(20, min=1, max=1000, unit="bars", help="Length of their exponential average.")
    period = Int(14, min=2, max=1000, unit="bars", help="Length of the RSI of the run's bars.")
    entry_below = Float(35.0, min=0, max=100, help="Buy when the RSI is below this in a rising trend.")
    exit_above = Float(60.0, min=0, max=100, help="Sell when the RSI is above this, or the trend has ended.")

    @classmethod
    def check(cls, values: Mapping[str, Any]) -> dict[str, str]:
        if values["entry_below"] < values["exit_above"]:
            return {}
        return {"entry_below": f"Entries must lie below the exit level, which is {values['exit_above']}."}

    def init(self) -> None:
        self.longer = self.timeframe(self.trend_bars)
        self.mean: Line = self.longer.indicator(ema, self.trend_period)
        self.strength: Line = self.indicator(rsi, self.period)

    def on_bar(self) -> None:
        rises = self.longer.close[-1] > self.mean[-1]
        if self.position:
            if not rises or self.strength[-1] > self.exit_above:
                self.close_position()
        elif rises and self.strength[-1] < self.entry_below:
            self.buy(self.entry_quantity())

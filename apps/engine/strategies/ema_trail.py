from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.engine.indicators import atr, ema
from apps.engine.strategies.sizing import SizedStrategy
from apps.engine.strategy import Float, Int, Line, crossed_above, crossed_below

if TYPE_CHECKING:
    from collections.abc import Mapping


class EmaTrail(SizedStrategy):
    """Long when a fast exponential average crosses above a slow one; out when it crosses back, or by a trailing stop.

    Source: the moving average cross of Appel and Hitschler, "Stock Market Trading Systems" (1980), with the volatility
    stop of Wilder, "New Concepts in Technical Trading Systems" (1978).
    """

    title = "EMA cross with a trailing stop"

    fast = Int(12, min=1, max=5000, unit="bars", help="Length of the fast average.")
    slow = Int(26, min=2, max=5000, unit="bars", help="Length of the slow average.")
    atr_period = Int(14, min=1, max=1000, unit="bars", help="Length of the average true range.")
    stop_ranges = Float(3.0, min=0.1, max=100, unit="ranges", help="How far behind the best close the stop trails.")

    @classmethod
    def check(cls, values: Mapping[str, Any]) -> dict[str, str]:
        if values["fast"] < values["slow"]:
            return {}
        return {"fast": f"The fast average must be shorter than the slow one, which has {values['slow']} bars."}

    def init(self) -> None:
        self.fast_line: Line = self.indicator(ema, self.fast)
        self.slow_line: Line = self.indicator(ema, self.slow)
        self.range: Line = self.indicator(atr, self.atr_period)

    def on_bar(self) -> None:
        if self.position:
            if crossed_below(self.fast_line, self.slow_line):
                self.close_position()
        elif crossed_above(self.fast_line, self.slow_line) and self.range[-1] > 0:
            self.buy(self.entry_quantity(), sl_trail=self.stop_ranges * self.range[-1])

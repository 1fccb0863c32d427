from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.engine.indicators import rsi
from apps.engine.strategy import Float, Int, Line, Strategy

if TYPE_CHECKING:
    from collections.abc import Mapping


class RsiReversion(Strategy):
    """Buys weakness and sells its end: long when the RSI falls below one level, out when it is above another."""

    title = "RSI reversion"

    period = Int(14, min=2, max=1000, unit="bars", help="Length of the RSI.")
    entry_below = Float(30.0, min=0, max=100, help="Buy when the RSI is below this.")
    exit_above = Float(55.0, min=0, max=100, help="Sell when the RSI is above this.")
    fraction = Float(0.95, min=0, max=1, help="The share of the equity an entry pays.")

    @classmethod
    def check(cls, values: Mapping[str, Any]) -> dict[str, str]:
        if values["entry_below"] <= values["exit_above"]:
            return {}
        return {"entry_below": f"Entries must lie at or below the exit level, which is {values['exit_above']}."}

    def init(self) -> None:
        self.strength: Line = self.indicator(rsi, self.period)

    def on_bar(self) -> None:
        if self.position:
            if self.strength[-1] > self.exit_above:
                self.close_position()
        elif self.strength[-1] < self.entry_below:
            self.buy(self.size(self.fraction))

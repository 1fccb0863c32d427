from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.engine.indicators import macd
from apps.engine.strategies.sizing import SizedStrategy
from apps.engine.strategy import Bool, Int, Line, crossed_above, crossed_below

if TYPE_CHECKING:
    from collections.abc import Mapping


class MacdCross(SizedStrategy):
    """Long when the MACD crosses above its signal line, out when it crosses below.

    Source: Appel, "The Moving Average Convergence-Divergence Trading Method" (1979).
    """

    title = "MACD cross"

    fast = Int(12, min=1, max=1000, unit="bars", help="Length of the fast average.")
    slow = Int(26, min=2, max=1000, unit="bars", help="Length of the slow average.")
    signal = Int(9, min=1, max=1000, unit="bars", help="Length of the signal line.")
    only_below_zero = Bool(False, help="Enter only while the MACD is below zero: early in a new trend.")

    @classmethod
    def check(cls, values: Mapping[str, Any]) -> dict[str, str]:
        if values["fast"] < values["slow"]:
            return {}
        return {"fast": f"The fast average must be shorter than the slow one, which has {values['slow']} bars."}

    def init(self) -> None:
        lines: tuple[Line, Line, Line] = self.indicator(macd, self.fast, self.slow, self.signal)
        self.macd, self.signal_line, _ = lines

    def on_bar(self) -> None:
        if self.position:
            if crossed_below(self.macd, self.signal_line):
                self.close_position()
        elif crossed_above(self.macd, self.signal_line) and not (self.only_below_zero and self.macd[-1] >= 0):
            self.buy(self.entry_quantity())

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.engine.indicators import sma
from apps.engine.strategies.sizing import SizedStrategy
from apps.engine.strategy import Choice, Int, Line, crossed_above, crossed_below

if TYPE_CHECKING:
    from collections.abc import Mapping


class SmaCross(SizedStrategy):
    """Follows two moving averages of the close: in when the fast one crosses above the slow one, out when below.

    Both directions: a cross below also goes short, so that it is always in the market after the first cross.
    """

    title = "SMA cross"

    fast = Int(10, min=1, max=5000, unit="bars", help="Length of the fast average.")
    slow = Int(30, min=2, max=5000, unit="bars", help="Length of the slow average.")
    direction = Choice("long", ["long", "both"], help="Long only, or stop and reverse.")

    @classmethod
    def check(cls, values: Mapping[str, Any]) -> dict[str, str]:
        if values["fast"] < values["slow"]:
            return {}
        return {"fast": f"The fast average must be shorter than the slow one, which has {values['slow']} bars."}

    def init(self) -> None:
        self.fast_line: Line = self.indicator(sma, self.fast)
        self.slow_line: Line = self.indicator(sma, self.slow)

    def on_bar(self) -> None:
        if self.position <= 0 and crossed_above(self.fast_line, self.slow_line):
            self.target(self.entry_quantity())
        elif self.position >= 0 and crossed_below(self.fast_line, self.slow_line):
            self.target(-self.entry_quantity() if self.direction == "both" else 0.0)

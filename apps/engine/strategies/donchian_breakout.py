from __future__ import annotations

from apps.engine.indicators import highest, lowest
from apps.engine.strategies.sizing import SizedStrategy
from apps.engine.strategy import Choice, Int, Line


class DonchianBreakout(SizedStrategy):
    """In when a close breaks the channel of the bars before it, out when it breaks a shorter channel the other way.

    Source: Richard Donchian's channel rule, as the Turtle traders used it (Faith, "Way of the Turtle", 2007).
    """

    title = "Donchian breakout"

    entry = Int(20, min=2, max=5000, unit="bars", help="Bars of the channel whose break is an entry.")
    exit = Int(10, min=2, max=5000, unit="bars", help="Bars of the channel whose break is an exit.")
    direction = Choice("long", ["long", "both"], help="Long only, or short on a break downwards too.")

    def init(self) -> None:
        self.entry_high: Line = self.indicator(highest, self.entry, of="high")
        self.entry_low: Line = self.indicator(lowest, self.entry, of="low")
        self.exit_high: Line = self.indicator(highest, self.exit, of="high")
        self.exit_low: Line = self.indicator(lowest, self.exit, of="low")

    def on_bar(self) -> None:
        close = self.close[-1]
        if self.position > 0:
            if close < self.exit_low[-2]:
                self.close_position()
        elif self.position < 0:
            if close > self.exit_high[-2]:
                self.close_position()
        elif close > self.entry_high[-2]:
            self.buy(self.entry_quantity())
        elif self.direction == "both" and close < self.entry_low[-2]:
            self.sell(self.entry_quantity())

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.engine.strategies.sizing import SizedStrategy
from apps.engine.strategy import Choice, Int

if TYPE_CHECKING:
    from apps.engine.strategy import Fill


class OpeningRange(SizedStrategy):
    """Trades the break of the day's first range by stop orders, protected at its other end, and out at the day's close.

    A day is a UTC date, or a session where the instrument's data has trading hours. For bars shorter than a day.

    Source: Crabel, "Day Trading with Short Term Price Patterns and Opening Range Breakout" (1990).
    """

    title = "Opening range breakout"

    opening = Int(6, min=1, max=1000, unit="bars", help="How many bars the range is made of.")
    direction = Choice("both", ["long", "both"], help="Breaks upwards only, or downwards too.")

    def init(self) -> None:
        self.day, self.bars, self.top, self.bottom = "", 0, 0.0, 0.0

    def on_bar(self) -> None:
        day = self.time.date().isoformat()
        if day != self.day:
            self.day, self.bars, self.top, self.bottom = day, 0, self.high[-1], self.low[-1]
        self.bars += 1
        if self.bars <= self.opening:
            self.top, self.bottom = max(self.top, self.high[-1]), min(self.bottom, self.low[-1])
        if self.bars == self.opening and self.top > self.bottom and not self.position:
            quantity = self.entry_quantity()
            above = self.buy(quantity, stop=self.top, sl=self.bottom, tif="DAY")
            if self.direction == "both":
                self.sell(quantity, stop=self.bottom, sl=self.top, tif="DAY", oco=above)

    def on_fill(self, fill: Fill) -> None:
        if fill.position > 0 and fill.side > 0:
            self.sell(fill.position, at="close", reduce_only=True)
        elif fill.position < 0 and fill.side < 0:
            self.buy(-fill.position, at="close", reduce_only=True)

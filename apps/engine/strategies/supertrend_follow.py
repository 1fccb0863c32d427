from __future__ import annotations

from apps.engine.indicators import supertrend
from apps.engine.strategies.sizing import SizedStrategy
from apps.engine.strategy import Choice, Float, Int, Line


class SupertrendFollow(SizedStrategy):
    """Goes with the Supertrend: long while it is below the price, out or short while it is above.

    Source: Olivier Seban's indicator; bands of average true ranges that only ever tighten.
    """

    title = "Supertrend"

    period = Int(10, min=1, max=1000, unit="bars", help="Length of the average true range.")
    multiple = Float(3.0, min=0.1, max=100, unit="ranges", help="Distance of the bands from the middle of the bar.")
    direction = Choice("long", ["long", "both"], help="Long only, or stop and reverse.")

    def init(self) -> None:
        lines: tuple[Line, Line] = self.indicator(supertrend, self.period, self.multiple)
        _, self.trend = lines

    def on_bar(self) -> None:
        if self.trend[-1] > 0 and self.position <= 0:
            self.target(self.entry_quantity())
        elif self.trend[-1] < 0 and self.position >= 0:
            self.target(-self.entry_quantity() if self.direction == "both" else 0.0)

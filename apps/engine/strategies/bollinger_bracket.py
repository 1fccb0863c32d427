from __future__ import annotations

from apps.engine.indicators import bollinger
from apps.engine.strategies.sizing import SizedStrategy
from apps.engine.strategy import Choice, Float, Int, Line


class BollingerBracket(SizedStrategy):
    """Bets on the way back: in when a close leaves the bands, with a target at the middle and a stop further out.

    Source: Bollinger, "Bollinger on Bollinger Bands" (2001).
    """

    title = "Bollinger bracket"

    period = Int(20, min=2, max=1000, unit="bars", help="Length of the middle band.")
    deviations = Float(2.0, min=0.1, max=10, help="Standard deviations from the middle band to the outer ones.")
    stop_widths = Float(1.0, min=0.05, max=20, help="Distance of the stop from the close, in half widths of the bands.")
    direction = Choice("long", ["long", "both"], help="Buy weakness only, or sell strength too.")

    def init(self) -> None:
        lines: tuple[Line, Line, Line] = self.indicator(bollinger, self.period, self.deviations)
        self.upper, self.middle, self.lower = lines

    def on_bar(self) -> None:
        if self.position:
            return  # the bracket ends it
        close, middle = self.close[-1], self.middle[-1]
        distance = self.stop_widths * (self.upper[-1] - middle)
        if close < self.lower[-1] and distance < close:
            self.buy(self.entry_quantity(), sl=close - distance, tp=middle)
        elif self.direction == "both" and close > self.upper[-1]:
            self.sell(self.entry_quantity(), sl=close + distance, tp=middle)

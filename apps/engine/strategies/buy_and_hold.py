from __future__ import annotations

from apps.engine.strategy import Float, Strategy


class BuyAndHold(Strategy):
    """Buys once, at the first bar's close, and never sells: what every other strategy is compared with."""

    title = "Buy and hold"

    quantity = Float(1.0, min=0, unit="units", help="What is bought.")

    def on_bar(self) -> None:
        if self.index == 0:
            self.buy(self.quantity)

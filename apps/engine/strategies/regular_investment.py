from __future__ import annotations

from apps.engine.strategy import Float, Int, Strategy


class RegularInvestment(Strategy):
    """Invests the same amount every so many bars, whatever the price, and never sells.

    Source: dollar-cost averaging, Graham, "The Intelligent Investor" (1949).
    """

    title = "Regular investment"

    amount = Float(500.0, min=0.01, unit="account currency", help="What each purchase may cost.")
    every = Int(21, min=1, max=1_000_000, unit="bars", help="Bars between two purchases.")

    def on_bar(self) -> None:
        if self.index % self.every == 0 and self.cash >= self.amount:
            self.buy(self.amount / self.close[-1])

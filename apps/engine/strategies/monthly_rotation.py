from __future__ import annotations

from typing import TYPE_CHECKING

from apps.engine.indicators import rate_of_change
from apps.engine.strategy import Bool, Float, Int, Line, Strategy

if TYPE_CHECKING:
    from apps.engine.strategy import Market


class MonthlyRotation(Strategy):
    """Holds the instruments that rose most over the last months, in equal parts, and changes them once a month.

    One that has fallen may be left out, so that its part stays in cash. With one instrument it is a trend filter.

    Source: Faber, "Relative Strength Strategies for Investing" (2010).
    """

    title = "Monthly rotation"

    period = Int(126, min=1, max=5000, unit="bars", help="Bars that the rise is measured over: six months of days.")
    holdings = Int(1, min=1, max=100, help="How many instruments are held.")
    only_risers = Bool(True, help="Leave out what has fallen.")
    fraction = Float(0.98, min=0.01, max=1, help="The share of the equity that is invested when all parts are.")

    def init(self) -> None:
        self.rises: list[Line] = [market.indicator(rate_of_change, self.period) for market in self.markets]
        self.month = 0

    def on_bar(self) -> None:
        if self.time.month == self.month:
            return
        self.month = self.time.month
        wanted = self.wanted()
        for market in self.markets:
            if market.position and market not in wanted:
                market.close_position()
        for market in wanted:
            market.target(market.size(self.fraction / self.holdings))

    def wanted(self) -> list[Market]:
        """The instruments with the largest rises, the best one first; those without a history are none."""
        rises = [(rise[-1], number) for number, rise in enumerate(self.rises) if rise[-1] == rise[-1]]
        best = sorted(rises, key=lambda entry: (-entry[0], entry[1]))[: self.holdings]
        return [self.markets[number] for rise, number in best if rise > 0 or not self.only_risers]

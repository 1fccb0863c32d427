from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.engine.indicators import rate_of_change
from apps.engine.strategy import Float, Int, Line, Strategy

if TYPE_CHECKING:
    from collections.abc import Mapping


class CrossMomentum(Strategy):
    """Long the winners and short the losers among several instruments, in equal parts, renewed every so many bars.

    The last bars are left out of the ranking, since what rose last week tends to give some of it back. Needs a run of
    two instruments at least, on an account that may be short.

    Source: Jegadeesh & Titman, "Returns to Buying Winners and Selling Losers", Journal of Finance 48 (1993).
    """

    title = "Cross-sectional momentum"
    least_instruments = 2

    period = Int(252, min=2, max=5000, unit="bars", help="Bars that the rise is measured over.")
    skip = Int(21, min=0, max=1000, unit="bars", help="How many of the last bars do not count.")
    hold = Int(21, min=1, max=1000, unit="bars", help="Bars between two rankings.")
    share = Float(0.3, min=0.01, max=0.5, help="The share of the instruments that is bought, and that is sold.")
    gross = Float(1.0, min=0.01, max=10, help="Long and short positions together, as a share of the equity.")

    @classmethod
    def check(cls, values: Mapping[str, Any]) -> dict[str, str]:
        if values["skip"] < values["period"]:
            return {}
        return {"skip": f"It must be less than the period, which has {values['period']} bars."}

    def init(self) -> None:
        period = self.period - self.skip
        self.rises: list[Line] = [market.indicator(rate_of_change, period) for market in self.markets]
        self.bars = 0

    def on_bar(self) -> None:
        self.bars += 1
        if self.bars % self.hold:
            return
        rises = [(rise[-1 - self.skip], number) for number, rise in enumerate(self.rises)]
        ranked = [number for rise, number in sorted(rises) if rise == rise]
        count = max(1, int(self.share * len(ranked)))
        losers, winners = ranked[:count], ranked[-count:]
        if len(ranked) < 2 * count:
            return
        for number, market in enumerate(self.markets):
            side = (number in winners) - (number in losers)
            market.target(side * market.size(self.gross / (2 * count)))

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.engine.strategies.sizing import SizedStrategy

if TYPE_CHECKING:
    from apps.engine.strategy import Fill


class Overnight(SizedStrategy):
    """Buys at each day's close and sells at the next day's open.

    A day is a UTC date, or a session where the instrument's data has trading hours.

    Source: Lou, Polk & Skouras, "A Tug of War: Overnight Versus Intraday Expected Returns", Journal of Financial
    Economics 134 (2019).
    """

    title = "Overnight"

    def init(self) -> None:
        self.day = ""

    def on_bar(self) -> None:
        day = self.time.date().isoformat()
        if day != self.day:
            self.day = day
            self.buy(self.entry_quantity(), at="close")

    def on_fill(self, fill: Fill) -> None:
        if fill.side > 0:
            self.sell(fill.quantity, at="open", reduce_only=True)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.engine.indicators import ichimoku
from apps.engine.strategies.sizing import SizedStrategy
from apps.engine.strategy import Int, Line, crossed_above

if TYPE_CHECKING:
    from collections.abc import Mapping


class IchimokuCloud(SizedStrategy):
    """Long when the conversion line crosses above the base line with the close above the cloud; out below the base.

    Source: Goichi Hosoda's one-glance chart (1969); Péloyan, "Trading with Ichimoku Clouds" (2010).
    """

    title = "Ichimoku cloud"

    conversion = Int(9, min=1, max=1000, unit="bars", help="Bars of the conversion line (tenkan).")
    base = Int(26, min=2, max=1000, unit="bars", help="Bars of the base line (kijun), and of the cloud's shift.")
    span = Int(52, min=3, max=2000, unit="bars", help="Bars of the slower edge of the cloud (senkou B).")

    @classmethod
    def check(cls, values: Mapping[str, Any]) -> dict[str, str]:
        problems = {}
        if values["conversion"] >= values["base"]:
            problems["conversion"] = f"It must be shorter than the base line, which has {values['base']} bars."
        if values["base"] >= values["span"]:
            problems["base"] = f"It must be shorter than the span, which has {values['span']} bars."
        return problems

    def init(self) -> None:
        lines: tuple[Line, Line, Line, Line] = self.indicator(ichimoku, self.conversion, self.base, self.span)
        self.conversion_line, self.base_line, self.edge, self.slower_edge = lines

    def on_bar(self) -> None:
        close = self.close[-1]
        if self.position:
            if close < self.base_line[-1]:
                self.close_position()
        elif self.edge[-1] < close > self.slower_edge[-1] and crossed_above(self.conversion_line, self.base_line):
            self.buy(self.entry_quantity())

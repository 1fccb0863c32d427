from __future__ import annotations

from typing import TYPE_CHECKING

from apps.engine.indicators import atr, highest, lowest
from apps.engine.strategy import Float, Int, Line, Strategy

if TYPE_CHECKING:
    from apps.engine.strategy import Fill, Order


class Turtle(Strategy):
    """Buys a close above the channel and adds a unit at each half range further up, all with a stop below the last one.

    A unit risks a fixed share of the equity for each average true range that the price moves. A close below a shorter
    channel ends the position.

    Source: the rules of Dennis and Eckhardt as told in Faith, "Way of the Turtle" (2007): system 1, long side, without
    the filter of the last signal.
    """

    title = "Turtle"

    entry = Int(20, min=2, max=5000, unit="bars", help="Bars of the channel whose break is an entry.")
    exit = Int(10, min=2, max=5000, unit="bars", help="Bars of the channel whose break is the exit.")
    atr_period = Int(20, min=1, max=1000, unit="bars", help="Length of the average true range.")
    risk = Float(0.01, min=0.0001, max=0.2, help="Share of the equity that one unit loses in a fall of one range.")
    most_units = Int(4, min=1, max=20, unit="units", help="How often it buys in one trend.")
    step_ranges = Float(0.5, min=0.05, max=10, unit="ranges", help="How far above an entry the next unit is bought.")
    stop_ranges = Float(2.0, min=0.1, max=20, unit="ranges", help="How far below the last entry the stop stands.")

    def init(self) -> None:
        self.ceiling: Line = self.indicator(highest, self.entry, of="high")
        self.floor: Line = self.indicator(lowest, self.exit, of="low")
        self.range: Line = self.indicator(atr, self.atr_period)
        self.units, self.unit_quantity, self.range_then, self.last_entry = 0, 0.0, 0.0, 0.0
        self.stops: list[Order | None] = []

    def on_bar(self) -> None:
        close = self.close[-1]
        if self.position:
            if close < self.floor[-2]:
                self.close_position()
            elif self.units < self.most_units and close >= self.last_entry + self.step_ranges * self.range_then:
                self.add()
        elif close > self.ceiling[-2] and self.range[-1] > 0:
            self.units, self.stops, self.range_then = 0, [], self.range[-1]
            self.unit_quantity = self.risk * self.equity / self.range_then
            self.add()

    def add(self) -> None:
        """One unit more, protected from its fill on."""
        self.units += 1
        order = self.buy(self.unit_quantity, sl=self.close[-1] - self.stop_ranges * self.range_then)
        self.stops.append(order.stop_loss)

    def on_fill(self, fill: Fill) -> None:
        if fill.side < 0:
            return
        self.last_entry = fill.price
        for stop in self.stops:  # those of the earlier units are raised
            if stop is not None and self.is_working(stop):
                self.amend(stop, stop=fill.price - self.stop_ranges * self.range_then)

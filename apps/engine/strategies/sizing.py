"""How much an entry buys, for strategies that leave it to the user."""

from __future__ import annotations

from apps.engine.strategy import Choice, Float, Strategy


class SizedStrategy(Strategy):
    """A strategy whose entries are a fixed quantity or a fraction of the equity."""

    sizing = Choice("quantity", ["quantity", "equity"], help="A fixed quantity, or a fraction of the equity.")
    quantity = Float(1.0, min=0, unit="units", help="What an entry buys when the sizing is by quantity.")
    fraction = Float(0.95, min=0, max=1, help="The share of the equity an entry pays when the sizing is by equity.")

    def entry_quantity(self) -> float:
        return self.size(self.fraction) if self.sizing == "equity" else self.quantity

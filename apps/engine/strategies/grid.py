from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.engine.strategy import Float, Int, Strategy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.engine.strategy import Order


class Grid(Strategy):
    """Keeps limit orders at levels below the first close, each with a target one level higher, again and again.

    It earns while the price swings, and holds everything when it falls below the last level.

    Source: grid trading is folklore of currency traders; its risk is told in Taranto & Khan, "Gambler's ruin problem
    and bi-directional grid constrained trading and investment strategies" (2020).
    """

    title = "Grid"

    levels = Int(10, min=1, max=200, help="How many levels there are.")
    spacing = Float(0.01, min=0.0001, max=0.5, help="Distance of two levels as a share of the price.")
    quantity = Float(1.0, min=0, unit="units", help="What each level buys.")

    @classmethod
    def check(cls, values: Mapping[str, Any]) -> dict[str, str]:
        if values["levels"] * values["spacing"] < 1:
            return {}
        return {"levels": f"The lowest level would be below 0: at most {int(0.999999 / values['spacing'])} fit."}

    def init(self) -> None:
        self.prices: list[float] = []
        self.orders: list[Order | None] = []

    def on_bar(self) -> None:
        if not self.prices:
            top = self.close[-1]
            self.prices = [top * (1 - self.spacing * (number + 1)) for number in range(self.levels)]
            self.step = top * self.spacing
            self.orders = [None] * self.levels
        for number, price in enumerate(self.prices):
            if price < self.close[-1] and not self.is_busy(self.orders[number]):
                self.orders[number] = self.buy(self.quantity, limit=price, tp=price + self.step)

    def is_busy(self, order: Order | None) -> bool:
        """Whether it may still be filled, or holds what its target will sell."""
        if order is None:
            return False
        target = order.take_profit
        return self.is_working(order) or (target is not None and self.is_working(target))

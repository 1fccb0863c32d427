"""The layers of the older floor strategy, each a ticket at its average price, and the orders that are on their way."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from apps.engine.strategies.floor import text
from apps.engine.strategies.floor.book import GRAINS
from apps.engine.strategies.floor.parameters import exact
from apps.engine.strategies.floor.progressions import progressed
from apps.engine.strategies.floor_classic.parameters import ClassicParameters
from apps.engine.types import EPOCH

if TYPE_CHECKING:
    from apps.engine.strategy import Fill, Order

LONG = 1


class ClassicLayers(ClassicParameters):
    def begin(self) -> None:
        increment, self.pip = exact(self.instrument.price_increment), exact(self.instrument.pip_size)
        self.digits = text.digits_of(increment)
        self.grain = increment / GRAINS
        self.grains = float(1 / self.grain)
        self.grains_per_pip = self.pip / self.grain
        self.layers: list[dict[str, Any]] = []
        self.pending: dict[int, dict[str, Any]] = {}

    def now(self) -> int:
        return (self.time - EPOCH) // timedelta(microseconds=1)

    def gain(self, layer: dict[str, Any], bid: int, ask: int) -> int:
        """What all units of a layer have gained, in grains."""
        gained = bid * layer["units"] - layer["cost"] if layer["side"] > 0 else layer["cost"] - ask * layer["units"]
        return int(gained)

    def free_number(self) -> int | None:
        """The lowest number that no layer has."""
        taken = {layer["number"] for layer in self.layers}
        return next((number for number in range(self.max_layers) if number not in taken), None)

    # Orders

    def add_layer(self, number: int, side: int) -> None:
        increment = exact(self.lot_size_increment)
        lots = progressed(self.lot_size_progression, exact(self.base_lot_size), number, increment)
        layer = {"number": number, "side": side, "units": 0, "cost": 0, "added": 0, "ticket": 0, "opened_at": 0}
        self.layers.append(layer)
        self.layers.sort(key=lambda each: each["number"])
        units = max(1, int(lots * exact(self.lot_unit_size)))
        order = self.buy(units, ticket=True) if side == LONG else self.sell(units, ticket=True)
        self._await(order, number, "enter")

    def add(self, layer: dict[str, Any]) -> None:
        amount = exact(self.retracement_lot_amount)
        if self.retracement_lot_mode == "multiplicative":
            units = max(1, int(layer["units"] * (amount - 1)))
        else:
            units = max(1, int(amount * exact(self.lot_unit_size)))
        layer["added"] += 1
        ticket = layer["ticket"]
        order = self.buy(units, ticket=ticket) if layer["side"] == LONG else self.sell(units, ticket=ticket)
        self._await(order, layer["number"], "add")

    def leave(self, layer: dict[str, Any]) -> None:
        units, ticket = layer["units"], layer["ticket"]
        order = self.sell(units, ticket=ticket) if layer["side"] == LONG else self.buy(units, ticket=ticket)
        self.layers.remove(layer)
        self._await(order, layer["number"], "leave", layer)

    def _await(self, order: Order, number: int, deed: str, leaving: dict[str, Any] | None = None) -> None:
        self.pending[order.id] = {"order": order, "layer": number, "deed": deed, "leaving": leaving}

    def is_waiting_for_orders(self) -> bool:
        for number, wanted in list(self.pending.items()):
            if not self.is_working(wanted["order"]):  # refused: nothing of it was filled
                del self.pending[number]
                self.layers = [layer for layer in self.layers if layer["units"]]
        return bool(self.pending)

    # Fills

    def filled(self, fill: Fill) -> None:
        wanted = self.pending.get(fill.order)
        units, price = int(fill.quantity), round(fill.price * self.grains)
        if wanted is None:  # the engine itself closed a ticket, to keep the account's margin
            self.layers = [layer for layer in self.layers if layer["ticket"] != fill.ticket]
            return
        layer = wanted["leaving"] or next(each for each in self.layers if each["number"] == wanted["layer"])
        is_done = not self.is_working(wanted["order"])
        if is_done:
            del self.pending[fill.order]
        if wanted["deed"] == "leave":
            self._left(layer, units, price, fill, is_done=is_done)
            return
        layer["units"] += units
        layer["cost"] += units * price
        if wanted["deed"] == "enter":
            layer |= {"ticket": fill.ticket, "opened_at": fill.time}
        self.note(fill.ticket, layer_number=layer["number"], retracement_count=layer["added"])
        if is_done:
            self._entered(layer, units, price, fill.time)

    def _entered(self, layer: dict[str, Any], units: int, price: int, time: int) -> None:
        average, pips = Decimal(layer["cost"]) / layer["units"] * self.grain, exact(self.take_profit_pips)
        planned, sign = average + layer["side"] * pips * self.pip, "+" if layer["side"] == LONG else "-"
        formula = f"{text.price(average, self.digits)} {sign} {text.plain(pips)} * {text.plain(self.pip)}"
        self.tell(
            "retracement" if layer["added"] else "initial_entry",
            signal="buy" if layer["side"] == LONG else "sell",
            layer_number=layer["number"],
            direction=text.direction(layer["side"]),
            price=text.price(price * self.grain, self.digits),
            units=units,
            entry_time=text.time(time),
            retracement_count=layer["added"],
            planned_exit_price=text.price(planned, self.digits),
            planned_exit_price_formula=formula,
        )
        if not layer["added"]:
            self.tell("add_layer", layer_number=layer["number"], add_time=text.time(time))

    def _left(self, layer: dict[str, Any], units: int, price: int, fill: Fill, *, is_done: bool) -> None:
        average = Decimal(layer["cost"]) / layer["units"]
        earned = (price * layer["units"] - layer["cost"]) * layer["side"]
        grains = Decimal(earned) / layer["units"]
        if is_done:
            opened, closed = text.time(layer["opened_at"]), text.time(fill.time)
            self.tell(
                "take_profit",
                signal="close",
                layer_number=layer["number"],
                direction=text.direction(layer["side"]),
                entry_price=text.price(average * self.grain, self.digits),
                exit_price=text.price(price * self.grain, self.digits),
                units=layer["units"],
                pnl=text.money(earned * self.grain * exact(self.exchange_rate)),
                pips=f"{grains / self.grains_per_pip:.1f}",
                entry_time=opened,
                exit_time=closed,
                retracement_count=layer["added"],
                position_id=layer["ticket"],
            )
            self.tell("remove_layer", layer_number=layer["number"], add_time=opened, remove_time=closed)
        else:
            layer["cost"] -= round(average * units)
            layer["units"] -= units

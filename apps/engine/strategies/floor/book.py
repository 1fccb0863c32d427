"""What the floor strategy holds: its entries, each a ticket of its own, and the orders that are on their way."""

from __future__ import annotations

import math
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from apps.engine.strategies.floor import text
from apps.engine.strategies.floor.margin import Holding, Quote
from apps.engine.strategies.floor.parameters import FloorParameters, exact
from apps.engine.types import EPOCH

if TYPE_CHECKING:
    from apps.engine.strategy import Fill, Order

GRAINS = 10_000  # of a price increment: the middle of a quote and half a spread are whole numbers of them
NEVER = 2**62


class FloorBook(FloorParameters):
    """Prices are whole numbers of grains, and so equal to the decimals that they stand for; money is decimal."""

    def begin(self) -> None:
        increment, pip = exact(self.instrument.price_increment), exact(self.instrument.pip_size)
        self.digits = text.digits_of(increment)
        self.grain = increment / GRAINS
        self.grains = float(1 / self.grain)
        self.pip, self.grains_per_pip = pip, pip / self.grain
        self.balance = self.net_value = exact(self.cash)
        self.is_hedging = self.hedging_enabled and self.hedges
        self.entries: list[dict[str, Any]] = []
        self.pending: dict[int, dict[str, Any]] = {}
        self.longs = self.shorts = self.long_cost = self.short_cost = 0
        self.next_entry_id = 1
        self.refused_at = -NEVER
        self.last_exit = 0
        self.take_profit_count = self.retracement_entry_count = 0

    # What there is

    def priced(self) -> Quote:
        bid, ask = self.quote
        return Quote(round(bid * self.grains), round(ask * self.grains), self.grain, exact(self.exchange_rate))

    @property
    def holding(self) -> Holding:
        return Holding(self.longs, self.shorts, self.long_cost, self.short_cost)

    def layer(self, number: int) -> list[dict[str, Any]]:
        return [entry for entry in self.entries if entry["layer"] == number]

    def held(self, side: int) -> int:
        """The units of one side, with those that are ordered already."""
        ordered = [wanted["entry"] for wanted in self.pending.values() if not wanted["reason"]]
        units = sum(entry["asked"] for entry in ordered if entry["side"] == side)
        return units + sum(entry["units"] for entry in self.entries if entry["side"] == side)

    def burden(self) -> int:
        """The units that need margin."""
        longs, shorts = self.held(1), self.held(-1)
        return max(longs, shorts) if self.is_hedging else longs + shorts

    def gain(self, entry: dict[str, Any], quote: Quote) -> int:
        """What an entry has gained, in grains."""
        return int(quote.bid - entry["price"] if entry["side"] > 0 else entry["price"] - quote.ask)

    def now(self) -> int:
        return (self.time - EPOCH) // timedelta(microseconds=1)

    # Orders

    def enter(
        self, layer: int, side: int, units: int, index: int, profit: Decimal | None, hedges: int | None = None
    ) -> None:
        """Order an entry. index: how many its layer held before. profit: in pips; None for a hedge, which has none."""
        entry = {
            "id": self.next_entry_id,
            "layer": layer,
            "side": side,
            "units": 0,
            "asked": units,
            "index": index,
            "price": 0,
            "profit": NEVER if profit is None else math.ceil(profit * self.grains_per_pip),
            "profit_pips": profit,
            "opened_at": 0,
            "ticket": 0,
            "hedges": hedges,
        }
        self.next_entry_id += 1
        order = self.buy(units, ticket=True) if side > 0 else self.sell(units, ticket=True)
        self._await(order, entry, "")

    def leave(self, entry: dict[str, Any], units: int, reason: str) -> None:
        """Order the exit from an entry, or from a part of it."""
        leaving = {**entry, "units": 0}
        if units == entry["units"]:
            self.entries.remove(entry)
        else:
            entry["units"] -= units
        ticket = entry["ticket"]
        order = self.sell(units, ticket=ticket) if entry["side"] > 0 else self.buy(units, ticket=ticket)
        self._await(order, leaving, reason)

    def _await(self, order: Order, entry: dict[str, Any], reason: str) -> None:
        rate = exact(self.exchange_rate)
        wanted = {"order": order, "entry": entry, "reason": reason, "cost": 0, "rate": rate, "time": self.now()}
        self.pending[order.id] = wanted

    def is_waiting_for_orders(self) -> bool:
        for number, wanted in list(self.pending.items()):
            if self.is_working(wanted["order"]):
                continue
            if wanted["entry"]["units"]:
                self._done(number, self.now(), wanted["rate"])
            else:
                self._refused(number)
        return bool(self.pending)

    def _refused(self, number: int) -> None:
        """Nothing of an order was filled: an entry is not tried again for the length of a candle."""
        wanted = self.pending.pop(number)
        if not wanted["reason"]:
            self.refused_at = self.now()
            entry = wanted["entry"]
            self.tell("entry_refused", layer_number=entry["layer"], direction=self.direction_text(entry["side"]))
            if not self.pending:
                self.settle()

    def is_refused(self) -> bool:
        """Whether the account has just refused an entry."""
        if self.now() < self.refused_at + self.entry_signal_candle_granularity_seconds * 1_000_000:
            self.wake_next()
            return True
        return False

    def on_fill(self, fill: Fill) -> None:
        wanted = self.pending.get(fill.order)
        if wanted is None:
            self._lost(fill)
            return
        entry, price, units = wanted["entry"], round(fill.price * self.grains), int(fill.quantity)
        self.balance -= exact(fill.fee)
        entry["units"] += units
        wanted["cost"] += units * price
        if wanted["reason"]:
            self._carry(entry["side"], -units, entry["price"])
        else:
            entry["ticket"] = fill.ticket
            self._carry(entry["side"], units, price)
        if not self.is_working(wanted["order"]):
            rate = wanted["rate"] if fill.time == wanted["time"] else exact(self.exchange_rate)
            self._done(fill.order, fill.time, rate)

    def _carry(self, side: int, units: int, price: int) -> None:
        if side > 0:
            self.longs += units
            self.long_cost += units * price
        else:
            self.shorts += units
            self.short_cost += units * price

    def _lost(self, fill: Fill) -> None:
        """The engine itself closed a ticket, to keep the account's margin."""
        self.balance += exact(fill.gross_pnl) - exact(fill.fee)
        for entry in [each for each in self.entries if each["ticket"] == fill.ticket]:
            self._carry(entry["side"], -entry["units"], entry["price"])
            self.entries.remove(entry)
        if not self.pending:
            self.last_exit = fill.time
            self.settle()

    def _done(self, number: int, time: int, rate: Decimal) -> None:
        """All of an order that will be filled is filled."""
        wanted = self.pending.pop(number)
        entry = wanted["entry"]
        price = round(Decimal(wanted["cost"]) / entry["units"])
        if wanted["reason"]:
            self.last_exit = time
            self._left(entry, price, time, rate, wanted["reason"])
        else:
            entry |= {"price": price, "opened_at": time}
            self.entries.append(entry)
            self._entered(entry)
        if not self.pending:
            self.settle()

    def settle(self) -> None:
        """What follows when all orders are done."""
        raise NotImplementedError

    # What is told of it

    def _entered(self, entry: dict[str, Any]) -> None:
        details = {"layer_number": entry["layer"], "retracement_count": entry["index"], "entry_id": entry["id"]}
        if entry["hedges"] is not None:
            self.note(entry["ticket"], **details, source_entry_id=entry["hedges"])
            return
        kind = "retracement" if entry["index"] else "initial_entry"
        self.retracement_entry_count += kind == "retracement"
        price, pips, sign = entry["price"] * self.grain, entry["profit_pips"], "+" if entry["side"] > 0 else "-"
        exit_ = {
            "planned_exit_price": self.price_text(price + entry["side"] * pips * self.pip),
            "planned_exit_price_formula": f"{self.price_text(price)} {sign} {self.plain_text(pips)} * "
            f"{self.plain_text(self.pip)}",
        }
        self.note(entry["ticket"], **details, **exit_)
        self.tell(
            kind,
            signal="buy" if entry["side"] > 0 else "sell",
            layer_number=entry["layer"],
            direction=self.direction_text(entry["side"]),
            price=self.price_text(price),
            units=entry["units"],
            entry_time=self.time_text(entry["opened_at"]),
            retracement_count=entry["index"],
            entry_id=entry["id"],
            **exit_,
        )

    def _left(self, entry: dict[str, Any], price: int, time: int, rate: Decimal, reason: str) -> None:
        grains = (price - entry["price"]) * entry["side"]
        pnl = grains * entry["units"] * self.grain * rate
        self.balance += pnl
        if reason != "take_profit":
            return
        self.take_profit_count += 1
        self.tell(
            "take_profit",
            signal="close",
            layer_number=entry["layer"],
            direction=self.direction_text(entry["side"]),
            entry_price=self.price_text(entry["price"] * self.grain),
            exit_price=self.price_text(price * self.grain),
            units=entry["units"],
            pnl=self.money_text(pnl),
            pips=f"{grains / self.grains_per_pip:.1f}",
            entry_time=self.time_text(entry["opened_at"]),
            exit_time=self.time_text(time),
            retracement_count=entry["index"],
            entry_id=entry["id"],
            position_id=entry["ticket"],
        )

    direction_text = staticmethod(text.direction)
    time_text = staticmethod(text.time)
    money_text = staticmethod(text.money)
    ratio_text = staticmethod(text.ratio)
    plain_text = staticmethod(text.plain)

    def price_text(self, price: Decimal) -> str:
        return text.price(price, self.digits)

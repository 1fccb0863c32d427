"""What the tests of accounts share: sessions of them, a strategy that tries everything, and a second set of books.

`Books` restates an account in plain Python from the rows of a run alone: what it was paid and what it bought and sold.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.engine.session import Session
from apps.engine.strategy import Strategy
from apps.engine.types import Account, Costs, FillRules, Instrument, OrderEventKind, Rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from apps.engine.listing import Listing
    from apps.engine.types import Array

FILLS = (OrderEventKind.FILLED, OrderEventKind.PARTIALLY_FILLED)


def account_of(
    script: Any,
    listings: Listing | Sequence[Listing],
    *,
    account: Account | None = None,
    cash: float = 10_000.0,
    costs: Costs | None = None,
    rules: FillRules | None = None,
    rates: dict[str, Array] | None = None,
    seed: int = 0,
) -> Session:
    """A session of a strategy, or of a function that is called as `on_bar`, with an account."""
    if not isinstance(script, type):
        script = type("Scripted", (Strategy,), {"on_bar": script})
    return Session(script, {}, listings, cash=cash, account=account, costs=costs, rules=rules, rates=rates, seed=seed)


def whole(session: Session) -> Rows:
    return session.advance(session.total)


def reasons(rows: Rows) -> list[int]:
    """Why orders were rejected or cancelled."""
    return [int(each) for each in rows.orders["reason"] if each]


class Restless(Strategy):
    """Gives orders of all kinds, too many and too large ones, for every instrument and both legs of it."""

    def on_bar(self) -> None:
        draw = self.random.random
        for market in self.markets:
            lot = draw()
            if lot > 0.5 or not len(market.close):
                continue
            price = market.close[-1]
            size = max(1.0, round(self.equity / price * 10 ** (2.5 * draw() - 1.0)))
            leg: dict[str, Any] = {}
            if len(market.legs) == 2 and draw() < 0.4:
                leg = {"leg": "long" if draw() < 0.5 else "short"}
            trade = market.buy if draw() < 0.5 else market.sell
            up = 1.0 if trade == market.buy else -1.0
            if lot < 0.18:
                trade(size, **leg)
            elif lot < 0.23:
                trade(size, limit=price * (1.0 - 0.02 * up * draw()), **leg)
            elif lot < 0.28:
                trade(size, stop=price * (1.0 + 0.02 * up * draw()), **leg)
            elif lot < 0.33 and not leg:
                trade(size, sl=price * (1.0 - 0.05 * up), tp=price * (1.0 + 0.05 * up))
            elif lot < 0.36:
                trade(size, trail_fraction=0.02 + 0.03 * draw(), **leg)
            elif lot < 0.40:
                market.close_position()
            elif lot < 0.43:
                trade(size, reduce_only=True, **leg)
            elif lot < 0.46:
                market.cancel_all()


@dataclass
class Position:
    quantity: float = 0.0  # signed
    average: float = 0.0


@dataclass
class Books:
    """instruments: of the run. kind, shares: the account's, and (initial, maintenance) of each instrument."""

    instruments: Sequence[Instrument]
    home: str
    cash: float
    kind: str
    shares: Sequence[tuple[float, float]]
    hedging: bool = False
    balances: dict[str, float] = field(default_factory=dict)
    legs: dict[tuple[int, int], Position] = field(default_factory=dict)
    realized: float = 0.0
    fees: float = 0.0
    paid: float = 0.0

    def __post_init__(self) -> None:
        self.balances[self.home] = self.cash
        for j in range(len(self.instruments)):
            for leg in (1, -1) if self.hedging else (0,):
                self.legs[j, leg] = Position()

    def worth(self, j: int, price: float) -> float:
        contract = self.instruments[j]
        return -contract.multiplier / price if contract.is_inverse else contract.multiplier * price

    def receive(self, j: int, amount: float, rates: dict[str, float]) -> None:
        """amount: in the contract's currency."""
        currency = self.instruments[j].currency
        if self.kind == "cash":
            self.balances[self.home] += amount * rates[currency]
        else:
            self.balances[currency] = self.balances.get(currency, 0.0) + amount

    def fill(self, row: Any, rates: dict[str, float]) -> Position:
        j, signed = int(row["instrument"]), float(row["side"] * row["quantity"])
        after = float(row["position"])
        leg = (1 if max(after, after - signed) > 0 else -1) if self.hedging else 0
        position, rate = self.legs[j, leg], rates[self.instruments[j].currency]
        value, before = self.worth(j, float(row["price"])), position.quantity
        self.receive(j, -signed * value - float(row["fee"]) / rate, rates)
        self.fees += float(row["fee"])
        if before * signed >= 0.0:
            own = self.worth(j, position.average) if before else 0.0
            mean = (own * before + value * signed) / (before + signed)
            contract = self.instruments[j]
            position.average = -contract.multiplier / mean if contract.is_inverse else mean / contract.multiplier
        else:
            self.realized -= signed * (value - self.worth(j, position.average)) * rate
        position.quantity = round(before + signed, 9)
        return position

    def cash_at(self, rates: dict[str, float]) -> float:
        return sum(balance * rates[currency] for currency, balance in self.balances.items())

    def values(self, prices: Sequence[float], rates: dict[str, float]) -> Iterator[tuple[int, float]]:
        """Of each position: instrument and value."""
        for (j, _), position in self.legs.items():
            if position.quantity:
                yield j, position.quantity * self.worth(j, prices[j]) * rates[self.instruments[j].currency]

    def equity(self, prices: Sequence[float], rates: dict[str, float]) -> float:
        return self.cash_at(rates) + sum(value for _, value in self.values(prices, rates))

    def needed(self, prices: Sequence[float], rates: dict[str, float], which: int) -> float:
        """Initial (0) or maintenance (1) margin."""
        return sum(self.shares[j][which] * abs(value) for j, value in self.values(prices, rates))

    def open_result(self, prices: Sequence[float], rates: dict[str, float]) -> float:
        return sum(
            position.quantity
            * (self.worth(j, prices[j]) - self.worth(j, position.average))
            * rates[self.instruments[j].currency]
            for (j, _), position in self.legs.items()
            if position.quantity
        )

    def wallet(self, rates: dict[str, float]) -> float:
        """What isolated positions leave free: all that was ever earned and paid, less the margins of what is open."""
        free = self.cash_at(rates)
        for (j, _), position in self.legs.items():
            if position.quantity:
                value = position.quantity * self.worth(j, position.average) * rates[self.instruments[j].currency]
                free += value - self.shares[j][0] * abs(value)
        return free


def by_row(rows: Array, count: int) -> list[Array]:
    """The rows of each bar."""
    edges = np.searchsorted(rows["bar"], np.arange(count + 1))
    return [rows[edges[i] : edges[i + 1]] for i in range(count)]

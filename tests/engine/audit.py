"""An audit of a run: its rows, gone through beside a second set of books, keep every promise of its account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from apps.engine.listing import Floor
from apps.engine.types import OrderEventKind, PaymentKind, RejectionReason, Rows
from tests.engine.accounts import FILLS, Books, Position, by_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.engine.listing import Listing
    from apps.engine.types import Array

REFUSED = (RejectionReason.INSUFFICIENT_CASH, RejectionReason.INSUFFICIENT_MARGIN)
NOBODYS = 0


class Auditor:
    """Of a run on bars without slippage, whose fees are a share of the value.

    rates: of each foreign currency, one a row. call: the account's margin_call. rule: by which of its prices a row is
    judged: several positions together by the worst of all only under the pessimistic one.
    """

    def __init__(
        self,
        books: Books,
        listings: Sequence[Listing],
        *,
        fee: float,
        rates: dict[str, Array],
        call: float,
        rule: str,
    ) -> None:
        self.books = books
        self.series = Floor(listings).series
        self.fee = fee
        self.rates = rates
        self.marks = np.full(self.series.shape[1], np.nan)
        self.call = call
        self.rule = rule
        self.called = False
        self.together = False  # several positions are being liquidated
        self.open_pnl: dict[tuple[int, int], float] = dict.fromkeys(books.legs, 0.0)

    def check(self, rows: Rows) -> None:
        """Raise AssertionError for the first promise that the rows break."""
        count = len(self.series)
        fills, events, payments, trades = (
            by_row(table, count) for table in (rows.fills, rows.orders, rows.payments, with_bars(rows.trades))
        )
        closed = 0.0
        for index in range(count):
            rates = {self.books.home: 1.0} | {name: float(column[index]) for name, column in self.rates.items()}
            bars = self.series[index]
            shown = np.flatnonzero(~np.isnan(bars["open"]))
            self.marks[shown] = bars["open"][shown]
            for payment in payments[index]:
                self.pay(payment, rates)
            waiting = list(fills[index])
            self.together = False
            for event in events[index]:
                if event["kind"] in FILLS:
                    self.fill(waiting.pop(0), bars, rates)
                elif event["reason"] in REFUSED and event["kind"] == OrderEventKind.CANCELLED:
                    self.refuse(event, rates)
            assert not waiting
            closed += float(trades[index]["pnl"].sum())
            if self.books.kind in ("cross", "isolated") and not len(fills[index]):
                self.survive(bars, rates)
            self.marks[shown] = bars["close"][shown]
            self.close(rows.equity[index], closed, rates)
            self.called &= not len(fills[index])
            if self.books.kind == "cross" and self.call:
                self.hear(int((events[index]["kind"] == OrderEventKind.MARGIN_CALLED).sum()), rates)

    def pay(self, payment: Any, rates: dict[str, float]) -> None:
        j, amount = int(payment["instrument"]), float(payment["amount"])
        assert payment["kind"] != PaymentKind.SPLIT
        self.books.receive(j, amount / rates[self.books.instruments[j].currency], rates)
        self.books.paid += amount

    def fill(self, row: Any, bars: Array, rates: dict[str, float]) -> None:
        books, j = self.books, int(row["instrument"])
        after = float(row["position"])
        before = after - float(row["side"] * row["quantity"])
        leg = (1 if max(after, before) > 0 else -1) if books.hedging else 0
        if row["order"] == NOBODYS:
            self.liquidate(row, books.legs[j, leg], bars, rates)
        else:
            self.marks[j] = row["price"]
            self.together = False
        earned = books.realized
        position = books.fill(row, rates)
        self.open_pnl[j, leg] += books.realized - earned - float(row["fee"])
        assert position.quantity == pytest.approx(after, abs=1e-9)
        assert row["gross_pnl"] == pytest.approx(books.realized - earned, abs=self.doubt)
        if after:
            assert row["average_price"] == pytest.approx(position.average, rel=1e-9)
        else:
            self.open_pnl[j, leg] = 0.0
        if row["order"] != NOBODYS and abs(after) > abs(before):
            assert self.free(rates) >= -self.doubt
        if books.kind == "cash":
            assert after >= 0.0

    @property
    def doubt(self) -> float:
        """How much sums of money may differ by rounding."""
        books, gross = self.books, 0.0
        for (j, _), position in books.legs.items():
            if position.quantity:
                gross += abs(position.quantity * books.worth(j, self.marks[j]))
        return 1e-8 * (1.0 + books.cash + gross) + 1e-12 * (abs(books.realized) + books.fees)

    def free(self, rates: dict[str, float]) -> float:
        books = self.books
        if books.kind == "cash":
            return books.balances[books.home]
        if books.kind == "cross":
            return books.equity(self.marks, rates) - books.needed(self.marks, rates, 0)
        return books.wallet(rates) if books.kind == "isolated" else 0.0

    def refuse(self, event: Any, rates: dict[str, float]) -> None:
        """What was refused could not have been carried."""
        books, j, price = self.books, int(event["instrument"]), float(event["price"])
        self.marks[j] = price
        value = float(event["quantity"]) * abs(books.worth(j, price)) * rates[books.instruments[j].currency]
        share = 1.0 if books.kind == "cash" else books.shares[j][0]
        assert value * (share + self.fee) >= self.free(rates) - self.doubt

    def surplus(self, prices: Array, rates: dict[str, float]) -> float:
        """Across positions: what is left above the maintenance margin."""
        return self.books.equity(prices, rates) - self.books.needed(prices, rates, 1)

    def own_surplus(self, j: int, position: Position, price: float) -> float:
        """The same of an isolated position."""
        books, (initial, kept) = self.books, self.books.shares[j]
        entered, value = books.worth(j, position.average), books.worth(j, price)
        result = position.quantity * (value - entered)
        return initial * abs(position.quantity * entered) + result - kept * abs(position.quantity * value)

    def liquidate(self, row: Any, position: Position, bars: Array, rates: dict[str, float]) -> None:
        """A position alone goes at the open when it is broken there, else where nothing but the margin is left."""
        books, j, price = self.books, int(row["instrument"]), float(row["price"])
        self.together = self.together or sum(each.quantity != 0 for each in books.legs.values()) > 1
        assert abs(row["quantity"]) == pytest.approx(abs(position.quantity))
        if books.kind == "isolated":
            left = self.own_surplus(j, position, price)
            initial = books.shares[j][0] * abs(position.quantity * books.worth(j, position.average))
            fee = row["fee"] / rates[books.instruments[j].currency]
            lost = position.quantity * (books.worth(j, position.average) - books.worth(j, price)) + fee
            assert lost <= initial + self.doubt
            assert left <= self.doubt
        elif not self.together:
            prices = self.marks.copy()
            prices[j] = price
            assert self.surplus(prices, rates) <= self.doubt
            if bars["low"][j] < price < bars["high"][j] and price not in (bars["open"][j], bars["close"][j]):
                assert self.surplus(prices, rates) == pytest.approx(0.0, abs=self.doubt)

    def survive(self, bars: Array, rates: dict[str, float]) -> None:
        """Where nothing was filled, the worst prices of the row leave the margin."""
        books = self.books
        shown = ~np.isnan(bars["open"])
        low, high = (np.where(shown, bars[name], self.marks) for name in ("low", "high"))
        if books.kind == "isolated":
            for (j, _), position in books.legs.items():
                if position.quantity:
                    price = float(low[j] if position.quantity > 0 else high[j])
                    assert self.own_surplus(j, position, price) >= -self.doubt
            return
        held = sum(each.quantity != 0 for each in books.legs.values())
        if not held or (held > 1 and self.rule != "pessimistic"):
            return
        total = books.cash_at(rates)
        for j in range(len(self.marks)):
            ends = []
            for prices in (low, high):
                values = [value for k, value in books.values(prices, rates) if k == j]
                ends.append(sum(value - books.shares[j][1] * abs(value) for value in values))
            total += min(ends)
        assert total >= -self.doubt

    def hear(self, calls: int, rates: dict[str, float]) -> None:
        """A margin call comes with the first close below its level since the last fill."""
        over = self.books.equity(self.marks, rates) - self.call * self.books.needed(self.marks, rates, 0)
        is_open = any(each.quantity for each in self.books.legs.values())
        if abs(over) > self.doubt:
            assert calls == (is_open and over < 0.0 and not self.called)
        self.called |= calls > 0

    def close(self, point: Any, closed: float, rates: dict[str, float]) -> None:
        books = self.books
        prices = self.marks
        equity = books.equity(prices, rates)
        assert point["equity"] == pytest.approx(equity, abs=self.doubt)
        assert point["cash"] == pytest.approx(books.cash_at(rates), abs=self.doubt)
        if books.kind == "cross" and any(each.quantity for each in books.legs.values()):
            assert self.surplus(prices, rates) >= -self.doubt
        if all(np.ptp(column) == 0.0 for column in self.rates.values()):
            result = books.open_result(prices, rates)
            gain, open_pnl = pytest.approx(equity - books.cash, abs=self.doubt), sum(self.open_pnl.values())
            assert books.realized + result - books.fees + books.paid == gain
            assert closed + open_pnl + result + books.paid == gain


def with_bars(trades: Array) -> Array:
    """The trades with the bar in which they closed where other rows have theirs."""
    result = np.zeros(len(trades), [("bar", "i8"), ("pnl", "f8")])
    result["bar"], result["pnl"] = trades["closed_bar"], trades["pnl"]
    return result

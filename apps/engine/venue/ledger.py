"""The books of one run: the account, the working orders and the rows not handed out yet.

Arrays live here; what happens to them is in the kernels. `event` is the next row in which something may happen: until
then nobody need call a kernel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from apps.engine.desk.orders import ALERT, PLAIN
from apps.engine.types import BAR, EQUITY, FILL, ORDER_EVENT, PAYMENT, TRADE, Rows
from apps.engine.venue import commands, driving, opening
from apps.engine.venue.books import LAYOUTS
from apps.engine.venue.fees import AuthorsFee
from apps.engine.venue.grid import round_down
from apps.engine.venue.positions import Positions
from apps.engine.venue.state import ACCOUNT, CURRENCY, HOLDING, NO_DAY, ORDER, TALLY, TERMS
from apps.engine.venue.tally import end_day

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from apps.engine.desk.orders import Order
    from apps.engine.types import Array
    from apps.engine.venue.fees import FeeFunction
    from apps.engine.venue.opening import Terms

ALERTS, FILLS, FULL = commands.ALERTS, commands.FILLS, commands.FULL
ALL = -1  # instruments
ENDLESS = 2**62
ROOM = 256  # rows a table starts with …
GROWTH = 4  # … and how many times as many it has after it was full
LARGE = 4096  # rows of a table that are handed out as they are, not copied
TABLES = {"orders": ORDER, "fills": FILL, "trades": TRADE, "events": ORDER_EVENT, "payments": PAYMENT, "points": EQUITY}
STATE = {"account": ACCOUNT, "currencies": CURRENCY, "holdings": HOLDING, "orders": ORDER, "tally": TALLY}
AT_PRESENT = ["bid", "ask"]  # of a contract: all that is state


class Ledger(Positions):
    def __init__(
        self, series: Array, terms: Terms, *, fee: FeeFunction | None, first: int = 0, keeps_rows: bool = True
    ) -> None:
        """series: (n, instruments) BAR, QUOTE_BAR or TICK, contiguous and read-only; nan where one is missing.

        first: the row with which the books begin. keeps_rows: whether there is anything to hand out but the figures.
        """
        self._series = series
        self._terms = terms
        self._fee = AuthorsFee(fee)
        self._has_fee = fee is not None
        self._books = opening.rules_of(terms, self._fee.address)
        self._keeps_rows = keeps_rows
        self._books["keeps_rows"] = keeps_rows
        self._account = np.zeros(1, ACCOUNT)
        self._account["next_row"] = first
        self._tally = np.zeros(1, TALLY)
        for field, start in (("equity", terms.cash), ("peak", terms.cash), ("day_ends", NO_DAY)):
            self._tally[field] = start
        self._holdings = opening.holdings_of(terms)
        self._currencies = opening.currencies_of(terms)
        self._tables = {name: np.zeros(ROOM, dtype) for name, dtype in TABLES.items()}
        self._given = np.array([PLAIN, PLAIN], TERMS)  # the second is for orders that are not plain
        self._fixed = {
            "series": series,
            "account": self._account,
            "contracts": opening.contracts_of(terms),
            "holdings": self._holdings,
            "currencies": self._currencies,
            "tiers": opening.tiers_of(terms),
            "happenings": terms.happenings,
            "scene": np.zeros(2 * len(terms.instruments), BAR),
            "terms": self._given,
            "tally": self._tally,
        }
        self._hedges = terms.account.hedging
        instrument = terms.instruments[0]
        self._is_simple = (
            series.dtype == BAR and series.shape[1] == 1 and len(self._holdings) == 1
            and terms.rates is None and instrument.multiplier == 1.0 and not instrument.is_inverse
        )  # fmt: skip
        # views of single fields: reading one is five times as fast as going through the record
        self._next_row = self._account["next_row"]
        self._fill_count = self._account["fills"]
        self._alerts = self._account["alerts"]
        self._take_over(self._holdings)
        self._balances = self._currencies["balance"]
        self._has_one_currency = len(self._balances) == 1
        self.event = len(series)
        state = (self._account, self._tally, self._holdings, self._currencies, self._fixed["contracts"])
        self._at_first = [(array.view(np.uint8), array.view(np.uint8).copy()) for array in state]
        self._write_down()
        self.open(first)

    def _take_over(self, holdings: Array) -> None:
        super()._take_over(holdings)
        self._fixed["holdings"] = holdings
        self._is_simple &= len(holdings) == 1

    def start_over(self) -> None:
        """Be as if nothing had been booked yet."""
        for array, start in self._at_first:
            array[:] = start
        self.event = len(self._series)
        self.open(self.booked)

    @property
    def fills(self) -> int:
        """How many fills there were since rows were handed out."""
        return int(self._fill_count.item())

    @property
    def booked(self) -> int:
        """How many rows are booked."""
        return self._next_row.item()

    @property
    def cash(self) -> float:
        """All balances in the account's currency, at the rates of the last close."""
        if self._has_one_currency:
            return self._balances.item()
        return float(sum((self._balances * self._currencies["rate"]).tolist()))

    @property
    def equity(self) -> float:
        """At the last point of the curve."""
        return float(self._tally["equity"][0])

    def open_ticket(self, instrument: int, side: int, number: int, asked: set[int]) -> int:
        before, row = self._holdings, super().open_ticket(instrument, side, number, asked)
        if self._holdings is not before:
            self._write_down()
        return row

    def equity_at(self, row: int) -> float:
        """Cash and all positions at the close of this row, which is the last that has been seen."""
        if self._is_simple:
            position = self._positions.item()
            return self.cash + position * self._close_of(row) if position else self.cash
        self._catch_up(row)
        return float(commands.equity(self._address))

    def quantity_for(self, value: float, instrument: int, row: int) -> float:
        """How many units this value, in the account's currency, pays at the close of a row, rounded down."""
        contract = self._fixed["contracts"][instrument]
        if self._is_simple:
            unit = self._close_of(row)
        else:
            self._catch_up(row)
            unit = commands.unit_value(self._address, instrument, row)
        return float(round_down(value / unit, contract["quantity_step"], contract["steps_per_unit"]))

    def _close_of(self, row: int) -> float:
        return float(self._series["close"].item(row))

    def open(self, stop: int) -> None:
        """Make room for the equity of the rows from here to `stop`."""
        if self._keeps_rows:
            self._tables["points"] = np.empty(self._points_until(stop), EQUITY)  # of this advance alone
            self._write_down()
        if self.event >= len(self._series) and len(self._terms.happenings):
            # nothing has been asked for yet: what comes from outside may be next
            self._call(commands.commit, self.booked)

    def _points_until(self, stop: int) -> int:
        """How many points of the curve there are at most in the rows from here to `stop`."""
        period, first = self._terms.point_period, self.booked
        if not period or stop == first:
            return stop - first
        times = self._series["time"]
        return min(stop - first, int(times[stop - 1, 0]) // period - int(times[first, 0]) // period + 1)

    def submit(self, order: Order, row: int) -> None:
        """Take an order given at the close of this row."""
        terms = 0
        if order.terms is not None:
            if self._next_row.item() <= row:
                self._call(commands.commit, row + 1)
            if order.type == ALERT:
                self._watch(order, order.terms.stop, row)
                return
            terms = 1
            self._given[1] = order.terms
        self._call(
            commands.submit,
            order.id,
            order.type,
            order.side,
            order.holding,
            order.quantity,
            order.reduce_only,
            terms,
            row,
        )

    def _watch(self, order: Order, price: float, row: int) -> None:
        while (event := commands.watch(self._address, order.id, order.holding, order.side, price, row)) == FULL:
            self._enlarge()
        self.event = event

    def cancel(self, order: Order | None, instrument: int | None, row: int) -> None:
        """Take an order back at the close of this row, or every one (of an instrument)."""
        self._catch_up(row)
        if order is not None:
            self._call(commands.cancel, order.id, row)
        else:
            self._call(commands.cancel_all, ALL if instrument is None else instrument, row)

    def amend(self, order: Order, changes: dict[str, float], row: int) -> None:
        """Change an order at the close of this row; one that is done stays as it was."""
        self._catch_up(row)
        for found in self._working[self._working["id"] == order.id]:
            values = {name: float(found[name]) for name in ("quantity", "limit", "stop", "trail")}
            values |= {("stop" if name == "touch" else name): value for name, value in changes.items()}
            self._call(commands.amend, order.id, *values.values(), row)

    def _catch_up(self, row: int) -> None:
        """Book the quiet rows up to this one, lest a stop that begins to trail now follow what was before."""
        if self._next_row.item() <= row:
            self._call(commands.commit, row + 1)

    def is_working(self, order: Order) -> bool:
        return bool((self._working["id"] == order.id).any())

    @property
    def _working(self) -> Array:
        """The rows of the order table that are in use."""
        return self._tables["orders"][: self._account["orders"][0]]

    @property
    def alerts(self) -> int:
        """How many alerts have been reached."""
        return self._alerts.item()

    @property
    def logged(self) -> int:
        """How many rows the order log has that have not been handed out."""
        return int(self._account["events"][0])

    @property
    def traded(self) -> int:
        """How many trades have not been handed out."""
        return int(self._account["trades"][0])

    @property
    def ambiguous_bars(self) -> int:
        return int(self._account["ambiguous_bars"][0])

    def book(self, stop: int) -> int:
        """Book all rows before `stop`; how many fills this brought."""
        before = self._fill_count.item()
        self._call(commands.commit, stop)
        return self._fill_count.item() - before

    def last_fills(self, count: int) -> list[tuple[Any, ...]]:
        """The last so many fills, as plain values."""
        fill: Any = self._tables["fills"].item
        stop = self._fill_count.item()
        return [fill(stop - 1)] if count == 1 else [fill(place) for place in range(stop - count, stop)]

    def sleep(self, stop: int, *, hears_fills: bool) -> tuple[int, int]:
        """Book the rows before `stop`, as far as the first with an alert, or a fill to be heard.

        How many fills this brought, and how many alerts have been reached until now.
        """
        fills = self._fill_count
        before = fills.item()
        while (event := commands.sleep(self._address, stop, FILLS if hears_fills else ALERTS)) == FULL:
            self._enlarge()
        self.event = event
        if self._has_fee:
            self._fee.check()
        return fills.item() - before, self._alerts.item()

    def drive(self, desk: Array, stop: int) -> None:
        """Let a desk decide at each of its steps before row `stop`; it is told of a failure by its `asked`.

        desk: one row of DESK. The rows are booked as far as the decisions need it.
        """
        address = desk.ctypes.data
        while (event := driving.drive(self._address, address, stop)) == commands.FULL:
            self._enlarge(int(desk["further_orders"][0]))
        self.event = max(event, 0)
        self._fee.check()

    @property
    def address(self) -> int:
        """Of the books."""
        return int(self._address)

    def expire(self) -> None:
        """The data ended: log the orders that still work as expired."""
        self._call(commands.expire)

    def take(self) -> Rows:
        """Hand out what is new since the last time."""
        account = self._account[0]
        if not self._keeps_rows:
            none = {name: np.empty(0, table) for name, table in TABLES.items()}
            return Rows(none["events"], none["fills"], none["trades"], none["points"], none["payments"])
        new = {}
        for name in ("events", "fills", "trades", "payments", "points"):
            rows = new[name] = self._tables[name][: account[name]]
            if name != "points":
                if len(rows) < LARGE:
                    new[name] = rows.copy()
                else:
                    self._tables[name] = np.empty(ROOM, rows.dtype)
            account[name] = 0
        self._write_down()
        self.open(self.booked)
        return Rows(
            orders=new["events"],
            fills=new["fills"],
            trades=new["trades"],
            equity=new["points"],
            payments=new["payments"],
        )

    def figures(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Account and tally as plain values; the tally counts the present day as if it were over."""
        tally = self._tally.copy()
        end_day(tally)
        return _values(self._account[0]), _values(tally[0])

    @property
    def unrealized(self) -> float:
        """What the open positions would earn at the last booked prices, before fees, in the account's currency."""
        return float(commands.unrealized(self._address))

    def state(self) -> dict[str, list[Any]]:
        """Everything that the rest of the run depends on, as plain values."""
        arrays = {
            "account": self._account,
            "currencies": self._currencies,
            "holdings": self._holdings,
            "orders": self._working,
            "tally": self._tally,
        }
        prices = self._fixed["contracts"][AT_PRESENT].tolist()
        return {"prices": prices} | {name: array.tolist() for name, array in arrays.items()}

    def restore(self, state: dict[str, list[Sequence[Any]]]) -> None:
        """Take over what `state()` gave."""
        rows = {name: np.array([tuple(row) for row in state[name]], dtype) for name, dtype in STATE.items()}
        self._account[:] = rows["account"]
        self._currencies[:] = rows["currencies"]
        self._take_over(rows["holdings"])
        self._tally[:] = rows["tally"]
        for name, prices in zip(AT_PRESENT, zip(*state["prices"], strict=True), strict=True):
            self._fixed["contracts"][name] = prices
        self._tables["orders"] = np.concatenate([rows["orders"], np.zeros(ROOM, ORDER)])
        self._write_down()
        self.event = self.booked
        self.open(self.booked)

    def _call(self, command: Callable[..., int], *arguments: Any) -> None:
        """Let a command work on the books, in larger tables when it asks for them."""
        while (event := command(self._address, *arguments)) == FULL:
            self._enlarge()
        self.event = event
        if self._has_fee:
            self._fee.check()

    def _enlarge(self, further_orders: int = 0) -> None:
        """Enlarge the tables that might not hold what one row, and so many orders more, can bring."""
        rows = commands.rows_needed(self._address) + driving.ROWS_PER_NEW_ORDER * further_orders
        for name, table in self._tables.items():
            used = int(self._account[name][0])
            if name != "points" and used + rows > len(table):
                larger = np.zeros if name == "orders" else np.empty  # what is not written yet costs nothing so
                self._tables[name] = larger(GROWTH * len(table) + rows, table.dtype)
                self._tables[name][:used] = table[:used]
        self._write_down()

    def _write_down(self) -> None:
        """Tell the kernels where everything is."""
        books, terms = self._books[0], self._terms
        for name, array in (self._fixed | self._tables).items():
            books[name] = array.ctypes.data
        for name, table in self._tables.items():
            books[f"{name}_room"] = len(table) if self._keeps_rows or name == "orders" else ENDLESS
        for name, column in (("rates", terms.rates), ("day_ends", terms.day_ends), ("extremes", terms.extremes)):
            books[name] = 0 if column is None else column.ctypes.data
        books["layout"] = LAYOUTS[self._series.dtype]
        books["rows"], books["instruments"] = self._series.shape
        books["row_size"] = self._series.dtype.itemsize * self._series.shape[1]
        for name in ("holdings", "currencies", "tiers", "happenings"):
            books[f"{name}_count"] = len(self._fixed[name])
        self._address = self._books.ctypes.data


def _values(row: Any) -> dict[str, Any]:
    return dict(zip(row.dtype.names, row.item(), strict=True))

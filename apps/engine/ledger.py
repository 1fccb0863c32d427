"""The books of one run: the account, the working orders and the rows not handed out yet.

Arrays live here; what happens to them is in the kernels. `event` is the next bar in which a working order may fill:
until then nobody need call a kernel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from apps.engine.kernels import ledger as kernels
from apps.engine.kernels.books import Books
from apps.engine.kernels.tally import end_day
from apps.engine.matching import round_down
from apps.engine.types import (
    ACCOUNT,
    EQUITY,
    FILL,
    HOLDING,
    NO_DAY,
    ORDER,
    ORDER_EVENT,
    TALLY,
    TRADE,
    Array,
    Costs,
    Instrument,
    Rows,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from apps.engine.strategy import Order

ROOM = 256  # rows a buffer starts with; it doubles when it is full
BUFFERS = {"orders": ORDER, "fills": FILL, "trades": TRADE, "events": ORDER_EVENT}
STATE = {"account": ACCOUNT, "holdings": HOLDING, "orders": ORDER, "tally": TALLY}


class Ledger:
    def __init__(self, bars: Array, *, instrument: Instrument, cash: float, costs: Costs) -> None:
        """bars: (n,) BAR, contiguous and read-only."""
        self._bars = bars
        self._account = np.zeros(1, ACCOUNT)
        self._account["cash"] = cash
        self._holdings = _holding(instrument, costs)
        self._tally = np.zeros(1, TALLY)
        for field, start in (("equity", cash), ("peak", cash), ("day_ends", NO_DAY)):
            self._tally[field] = start
        self._buffers = {name: np.zeros(ROOM, dtype) for name, dtype in BUFFERS.items()}
        # views of single fields: reading one is five times as fast as going through the record
        self._cash = self._account["cash"]
        self._position = self._holdings["position"]
        self._average_price = self._holdings["average_price"]
        self._next_bar = self._account["next_bar"]
        self._fill_count = self._account["fills"]
        self.event = len(bars)
        self.open(0)

    @property
    def booked(self) -> int:
        """How many bars are booked."""
        return int(self._next_bar.item())

    @property
    def cash(self) -> float:
        return float(self._cash.item())

    @property
    def position(self) -> float:
        return float(self._position.item())

    @property
    def average_price(self) -> float:
        return float(self._average_price.item())

    def round_down(self, quantity: float) -> float:
        """The largest multiple of the quantity step that this quantity reaches."""
        holding = self._holdings[0]
        return float(round_down(quantity, holding["quantity_step"], holding["steps_per_unit"]))

    def open(self, stop: int) -> None:
        """Make room for the equity of the bars from here to `stop`."""
        self._equity = np.empty(stop - self.booked, EQUITY)
        self._account["equity_from"] = self.booked
        self._gather()

    def submit(self, order: Order, bar: int) -> None:
        """Take an order given at the close of this bar."""
        self._call(kernels.submit, order.id, order.type, order.side, order.quantity, order.reduce_only, bar)

    def cancel(self, order: Order, bar: int) -> None:
        """Take an order back at the close of this bar."""
        self._call(kernels.cancel, order.id, bar)

    def commit(self, stop: int) -> Array:
        """Book all bars before `stop`; the fills that this brought."""
        before = self._fill_count.item()
        self._call(kernels.commit, stop)
        return self._buffers["fills"][before : self._fill_count.item()]

    def expire(self) -> None:
        """The data ended: log the orders that still work as expired."""
        self._call(kernels.expire)

    def take(self) -> Rows:
        """Hand out what is new since the last time."""
        account = self._account[0]
        new = {name: self._buffers[name][: account[name]].copy() for name in ("events", "fills", "trades")}
        equity = self._equity[: self.booked - account["equity_from"]]
        for name in new:
            account[name] = 0
        self.open(self.booked)
        return Rows(orders=new["events"], fills=new["fills"], trades=new["trades"], equity=equity)

    def figures(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """Account, holding and tally as plain values; the tally counts the present day as if it were over."""
        tally = self._tally.copy()
        end_day(tally)
        return _values(self._account), _values(self._holdings), _values(tally)

    def state(self) -> dict[str, list[Sequence[Any]]]:
        """Everything that the rest of the run depends on, as plain values."""
        arrays = {
            "account": self._account,
            "holdings": self._holdings,
            "orders": self._buffers["orders"][: self._account["orders"][0]],
            "tally": self._tally,
        }
        return {name: array.tolist() for name, array in arrays.items()}

    def restore(self, state: dict[str, list[Sequence[Any]]]) -> None:
        """Take over what `state()` gave."""
        rows = {name: np.array([tuple(row) for row in state[name]], dtype) for name, dtype in STATE.items()}
        self._account[:] = rows["account"]
        self._holdings[:] = rows["holdings"]
        self._tally[:] = rows["tally"]
        self._buffers["orders"] = np.concatenate([rows["orders"], np.zeros(ROOM, ORDER)])
        self.event = self.booked if len(rows["orders"]) else len(self._bars)
        self.open(self.booked)

    def _call(self, kernel: Callable[..., int], *arguments: float) -> None:
        """Let a kernel work on the books, in larger buffers when it asks for them."""
        while (event := kernel(self._arrays, *arguments)) == kernels.FULL:
            self._enlarge()
        self.event = event

    def _enlarge(self) -> None:
        """Double the buffers that might not hold what one bar can bring."""
        rows = kernels.ROWS_PER_ORDER * int(self._account["orders"][0]) + 1
        for name, buffer in self._buffers.items():
            if self._account[name][0] + rows > len(buffer):
                self._buffers[name] = np.concatenate([buffer, np.zeros(len(buffer) + rows, buffer.dtype)])
        self._gather()

    def _gather(self) -> None:
        """The arrays in the kernels' order."""
        state = {"bars": self._bars, "account": self._account, "holdings": self._holdings, "tally": self._tally}
        self._arrays = tuple(Books(**state, **self._buffers, equity=self._equity))


def _holding(instrument: Instrument, costs: Costs) -> Array:
    holdings = np.zeros(1, HOLDING)
    inverse = round(1 / instrument.quantity_step)
    holdings["quantity_step"] = instrument.quantity_step
    # dividing by 1000 gives the float nearest to a decimal, multiplying by 0.001 does not
    holdings["steps_per_unit"] = inverse if abs(inverse * instrument.quantity_step - 1) < 1e-9 else 0.0
    holdings["min_quantity"] = instrument.min_quantity
    for field in ("commission_rate", "commission_fixed", "commission_per_unit", "commission_minimum"):
        holdings[field] = getattr(costs, field)
    return holdings


def _values(array: Array) -> dict[str, Any]:
    return dict(zip(array.dtype.names or (), array[0].item(), strict=True))

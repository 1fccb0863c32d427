"""The books of one run: the account, the working orders and the rows not handed out yet.

Arrays live here; what happens to them is in the kernels. `event` is the next bar in which a working order may fill:
until then nobody need call a kernel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from apps.engine.fees import AuthorsFee
from apps.engine.grid import round_down
from apps.engine.kernels import ledger as kernels
from apps.engine.kernels.books import Books
from apps.engine.kernels.tally import end_day
from apps.engine.orders import PLAIN
from apps.engine.state import ACCOUNT, HOLDING, NO_DAY, ORDER, TALLY, TERMS, TIER
from apps.engine.terms import AMOUNTS
from apps.engine.types import EQUITY, FILL, ORDER_EVENT, TRADE, Array, Costs, FillRules, Instrument, Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from apps.engine.fees import FeeFunction
    from apps.engine.orders import Order

ROOM = 256  # rows a buffer starts with; it doubles when it is full
BUFFERS = {"orders": ORDER, "fills": FILL, "trades": TRADE, "events": ORDER_EVENT}
PLAIN_TERMS = np.array([PLAIN], TERMS)  # of a market order; kernels only read it
STATE = {"account": ACCOUNT, "holdings": HOLDING, "orders": ORDER, "tally": TALLY}


class Ledger:
    def __init__(
        self,
        bars: Array,
        *,
        instrument: Instrument,
        cash: float,
        costs: Costs,
        rules: FillRules,
        fee: FeeFunction | None,
        seed: int,
    ) -> None:
        """bars: (n,) BAR, contiguous and read-only."""
        self._bars = bars
        self._account = np.zeros(1, ACCOUNT)
        self._account["cash"] = cash
        self._holdings = _holding(instrument, costs, rules, seed)
        self._fee = AuthorsFee(fee)
        self._holdings["fee_function"] = self._fee.address
        self._tiers = np.array([tuple(tier) for tier in costs.tiers], TIER)
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
    def equity(self) -> float:
        """At the last booked close."""
        return float(self._tally["equity"][0])

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
        terms = PLAIN_TERMS
        if order.terms is not None:
            self._catch_up(bar)
            terms = np.array([order.terms], TERMS)
        self._call(kernels.submit, order.id, order.type, order.side, order.quantity, order.reduce_only, terms, bar)

    def cancel(self, order: Order | None, bar: int) -> None:
        """Take an order back at the close of this bar, or every one."""
        self._catch_up(bar)
        for order_id in [order.id] if order else self._working["id"].tolist():
            self._call(kernels.cancel, order_id, bar)

    def amend(self, order: Order, changes: dict[str, float], bar: int) -> None:
        """Change an order at the close of this bar; one that is done stays as it was."""
        self._catch_up(bar)
        for row in self._working[self._working["id"] == order.id]:
            values = {name: float(row[name]) for name in ("quantity", "limit", "stop", "trail")}
            values |= {("stop" if name == "touch" else name): value for name, value in changes.items()}
            self._call(kernels.amend, order.id, *values.values(), bar)

    def _catch_up(self, bar: int) -> None:
        """Book the quiet bars up to this one, lest a stop that begins to trail now follow what was before."""
        if self._next_bar.item() <= bar:
            self._call(kernels.commit, bar + 1)

    def is_working(self, order: Order) -> bool:
        return bool((self._working["id"] == order.id).any())

    @property
    def _working(self) -> Array:
        """The rows of the order table that are in use."""
        return self._buffers["orders"][: self._account["orders"][0]]

    @property
    def ambiguous_bars(self) -> int:
        return int(self._account["ambiguous_bars"][0])

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
        holdings = self._holdings.copy()
        holdings["fee_function"] = 0  # an address means nothing elsewhere
        arrays = {
            "account": self._account,
            "holdings": holdings,
            "orders": self._working,
            "tally": self._tally,
        }
        return {name: array.tolist() for name, array in arrays.items()}

    def restore(self, state: dict[str, list[Sequence[Any]]]) -> None:
        """Take over what `state()` gave."""
        rows = {name: np.array([tuple(row) for row in state[name]], dtype) for name, dtype in STATE.items()}
        self._account[:] = rows["account"]
        self._holdings[:] = rows["holdings"]
        self._holdings["fee_function"] = self._fee.address
        self._tally[:] = rows["tally"]
        self._buffers["orders"] = np.concatenate([rows["orders"], np.zeros(ROOM, ORDER)])
        self.event = self.booked if len(rows["orders"]) else len(self._bars)
        self.open(self.booked)

    def _call(self, kernel: Callable[..., int], *arguments: Any) -> None:
        """Let a kernel work on the books, in larger buffers when it asks for them."""
        while (event := kernel(self._arrays, *arguments)) == kernels.FULL:
            self._enlarge()
        self.event = event
        self._fee.check()

    def _enlarge(self) -> None:
        """Double the buffers that might not hold what one bar can bring."""
        rows = kernels.rows_needed(self._account, self._buffers["orders"])
        for name, buffer in self._buffers.items():
            if self._account[name][0] + rows > len(buffer):
                self._buffers[name] = np.concatenate([buffer, np.zeros(len(buffer) + rows, buffer.dtype)])
        self._gather()

    def _gather(self) -> None:
        """The arrays in the kernels' order."""
        state = {"bars": self._bars, "account": self._account, "holdings": self._holdings, "tally": self._tally}
        self._arrays = tuple(Books(**state, **self._buffers, equity=self._equity, tiers=self._tiers))


def _holding(instrument: Instrument, costs: Costs, rules: FillRules, seed: int) -> Array:
    holdings = np.zeros(1, HOLDING)
    values = {
        "quantity_step": instrument.quantity_step,
        "steps_per_unit": _inverse(instrument.quantity_step),
        "min_quantity": instrument.min_quantity,
        "max_quantity": instrument.max_quantity,
        "price_increment": instrument.price_increment,
        "increments_per_unit": _inverse(instrument.price_increment),
        "taker_rate": costs.commission_rate,
        "maker_rate": costs.commission_rate if costs.maker_rate is None else costs.maker_rate,
        **{name: getattr(costs, name) for name in AMOUNTS if name in (HOLDING.names or ())},
        "intrabar": int(rules.rule),
        "exit_in_entry_bar": rules.exit_in_entry_bar,
        "market_at_close": rules.market_at_close,
        "volume_share": rules.volume_share,
        "latency_bars": rules.latency_bars,
        "seed": seed % 2**64,
    }
    for name, value in values.items():
        holdings[name] = value
    return holdings


def _inverse(step: float) -> float:
    """The step's inverse where that is a whole number, else 0.0.

    Dividing by 1000 gives the float nearest to a decimal, multiplying by 0.001 does not.
    """
    inverse = round(1 / step)
    return inverse if abs(inverse * step - 1) < 1e-9 else 0.0


def _values(array: Array) -> dict[str, Any]:
    return dict(zip(array.dtype.names or (), array[0].item(), strict=True))

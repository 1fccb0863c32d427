"""The desk: what a strategy may ask for while it runs. It hands out lines and collects wishes."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from apps.engine.errors import LookAhead
from apps.engine.kernels import sealed
from apps.engine.desk.lines import COLUMNS, Line, Lines
from apps.engine.desk.orders import Order, made
from apps.engine.types import OrderType

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.engine.venue.ledger import Ledger
    from apps.engine.desk.orders import OrderTerms
    from apps.engine.types import Array, Column

CATALOGUE = "apps.engine.indicators"
AMENDABLE = {
    OrderType.LIMIT: {"limit"},
    OrderType.STOP: {"stop"},
    OrderType.STOP_LIMIT: {"limit", "stop"},
    OrderType.TRAILING_STOP: {"trail"},
    OrderType.LIMIT_IF_TOUCHED: {"limit", "touch"},
}


class Cancellation(NamedTuple):
    order: Order | None
    """None for every order that works."""


class Amendment(NamedTuple):
    order: Order
    changes: dict[str, float]


class TradingDesk:
    """The `Desk` of a run.

    wishes: what the strategy asked for in its last callback: an order, a change of one, its end, or a line that is new.
    The callback loop stops for them, and nothing else.
    is_open: whether a callback runs; orders are given from nowhere else.
    """

    def __init__(self, bars: Array, lines: Lines, ledger: Ledger, seed: int) -> None:
        self._times: Array = bars["time"]
        self._lines = lines
        self._ledger = ledger
        self.wishes: list[Order | Cancellation | Amendment | Line] = []
        self.declaring = True
        self.is_open = False
        self.orders_given = 0
        self.random = np.random.Generator(np.random.PCG64(seed))

    @property
    def index(self) -> int:
        return self._lines.closed - 1

    @property
    def time(self) -> int:
        if self.index < 0:
            raise RuntimeError("There is no time before the first bar has closed.")
        return int(self._times[self.index])

    def price_line(self, name: str) -> Line:
        line = self._lines.price(name)
        self.wishes.append(line)
        return line

    def indicator(self, function: Callable[..., Any], arguments: tuple[Any, ...], of: str | Line) -> Any:
        if not self.declaring:
            raise RuntimeError("Indicators are declared in init(), where they are computed once for all bars.")
        columns = [sealed(self._lines.column(name)) for name in _inputs(function, of)]
        result = function(*columns, *arguments)
        values = [self._checked(function, each) for each in (result if isinstance(result, tuple) else (result,))]
        if getattr(function, "__module__", None) != CATALOGUE:
            _refuse_look_ahead(function, columns, arguments, values)
        first = len(self._lines)  # makes the names unique
        made = tuple(self._lines.add(f"{_name(function)} {first + i}", column) for i, column in enumerate(values))
        return made if isinstance(result, tuple) else made[0]

    def submit(self, side: int, quantity: float, *, reduce_only: bool = False) -> Order:
        if not self.is_open:
            self._refuse()
        self.orders_given += 1
        order = Order(self.orders_given, side, quantity, reduce_only=reduce_only)
        self.wishes.append(order)
        return order

    def submit_on(self, side: int, quantity: float, terms: OrderTerms) -> Order:
        if not self.is_open:
            self._refuse()
        orders = made(self.orders_given + 1, side, quantity, terms)
        self.orders_given += len(orders)
        self.wishes += orders
        return orders[0]

    def cancel(self, order: Order | None) -> None:
        if not self.is_open:
            self._refuse()
        if order is not None and not isinstance(order, Order):
            raise TypeError(f"cancel() takes the order that buy() or sell() gave, not {order!r}.")
        self.wishes.append(Cancellation(order))

    def amend(self, order: Order, changes: dict[str, float]) -> None:
        if not self.is_open:
            self._refuse()
        if not isinstance(order, Order):
            raise TypeError(f"amend() takes the order that buy() or sell() gave, not {order!r}.")
        possible = {"quantity"} | AMENDABLE.get(OrderType(order.type), set())
        wrong = sorted(set(changes) - possible)
        if wrong or not changes:
            raise TypeError(f"Of this order, {', '.join(sorted(possible))} can be amended, not {', '.join(wrong)}.")
        self.wishes.append(Amendment(order, {name: float(value) for name, value in changes.items()}))

    def is_working(self, order: Order) -> bool:
        return order in self.wishes or self._ledger.is_working(order)

    def _refuse(self) -> None:
        if self.declaring:
            raise RuntimeError("No order can be given in init(): no bar has closed yet.")
        raise RuntimeError("Orders are given in on_bar() and on_fill(); nothing is traded between two bars.")

    def round_down(self, quantity: float) -> float:
        return self._ledger.round_down(quantity, 0)

    def _checked(self, function: Callable[..., Any], values: Any) -> Column:
        column = np.asarray(values, dtype=np.float64)
        if column.shape != self._times.shape:
            raise ValueError(
                f"{_name(function)} returned an array of shape {column.shape}; one value a bar is needed, "
                f"{self._times.shape}."
            )
        return column


def _inputs(function: Callable[..., Any], of: str | Line) -> list[str]:
    """Names of the columns that the function's leading parameters want."""
    source = of.name if isinstance(of, Line) else of
    try:
        wanted = list(inspect.signature(function).parameters)
    except ValueError:  # a compiled function may have no signature
        return [source]
    inputs = []
    for position, name in enumerate(wanted):
        if name not in COLUMNS and position > 0:
            break
        inputs.append(name if name in COLUMNS else source)
    return inputs


def _refuse_look_ahead(
    function: Callable[..., Any], columns: list[Column], arguments: tuple[Any, ...], values: list[Column]
) -> None:
    """Compute an author's indicator on the first half of the bars: its past must not change with its future."""
    half = len(columns[0]) // 2
    if half == 0:
        return
    early = function(*(column[:half] for column in columns), *arguments)
    for known, later in zip(early if isinstance(early, tuple) else (early,), values, strict=True):
        if not np.allclose(np.asarray(known, dtype=np.float64), later[:half], rtol=1e-9, atol=1e-12, equal_nan=True):
            raise LookAhead(
                f"{_name(function)} looks ahead: its first {half} values change when later bars are added. "
                "A value may depend on its own bar and earlier ones only."
            )


def _name(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", type(function).__name__))

"""The desk: what a strategy may ask for while it runs. It hands out lines and collects wishes."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.engine.errors import LookAhead
from apps.engine.kernels import sealed
from apps.engine.lines import COLUMNS, Line, Lines
from apps.engine.strategy import Order

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.engine.ledger import Ledger
    from apps.engine.types import Array, Column

CATALOGUE = "apps.engine.indicators"


class Cancellation:
    __slots__ = ("order",)

    def __init__(self, order: Order) -> None:
        self.order = order


class TradingDesk:
    """The `Desk` of a run.

    wishes: what the strategy asked for in its last callback: an order, a cancellation, or a line that is new. The
    callback loop stops for them, and nothing else.
    """

    def __init__(self, bars: Array, lines: Lines, ledger: Ledger, seed: int) -> None:
        self._times: Array = bars["time"]
        self._lines = lines
        self._ledger = ledger
        self.wishes: list[Order | Cancellation | Line] = []
        self.declaring = True
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

    def submit(self, side: int, quantity: float, *, reduce_only: bool) -> Order:
        if self.declaring:
            raise RuntimeError("No order can be given in init(): no bar has closed yet.")
        self.orders_given += 1
        order = Order(self.orders_given, side, quantity, reduce_only=reduce_only)
        self.wishes.append(order)
        return order

    def cancel(self, order: Order) -> None:
        self.wishes.append(Cancellation(order))

    def round_down(self, quantity: float) -> float:
        return self._ledger.round_down(quantity)

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

"""What an author writes: a class with parameters, indicators and a decision at each bar's close.

class Breakout(Strategy):
    \"\"\"Long above the highest high of the last bars.\"\"\"

    period = Int(20, min=2, unit="bars")

    def init(self) -> None:
        self.ceiling = self.indicator(highest, self.period, of="high")

    def on_bar(self) -> None:
        if not self.position and self.close[-1] > self.ceiling[-2]:
            self.buy(100)
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, Self, Unpack, overload

from apps.engine.errors import ParameterErrors, did_you_mean
from apps.engine.desk.lines import Line, crossed_above, crossed_below
from apps.engine.desk.orders import BUY, SELL, Order, OrderTerms
from apps.engine.desk.parameters import Bool, Choice, Float, Int, Parameter
from apps.engine.types import moment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    import numpy as np

__all__ = [
    "Bool",
    "Choice",
    "Fill",
    "Float",
    "Int",
    "Line",
    "Order",
    "Parameter",
    "Strategy",
    "crossed_above",
    "crossed_below",
]


class Fill(NamedTuple):
    """What `on_fill` is told: a FILL row as plain values."""

    time: int
    bar: int
    order: int
    instrument: int
    side: int
    quantity: float
    price: float
    fee: float
    gross_pnl: float
    position: float
    average_price: float
    cash: float


class Desk(Protocol):
    """Where a strategy's wishes go; the session implements it."""

    @property
    def index(self) -> int:
        """Number of the bar that just closed, from 0; -1 before the first."""

    @property
    def time(self) -> int:
        """Open of the bar that just closed, microseconds UTC."""

    @property
    def random(self) -> np.random.Generator: ...

    def price_line(self, name: str) -> Line: ...

    def indicator(self, function: Callable[..., Any], arguments: tuple[Any, ...], of: str | Line) -> Any: ...

    def submit(self, side: int, quantity: float, *, reduce_only: bool = False) -> Order: ...

    def submit_on(self, side: int, quantity: float, terms: OrderTerms) -> Order: ...

    def cancel(self, order: Order | None) -> None: ...

    def amend(self, order: Order, changes: dict[str, float]) -> None: ...

    def is_working(self, order: Order) -> bool: ...

    def round_down(self, quantity: float) -> float: ...


class PriceLine:
    """A price of the bars as a line of the strategy.

    It starts to grow when it is first read: a line that nobody reads costs nothing per bar. From then on it is a plain
    attribute of the instance.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: Strategy, owner: type) -> Line: ...
    def __get__(self, instance: Strategy | None, owner: type) -> Self | Line:
        if instance is None:
            return self
        line = instance._desk.price_line(self.name)  # noqa: SLF001 - a part of the strategy
        setattr(instance, self.name, line)
        return line


class Strategy:
    """The base of all strategies. What an author keeps in plain attributes is part of every snapshot."""

    title: ClassVar[str] = ""
    strategy_type: ClassVar[str] = ""
    """The name in the registry and the API; from the class name when empty."""
    look_back: ClassVar[int] = 1000
    """How many bars the lines remember at least."""
    parameters: ClassVar[dict[str, Parameter[Any]]] = {}

    __slots__ = ("_desk", "average_price", "cash", "position")

    open = PriceLine()
    high = PriceLine()
    low = PriceLine()
    close = PriceLine()
    volume = PriceLine()
    position: float
    """Signed quantity: long above 0, short below."""
    average_price: float
    """Volume-weighted entry price of the position; 0.0 when flat."""
    cash: float

    _desk: Desk

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        own = {name: value for name, value in vars(cls).items() if isinstance(value, Parameter)}
        inherited = {name: parameter for name, parameter in cls.parameters.items() if name not in vars(cls)}
        for name in own:
            if hasattr(Strategy, name):
                raise TypeError(f"{cls.__name__} cannot call a parameter {name}: every strategy has that already.")
            delattr(cls, name)  # a plain instance attribute is read faster than one that shadows the class's
        cls.parameters = {**own, **inherited}  # a plain value in place of a parameter closes it
        if not vars(cls).get("strategy_type"):
            cls.strategy_type = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()
        if not vars(cls).get("title"):
            cls.title = cls.strategy_type.replace("_", " ").capitalize()

    # What an author may override

    def init(self) -> None:
        """Declare indicators and starting values. No bar has been seen yet."""

    def on_bar(self) -> None:
        """Decide, at the close of each bar. Orders given here work from the next bar on."""

    def on_fill(self, fill: Fill) -> None:
        """Hear of a fill, at the close of the bar it happened in and before `on_bar`."""

    @classmethod
    def check(cls, values: Mapping[str, Any]) -> dict[str, str]:
        """Problems between parameters that each are right alone: a sentence by field."""
        return {}

    # What an author may ask

    @property
    def index(self) -> int:
        """Number of the bar that just closed, from 0."""
        return self._desk.index

    @property
    def time(self) -> datetime:
        """Open of the bar that just closed, in UTC."""
        return moment(self._desk.time)

    @property
    def equity(self) -> float:
        """Cash and the position at the last close: the bar's row of the equity curve, to the bit."""
        return self.cash + self.position * self.close[-1] if self.position else self.cash

    @property
    def random(self) -> np.random.Generator:
        """Random numbers from the run's seed: the same at every run, and after every resumption."""
        return self._desk.random

    def indicator(self, function: Callable[..., Any], *arguments: Any, of: str | Line = "close") -> Any:
        """A line (or a tuple of lines) of `function` over the bars; only in `init()`.

        The function's leading parameters named open, high, low, close, volume receive these columns; one named
        otherwise receives `of`, a price's name or another line. `arguments` follow. It returns one array, or a tuple
        of arrays, as long as the bars. Raises LookAhead when its past changes with its future.
        """
        return self._desk.indicator(function, arguments, of)

    def size(self, fraction: float) -> float:
        """The quantity that this fraction of the equity pays at the last close, rounded down to the step."""
        return self._desk.round_down(fraction * self.equity / self.close[-1])

    # What an author may do

    def buy(self, quantity: float, **terms: Unpack[OrderTerms]) -> Order:
        """Buy, at market when there are no terms; `OrderTerms` says what they mean.

        The quantity is rounded down to its step, prices to their increment. What cannot be ordered is rejected, and
        logged so; terms that contradict each other raise.
        """
        desk = self._desk
        return desk.submit_on(BUY, float(quantity), terms) if terms else desk.submit(BUY, float(quantity))

    def sell(self, quantity: float, **terms: Unpack[OrderTerms]) -> Order:
        """Sell, on the same terms as `buy()`; more than the position turns it short."""
        desk = self._desk
        return desk.submit_on(SELL, float(quantity), terms) if terms else desk.submit(SELL, float(quantity))

    def target(self, quantity: float) -> Order | None:
        """Order what leads from the present position to this signed one; None when it is there already."""
        if quantity == 0:
            return self.close_position()
        missing = quantity - self.position
        if missing == 0:
            return None
        return self.sell(-missing) if missing < 0 else self.buy(missing)

    def close_position(self) -> Order | None:
        """Leave the market. The order only ever reduces: given twice, it does not open the other side."""
        if not self.position:
            return None
        side = SELL if self.position > 0 else BUY
        return self._desk.submit(side, abs(self.position), reduce_only=True)

    def cancel(self, order: Order) -> None:
        """Take an order back. One that is done already stays done."""
        self._desk.cancel(order)

    def cancel_all(self) -> None:
        """Take back every order that still works."""
        self._desk.cancel(None)

    def amend(self, order: Order, **changes: float) -> None:
        """Change the quantity still to be filled, the limit, the stop (or touch), or the trail of a working order.

        One that is done stays as it was. A change that cannot be is refused, logged so, and the order works on.
        """
        self._desk.amend(order, changes)

    def is_working(self, order: Order) -> bool:
        """Whether an order may still fill, or waits for the fill of its entry."""
        return self._desk.is_working(order)

    # What the engine and the API ask of the class

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        return {name: parameter.default for name, parameter in cls.parameters.items()}

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """The parameters as a JSON Schema, draft 2020-12."""
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": cls.title,
            "description": inspect.cleandoc(cls.__doc__ or ""),
            "type": "object",
            "properties": {name: parameter.schema(name) for name, parameter in cls.parameters.items()},
            "additionalProperties": False,
        }

    @classmethod
    def clean(cls, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Every parameter in its type, defaults filled in. Raises ParameterErrors with every problem at once."""
        values = cls.defaults()
        problems: dict[str, list[str]] = {}
        for name, value in parameters.items():
            if name not in cls.parameters:
                problems[name] = [f"{cls.title} has no parameter {name}. {did_you_mean(name, cls.parameters)}"]
                continue
            try:
                values[name] = cls.parameters[name].read(value)
            except ValueError as problem:
                problems[name] = [str(problem)]
        if not problems:
            problems = {field: [sentence] for field, sentence in cls.check(values).items()}
        if problems:
            raise ParameterErrors(cls.title, problems)
        return values

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
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from apps.engine.desk.lines import Line, crossed_above, crossed_below
from apps.engine.desk.markets import Frame, Market, Trading
from apps.engine.desk.orders import Order
from apps.engine.desk.parameters import Bool, Choice, Float, Int, Parameter, Table
from apps.engine.desk.waking import Crossing, Every, Wake
from apps.engine.errors import ParameterErrors, did_you_mean
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
    "Frame",
    "Int",
    "Line",
    "Market",
    "Order",
    "Parameter",
    "Strategy",
    "Table",
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
    ticket: int = 0


class Strategy(Trading):
    """The base of all strategies. What an author keeps in plain attributes is part of every snapshot.

    Its own prices, position and orders are those of the run's first instrument; `market()` has the others.
    """

    title: ClassVar[str] = ""
    strategy_type: ClassVar[str] = ""
    """The name in the registry and the API; from the class name when empty."""
    look_back: ClassVar[int] = 1000
    """How many bars the lines remember at least."""
    least_instruments: ClassVar[int] = 1
    """How many instruments a run has at least; a session of fewer is refused."""
    fill_rules: ClassVar[Mapping[str, Any]] = {}
    """Fields of `FillRules` that its runs have where nobody says otherwise."""
    parameters: ClassVar[dict[str, Parameter[Any]]] = {}

    __slots__ = ("cash",)

    cash: float
    """All balances in the account's currency."""

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
        """Decide, at the close of each bar of the run's timeframe. Orders given here work from the next row on.

        With several instruments, once for every time at which one of them has a bar.
        """

    def on_tick(self, bid: float, ask: float) -> None:
        """Decide at each tick of the first instrument, or at those that woke the strategy; only of runs on ticks."""

    def on_fill(self, fill: Fill) -> None:
        """Hear of a fill, at the close of the row it happened in and before `on_bar`."""

    @classmethod
    def check(cls, values: Mapping[str, Any]) -> dict[str, str]:
        """Problems between parameters that each are right alone: a sentence by field.

        One that is wrong by itself is not among the values: a KeyError means that nothing more can be told yet.
        """
        return {}

    # What an author may ask

    @property
    def index(self) -> int:
        """Number of the first instrument's last closed bar, from 0; -1 before its first."""
        return self._desk.index

    @property
    def time(self) -> datetime:
        """Open of the bar that just closed (of several instruments, the latest), or the time of the tick, in UTC."""
        return moment(self._desk.time)

    @property
    def equity(self) -> float:
        """Cash and all positions at the last closes: the bar's row of the equity curve, to the bit."""
        return self._desk.equity

    @property
    def hedges(self) -> bool:
        """Whether the account holds long and short positions of an instrument side by side."""
        return self._desk.hedges

    @property
    def random(self) -> np.random.Generator:
        """Random numbers from the run's seed: the same at every run, and after every resumption."""
        return self._desk.random

    @property
    def markets(self) -> tuple[Market, ...]:
        """Every instrument of the run, in its order."""
        return self._desk.markets

    def market(self, symbol: str) -> Market:
        """One of the run's instruments. Raises KeyError, naming those there are."""
        return self._desk.market(symbol)

    # When an author wants to be called

    def wake_on_cross(self, line: Line, other: Line) -> None:
        """Call `on_bar` where one line crosses the other; only in `init()`.

        Once a strategy has said when to be woken it is called there only, and after each of its fills and alerts.
        """
        self._desk.wake(Crossing(line, other))

    def wake_every(self, timeframe: str) -> None:
        """Call `on_bar` where a bar of this timeframe closes, such as "1h"; only in `init()`."""
        self._desk.wake(Every(timeframe))

    def wake_when(self, function: Callable[..., Any], *arguments: Any, of: str | Line = "close") -> None:
        """Call `on_bar` at the bars of which `function` says so; only in `init()`.

        It takes columns as the function of an indicator does, and returns one truth value a bar.
        """
        self._desk.wake(Wake(function, arguments, of))

    def wake_on_alerts(self) -> None:
        """Call `on_bar` (on ticks, `on_tick`) in the first row and at alerts, `on_fill` at fills; only in `init()`."""
        self._desk.wake(None)

    def wake_next(self) -> None:
        """Be called at the next row too, whatever it brings, where the strategy sleeps between its conditions."""
        self._desk.wants_next = True

    def alert(self, price: float, of: str = "bid") -> Order:
        """Be woken in the row whose bid (or ask) gets to this price from where it is now; `cancel()` takes it back."""
        return self._desk.alert(0, price, of)

    # What an author may do

    def tell(self, kind: str, event_type: str = "strategy_signal", **content: Any) -> None:
        """Put an event of one's own on the tape: its kind and plain values by name.

        event_type: what it is to a reader who does not know the kind. Raises TypeError for what is not made of plain
        values, and ValueError for numbers that are not finite.
        """
        self._desk.tell(kind, event_type, content)

    def note(self, ticket: int, **content: Any) -> None:
        """Note down of a ticket what its later trades tell besides their figures; the last note counts."""
        self._desk.note(ticket, content)

    def cancel(self, order: Order) -> None:
        """Take an order back. One that is done already stays done."""
        self._desk.cancel(None, order)

    def cancel_all(self) -> None:
        """Take back every order that still works."""
        self._desk.cancel(None, None)

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
        right = {name: value for name, value in values.items() if name not in problems}
        try:
            contradictions = cls.check(right)
        except KeyError:
            if not problems:
                raise
            contradictions = {}  # it cannot be told before those that are wrong by themselves are right
        problems |= {field: [sentence] for field, sentence in contradictions.items()}
        if problems:
            raise ParameterErrors(cls.title, problems)
        return values

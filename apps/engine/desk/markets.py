"""What an author sees of the run: prices of a timeframe, and an instrument that can be traded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self, Unpack, overload

from apps.engine.desk.orders import BUY, SELL, Order, OrderTerms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np

    from apps.engine.desk.lines import Line, Lines
    from apps.engine.series.timeframes import Timeframe
    from apps.engine.terms import Instrument


class Desk(Protocol):
    """Where a strategy's wishes go; the session implements it. place: number of the listing."""

    @property
    def index(self) -> int:
        """Number of the bar that just closed, from 0; -1 before the first."""

    @property
    def time(self) -> int:
        """Open of the latest bar that has closed, of any instrument, microseconds UTC."""

    @property
    def equity(self) -> float: ...

    @property
    def random(self) -> np.random.Generator: ...

    hedges: bool
    wants_next: bool

    def tell(self, kind: str, event_type: str, content: Mapping[str, Any]) -> None: ...

    def note(self, ticket: int, content: Mapping[str, Any]) -> None: ...

    def rows(self, place: int) -> Frame: ...

    def price_line(self, lines: Lines, name: str) -> Line: ...

    def indicator(
        self, lines: Lines, function: Callable[..., Any], arguments: tuple[Any, ...], of: str | Line
    ) -> Any: ...

    def frame(self, place: int, wanted: str | Timeframe) -> Frame: ...

    def market(self, symbol: str) -> Market: ...

    @property
    def markets(self) -> tuple[Market, ...]: ...

    def submit(self, place: int, side: int, quantity: float, *, reduce_only: bool = False) -> Order: ...

    def submit_on(self, place: int, side: int, quantity: float, terms: OrderTerms) -> Order: ...

    def legs(self, place: int) -> tuple[float, ...]: ...

    def close(self, place: int) -> Order | None: ...

    def cancel(self, place: int | None, order: Order | None) -> None: ...

    def amend(self, order: Order, changes: dict[str, float]) -> None: ...

    def is_working(self, order: Order) -> bool: ...

    def size(self, place: int, value: float) -> float: ...

    def wake(self, condition: Any) -> None: ...

    def alert(self, place: int, price: float, of: str) -> Order: ...

    def instrument(self, place: int) -> Instrument: ...

    def quote(self, place: int) -> tuple[float, float]: ...

    def rate(self, place: int) -> float: ...

    def tickets(self, place: int) -> dict[int, float]: ...


class PriceLine:
    """A price of the bars as a line.

    It starts to grow when it is first read: a line that nobody reads costs nothing per bar. From then on it is a plain
    attribute of the instance.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: Prices, owner: type) -> Line: ...
    def __get__(self, instance: Prices | None, owner: type) -> Self | Line:
        if instance is None:
            return self
        line = instance._desk.price_line(instance._lines, self.name)  # noqa: SLF001 - a part of it
        setattr(instance, self.name, line)
        return line


class Prices:
    """Lines of prices, and of what is computed from them."""

    __slots__ = ("_desk", "_lines")

    open = PriceLine()
    high = PriceLine()
    low = PriceLine()
    close = PriceLine()
    volume = PriceLine()

    _desk: Desk
    _lines: Lines

    def indicator(self, function: Callable[..., Any], *arguments: Any, of: str | Line = "close") -> Any:
        """A line (or a tuple of lines) of `function` over the bars; only in `init()`.

        The function's leading parameters named open, high, low, close, volume receive these columns; one named
        otherwise receives `of`, a price's name or another line. `arguments` follow. It returns one array, or a tuple
        of arrays, as long as the bars. Raises LookAhead when its past changes with its future.
        """
        return self._desk.indicator(self._lines, function, arguments, of)


class Trading(Prices):
    """Prices, a position and orders."""

    __slots__ = ("_place", "average_price", "position")

    _place: int
    position: float
    """Signed quantity: long above 0, short below; both together where they are held side by side."""
    average_price: float
    """Entry price of the position, by which it is worth what was paid; 0.0 when flat."""

    def timeframe(self, wanted: str | Timeframe) -> Frame:
        """The bars of another timeframe, such as "4h": its lines grow when one of them closes. Only in `init()`.

        A text counts on the clock of the run's timeframe and in the sessions of the listing's calendar; a `Timeframe`
        says itself where its bars begin. Of a finer one than the run's, all bars since the last call are there at the
        next `on_bar`. Raises ValueError for one that cannot be made of the instrument's rows.
        """
        return self._desk.frame(self._place, wanted)

    def rows(self) -> Frame:
        """The rows of the data themselves, bars or ticks, whatever the timeframe of the run. Only in `init()`."""
        return self._desk.rows(self._place)

    def size(self, fraction: float) -> float:
        """The quantity that this fraction of the equity pays at the last close, rounded down to the step."""
        return self._desk.size(self._place, fraction * self._desk.equity)

    def buy(self, quantity: float, **terms: Unpack[OrderTerms]) -> Order:
        """Buy, at market when there are no terms; `OrderTerms` says what they mean.

        The quantity is rounded down to its step, prices to their increment. What cannot be ordered is rejected, and
        logged so; terms that contradict each other raise.
        """
        desk, place = self._desk, self._place
        if terms:
            return desk.submit_on(place, BUY, float(quantity), terms)
        return desk.submit(place, BUY, float(quantity))

    def sell(self, quantity: float, **terms: Unpack[OrderTerms]) -> Order:
        """Sell, on the same terms as `buy()`; more than the position turns it short."""
        desk, place = self._desk, self._place
        if terms:
            return desk.submit_on(place, SELL, float(quantity), terms)
        return desk.submit(place, SELL, float(quantity))

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
        return self._desk.close(self._place)

    @property
    def tickets(self) -> dict[int, float]:
        """The signed position of each ticket that is held, by its number."""
        return self._desk.tickets(self._place)

    @property
    def instrument(self) -> Instrument:
        """What is traded: its pip, its steps, its currencies."""
        return self._desk.instrument(self._place)

    @property
    def quote(self) -> tuple[float, float]:
        """Bid and ask now; of bars, which have none, the close and half the spread of the costs either way."""
        return self._desk.quote(self._place)

    @property
    def exchange_rate(self) -> float:
        """Units of the account's currency for one of the instrument's, now."""
        return self._desk.rate(self._place)

    @property
    def legs(self) -> tuple[float, ...]:
        """The long and the short position of an account that hedges; else the one position."""
        return self._desk.legs(self._place)


class Frame(Prices):
    """The bars of one timeframe: `self.trend = self.timeframe("4h")`, `self.trend.close[-1]`."""


class Market(Trading):
    """One of several instruments: `self.market("MSFT")`."""

    __slots__ = ("__dict__", "symbol")

    symbol: str

    def cancel_all(self) -> None:
        """Take back every order of this instrument that still works."""
        self._desk.cancel(self._place, None)

    def alert(self, price: float, of: str = "bid") -> Order:
        """As `Strategy.alert`."""
        return self._desk.alert(self._place, price, of)

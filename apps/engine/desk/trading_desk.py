"""The desk: what a strategy may ask for while it runs. It hands out lines and collects wishes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from apps.engine.desk.columns import computed
from apps.engine.desk.orders import ALERT, BUY, NAN, SELL, Order, made, terms_of_alert
from apps.engine.desk.waking import Wake
from apps.engine.series.quotes import TICK
from apps.engine.types import OrderType

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.engine.desk.frames import Frames
    from apps.engine.desk.lines import Line, Lines
    from apps.engine.desk.markets import Frame, Market
    from apps.engine.desk.orders import OrderTerms
    from apps.engine.listing import Floor
    from apps.engine.series.timeframes import Timeframe
    from apps.engine.types import Array
    from apps.engine.venue.ledger import Ledger

AMENDABLE = {
    OrderType.LIMIT: {"limit"},
    OrderType.STOP: {"stop"},
    OrderType.STOP_LIMIT: {"limit", "stop"},
    OrderType.TRAILING_STOP: {"trail"},
    OrderType.LIMIT_IF_TOUCHED: {"limit", "touch"},
}
LEGS = {"long": 0, "short": 1}
SIDES = {"bid": SELL, "ask": BUY}  # whose price an alert waits for
INFINITY = math.inf


class Cancellation(NamedTuple):
    """order: None for every order of this listing; place: None for every order there is."""

    order: Order | None
    place: int | None


class Amendment(NamedTuple):
    order: Order
    changes: dict[str, float]


ALL_BACK = Cancellation(None, None)


class TradingDesk:
    """The `Desk` of a run.

    wishes: what the strategy asked for in its last callback: an order, a change of one, its end, or a line that is new.
    The callback loop stops for them, and nothing else.
    is_open: whether a callback runs; orders are given from nowhere else.
    now: the row of the run at whose close the strategy is called. seen: the row up to which lines have grown; they
    differ when a fill is told between two bars. The loop knows both.
    """

    def __init__(self, floor: Floor, frames: Frames, ledger: Ledger, *, seed: int, hedges: bool) -> None:
        self._floor = floor
        self._frames = frames
        self._ledger = ledger
        self.hedges = hedges
        self.wishes: list[Order | Cancellation | Amendment | Line] = []
        self.conditions: list[Array | None] = []
        self.declaring = True
        self.is_open = False
        self.now: Callable[[], int] = lambda: -1
        self.seen: Callable[[], int] = lambda: -1
        self.orders_given = 0
        self.random = np.random.Generator(np.random.PCG64(seed))

    @property
    def markets(self) -> tuple[Market, ...]:
        return self._frames.markets

    @property
    def index(self) -> int:
        return self._frames.main.closed - 1

    @property
    def time(self) -> int:
        if self._floor.layout == TICK and (row := self.now()) >= 0:
            return int(self._floor.times[row])
        time = self._frames.time_at(self.seen())
        if time is None:
            raise RuntimeError("There is no time before the first bar has closed.")
        return time

    @property
    def equity(self) -> float:
        return self._ledger.equity_at(self.now())

    # Lines

    def price_line(self, lines: Lines, name: str) -> Line:
        if not len(lines):
            lines.seek(lines.bars_before(self.seen() + 1))
        line = lines.price(name)
        self.wishes.append(line)
        return line

    def indicator(self, lines: Lines, function: Callable[..., Any], arguments: tuple[Any, ...], of: str | Line) -> Any:
        if not self.declaring:
            raise RuntimeError("Indicators are declared in init(), where they are computed once for all bars.")
        name, columns = computed(lines, function, arguments, of)
        first = len(lines)  # makes the names unique
        made = tuple(lines.add(f"{name} {first + i}", column) for i, column in enumerate(columns))
        return made if len(made) > 1 else made[0]

    def frame(self, place: int, wanted: str | Timeframe) -> Frame:
        if not self.declaring:
            raise RuntimeError("Timeframes are declared in init(), where their bars are made once.")
        return self._frames.view(self, place, wanted)

    def market(self, symbol: str) -> Market:
        for market in self.markets:
            if market.symbol == symbol:
                return market
        raise KeyError(f"This run has no instrument {symbol!r}; it has {', '.join(self._floor.symbols)}.")

    def wake(self, condition: Any) -> None:
        if not self.declaring:
            raise RuntimeError("When to be woken is said in init().")
        lines = self._frames.main
        if condition is None:
            self.conditions.append(None)
        elif isinstance(condition, Wake):
            _, columns = computed(lines, condition.function, condition.arguments, condition.of)
            self.conditions.append(columns[0] == 1.0)
        else:
            self.conditions.append(condition.bars(lines, self._floor))

    # Orders

    def submit(self, place: int, side: int, quantity: float, *, reduce_only: bool = False) -> Order:
        if not self.is_open:
            self._refuse()
        self.orders_given += 1
        holding = place
        if self.hedges or place:
            holding = self._holding(place, side, None)
        order = Order(self.orders_given, side, quantity, reduce_only=reduce_only, holding=holding)
        self.wishes.append(order)
        return order

    def submit_on(self, place: int, side: int, quantity: float, terms: OrderTerms) -> Order:
        if not self.is_open:
            self._refuse()
        orders = made(self.orders_given + 1, side, quantity, terms, self._holding(place, side, terms.get("leg")))
        self.orders_given += len(orders)
        self.wishes += orders
        return orders[0]

    def close(self, place: int) -> Order | None:
        """An order for each position there is; the last of them, None for none."""
        order = None
        for leg, position in enumerate(self.legs(place)):
            if position:
                side = SELL if position > 0 else BUY
                order = self.submit(place, side, abs(position), reduce_only=True)
                order.holding = 2 * place + leg if self.hedges else place
        return order

    def legs(self, place: int) -> tuple[float, ...]:
        ledger = self._ledger
        if self.hedges:
            return ledger.position(2 * place), ledger.position(2 * place + 1)
        return (ledger.position(place),)

    def alert(self, place: int, price: float, of: str) -> Order:
        if not self.is_open:
            self._refuse()
        side = SIDES.get(of)
        if side is None:
            raise ValueError(f'An alert is of "bid" or of "ask", not of {of!r}.')
        if not 0.0 < price < INFINITY:
            raise ValueError(f"An alert is for a price above 0, not for {price}.")
        self.orders_given = number = self.orders_given + 1
        holding = self._holding(place, side, None) if self.hedges or place else place
        terms = terms_of_alert(float(price))
        order = Order(number, side, NAN, reduce_only=False, holding=holding, order_type=ALERT, terms=terms)
        self.wishes.append(order)
        return order

    def cancel(self, place: int | None, order: Order | None) -> None:
        if not self.is_open:
            self._refuse()
        if order is not None and not isinstance(order, Order):
            raise TypeError(f"cancel() takes the order that buy() or sell() gave, not {order!r}.")
        self.wishes.append(ALL_BACK if order is None and place is None else Cancellation(order, place))

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

    def size(self, place: int, value: float) -> float:
        return self._ledger.quantity_for(value, place, self.now())

    def _holding(self, place: int, side: int, leg: str | None) -> int:
        """The row of the position that an order is for. Raises ValueError for one that nothing can be ordered for."""
        if not self._floor.listings[place].is_traded:
            raise ValueError(f"{self._floor.symbols[place]} is data only in this run; it cannot be traded.")
        if leg is not None and not self.hedges:
            raise ValueError("leg= is for an account that hedges; this one has one position an instrument.")
        if not self.hedges:
            return place
        if leg is not None and leg not in LEGS:
            raise ValueError(f'leg is "long" or "short", not {leg!r}.')
        return 2 * place + (LEGS[leg] if leg is not None else int(side < 0))

    def _refuse(self) -> None:
        if self.declaring:
            raise RuntimeError("No order can be given in init(): no bar has closed yet.")
        raise RuntimeError("Orders are given in on_bar(), on_tick() and on_fill(); nothing is traded between two bars.")

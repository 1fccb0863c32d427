"""The desk: what a strategy may ask for while it runs. It hands out lines and collects wishes."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from apps.engine.desk.columns import computed
from apps.engine.desk.lines import Line
from apps.engine.desk.orders import ALERT, BUY, NAN, SELL, Order, made, terms_of_alert
from apps.engine.desk.waking import Wake
from apps.engine.errors import did_you_mean
from apps.engine.series.quotes import TICK
from apps.engine.types import BAR, OrderType, Told

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from apps.engine.desk.frames import Frames
    from apps.engine.desk.lines import Lines
    from apps.engine.desk.markets import Frame, Market
    from apps.engine.desk.orders import OrderTerms
    from apps.engine.listing import Floor
    from apps.engine.series.timeframes import Timeframe
    from apps.engine.types import Array, Instrument
    from apps.engine.venue.ledger import Ledger

AMENDABLE = {
    OrderType.LIMIT: {"limit"},
    OrderType.STOP: {"stop"},
    OrderType.STOP_LIMIT: {"limit", "stop"},
    OrderType.TRAILING_STOP: {"trail"},
    OrderType.LIMIT_IF_TOUCHED: {"limit", "touch"},
}
LEGS = {"long": 0, "short": 1}
EVENT_TYPES = ("strategy_signal", "status_changed", "strategy_stopped")
KIND = re.compile(r"[a-z][a-z0-9_]{0,31}")
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
    told: what the strategy said since the last `advance()`. notes: of its tickets, each with how
    many trades had been closed by then.
    """

    def __init__(self, floor: Floor, frames: Frames, ledger: Ledger, *, seed: int, hedges: bool) -> None:
        self._floor = floor
        self._frames = frames
        self._ledger = ledger
        self.hedges = hedges
        self.wishes: list[Order | Cancellation | Amendment | Line] = []
        self.conditions: list[tuple[Lines, Array] | None] = []
        self.declaring = True
        self.is_open = False
        self.now: Callable[[], int] = lambda: -1
        self.seen: Callable[[], int] = lambda: -1
        self.orders_given = 0
        self.wants_next = False  # to be called at the next row
        self.fill_time: int | None = None  # of the fill that the strategy is hearing of
        self.told: list[Told] = []
        self.notes: dict[int, list[tuple[int, str]]] = {}
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

    # The market

    def instrument(self, place: int) -> Instrument:
        return self._floor.listings[place].instrument

    def quote(self, place: int) -> tuple[float, float]:
        row = self._floor.series[self.now(), place]
        if self._floor.layout == BAR:
            half = self._half_spread(place)
            return float(row["close"]) - half, float(row["close"]) + half
        ends = ("bid", "ask") if self._floor.layout == TICK else ("bid_close", "ask_close")
        return float(row[ends[0]]), float(row[ends[1]])

    def rate(self, place: int) -> float:
        return self._ledger.rate_at(place, self.now())

    def tell(self, kind: str, event_type: str, content: Mapping[str, Any]) -> None:
        if not self.is_open:
            raise RuntimeError("A strategy tells what happens in on_bar(), on_tick() and on_fill().")
        if event_type not in EVENT_TYPES:
            raise ValueError(f"There is no event type {event_type!r}. {did_you_mean(event_type, EVENT_TYPES)}")
        if not KIND.fullmatch(kind):
            raise ValueError(f"{kind!r} is no kind of event: it is up to 32 small letters, digits and underscores.")
        time = self.time if self.fill_time is None else self.fill_time
        told = Told(time, self.now(), self._ledger.logged, event_type, kind, _json(content))
        self.told.append(told)

    def note(self, ticket: int, content: Mapping[str, Any]) -> None:
        self.notes.setdefault(ticket, []).append((self._ledger.traded, _json(content)))

    def _half_spread(self, place: int) -> float:
        """Bars are the middle of a book whose spread only the costs know."""
        return self._ledger.spread(place) / 2.0 if self._floor.layout == BAR else 0.0

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

    def rows(self, place: int) -> Frame:
        if not self.declaring:
            raise RuntimeError("The frame of the rows is asked for in init().")
        return self._frames.view(self, place, None)

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
            if isinstance(condition.of, Line):
                lines = self._frames.lines_of(condition.of)
            _, columns = computed(lines, condition.function, condition.arguments, condition.of)
            self.conditions.append((lines, columns[0] == 1.0))
        else:
            self.conditions.append((lines, condition.bars(lines, self._floor)))

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
        if terms.get("ticket"):
            holding = self._ticket(place, side, terms)
        else:
            holding = self._holding(place, side, terms.get("leg"))
        orders = made(self.orders_given + 1, side, quantity, terms, holding)
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
        for number, position in self._ledger.tickets(place).items():
            order = self.submit_on(place, SELL if position > 0 else BUY, abs(position), {"ticket": number})
        return order

    def tickets(self, place: int) -> dict[int, float]:
        return self._ledger.tickets(place)

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
        half = self._half_spread(place)  # what bars show is the middle
        terms = terms_of_alert(float(price) + (half if side == SELL else -half))
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

    def _ticket(self, place: int, side: int, terms: OrderTerms) -> int:
        """The row of a position of its own: a new one, or the one that an earlier order opened."""
        if not self._floor.listings[place].is_traded:
            raise ValueError(f"{self._floor.symbols[place]} is data only in this run; it cannot be traded.")
        if "leg" in terms:
            raise ValueError("An order is for a ticket or for a leg, not for both.")
        wanted = terms["ticket"]
        if wanted is True:
            asked = {wish.holding for wish in self.wishes if type(wish) is Order}
            return self._ledger.open_ticket(place, side, self.orders_given + 1, asked)
        return self._ledger.row_of_ticket(wanted.id if isinstance(wanted, Order) else int(wanted))

    def details_of(self, tickets: list[int]) -> list[str]:
        """What had been noted down of each of these trades' tickets when it was closed, whatever was noted since."""
        found = []
        for place, number in enumerate(tickets):
            known = [text for before, text in self.notes.get(number, ()) if before <= place]
            found.append(known[-1] if known else "")
        held = self._ledger.numbers_in_use()
        self.notes = {number: [(0, texts[-1][1])] for number, texts in self.notes.items() if number in held}
        return found

    def _refuse(self) -> None:
        if self.declaring:
            raise RuntimeError("No order can be given in init(): no bar has closed yet.")
        raise RuntimeError("Orders are given in on_bar(), on_tick() and on_fill(); nothing is traded between two bars.")


def _json(content: Mapping[str, Any]) -> str:
    """Raises TypeError or ValueError for what JSON has no spelling of."""
    return json.dumps(content, separators=(",", ":"), allow_nan=False, ensure_ascii=False)

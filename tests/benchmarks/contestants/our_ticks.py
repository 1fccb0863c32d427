"""Our engine on ticks: the layers of w4 by a class that is called on every tick, and by one that alerts wake."""

import math
from collections.abc import Callable

from apps.engine.listing import Listing
from apps.engine.session import Session
from apps.engine.strategy import Fill, Strategy
from apps.engine.types import Array, FillRules, Instrument

STEP, PROFIT, LOSS = 0.0009987, 0.0009987, 0.0029987
QUANTITY, LAYERS = 1000.0, 5
PAIR = Instrument("EURUSD", price_increment=0.00001, pip_size=0.0001)
AT_THE_TICK = FillRules(market_at_close=True)


class Layers(Strategy):
    """A layer when flat and a further one at each step down; all out at the target, or at the floor when full."""

    def init(self) -> None:
        self.leave()

    def leave(self) -> None:
        self.layers, self.cost = 0, 0.0
        self.next, self.target, self.floor = math.inf, math.inf, -math.inf

    def on_tick(self, bid: float, ask: float) -> None:
        if ask <= self.next or bid >= self.target or bid <= self.floor:
            self.trade(bid, ask)

    def trade(self, bid: float, ask: float) -> None:
        if bid >= self.target or bid <= self.floor:
            self.close_position()
            self.leave()
            return
        self.buy(QUANTITY)
        self.layers += 1
        self.cost += ask * QUANTITY
        self.target = self.cost / (self.layers * QUANTITY) + PROFIT
        self.next = ask - STEP if self.layers < LAYERS else -math.inf
        self.floor = -math.inf if self.layers < LAYERS else ask - LOSS


class WokenLayers(Strategy):
    """The same, called at its alerts and after its fills only."""

    def init(self) -> None:
        self.wake_on_alerts()
        self.next = -math.inf

    def on_tick(self, bid: float, ask: float) -> None:
        if not self.position or ask <= self.next:
            self.buy(QUANTITY)
        else:
            self.close_position()

    def on_fill(self, fill: Fill) -> None:
        self.cancel_all()
        if not fill.position:
            self.buy(QUANTITY)
            return
        is_full = fill.position == LAYERS * QUANTITY
        self.next = -math.inf if is_full else fill.price - STEP
        self.alert(fill.average_price + PROFIT)
        if is_full:
            self.alert(fill.price - LOSS)
        else:
            self.alert(self.next, of="ask")


def w4(ticks: Array) -> Callable[[], tuple[int, float]]:
    listing = Listing(PAIR, ticks)
    return lambda: played(Layers, listing)


def w4_alerts(ticks: Array) -> Callable[[], tuple[int, float]]:
    listing = Listing(PAIR, ticks)
    return lambda: played(WokenLayers, listing)


def played(strategy: type[Strategy], listing: Listing) -> tuple[int, float]:
    """Cycles and the final equity."""
    run = Session(strategy, {}, listing, cash=10_000.0, rules=AT_THE_TICK)
    cycles = len(run.advance(run.total).trades)
    return cycles, run.metrics()["final_equity"]

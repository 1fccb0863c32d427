"""The rules of orders once more, slow and plain: whole increments and steps, and no kernel.

Written from the words of `apps.engine.venue.matching`, `intrabar` and `orders`, to be compared with the engine on
random order streams. It knows one instrument, bars of one or of both sides of the book, and slippage in ticks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.tickets import Candle, Ticket

DAY = 86_400_000_000
STOPS, MARKETS = ("stop", "stop_limit", "trailing_stop"), ("market", "market_on_open", "market_on_close")


@dataclass
class Reference:
    candles: list[Candle]
    asks: list[Candle] | None = None  # where these are given, the others are bids
    intrabar: str = "pessimistic"
    exit_in_entry_bar: bool = True
    market_at_close: bool = False
    volume_share: float = 0.0
    latency: int = 0
    seconds: int = 0  # of latency, from the tick that an order was given at
    slippage_ticks: int = 0
    tickets: list[Ticket] = field(default_factory=list)
    events: list[tuple[Any, ...]] = field(default_factory=list)
    fills: list[tuple[Any, ...]] = field(default_factory=list)
    position: int = 0
    ambiguous: int = 0
    left: float = math.inf
    bar: int = -1

    # orders

    def place(self, ticket: Ticket) -> None:
        ticket.group = ticket.group or ticket.id
        entry = next((each for each in self.live() if each.id == ticket.parent), None)
        if ticket.parent and entry is None:
            self.tell(ticket, "REJECTED", "ENTRY_DONE")
            return
        if entry is not None and self.on_wrong_side(entry, ticket):
            self.tell(ticket, "REJECTED", "PROTECTION_ON_WRONG_SIDE")
            self.end(entry, "CANCELLED", "PROTECTION_ON_WRONG_SIDE")
            return
        ticket.state = "waiting" if ticket.parent else "working"
        ticket.active_from = self.arrival()
        ticket.best = self.shown(ticket).close
        self.trail(ticket)
        if ticket.tif == "DAY" and ticket.active_from < len(self.candles):
            ticket.until = (self.candles[ticket.active_from].time // DAY + 1) * DAY
        self.tickets.append(ticket)
        self.tell(ticket, "SUBMITTED")

    def shown(self, ticket: Ticket, bar: int | None = None) -> Candle:
        """What a bar, or else the present one, shows of the side that an order trades at."""
        side = self.asks if self.asks and ticket.side > 0 else self.candles
        return side[self.bar if bar is None else bar]

    def arrival(self) -> int:
        bar = self.bar + 1 + self.latency
        while self.seconds and bar < len(self.candles):
            if self.candles[bar].time >= self.candles[self.bar].time + self.seconds * 1_000_000:
                break
            bar += 1
        return bar

    def on_wrong_side(self, entry: Ticket, ticket: Ticket) -> bool:
        close = self.shown(entry).close
        expected = entry.limit if entry.limit is not None else entry.stop if entry.type == "stop" else close
        if ticket.type == "stop":
            return (ticket.stop - expected) * ticket.side <= 0
        return ticket.type == "limit" and (expected - ticket.limit) * ticket.side <= 0

    def cancel(self, number: int) -> None:
        for ticket in self.live():
            if ticket.id == number:
                self.end(ticket, "CANCELLED")

    def amend(self, number: int, **changes: int) -> None:
        for ticket in self.live():
            if ticket.id == number:
                for name, value in changes.items():
                    setattr(ticket, name, value)
                self.trail(ticket)
                if ticket.state == "working":
                    ticket.active_from = self.arrival()
                self.tell(ticket, "AMENDED")

    def live(self) -> list[Ticket]:
        return [each for each in self.tickets if each.state != "done"]

    def working(self) -> list[Ticket]:
        return [each for each in self.tickets if each.state == "working" and each.active_from <= self.bar]

    def tell(self, ticket: Ticket, kind: str, reason: str = "NONE", quantity: int | None = None) -> None:
        left = ticket.quantity if quantity is None else quantity
        self.events.append((self.bar, ticket.id, kind, reason, left, self.position))

    def end(self, ticket: Ticket, kind: str, reason: str = "NONE") -> None:
        ticket.state = "done"
        self.tell(ticket, kind, reason)
        for each in self.live():
            if each.parent == ticket.id and each.state == "waiting":
                each.state = "done"
                self.tell(each, "CANCELLED", "ENTRY_DONE")

    # prices

    def stops(self, ticket: Ticket) -> bool:
        return ticket.type in STOPS and not ticket.triggered

    def level(self, ticket: Ticket) -> int:
        return ticket.limit if ticket.type == "limit" or self.rests(ticket) else ticket.stop

    def rests(self, ticket: Ticket) -> bool:
        return ticket.type == "limit" or (ticket.type in ("stop_limit", "limit_if_touched") and ticket.triggered)

    def priced(self, ticket: Ticket) -> bool:
        return self.rests(ticket) or self.stops(ticket) or ticket.type == "limit_if_touched"

    def up(self, ticket: Ticket) -> bool:
        return (ticket.side > 0) == self.stops(ticket)

    def beyond(self, price: int, ticket: Ticket) -> bool:
        level = self.level(ticket)
        if level is None:
            return False
        return price >= level if self.up(ticket) else price <= level

    def trail(self, ticket: Ticket) -> None:
        if ticket.type != "trailing_stop" or ticket.best is None:
            return
        distance = ticket.trail if ticket.trail is not None else ticket.best * ticket.trail_fraction
        if ticket.side > 0:
            ticket.stop = math.ceil(ticket.best + distance - 1e-7)
        else:
            ticket.stop = math.floor(ticket.best - distance + 1e-7)

    # a bar

    def run(self, decide: Callable[[Reference, int], None]) -> None:
        for bar in range(len(self.candles)):
            self.bar = bar
            self.play()
            decide(self, bar)
        for ticket in self.live():
            ticket.state = "done"
            self.tell(ticket, "EXPIRED")

    def play(self) -> None:
        candle = self.candles[self.bar]
        self.left = math.floor(self.volume_share * candle.volume + 1e-9) if self.volume_share else math.inf
        for ticket in self.tickets:
            if ticket.state == "done":
                continue
            if ticket.until is not None and ticket.until <= candle.time:
                self.end(ticket, "EXPIRED")
            elif self.arrives_now(ticket) and ticket.post_only and self.beyond(self.shown(ticket).open, ticket):
                self.end(ticket, "CANCELLED", "WOULD_TAKE")
        self.play_open()
        for ticket in self.working():
            if ticket.state == "working" and ticket.tif in ("IOC", "FOK"):
                self.end(ticket, "CANCELLED", "NOT_FILLED_AT_ONCE")
        if any(self.fillable(each) and self.may(each) for each in self.working()):
            by_rank = self.intrabar in ("pessimistic", "optimistic")
            self.ambiguous += self.play_ranks() if by_rank else self.play_path(candle)
        last = self.bar + 1 == len(self.candles) or self.day(self.bar + 1) != self.day(self.bar)
        for ticket in self.working():
            if ticket.state == "working" and ticket.type == "market_on_close" and last and self.left > 0:
                self.execute(ticket, self.shown(ticket).close, taking=True, inside=True)
        for ticket in self.live():
            if ticket.type == "trailing_stop" and ticket.state == "working" and not ticket.triggered:
                self.follow(ticket)
        self.tickets = self.live()

    def arrives_now(self, ticket: Ticket) -> bool:
        return ticket.state == "working" and ticket.active_from == self.bar

    def day(self, bar: int) -> int:
        return self.candles[bar].time // DAY

    def follow(self, ticket: Ticket) -> None:
        candle = self.shown(ticket)
        price = candle.close
        if ticket.trails_extremes and (ticket.born is None or ticket.born[0] != self.bar):
            price = candle.low if ticket.side > 0 else candle.high
        if ticket.best is None:
            ticket.best = price
        ticket.best = min(ticket.best, price) if ticket.side > 0 else max(ticket.best, price)
        self.trail(ticket)

    def at_any_open(self, ticket: Ticket) -> bool:
        if ticket.type == "market_on_open":
            return self.bar == 0 or self.day(self.bar) != self.day(self.bar - 1)
        return ticket.type == "market" or (ticket.type in ("stop", "trailing_stop") and ticket.triggered)

    def play_open(self) -> None:
        while True:
            first = [each for each in self.working() if self.at_any_open(each) and self.left > 0]
            gaps = [each for each in self.working() if self.fillable(each) and self.beyond(self.shown(each).open, each)]
            queue = (
                [each for each in first if each.reduce_only] + [each for each in first if not each.reduce_only] + gaps
            )
            if not queue:
                return
            ticket = queue[0]
            price = self.shown(ticket).open
            if ticket.type == "market" and self.market_at_close:
                price = self.shown(ticket, self.bar - 1).close
            if ticket.type in ("stop_limit", "limit_if_touched") and not ticket.triggered:
                ticket.triggered = True
                self.tell(ticket, "TRIGGERED")
                continue
            taking = not self.rests(ticket) or ticket.active_from == self.bar
            if self.stops(ticket):
                ticket.triggered = True
            if self.left > 0:
                self.execute(ticket, price, taking=taking, inside=False)

    def fillable(self, ticket: Ticket) -> bool:
        return self.priced(ticket) and (self.left > 0 or not self.rests(ticket))

    def may(self, ticket: Ticket) -> bool:
        candle = self.shown(ticket)
        if ticket.born and ticket.born[0] == self.bar and self.beyond(ticket.born[1], ticket):
            return True
        return self.beyond(candle.high if self.up(ticket) else candle.low, ticket)

    def must(self, ticket: Ticket) -> bool:
        """Every path from the open over both extremes to the close meets the price after the order's birth."""
        if not ticket.born or ticket.born[0] != self.bar:
            return self.may(ticket)
        candle = self.shown(ticket)
        birth = ticket.born[1]
        if self.beyond(birth, ticket) or self.beyond(candle.close, ticket):
            return True
        on_the_way = candle.open <= birth if self.up(ticket) else candle.open >= birth
        return on_the_way and self.may(ticket)

    def unclear(self) -> bool:
        reached = [each for each in self.working() if self.fillable(each) and self.may(each)]
        return len({self.up(each) for each in reached}) == 2 or not all(self.must(each) for each in reached)

    def play_ranks(self) -> bool:
        unclear = False
        while True:
            unclear = unclear or self.unclear()
            queue = []
            for place, ticket in enumerate(self.working()):
                opens = not ticket.reduce_only and self.position * ticket.side >= 0
                preferred = self.stops(ticket) == (self.intrabar == "pessimistic")
                rank = 0 if opens else 1 if preferred else 2
                test = self.may if rank == 1 else self.must
                if self.fillable(ticket) and test(ticket):
                    queue.append((rank, abs(self.level(ticket) - self.shown(ticket).open), place, ticket))
            if not queue:
                return unclear
            ticket = min(queue)[3]
            price = self.level(ticket)
            if ticket.born and ticket.born[0] == self.bar and self.beyond(ticket.born[1], ticket):
                price = ticket.born[1]
            self.reach(ticket, price)

    def play_path(self, candle: Candle) -> bool:
        rising = candle.high - candle.open <= candle.open - candle.low
        high_first = {
            "ohlc": True,
            "olhc": False,
            "colour": candle.close < candle.open,
            "counter_colour": not candle.close < candle.open,
            "nearest": rising,
            "farthest": not rising,
        }[self.intrabar]
        turns = [candle.high, candle.low] if high_first else [candle.low, candle.high]
        unclear, price = False, candle.open
        for goal in (*turns, candle.close):
            while True:
                unclear = unclear or self.unclear()
                queue = []
                for place, ticket in enumerate(self.working()):
                    if self.fillable(ticket) and (self.beyond(price, ticket) or self.beyond(goal, ticket)):
                        far = 0 if self.beyond(price, ticket) else abs(self.level(ticket) - price)
                        queue.append((far, not self.stops(ticket), place, ticket))
                if not queue:
                    break
                far, _, _, ticket = min(queue)
                price = price if far == 0 else self.level(ticket)
                self.reach(ticket, price)
            price = goal
        return unclear

    def reach(self, ticket: Ticket, price: int) -> None:
        if ticket.type in ("stop_limit", "limit_if_touched") and not ticket.triggered:
            ticket.triggered = True
            ticket.born = (self.bar, price)
            self.tell(ticket, "TRIGGERED")
            return
        taking = self.stops(ticket) or ticket.born == (self.bar, price)
        ticket.triggered = True
        if self.left > 0:
            self.execute(ticket, price, taking=taking, inside=True)

    # fills

    def execute(self, ticket: Ticket, price: int, *, taking: bool, inside: bool) -> None:
        if ticket.reduce_only and self.position * ticket.side >= 0:
            self.end(ticket, "CANCELLED", "NOTHING_TO_CLOSE")
            return
        wanted = min(ticket.quantity, abs(self.position)) if ticket.reduce_only else ticket.quantity
        quantity = int(min(wanted, self.left))
        if ticket.tif == "FOK" and quantity < wanted:
            self.end(ticket, "CANCELLED", "NOT_FILLED_AT_ONCE")
            return
        market = price
        if taking and not self.rests(ticket):
            price = max(price + ticket.side * self.slippage_ticks, 1)
        self.left -= quantity
        ticket.quantity -= quantity
        kind = "FILLED" if quantity == wanted else "PARTIALLY_FILLED"
        ticket.state = "done" if kind == "FILLED" else "working"
        closing = min(quantity, abs(self.position)) if self.position * ticket.side < 0 else 0
        if closing:
            self.book(ticket, closing, price, "PARTIALLY_FILLED" if quantity > closing else kind)
        if quantity > closing:
            self.book(ticket, quantity - closing, price, kind)
        self.tell_group(ticket, quantity)
        self.activate(ticket, market, inside=inside)

    def book(self, ticket: Ticket, quantity: int, price: int, kind: str) -> None:
        self.position += ticket.side * quantity
        self.fills.append((self.bar, ticket.id, ticket.side, quantity, price, self.position))
        self.tell(ticket, kind, quantity=quantity)
        if self.position == 0:
            for each in self.live():
                if each.reduce_only and each.state == "working":
                    self.end(each, "CANCELLED", "NOTHING_TO_CLOSE")

    def tell_group(self, ticket: Ticket, quantity: int) -> None:
        for each in self.tickets:
            if each.state == "done" or each is ticket:
                continue
            kinds = {ticket.group_kind, each.group_kind} - {""}
            if each.id == ticket.parent:
                self.end(each, "CANCELLED", "EXIT_FILLED")
            elif each.group == ticket.group and kinds:
                if (kinds == {"oco"} and each.quantity) or each.quantity <= quantity:
                    self.end(each, "CANCELLED", "GROUP_FILLED")
                else:
                    each.quantity -= quantity
                    self.tell(each, "AMENDED", "GROUP_FILLED")

    def activate(self, entry: Ticket, price: int, *, inside: bool) -> None:
        at_once = self.exit_in_entry_bar and entry.type != "market_on_close"
        for each in self.live():
            if each.parent == entry.id and each.state == "waiting":
                each.state = "working"
                each.active_from = self.bar if at_once else self.bar + 1
                own, other = self.shown(entry), self.shown(each)
                level = price + other.open - own.open
                if inside:
                    level = min(max(level, other.low), other.high)
                each.born = (self.bar, level) if inside else None
                each.best = level if at_once else None
                each.stop = None if each.type == "trailing_stop" else each.stop
                self.trail(each)
                self.tell(each, "ACTIVATED")

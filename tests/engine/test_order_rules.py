"""The kernel against the plain re-statement of its rules, on random bars and random order streams."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from apps.engine.types import (
    BAR,
    EPOCH,
    Costs,
    FillRules,
    Instrument,
    Intrabar,
    OrderEventKind,
    OrderType,
    RejectionReason,
)
from tests.engine.reference import Reference
from tests.engine.runs import HOUR, MONDAY, bits, in_pieces, session_of
from tests.engine.tickets import Candle, Ticket

if TYPE_CHECKING:
    from apps.engine.session import Session
    from apps.engine.strategy import Order, Strategy
    from apps.engine.types import Array

TICK = 0.01
RUNS = 300  # per rule
BARS = 60


class Stream:
    """Random bars on the grid of prices, and what is ordered at each close: the same for engine and re-statement."""

    def __init__(self, seed: int, intrabar: str) -> None:
        self.random = random = np.random.default_rng(seed)
        self.rules = FillRules(
            intrabar=intrabar,
            exit_in_entry_bar=bool(random.random() < 0.7),
            market_at_close=bool(random.random() < 0.2),
            volume_share=0.5 if random.random() < 0.3 else 0.0,
            latency_bars=int(random.random() < 0.2),
        )
        self.slippage = int(random.integers(0, 3))
        self.candles = self._candles()
        self.actions = [self._actions(bar) for bar in range(BARS)]

    def _candles(self) -> list[Candle]:
        random, candles, close, time = self.random, [], 10_000, MONDAY
        for _ in range(BARS):
            opened = close + int(random.normal(0, 12)) * int(random.random() < 0.4)
            path = opened + np.cumsum(random.integers(-12, 13, 6))
            close = int(path[-1])
            high, low = max(opened, int(path.max())), min(opened, int(path.min()))
            candles.append(Candle(time, opened, high, low, close, float(random.integers(0, 14))))
            time += HOUR * int(random.integers(1, 8))
        return candles

    def _actions(self, bar: int) -> list[tuple[str, Any]]:
        random = self.random
        actions: list[tuple[str, Any]] = []
        while random.random() < 0.45:
            lot = random.random()
            if lot < 0.7:
                actions.append(("order", self._order(bar)))
            elif lot < 0.8:
                actions.append(("close", None))
            elif lot < 0.9:
                actions.append(("cancel", int(random.integers(0, 4))))
            else:
                actions.append(("amend", (int(random.integers(0, 4)), int(random.integers(-30, 31)))))
        return actions

    def _order(self, bar: int) -> dict[str, Any]:
        random, close = self.random, self.candles[bar].close
        side = 1 if random.random() < 0.5 else -1
        kind = random.choice(["market", "limit", "stop", "stop_limit", "touch", "trail", "fraction", "open", "close"])
        order: dict[str, Any] = {"side": side, "quantity": int(random.integers(1, 9)), "kind": str(kind)}
        near = int(random.integers(-4, 30))
        order["limit"] = close - side * near
        order["stop"] = close + side * near
        if kind == "stop_limit":
            order["limit"] = order["stop"] + side * int(random.integers(-10, 10))
        if kind == "touch":
            order["stop"] = close - side * near
            order["limit"] = order["stop"] + side * int(random.integers(-6, 6))
        order["trail"] = int(random.integers(5, 30))
        order["extreme"] = bool(random.random() < 0.5)
        order["reduce_only"] = bool(random.random() < 0.2)
        tifs = ["GTC", "DAY", "GTD", *(["IOC", "FOK"] if kind in ("market", "limit") else [])]
        order["tif"] = str(random.choice(tifs))
        order["until"] = self.candles[bar].time + HOUR * int(random.integers(1, 40))
        order["post_only"] = bool(kind == "limit" and order["tif"] not in ("IOC", "FOK") and random.random() < 0.2)
        order["group"] = str(random.choice(["", "", "oco", "ouo"]))
        order["protection"] = str(random.choice(["", "", "sl", "tp", "both", "trail"]))
        order["sl"], order["tp"] = int(random.integers(-2, 25)), int(random.integers(-2, 25))
        return order

    # the engine's side

    def session(self) -> Session:
        bars = np.zeros(BARS, BAR)
        for i, candle in enumerate(self.candles):
            prices = (candle.open / 100, candle.high / 100, candle.low / 100, candle.close / 100)
            bars[i] = (candle.time, *prices, candle.volume)
        actions = self.actions

        def on_bar(strategy: Strategy) -> None:
            if strategy.index == 0:
                strategy.given = []
            for verb, value in actions[strategy.index]:
                order(strategy, verb, value)

        return session_of(
            on_bar,
            bars,
            instrument=Instrument("TEST", price_increment=TICK),
            cash=100_000,
            costs=Costs(slippage_ticks=self.slippage),
            rules=self.rules,
        )

    # the re-statement's side

    def reference(self) -> Reference:
        rules = self.rules
        reference = Reference(
            self.candles,
            intrabar=rules.intrabar,
            exit_in_entry_bar=rules.exit_in_entry_bar,
            market_at_close=rules.market_at_close,
            volume_share=rules.volume_share,
            latency=rules.latency_bars,
            slippage_ticks=self.slippage,
        )
        given: list[list[Ticket]] = []
        closes = [candle.close for candle in self.candles]
        reference.run(lambda book, bar: [tickets(book, given, *each, closes[bar]) for each in self.actions[bar]])
        return reference


def order(strategy: Any, verb: str, value: Any) -> None:
    """Carry an action out as an author would; prices are sums of floats that may miss the grid by a bit."""
    given: list[Order] = strategy.given
    if verb == "close":
        closing = strategy.close_position()
        if closing:
            given.append(closing)
    elif verb == "cancel":
        if value < len(given):
            strategy.cancel(given[-1 - value])
    elif verb == "amend":
        back, shift = value
        if back < len(given) and given[-1 - back].type in (OrderType.LIMIT, OrderType.STOP):
            name = "limit" if given[-1 - back].type == OrderType.LIMIT else "stop"
            price = round(strategy.close[-1] * 100) + shift
            strategy.amend(given[-1 - back], **{name: price * TICK}, quantity=3)
    else:
        give = strategy.buy if value["side"] > 0 else strategy.sell
        given.append(give(value["quantity"], **terms(value, given)))


def terms(value: dict[str, Any], given: list[Order]) -> dict[str, Any]:
    prices: dict[str, dict[str, Any]] = {
        "market": {},
        "limit": {"limit": value["limit"] * TICK},
        "stop": {"stop": value["stop"] * TICK},
        "stop_limit": {"limit": value["limit"] * TICK, "stop": value["stop"] * TICK},
        "touch": {"limit": value["limit"] * TICK, "touch": value["stop"] * TICK},
        "trail": {"trail": value["trail"] * TICK},
        "fraction": {"trail_fraction": value["trail"] / 10_000},
        "open": {"at": "open"},
        "close": {"at": "close"},
    }
    made = dict(prices[value["kind"]])
    if value["extreme"]:
        made["trail_on"] = "extreme"
    if value["reduce_only"]:
        made["reduce_only"] = True
    made["tif"] = value["tif"]
    if value["tif"] == "GTD":
        made["until"] = EPOCH + timedelta(microseconds=value["until"])
    if value["post_only"]:
        made["post_only"] = True
    if value["group"] and given:
        made[value["group"]] = given[-1]
    if value["protection"] and not value["reduce_only"]:
        sl, tp = protective_prices(value)
        if value["protection"] in ("sl", "both"):
            made["sl"] = sl * TICK
        if value["protection"] in ("tp", "both"):
            made["tp"] = tp * TICK
        if value["protection"] == "trail":
            made["sl_trail"] = value["trail"] * TICK
    return made


def protective_prices(value: dict[str, Any]) -> tuple[int, int]:
    middle = value["stop"] if value["kind"] == "stop" else value["limit"]
    return middle - value["side"] * value["sl"], middle + value["side"] * value["tp"]


TYPES = {"touch": "limit_if_touched", "trail": "trailing_stop", "fraction": "trailing_stop"}
TYPES |= {"open": "market_on_open", "close": "market_on_close"}


def tickets(book: Reference, given: list[list[Ticket]], verb: str, value: Any, close: int) -> None:
    """Carry an action out in the re-statement; every item of `given` is an order and its protection.

    close: the strategy's own, which is the middle where there are bid and ask.
    """
    number = 1 + sum(len(each) for each in given)
    if verb == "close":
        if book.position:
            side = -1 if book.position > 0 else 1
            given.append([Ticket(number, "market", side, abs(book.position), reduce_only=True)])
            book.place(given[-1][0])
    elif verb == "cancel":
        if value < len(given):
            book.cancel(given[-1 - value][0].id)
    elif verb == "amend":
        back, shift = value
        if back < len(given) and given[-1 - back][0].type in ("limit", "stop"):
            ticket = given[-1 - back][0]
            price = close + shift
            book.amend(ticket.id, **{ticket.type: price}, quantity=3)
    else:
        given.append(family(number, value, given))
        for ticket in given[-1]:
            book.place(ticket)


def family(number: int, value: dict[str, Any], given: list[list[Ticket]]) -> list[Ticket]:
    kind = TYPES.get(value["kind"], value["kind"])
    ticket = Ticket(number, kind, value["side"], value["quantity"], tif=value["tif"])
    ticket.limit = value["limit"] if kind in ("limit", "stop_limit", "limit_if_touched") else None
    ticket.stop = value["stop"] if kind in ("stop", "stop_limit", "limit_if_touched") else None
    ticket.trail = value["trail"] if value["kind"] == "trail" else None
    ticket.trail_fraction = value["trail"] / 10_000 if value["kind"] == "fraction" else None
    ticket.trails_extremes = value["extreme"]
    ticket.until = value["until"] if value["tif"] == "GTD" else None
    ticket.reduce_only, ticket.post_only = value["reduce_only"], value["post_only"]
    if value["group"] and given:
        ticket.group, ticket.group_kind = given[-1][0].group, value["group"]
    protection = []
    if value["protection"] and not value["reduce_only"]:
        sl, tp = protective_prices(value)
        if value["protection"] in ("sl", "both"):
            protection.append(Ticket(0, "stop", -value["side"], value["quantity"], stop=sl))
        if value["protection"] in ("tp", "both"):
            protection.append(Ticket(0, "limit", -value["side"], value["quantity"], limit=tp))
        if value["protection"] == "trail":
            trailing = Ticket(0, "trailing_stop", -value["side"], value["quantity"], trail=value["trail"])
            trailing.trails_extremes = value["extreme"]
            protection.append(trailing)
    for place, each in enumerate(protection):
        each.id, each.parent, each.group, each.group_kind = number + 1 + place, number, number + 1, "ouo"
        each.reduce_only = True
    return [ticket, *protection]


def events_of(orders: Array) -> list[tuple[Any, ...]]:
    return [
        (
            row["bar"],
            row["order"],
            OrderEventKind(row["kind"]).name,
            RejectionReason(row["reason"]).name,
            row["quantity"],
            row["position_after"],
        )
        for row in orders
    ]


@pytest.mark.parametrize("rule", [rule.name.lower() for rule in Intrabar])
def test_the_kernel_does_what_the_plain_rules_say(rule: str) -> None:
    for seed in range(RUNS):
        stream = Stream(seed, rule)
        session = stream.session()

        rows, reference = session.advance(BARS), stream.reference()

        found = [tuple(row) for row in rows.fills[["bar", "order", "side", "quantity", "price", "position"]].tolist()]
        expected = [(*fill[:4], fill[4] / 100, fill[5]) for fill in reference.fills]
        assert events_of(rows.orders) == reference.events, seed
        assert found == [pytest.approx(fill, rel=1e-12) for fill in expected], seed
        assert session.metrics()["ambiguous_bars"] == reference.ambiguous, seed


@pytest.mark.parametrize("seed", range(40))
def test_working_orders_survive_pieces_and_resumptions(seed: int) -> None:
    stream = Stream(seed, "pessimistic")
    whole, pieces, first, resumed = (stream.session() for _ in range(4))
    at_once = bits([whole.advance(BARS)])

    assert bits(in_pieces(pieces, [1, 2, 7, 1, 20])) == at_once
    assert pieces.snapshot() == whole.snapshot()
    for cut in (5, 23, 41):
        first, resumed = stream.session(), stream.session()
        before = first.advance(cut)
        resumed.restore(first.snapshot())
        assert bits([before, resumed.advance(BARS)]) == at_once

"""Ticks: every kind of order on them against the plain re-statement, who is called when, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.engine.indicators import sma
from apps.engine.listing import Listing
from apps.engine.series.quotes import TICK
from apps.engine.series.timeframes import Timeframe
from apps.engine.session import Session
from apps.engine.strategy import Fill, Strategy
from apps.engine.types import Costs, FillRules, Instrument
from tests.engine.reference import Reference
from tests.engine.runs import HOUR, MONDAY, bits, in_pieces
from tests.engine.test_order_rules import BARS, Stream, events_of, order, tickets
from tests.engine.tickets import Candle

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.engine.strategy import Order
    from apps.engine.types import Array

SECOND = 1_000_000
PENNIES = Instrument("TEST", price_increment=0.01)
STREAMS = 400


def ticks_of(*quotes: tuple[float, float, float]) -> Array:
    """Ticks of these (seconds after Monday's beginning, bid, ask)."""
    ticks = np.zeros(len(quotes), TICK)
    for i, (seconds, bid, ask) in enumerate(quotes):
        ticks[i] = (MONDAY + round(seconds * SECOND), bid, ask)
    return ticks


def session_on(strategy: type[Strategy] | Callable[..., None], ticks: Array, **terms: Any) -> Session:
    """A session of a strategy, or of a function that is called as `on_tick` with strategy, bid and ask."""
    if not isinstance(strategy, type):
        strategy = type("Scripted", (Strategy,), {"on_tick": strategy})
    return Session(strategy, {}, Listing(PENNIES, ticks), **({"cash": 10_000.0} | terms))


def on_ticks(**actions: Callable[[Any], object]) -> Callable[..., None]:
    """An `on_tick` that does something at a tick by its number: on_ticks(tick_2=lambda s: s.buy(1))."""

    def on_tick(strategy: Strategy, bid: float, ask: float) -> None:
        actions.get(f"tick_{strategy.index}", lambda _: None)(strategy)

    return on_tick


# Orders


class TickStream(Stream):
    """Random ticks, and what is ordered at each: the same for engine and re-statement."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, "pessimistic")
        late = int(self.random.integers(1, 10_000)) if self.random.random() < 0.3 else 0
        self.rules = FillRules(market_at_close=self.rules.market_at_close, latency_seconds=late)

    def _candles(self) -> list[Candle]:
        """The middle of the ticks, which orders are given around; the spreads are even."""
        random, middle, time, candles = self.random, 10_000, MONDAY, []
        self.half_spreads = random.integers(0, 6, BARS).tolist()
        for _ in range(BARS):
            middle += int(random.integers(-12, 13))
            time += int(random.choice([0, 1, HOUR // 2, HOUR, 7 * HOUR]))  # some ticks share a time
            candles.append(self.quote(time, middle, 0))
        return candles

    def quote(self, time: int, middle: int, distance: int) -> Candle:
        return Candle(time, *[middle + distance] * 4, 0.0)

    def sides(self) -> tuple[list[Candle], list[Candle]]:
        spread = list(zip(self.candles, self.half_spreads, strict=True))
        bids = [self.quote(each.time, each.close, -half) for each, half in spread]
        return bids, [self.quote(each.time, each.close, half) for each, half in spread]

    def ticks(self) -> Array:
        bids, asks = self.sides()
        return np.array(
            [(bid.time, bid.close / 100, ask.close / 100) for bid, ask in zip(bids, asks, strict=True)], TICK
        )

    def strategy(self, called: str) -> type[Strategy]:
        """called: by "on_tick" or "on_bar" at every tick, or "asleep" and woken at every tick."""
        actions = self.actions

        class Acting(Strategy):
            given: list[Order]

            def init(self) -> None:
                self.given = []
                if called == "asleep":
                    self.wake_when(np.ones_like)

            def on_row(self, *_: float) -> None:
                for verb, value in actions[self.index]:
                    order(self, verb, value)

        name = "on_bar" if called == "on_bar" else "on_tick"
        return type("Acting", (Acting,), {name: Acting.on_row})

    def session(self, called: str = "on_tick") -> Session:
        terms = {"costs": Costs(slippage_ticks=self.slippage), "rules": self.rules, "equity_seconds": 3600.0}
        return session_on(self.strategy(called), self.ticks(), cash=100_000.0, **terms)

    def reference(self) -> Reference:
        bids, asks = self.sides()
        book = Reference(
            bids,
            asks,
            market_at_close=self.rules.market_at_close,
            seconds=int(self.rules.latency_seconds),
            slippage_ticks=self.slippage,
        )
        given: list[Any] = []
        middle = [each.close for each in self.candles]
        book.run(lambda book, bar: [tickets(book, given, *action, middle[bar]) for action in self.actions[bar]])
        return book


def test_the_kernel_does_what_the_plain_rules_say_of_ticks() -> None:
    kinds: set[str] = set()
    for seed in range(STREAMS):
        stream = TickStream(seed)

        rows, reference = stream.session().advance(BARS), stream.reference()

        found = [tuple(row) for row in rows.fills[["bar", "order", "side", "quantity", "price", "position"]].tolist()]
        expected = [(*fill[:4], fill[4] / 100, fill[5]) for fill in reference.fills]
        assert events_of(rows.orders) == reference.events, seed
        assert found == [pytest.approx(fill, rel=1e-12) for fill in expected], seed
        kinds |= {f"{event[2]} {event[3]}" for event in reference.events}
    assert {"TRIGGERED NONE", "ACTIVATED NONE", "CANCELLED GROUP_FILLED", "CANCELLED WOULD_TAKE"} <= kinds
    assert {"EXPIRED NONE", "CANCELLED NOT_FILLED_AT_ONCE", "AMENDED NONE", "AMENDED GROUP_FILLED"} <= kinds


@pytest.mark.parametrize("called", ["on_bar", "asleep"])
def test_however_a_strategy_is_called_at_every_tick_its_tape_is_the_same(called: str) -> None:
    for seed in range(60):
        stream = TickStream(seed)

        at_ticks, otherwise = stream.session().advance(BARS), stream.session(called).advance(BARS)

        assert bits([otherwise]) == bits([at_ticks]), seed


@pytest.mark.parametrize("called", ["on_tick", "on_bar", "asleep"])
@given(seed=st.integers(0, 10_000), sizes=st.lists(st.integers(1, 20), max_size=9), cut=st.integers(1, BARS))
@settings(deadline=None, max_examples=60)
def test_pieces_and_resumptions_at_any_tick_leave_no_trace(called: str, seed: int, sizes: list[int], cut: int) -> None:
    stream = TickStream(seed)
    whole, pieces, first, resumed = (stream.session(called) for _ in range(4))
    at_once = bits([whole.advance(BARS)])

    in_parts = bits(in_pieces(pieces, sizes))
    before = first.advance(cut)
    resumed.restore(first.snapshot())
    after = resumed.advance(BARS)

    assert in_parts == at_once
    assert bits([before, after]) == at_once
    assert whole.snapshot() == pieces.snapshot() == resumed.snapshot()
    assert whole.metrics() == pieces.metrics() == resumed.metrics()


# The curve


@given(seed=st.integers(0, 10_000), seconds=st.sampled_from([0.0, 1.0, 60.0, 1800.0, 86_400.0]))
@settings(deadline=None, max_examples=60)
def test_the_curve_values_long_at_the_bid_and_short_at_the_ask_at_the_last_tick_of_each_period(
    seed: int, seconds: float
) -> None:
    stream = TickStream(seed)
    ticks = stream.ticks()
    session = session_on(stream.strategy("on_tick"), ticks, rules=stream.rules, equity_seconds=seconds)

    rows = session.advance(BARS)

    position, cash = np.zeros(BARS), np.full(BARS, 10_000.0)
    for fill in rows.fills:
        position[fill["bar"] :], cash[fill["bar"] :] = fill["position"], fill["cash"]
    worth = cash + position * np.where(position > 0, ticks["bid"], ticks["ask"])
    period = ticks["time"] // round(seconds * SECOND) if seconds else np.arange(BARS)
    last = np.append(period[1:] != period[:-1], True)
    assert rows.equity["time"].tolist() == ticks["time"][last].tolist()
    assert rows.equity["equity"].tobytes() == worth[last].tobytes()
    assert rows.equity["cash"].tobytes() == cash[last].tobytes()


def test_a_trade_remembers_the_extremes_between_two_points_of_the_curve() -> None:
    ticks = ticks_of((0, 10, 10.1), (1, 9.5, 9.6), (2, 12, 12.1), (3, 10, 10.1), (90, 10, 10.1))
    script = on_ticks(tick_0=lambda s: s.buy(1), tick_3=lambda s: s.close_position())

    rows = session_on(script, ticks).advance(5)

    assert rows.trades[["entry_price", "exit_price"]].tolist() == [(9.6, 10)]
    assert rows.trades["mae"].tolist() == [pytest.approx(0.1)]  # bought at the ask, worth the bid of the same tick
    assert rows.trades["mfe"].tolist() == [pytest.approx(2.4)]


# Who is called when


class Diary(Strategy):
    """Writes down every call, with the bars that it sees then."""

    def init(self) -> None:
        self.diary: list[tuple[str, int, list[float]]] = []

    def note(self, what: str) -> None:
        self.diary.append((what, int(self.time.timestamp()) - MONDAY // SECOND, list(self.close[-2:])))

    def on_tick(self, bid: float, ask: float) -> None:
        self.note("tick")
        if len(self.diary) == 1:
            self.buy(1)

    def on_bar(self) -> None:
        self.note("bar")

    def on_fill(self, fill: Fill) -> None:
        self.note("fill")


def test_at_one_tick_the_fill_is_heard_then_the_bar_that_it_ends_then_the_tick() -> None:
    ticks = ticks_of((1, 10, 12), (61, 20, 22), (62, 30, 32), (180, 40, 42))
    kept: list[Any] = []

    class Kept(Diary):
        def init(self) -> None:
            super().init()
            kept.append(self)

    session_on(Kept, ticks, timeframe=Timeframe.parse("1m")).advance(4)

    nan = pytest.approx(float("nan"), nan_ok=True)
    assert kept[0].diary == [
        ("tick", 1, [nan, nan]),
        ("fill", 61, [nan, 11]),
        ("bar", 61, [nan, 11]),
        ("tick", 61, [nan, 11]),
        ("tick", 62, [nan, 11]),
        ("bar", 180, [11, 31]),
        ("tick", 180, [11, 31]),
    ]


@given(seed=st.integers(0, 1000), cut=st.integers(1, 199))
@settings(deadline=None, max_examples=40)
def test_nothing_that_a_strategy_sees_at_a_tick_follows_from_a_later_one(seed: int, cut: int) -> None:
    ticks = walk(200, seed)
    other = ticks.copy()
    for side in ("bid", "ask"):
        other[side][cut:] *= 3

    known, changed = watched(ticks), watched(other)

    assert known.advance(cut) is not None
    assert changed.advance(cut) is not None
    assert known.snapshot_of_strategy() == changed.snapshot_of_strategy()


class Watching(Session):
    def snapshot_of_strategy(self) -> str:
        return repr(vars(self._strategy)["diary"])


class Onlooker(Strategy):
    """Looks at lines of ticks, of the run's bars and of a coarser frame at each call."""

    def init(self) -> None:
        self.mean = self.indicator(sma, 3)
        self.coarse = self.timeframe("5m")
        self.coarse_mean = self.coarse.indicator(sma, 2)
        self.diary: list[Any] = []

    def on_tick(self, bid: float, ask: float) -> None:
        lines = (self.close, self.high, self.mean, self.coarse.close, self.coarse_mean)
        self.diary.append([bid, ask, self.index, self.time, *([line[-1], line[-2]] for line in lines)])

    def on_bar(self) -> None:
        self.diary.append([self.index, self.volume[-1], self.coarse.low[-1]])


def watched(ticks: Array, timeframe: str | None = "1m") -> Watching:
    frame = Timeframe.parse(timeframe) if timeframe else None
    return Watching(Onlooker, {}, Listing(PENNIES, ticks), cash=1000.0, timeframe=frame)


def walk(count: int, seed: int) -> Array:
    random = np.random.default_rng(seed)
    ticks = np.zeros(count, TICK)
    ticks["time"] = MONDAY + np.cumsum(random.integers(0, 40 * SECOND, count))
    ticks["bid"] = np.round(100 + np.cumsum(random.normal(0, 0.1, count)), 2)
    ticks["ask"] = ticks["bid"] + np.round(random.integers(0, 5, count) / 100, 2)
    return ticks


@pytest.mark.parametrize("timeframe", ["1m", None])
def test_lines_of_bars_and_of_ticks_leave_no_trace_of_pieces(timeframe: str | None) -> None:
    ticks = walk(300, 5)
    whole, pieces = watched(ticks, timeframe), watched(ticks, timeframe)

    whole.advance(300)
    in_pieces(pieces, [1, 7, 100, 3])

    assert whole.snapshot_of_strategy() == pieces.snapshot_of_strategy()
    for cut in (1, 17, 150):
        first, resumed = watched(ticks, timeframe), watched(ticks, timeframe)
        first.advance(cut)
        resumed.restore(first.snapshot())
        resumed.advance(300)
        assert whole.snapshot_of_strategy() == resumed.snapshot_of_strategy()


def test_without_a_timeframe_the_lines_are_of_the_middle_of_the_ticks() -> None:
    ticks = walk(50, 3)
    seen: list[Any] = []

    def on_tick(strategy: Any, bid: float, ask: float) -> None:
        seen.append((strategy.index, strategy.close[-1], strategy.time))

    session_on(on_tick, ticks).advance(50)

    middle = ((ticks["bid"] + ticks["ask"]) / 2).tolist()
    times = [datetime.fromtimestamp(time / SECOND, UTC) for time in ticks["time"].tolist()]
    assert seen == list(zip(range(50), middle, times, strict=True))


# Latency and several instruments


def test_latency_in_seconds_is_counted_from_the_tick() -> None:
    ticks = ticks_of((0, 10, 11), (0.4, 12, 13), (0.5, 14, 15), (2, 16, 17))
    script = on_ticks(tick_0=lambda s: s.buy(1))

    rows = session_on(script, ticks, rules=FillRules(latency_seconds=0.5)).advance(4)

    assert rows.fills[["bar", "price"]].tolist() == [(2, 15)]


def test_an_instrument_without_a_tick_is_not_matched_and_keeps_its_last_value() -> None:
    mine = ticks_of((0, 10, 11), (3, 20, 21))
    other = ticks_of((1, 100, 101), (2, 90, 91), (4, 50, 51))
    calls: list[float] = []

    def on_tick(strategy: Any, bid: float, ask: float) -> None:
        calls.append(bid)
        if bid == 10:
            strategy.buy(1)
            strategy.market("OTHER").sell(1)

    listings = [Listing(PENNIES, mine), Listing(Instrument("OTHER", price_increment=0.01), other)]
    rows = Session(type("S", (Strategy,), {"on_tick": on_tick}), {}, listings, cash=1000.0, equity_seconds=0).advance(5)

    assert calls == [10, 20]
    assert [event[1] for event in events_of(rows.orders) if event[3] == "NO_PRICE"] == [2]
    assert rows.fills[["bar", "instrument", "price"]].tolist() == [(3, 0, 21)]
    assert rows.equity["equity"].tolist() == [1000, 1000, 1000, 999, 999]

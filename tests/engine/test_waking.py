"""Strategies that sleep: the same tape as of one that is called on every bar and asks the same question there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from apps.engine.errors import StrategyError
from apps.engine.indicators import sma
from apps.engine.listing import Listing
from apps.engine.series.quotes import QUOTE_BAR, TICK
from apps.engine.series.timeframes import Timeframe
from apps.engine.session import Session
from apps.engine.strategy import Fill, Order, Strategy, crossed_above, crossed_below
from apps.engine.types import FillRules, Instrument
from tests.engine.runs import FLAT, MONDAY, bars_at, bars_of, bits, in_pieces, walks

if TYPE_CHECKING:
    from apps.engine.types import Array, Rows

MINUTE = 60_000_000
TEST = Instrument("TEST", price_increment=0.01, quantity_step=0.1)


def session_on(strategy: type[Strategy], rows: Array, **terms: Any) -> Session:
    return Session(strategy, {}, Listing(TEST, rows), **({"cash": 10_000.0, "seed": 3} | terms))


def played(strategy: type[Strategy], rows: Array, **terms: Any) -> Rows:
    session = session_on(strategy, rows, **terms)
    return session.advance(session.total)


def minutes(count: int, seed: int, *, gaps: bool = True) -> Array:
    """Bars of a minute, some of them missing."""
    random = np.random.default_rng(seed)
    bars = bars_at(np.round(100 * np.exp(np.cumsum(random.normal(0, 0.01, count))), 2), step=MINUTE)
    if gaps:
        bars["time"] += MINUTE * np.cumsum(random.choice([0, 1, 3, 200], count, p=[0.9, 0.06, 0.03, 0.01]))
    return bars


class Acting(Strategy):
    """Orders of all kinds, and what it sees of lines, in what it orders."""

    look_back = 50

    def init(self) -> None:
        self.mean = self.indicator(sma, 3)
        self.slow = self.indicator(sma, 9)
        self.memory: list[Any] = []

    def act(self) -> None:
        self.memory.append(
            (self.index, self.close[-1], self.mean[-2], list(self.high[-3:]), self.equity, self.position)
        )
        lot = self.random.random()
        if lot < 0.3:
            self.buy(self.size(0.2) or 1, sl=self.close[-1] * 0.98, tp=self.close[-1] * 1.02)
        elif lot < 0.5:
            self.sell(2, limit=self.close[-1] * 1.01)
        elif lot < 0.7:
            self.close_position()
        elif lot < 0.8:
            self.cancel_all()
        else:
            self.buy(1, trail=0.5)

    def on_fill(self, fill: Fill) -> None:
        self.memory.append((fill.bar, self.index, self.close[-1], self.cash))
        if fill.bar % 5 == 0:
            self.buy(0.5, stop=self.low[-1] * 1.03)


class OnCross(Acting):
    def init(self) -> None:
        super().init()
        self.wake_on_cross(self.mean, self.slow)

    def on_bar(self) -> None:
        self.act()


class AtCrosses(Acting):
    def on_bar(self) -> None:
        if crossed_above(self.mean, self.slow) or crossed_below(self.mean, self.slow):
            self.act()


def rises(close: Array, times: int) -> Array:
    """Whether the close has risen so many bars one after the other."""
    up = np.append(False, np.diff(close) > 0)
    return np.array([up[max(i - times + 1, 0) : i + 1].sum() == times for i in range(len(up))])


class WhenRisen(Acting):
    def init(self) -> None:
        super().init()
        self.wake_when(rises, 2)

    def on_bar(self) -> None:
        self.act()


class AtRises(Acting):
    def on_bar(self) -> None:
        if self.close[-1] > self.close[-2] > self.close[-3]:
            self.act()


class EveryFive(Acting):
    def init(self) -> None:
        super().init()
        self.coarse = self.timeframe("5m")
        self.wake_every("5m")

    def on_bar(self) -> None:
        self.memory.append(self.coarse.close[-1])
        self.act()


class AtNewFive(Acting):
    def init(self) -> None:
        super().init()
        self.coarse = self.timeframe("5m")
        self.lows = self.coarse.indicator(np.cumsum)  # another value at each of its bars
        self.seen = float("nan")

    def on_bar(self) -> None:
        if self.lows[-1] == self.lows[-1] and self.lows[-1] != self.seen:
            self.seen = self.lows[-1]
            self.memory.append(self.coarse.close[-1])
            self.act()


PAIRS = [(OnCross, AtCrosses), (WhenRisen, AtRises), (EveryFive, AtNewFive)]


def layout_of(bars: Array, layout: str) -> Array:
    """The bars themselves, as quote bars, or their closes as ticks."""
    if layout == "bars":
        return bars
    if layout == "ticks":
        ticks = np.zeros(len(bars), TICK)
        ticks["time"], ticks["bid"], ticks["ask"] = bars["time"], bars["close"], bars["close"] + 0.02
        return ticks
    quotes = np.zeros(len(bars), QUOTE_BAR)
    quotes["time"] = bars["time"]
    for name in ("open", "high", "low", "close"):
        quotes[f"bid_{name}"], quotes[f"ask_{name}"] = bars[name], bars[name] + 0.02
    return quotes


@pytest.mark.parametrize(("asleep", "awake"), PAIRS)
@pytest.mark.parametrize("layout", ["bars", "quotes", "ticks"])
@given(seed=st.integers(0, 10_000))
@settings(deadline=None, max_examples=25)
def test_the_tape_is_the_one_of_a_strategy_that_asks_at_every_bar(
    asleep: type[Strategy], awake: type[Strategy], layout: str, seed: int
) -> None:
    rows = layout_of(minutes(300, seed), layout)
    one, other = session_on(asleep, rows), session_on(awake, rows)

    sleeping, calling = one.advance(300), other.advance(300)

    assert bits([sleeping]) == bits([calling])
    assert one.metrics() == other.metrics()


@pytest.mark.parametrize(("asleep", "awake"), PAIRS)
@given(seed=st.integers(0, 10_000))
@example(seed=36)  # two bars are seen for the first time at one row
@settings(deadline=None, max_examples=20)
def test_so_it_is_on_bars_of_a_timeframe(asleep: type[Strategy], awake: type[Strategy], seed: int) -> None:
    bars = minutes(300, seed)
    frame = Timeframe.parse("1m" if asleep is EveryFive else "5m")

    assert bits([played(asleep, bars, timeframe=frame)]) == bits([played(awake, bars, timeframe=frame)])


@pytest.mark.parametrize("asleep", [pair[0] for pair in PAIRS])
@given(bars=walks(shortest=20), data=st.data())
@settings(deadline=None, max_examples=25)
def test_pieces_and_resumptions_leave_no_trace(asleep: type[Strategy], bars: Array, data: st.DataObject) -> None:
    rows = bars.copy()
    rows["time"] = MONDAY + (rows["time"] - MONDAY) // 60
    sizes = data.draw(st.lists(st.integers(1, 60), max_size=10))
    cut = data.draw(st.integers(1, len(rows)))
    whole, pieces, first, resumed = (session_on(asleep, rows) for _ in range(4))
    at_once = bits([whole.advance(len(rows))])

    in_parts = bits(in_pieces(pieces, sizes))
    before = first.advance(cut)
    resumed.restore(first.snapshot())
    after = resumed.advance(len(rows))

    assert in_parts == at_once
    assert bits([before, after]) == at_once
    assert whole.snapshot() == pieces.snapshot() == resumed.snapshot()


# Alerts


class Levels(Strategy):
    """Trades at levels around the price, on ticks."""

    def init(self) -> None:
        self.low, self.high = 0.0, 0.0
        self.set_up()

    def set_up(self) -> None:
        """What the sleeping one says more."""

    def reach(self, bid: float, ask: float) -> None:
        if ask <= self.low:
            self.buy(1)
        elif bid >= self.high:
            self.sell(1)
        self.low, self.high = ask - 0.35, bid + 0.25
        self.arm()

    def arm(self) -> None:
        """What the sleeping one does more."""


class AskingLevels(Levels):
    def on_tick(self, bid: float, ask: float) -> None:
        if self.high == 0.0 or ask <= self.low or bid >= self.high:
            self.reach(bid, ask)


class WokenLevels(Levels):
    def set_up(self) -> None:
        self.wake_on_alerts()
        self.alerts: list[Order] = []

    def on_tick(self, bid: float, ask: float) -> None:
        self.reach(bid, ask)

    def arm(self) -> None:
        for alert in self.alerts:
            self.cancel(alert)
        self.alerts = [self.alert(self.low, of="ask"), self.alert(self.high)]


def ticks_of_walk(count: int, seed: int) -> Array:
    random = np.random.default_rng(seed)
    ticks = np.zeros(count, TICK)
    ticks["time"] = MONDAY + np.cumsum(random.integers(0, 20_000_000, count))
    ticks["bid"] = np.round(100 + np.cumsum(random.normal(0, 0.02, count)), 2)
    ticks["ask"] = ticks["bid"] + np.round(random.integers(0, 5, count) / 100, 2)
    return ticks


@given(seed=st.integers(0, 10_000), at_the_tick=st.booleans(), count=st.sampled_from([30, 700, 3000]))
@settings(deadline=None, max_examples=40)
def test_alerts_give_the_tape_of_a_strategy_that_asks_at_every_tick(seed: int, at_the_tick: bool, count: int) -> None:
    ticks, rules = ticks_of_walk(count, seed), FillRules(market_at_close=at_the_tick)
    one, other = (session_on(each, ticks, rules=rules) for each in (AskingLevels, WokenLevels))

    asking, woken = one.advance(count), other.advance(count)

    for rows in (asking, woken):  # alerts have numbers too
        rows.orders["order"] = 0
        rows.fills["order"] = 0
    assert bits([asking]) == bits([woken])
    assert one.metrics() == other.metrics()


@given(seed=st.integers(0, 10_000), sizes=st.lists(st.integers(1, 400), max_size=10), cut=st.integers(1, 999))
@settings(deadline=None, max_examples=40)
def test_alerts_survive_pieces_and_resumptions_at_any_tick(seed: int, sizes: list[int], cut: int) -> None:
    ticks = ticks_of_walk(1000, seed)
    whole, pieces, first, resumed = (session_on(WokenLevels, ticks) for _ in range(4))
    at_once = bits([whole.advance(1000)])

    in_parts = bits(in_pieces(pieces, sizes))
    before = first.advance(cut)
    resumed.restore(first.snapshot())
    after = resumed.advance(1000)

    assert in_parts == bits([before, after]) == at_once
    assert whole.snapshot() == pieces.snapshot() == resumed.snapshot()


class Woken(Strategy):
    """Sets one alert at 95 in the first row, and counts its calls."""

    def init(self) -> None:
        self.wake_on_alerts()
        self.calls: list[int] = []

    def on_bar(self) -> None:
        self.calls.append(self.index)
        if self.index == 0:
            self.waiting = self.alert(95)
        elif self.index == 2:
            assert not self.is_working(self.waiting)
            self.buy(1)


def test_an_alert_rings_in_the_bar_that_gets_there_and_only_once() -> None:
    bars = bars_of(FLAT, (100, 101, 95.01, 96), (96, 97, 95, 96), (96, 97, 90, 91), FLAT)
    session = session_on(Woken, bars)

    rows = session.advance(5)

    assert vars(session._strategy)["calls"] == [0, 2]
    assert rows.fills["bar"].tolist() == [3]
    assert set(rows.orders["order"]) == {2}  # an alert is no order, and the log has none of it


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        (lambda s: s.alert(0), "above 0"),
        (lambda s: s.alert(float("nan")), "above 0"),
        (lambda s: s.alert(5, of="mid"), 'of "bid" or of "ask"'),
        (lambda s: s.wake_every("1h"), "said in init"),
        (lambda s: s.wake_on_cross(s.close, s.close), "said in init"),
    ],
)
def test_what_cannot_wake_is_refused(action: Any, sentence: str) -> None:
    strategy = type("S", (Strategy,), {"on_bar": action})

    with pytest.raises(StrategyError, match=sentence):
        played(strategy, bars_of(FLAT, FLAT))


@pytest.mark.parametrize("action", [lambda s: s.alert(5), lambda s: s.buy(1), lambda s: s.wake_every("1y")])
def test_what_cannot_be_in_init_is_refused(action: Any) -> None:
    strategy = type("S", (Strategy,), {"init": action, "on_bar": lambda self: None})

    with pytest.raises(StrategyError, match=r"in init\(\)"):
        session_on(strategy, bars_of(FLAT, FLAT))


def test_a_condition_that_looks_ahead_is_refused() -> None:
    def tomorrow(close: Array) -> Array:
        return np.roll(close, -5) > close

    strategy = type("S", (Strategy,), {"init": lambda self: self.wake_when(tomorrow), "on_bar": lambda self: None})

    with pytest.raises(StrategyError, match="looks ahead"):
        session_on(strategy, minutes(50, 1))


def test_a_sleeping_strategy_has_its_cash_after_a_row_that_changed_it() -> None:
    seen: list[float] = []

    class Payer(Strategy):
        def init(self) -> None:
            self.wake_when(np.ones_like)

        def on_bar(self) -> None:
            seen.append(self.cash)
            if self.index == 0:
                self.buy(1)

    played(Payer, bars_of(FLAT, FLAT, FLAT))

    assert seen == [10_000, 9_900, 9_900]

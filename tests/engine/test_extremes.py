"""Long runs on ticks that nothing happens in: passed over by blocks, and yet as if every tick had been looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from apps.engine.listing import Listing
from apps.engine.series.quotes import TICK
from apps.engine.session import Session
from apps.engine.strategy import Strategy
from apps.engine.types import Account, FillRules, Instrument
from apps.engine.venue.extremes import extremes_of
from tests.engine.runs import MONDAY, bits, in_pieces

if TYPE_CHECKING:
    from apps.engine.types import Array

PENNIES = Instrument("TEST", price_increment=0.01)
COUNT = 9_000  # ticks: several blocks and several looks ahead


@njit
def found(address: int, count: int) -> tuple[float, float, float, float]:
    return extremes_of(address, count)


def ticks_of(count: int, seed: int) -> Array:
    """A walk with bursts of ticks at one time, and pauses of many minutes."""
    random = np.random.default_rng(seed)
    ticks = np.zeros(count, TICK)
    seconds = random.choice([0, 1, 180], count, p=[0.3, 0.69, 0.01])
    ticks["time"] = MONDAY + np.cumsum(seconds * random.integers(1, 1_000_000, count))
    ticks["bid"] = np.round(100 + np.cumsum(random.normal(0, 0.02, count)), 2)
    ticks["ask"] = ticks["bid"] + np.round(random.integers(0, 5, count) / 100, 2)
    return ticks


@given(seed=st.integers(0, 10_000), first=st.integers(0, 9), count=st.integers(1, 300))
@settings(deadline=None)
def test_the_extremes_of_a_span_are_those_of_its_ticks(seed: int, first: int, count: int) -> None:
    ticks = ticks_of(400, seed)
    span = ticks[first : first + count]

    extremes = found(ticks.ctypes.data + first * TICK.itemsize, count)

    assert extremes == (span["bid"].min(), span["ask"].min(), span["bid"].max(), span["ask"].max())


def test_no_ticks_have_no_extremes() -> None:
    assert found(ticks_of(1, 1).ctypes.data, 0) == (np.inf, np.inf, -np.inf, -np.inf)


class Holding(Strategy):
    """Long or short from the first tick to a late one, and asleep in between."""

    side = 1

    def init(self) -> None:
        self.wake_when(first_and, COUNT - 500)

    def on_tick(self, bid: float, ask: float) -> None:
        self.target(self.side if self.index == 0 else 0)


class Short(Holding):
    side = -1


def first_and(close: Array, other: int) -> Array:
    return np.isin(np.arange(len(close)), [0, other])


def session_on(strategy: type[Strategy], ticks: Array, **terms: Any) -> Session:
    rules = FillRules(market_at_close=True)
    return Session(strategy, {}, Listing(PENNIES, ticks), **({"cash": 10_000.0, "rules": rules} | terms))


@pytest.mark.parametrize("strategy", [Holding, Short])
@pytest.mark.parametrize("seconds", [0.5, 60.0, 86_400.0])
@given(seed=st.integers(0, 10_000), sizes=st.lists(st.integers(1, 4000), max_size=6))
@settings(deadline=None, max_examples=20)
def test_a_long_sleep_leaves_out_no_point_and_no_extreme(
    strategy: type[Holding], seconds: float, seed: int, sizes: list[int]
) -> None:
    ticks = ticks_of(COUNT, seed)
    whole, pieces = (session_on(strategy, ticks, equity_seconds=seconds) for _ in range(2))

    rows = whole.advance(COUNT)

    entry, leave = rows.fills["bar"]
    period = ticks["time"] // round(seconds * 1_000_000)
    last = np.append(period[1:] != period[:-1], True)
    side = "bid" if strategy.side > 0 else "ask"
    held = ticks[side][entry : leave + 1]
    results = strategy.side * (held - rows.trades["entry_price"])
    results[-1] = strategy.side * (rows.trades["exit_price"] - rows.trades["entry_price"])[0]
    assert rows.equity["time"].tolist() == ticks["time"][last].tolist()
    assert rows.trades["mfe"].tolist() == [pytest.approx(max(results.max(), 0.0), abs=1e-9)]
    assert rows.trades["mae"].tolist() == [pytest.approx(max(-results.min(), 0.0), abs=1e-9)]
    assert bits(in_pieces(pieces, sizes)) == bits([rows])


class Watching(Strategy):
    """Sets one alert in the first tick, and keeps where it rang."""

    price, of = 0.0, "bid"

    def init(self) -> None:
        self.wake_on_alerts()
        self.rang: list[int] = []

    def on_tick(self, bid: float, ask: float) -> None:
        self.rang.append(self.index)
        if self.index == 0:
            self.alert(type(self).price, of=type(self).of)


@given(seed=st.integers(0, 10_000), place=st.integers(1, COUNT - 1), of=st.sampled_from(["bid", "ask"]))
@settings(deadline=None, max_examples=60)
def test_an_alert_rings_at_the_first_tick_that_gets_there_however_far_it_is(seed: int, place: int, of: str) -> None:
    ticks = ticks_of(COUNT, seed)
    prices = ticks[of]
    price = float(prices[place])
    reached = prices >= price if price > prices[0] else prices <= price
    strategy = type("Set", (Watching,), {"price": price, "of": of})
    session = session_on(strategy, ticks)

    session.advance(COUNT)

    rows = np.flatnonzero(reached[1:]) + 1
    assert vars(session._strategy)["rang"] == [0, rows[0]]


def test_a_position_on_margin_is_liquidated_at_the_first_tick_that_breaks_it() -> None:
    ticks = ticks_of(COUNT, 4)
    ticks["bid"][7_000:] *= 0.5
    ticks["ask"][7_000:] *= 0.5
    account = Account(kind="cross", leverage=10)

    rows = session_on(Bought, ticks, cash=1_000.0, account=account).advance(COUNT)

    assert rows.fills["bar"].tolist() == [1, 7_000]


class Bought(Strategy):
    def init(self) -> None:
        self.wake_on_alerts()

    def on_tick(self, bid: float, ask: float) -> None:
        self.buy(50)

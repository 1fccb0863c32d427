"""Bars and ticks that nothing happens in: passed over by blocks, and yet as if each of them had been looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from apps.engine.errors import BadBars
from apps.engine.kernels.bars import BAR_BLOCK
from apps.engine.kernels.ticks import BLOCK, extremes_of
from apps.engine.listing import Listing
from apps.engine.series.quotes import TICK
from apps.engine.session import Session
from apps.engine.signals import Targets
from apps.engine.strategy import Strategy
from apps.engine.sweep import sweep
from apps.engine.types import Account, Costs, FillRules, Instrument
from tests.engine.runs import MONDAY, bars_at, bits, in_pieces

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


@given(seed=st.integers(0, 10_000), count=st.integers(1, 3 * BLOCK))
@settings(deadline=None)
def test_a_listing_knows_the_extremes_of_each_block_of_ticks(seed: int, count: int) -> None:
    ticks = ticks_of(count, seed)

    extremes = Listing(PENNIES, ticks).extremes

    blocks = [ticks[first : first + BLOCK] for first in range(0, count, BLOCK)]
    assert extremes.tolist() == [
        (block["bid"].min(), block["ask"].min(), block["bid"].max(), block["ask"].max()) for block in blocks
    ]


@given(seed=st.integers(0, 10_000), count=st.integers(1, 5 * BAR_BLOCK))
@settings(deadline=None)
def test_a_listing_knows_the_extremes_of_each_block_of_bars(seed: int, count: int) -> None:
    bars = bars_at(walk_of(count, seed))

    extremes = Listing(PENNIES, bars).extremes

    blocks = [bars[first : first + BAR_BLOCK] for first in range(0, count, BAR_BLOCK)]
    assert extremes.tolist() == [
        (block["low"].min(), block["high"].max(), block["close"].min(), block["close"].max()) for block in blocks
    ]


@given(
    seed=st.integers(0, 10_000),
    row=st.integers(1, 3 * BLOCK - 1),
    bad=st.sampled_from([("bid", np.nan), ("ask", np.nan), ("ask", np.inf), ("bid", 0.0), ("bid", 1e9), ("time", 0)]),
)
@settings(deadline=None)
def test_the_first_bad_tick_is_found_in_any_block(seed: int, row: int, bad: tuple[str, float]) -> None:
    ticks = ticks_of(3 * BLOCK, seed)
    ticks[bad[0]][row:] = bad[1]

    with pytest.raises(BadBars) as refusal:
        Listing(PENNIES, ticks)

    assert refusal.value.row == row


def walk_of(count: int, seed: int) -> Array:
    return 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.002, count)))


@given(
    seed=st.integers(0, 10_000),
    held=st.lists(st.tuples(st.sampled_from([-1.5, 0.0, 1.0, 2.0]), st.integers(1, 200)), min_size=1, max_size=12),
    multiplier=st.sampled_from([1.0, 0.1, 7.0]),
    first=st.integers(0, 40),
)
@settings(deadline=None, max_examples=60)
def test_figures_without_rows_are_those_of_every_bar(
    seed: int, held: list[tuple[float, int]], multiplier: float, first: int
) -> None:
    targets = np.concatenate([np.full(length, position) for position, length in held])
    bars = bars_at(walk_of(len(targets) + first, seed), step=7 * 60_000_000)[first:]
    listing = Listing(Instrument("TEST", quantity_step=0.5, multiplier=multiplier), bars)
    terms: dict[str, Any] = {"cash": 10_000.0, "costs": Costs(commission_rate=0.0005)}

    figures = sweep(lambda: Targets(targets), [()], listing, **terms)

    whole = Session(Targets(targets), {}, listing, rules=FillRules(compare_opposite=False), **terms)
    whole.advance(whole.total)
    expected = {name: np.nan if value is None else float(value) for name, value in whole.metrics().items()}
    assert {name: figures[name][0].item() for name in expected} == pytest.approx(expected, rel=0, abs=0, nan_ok=True)


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

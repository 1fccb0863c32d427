"""Several instruments in one run: what each shows, who may be traded, and where orders are refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from apps.engine.errors import SnapshotRefused, StrategyError
from apps.engine.indicators import sma
from apps.engine.listing import Listing
from apps.engine.series.timeframes import Timeframe
from apps.engine.session import Session
from apps.engine.strategy import Strategy
from apps.engine.types import Instrument, OrderEventKind, RejectionReason
from tests.engine.runs import MONDAY, at, bars_at, bits
from tests.engine.several import FIVE_MINUTES, MINUTE, listed, minutes, wandering

if TYPE_CHECKING:
    from apps.engine.types import Array

FULL = bars_at(range(100, 110), step=MINUTE)
HALF = bars_at(range(200, 210), step=MINUTE)[[2, 3, 5, 8]]
MIDNIGHT = datetime(2024, 1, 1, tzinfo=UTC)


def run_of(script: Any, *series: Array, **terms: Any) -> Session:
    strategy = script if isinstance(script, type) else type("Scripted", (Strategy,), {"on_bar": script})
    return Session(strategy, {}, listed(series), cash=10_000.0, **terms)


def with_data_only(script: Any) -> Session:
    listings = [Listing(Instrument("A"), FULL), Listing(Instrument("INDEX"), FULL, is_traded=False)]
    return Session(type("Scripted", (Strategy,), {"on_bar": script}), {}, listings, cash=10_000.0)


def test_on_bar_is_called_once_for_every_time_at_which_an_instrument_has_a_bar() -> None:
    calls: list[Any] = []
    even, odd = FULL[::2], FULL[1::2]

    run_of(lambda s: calls.append((s.time, s.index, s.market("B").close[-1])), even, odd).advance(10)

    assert [call[0] for call in calls] == [MIDNIGHT + timedelta(minutes=row) for row in range(10)]
    assert [call[1] for call in calls] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    np.testing.assert_equal([call[2] for call in calls[:4]], [np.nan, 101.0, 101.0, 103.0])


def test_lines_of_a_market_grow_only_with_its_own_bars() -> None:
    calls: list[Any] = []

    run_of(lambda s: calls.append(s.market("B").close[-2:]), FULL, HALF).advance(10)

    nan = np.nan
    expected = [[nan, nan]] * 2 + [[nan, 202.0]] + [[202, 203]] * 2 + [[203, 205]] * 3 + [[205, 208]] * 2
    np.testing.assert_equal(calls, expected)


def test_an_indicator_of_a_market_counts_its_own_bars() -> None:
    calls: list[float] = []

    class Mean(Strategy):
        def init(self) -> None:
            self.mean = self.market("B").indicator(sma, 2)

        def on_bar(self) -> None:
            calls.append(self.mean[-1])

    run_of(Mean, FULL, HALF).advance(10)

    np.testing.assert_equal(calls, [np.nan] * 3 + [202.5] * 2 + [204.0] * 3 + [206.5] * 2)


def test_bars_of_a_timeframe_are_called_for_when_any_instrument_closes_one() -> None:
    calls: list[Any] = []
    late = HALF[:3]  # minutes 2, 3 and 5: its first bar of five is known at minute 5, with the row after its hole

    run_of(
        lambda s: calls.append((s.time, s.index, s.market("B").close[-1])), FULL, late, timeframe=FIVE_MINUTES
    ).advance(10)

    assert [call[:2] for call in calls] == [(MIDNIGHT, 0), (MIDNIGHT, 0), (MIDNIGHT + timedelta(minutes=5), 1)]
    np.testing.assert_equal([call[2] for call in calls], [np.nan, 203.0, 203.0])


def test_the_strategys_own_prices_and_position_are_those_of_the_first_instrument() -> None:
    seen: list[Any] = []

    def script(strategy: Any) -> None:
        if strategy.index == 0:
            strategy.buy(2)
            strategy.market("B").sell(1)
        first, second = strategy.markets
        seen.append((strategy.close is first.close, strategy.position, first.position, second.position))
        seen.append((first.average_price, second.average_price))

    run_of(script, FULL, FULL).advance(3)

    assert seen[-2:] == [(True, 2.0, 2.0, -1.0), (100.0, 100.0)]


def test_an_order_waits_for_the_next_bar_of_its_own_instrument() -> None:
    rows = run_of(at(bar_3=lambda s: s.market("B").buy(1)), FULL, HALF).advance(10)

    assert rows.fills["instrument"].tolist() == [1]
    assert rows.fills["time"].tolist() == [MONDAY + 5 * MINUTE]


def test_a_position_keeps_its_last_value_while_its_instrument_shows_none() -> None:
    rows = run_of(at(bar_2=lambda s: s.market("B").buy(1)), FULL, HALF).advance(10)

    bought = HALF["open"][1]
    assert (rows.equity["equity"] - 10_000).tolist() == [
        0,
        0,
        0,
        *[203 - bought] * 2,
        *[205 - bought] * 3,
        *[208 - bought] * 2,
    ]


def test_an_order_before_the_first_bar_of_an_instrument_is_rejected() -> None:
    rows = run_of(at(bar_0=lambda s: s.market("B").buy(1)), FULL, HALF).advance(10)

    assert rows.orders["kind"].tolist() == [OrderEventKind.REJECTED]
    assert rows.orders["reason"].tolist() == [RejectionReason.NO_PRICE]


def test_a_listing_that_is_data_only_is_seen_and_not_traded() -> None:
    closes: list[float] = []
    with_data_only(lambda s: closes.append(s.market("INDEX").close[-1])).advance(3)
    assert closes == [100.0, 101.0, 102.0]

    for order in (
        lambda market: market.buy(1),
        lambda market: market.sell(1, limit=50.0),
        lambda market: market.target(3),
        lambda market: market.alert(105.0),
    ):
        session = with_data_only(lambda s, order=order: order(s.market("INDEX")))
        with pytest.raises(StrategyError, match=r"bar 0 .*INDEX is data only") as refusal:
            session.advance(3)
        assert refusal.value.file == __file__
        assert len(refusal.value.rows.orders) == 0


def test_the_first_listing_must_be_one_that_is_traded() -> None:
    with pytest.raises(ValueError, match="INDEX is data only; the first"):
        Session(Strategy, {}, Listing(Instrument("INDEX"), FULL, is_traded=False), cash=1e4)


def test_two_listings_of_one_symbol_are_refused() -> None:
    with pytest.raises(ValueError, match="same symbol: A, A"):
        Session(Strategy, {}, [Listing(Instrument("A"), FULL), Listing(Instrument("A"), FULL)], cash=1e4)


def test_an_unknown_symbol_is_refused_with_those_there_are() -> None:
    with pytest.raises(StrategyError, match="no instrument 'C'; it has A, B"):
        run_of(lambda s: s.market("C"), FULL, HALF).advance(1)


def indicating(strategy: Any) -> None:
    strategy.indicator(lambda close: strategy.buy(1) or close)


@pytest.mark.parametrize("call", ["buy", "sell", "target", "alert"])
def test_orders_in_init_are_refused_with_strategy_and_line(call: str) -> None:
    def init(strategy: Any) -> None:
        getattr(strategy.markets[0], call)(3.0)

    with pytest.raises(StrategyError, match=r"Hasty failed in init\(\): .*no bar has closed yet") as refusal:
        Session(type("Hasty", (Strategy,), {"init": init}), {}, listed([FULL]), cash=1e4)

    error = refusal.value
    assert (error.file, error.line, error.bar) == (__file__, init.__code__.co_firstlineno + 1, None)


def test_orders_in_an_indicator_are_refused() -> None:
    with pytest.raises(StrategyError, match=r"Hasty failed in init\(\): .*no bar has closed yet") as refusal:
        Session(type("Hasty", (Strategy,), {"init": indicating}), {}, listed([FULL]), cash=1e4)

    assert refusal.value.line == indicating.__code__.co_firstlineno + 1


def test_orders_between_two_advances_and_after_the_run_are_refused() -> None:
    kept: list[Strategy] = []

    def keep(strategy: Strategy) -> None:
        kept.append(strategy)

    session = run_of(keep, FULL)

    for rows in (3, 7):
        session.advance(rows)
        for order in (kept[0].buy, kept[0].sell, kept[0].markets[0].buy):
            with pytest.raises(RuntimeError, match=r"Orders are given in on_bar\(\)"):
                order(1)

    assert session.metrics()["total_trades"] == 0
    assert session.snapshot()  # nothing was left behind


def test_an_error_before_the_first_instruments_first_bar_says_when() -> None:
    session = run_of(lambda s: 1 / 0, HALF, FULL)

    told = r"failed at 2024-01-01 00:00:00\+00:00, before the first bar of A"
    with pytest.raises(StrategyError, match=told) as refusal:
        session.advance(1)

    assert (refusal.value.bar, refusal.value.time) == (None, MONDAY)


def test_what_an_author_keeps_on_markets_and_frames_survives_a_resumption() -> None:
    class Counter(Strategy):
        def init(self) -> None:
            self.trend = self.timeframe("5m")
            for market in self.markets:
                market.calls = 0

        def on_bar(self) -> None:
            self.favourite, self.both = self.markets[-1], (self.trend, self.markets[0])
            self.trend.last = self.trend.close[-1]
            for market in self.markets:
                market.calls += 1

    first, resumed = run_of(Counter, FULL, HALF), run_of(Counter, FULL, HALF)
    first.advance(6)
    resumed.restore(first.snapshot())
    resumed.advance(4)

    strategy = resumed._strategy
    assert [market.calls for market in strategy.markets] == [10, 10]
    assert strategy.favourite is strategy.market("B")
    assert strategy.both == (strategy.trend, strategy.market("A"))
    assert strategy.trend.last == 109.0


def test_what_a_snapshot_cannot_hold_is_refused_with_its_owner() -> None:
    session = run_of(lambda s: setattr(s.markets[1], "rule", print), FULL, HALF)
    session.advance(1)

    with pytest.raises(SnapshotRefused, match=r"market\('B'\)\.rule cannot be kept"):
        session.snapshot()


def test_equal_times_and_times_with_holes_give_the_same_run() -> None:
    """Listings whose times are all alike need no merged clock; a third one with a single row forces one."""
    series = [minutes(60, seed=seed) for seed in (1, 2)]
    lonely = series[0][-1:]
    alike, merged = wandering(series), wandering([*series, lonely])
    assert [place is None for place in alike._floor.places] == [True, True]
    assert [place is None for place in merged._floor.places] == [False] * 3

    def buys(strategy: Any) -> None:
        market = strategy.markets[strategy.index % 2]
        market.buy(1) if strategy.index % 5 else market.close_position()

    assert bits([run_of(buys, *series).advance(59)]) == bits([run_of(buys, *series, lonely).advance(59)])


def test_timeframes_of_different_instruments_are_their_own() -> None:
    session = wandering([FULL, HALF], timeframe=Timeframe.parse("2m"))

    session.advance(10)

    assert [frame.times.tolist() for frame in (session._frames.of_market(0), session._frames.of_market(1))] == [
        [MONDAY + minute * MINUTE for minute in (0, 2, 4, 6, 8)],
        [MONDAY + minute * MINUTE for minute in (2, 4, 8)],
    ]

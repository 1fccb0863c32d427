"""Timeframes as an author sees them: bars that have closed, at the rows at whose close they have."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from apps.engine.errors import LookAhead, StrategyError
from apps.engine.indicators import sma
from apps.engine.listing import Listing
from apps.engine.series.calendars import US_EQUITIES
from apps.engine.series.timeframes import Timeframe
from apps.engine.session import Session
from apps.engine.strategy import Fill, Strategy
from apps.engine.types import Instrument
from tests.engine.runs import MONDAY, bars_at
from tests.engine.several import FIVE_MINUTES, MINUTE, ONE_MINUTE, minutes

if TYPE_CHECKING:
    from apps.engine.types import Array


def run_of(strategy: type[Strategy], bars: Array, **terms: Any) -> Session:
    return Session(strategy, {}, Listing(Instrument("TEST"), bars, timeframe=ONE_MINUTE), cash=10_000.0, **terms)


def scripted(**methods: Any) -> type[Strategy]:
    return type("Scripted", (Strategy,), methods)


# The timeframe of the run


def test_on_bar_is_called_at_the_closes_of_the_runs_timeframe() -> None:
    calls: list[Any] = []
    bars = bars_at(range(100, 112), step=MINUTE)
    script = scripted(on_bar=lambda s: calls.append((s.index, s.time, s.open[-1], s.close[-1])))

    run_of(script, bars, timeframe=FIVE_MINUTES).advance(12)

    midnight = datetime(2024, 1, 1, tzinfo=UTC)
    assert calls == [(0, midnight, 100.0, 104.0), (1, midnight + timedelta(minutes=5), 104.0, 109.0)]


def test_orders_fill_on_the_rows_between_and_are_told_there() -> None:
    heard: list[Any] = []

    class Bracket(Strategy):
        def on_bar(self) -> None:
            heard.append(("bar", self.index, self.position))
            if self.index == 0:
                self.buy(1, tp=107.0)

        def on_fill(self, fill: Fill) -> None:
            heard.append(("fill", fill.bar, fill.price, self.position, self.index))

    run = run_of(Bracket, bars_at(range(100, 112), step=MINUTE), timeframe=FIVE_MINUTES)
    rows = run.advance(12)

    assert heard == [("bar", 0, 0.0), ("fill", 5, 104.0, 1.0, 0), ("fill", 7, 107.0, 0.0, 0), ("bar", 1, 0.0)]
    assert rows.fills["time"].tolist() == [MONDAY + 5 * MINUTE, MONDAY + 7 * MINUTE]
    assert len(rows.equity) == 12


def test_an_order_from_on_fill_works_from_the_next_row_on() -> None:
    class Reverse(Strategy):
        def on_bar(self) -> None:
            if self.index == 0:
                self.buy(1)

        def on_fill(self, fill: Fill) -> None:
            self.close_position()

    rows = run_of(Reverse, bars_at(range(100, 112), step=MINUTE), timeframe=FIVE_MINUTES).advance(12)

    assert rows.fills["bar"].tolist() == [5, 6]


def test_a_price_may_be_read_first_between_two_bars() -> None:
    read: list[Any] = []

    class Late(Strategy):
        def init(self) -> None:
            self.mean = self.indicator(sma, 1)

        def on_bar(self) -> None:
            if self.index == 0:
                self.buy(1)
            if self.index == 1:
                read.append(self.low[-2:])

        def on_fill(self, fill: Fill) -> None:
            read.append(self.low[-1:])

    run_of(Late, bars_at(range(100, 112), step=MINUTE), timeframe=FIVE_MINUTES).advance(12)

    assert read == [[100.0], [100.0, 104.0]]


def test_a_bar_is_seen_with_the_row_that_closes_it_or_with_the_first_after_a_hole() -> None:
    calls: list[Any] = []
    bars = bars_at(range(100, 120), step=MINUTE)
    holes = bars[[0, 1, 2, 3, 11, 13, 14, 15, 19]]  # nothing from minute 4 to 10: the second bar of five does not exist
    script = scripted(on_bar=lambda s: calls.append((s.index, s.close[-1], s.close[-2])))

    session = run_of(script, holes, timeframe=FIVE_MINUTES)

    for row, expected in [(4, []), (5, [(0, 103.0)]), (6, []), (7, [(1, 114.0)]), (8, []), (9, [(2, 119.0)])]:
        calls.clear()
        session.advance(row - session.processed)
        assert [call[:2] for call in calls] == expected


def test_bars_that_become_known_at_one_row_are_seen_in_one_call() -> None:
    calls: list[Any] = []
    bars = bars_at(range(100, 120), step=MINUTE)
    script = scripted(on_bar=lambda s: calls.append((s.index, s.close[-2:])))

    run_of(script, bars[[0, 1, 9, 14]], timeframe=FIVE_MINUTES).advance(4)

    assert calls == [(1, [101.0, 109.0]), (2, [109.0, 114.0])]


# Further frames


def test_a_coarser_frame_grows_only_when_its_bar_has_closed() -> None:
    seen_closes: list[float] = []

    class Trend(Strategy):
        def init(self) -> None:
            self.trend = self.timeframe("5m")

        def on_bar(self) -> None:
            seen_closes.append(self.trend.close[-1])

    run_of(Trend, bars_at(range(100, 111), step=MINUTE)).advance(11)

    np.testing.assert_equal(seen_closes, [np.nan] * 4 + [104.0] * 5 + [109.0] * 2)


def test_a_finer_frame_has_all_its_bars_at_the_runs_own_close() -> None:
    seen_closes: list[Any] = []

    class Fine(Strategy):
        def init(self) -> None:
            self.fine = self.timeframe("1m")

        def on_bar(self) -> None:
            seen_closes.append(self.fine.close[-6:])

    run_of(Fine, bars_at(range(100, 111), step=MINUTE), timeframe=FIVE_MINUTES).advance(11)

    np.testing.assert_equal(seen_closes, [[np.nan, 100, 101, 102, 103, 104], [104, 105, 106, 107, 108, 109]])


def test_a_frame_is_the_same_one_each_time() -> None:
    same: list[bool] = []

    def init(strategy: Any) -> None:
        same.append(strategy.timeframe("5m") is strategy.timeframe(FIVE_MINUTES))
        same.append(strategy.timeframe("5m") is strategy.market("TEST").timeframe("5m"))

    run_of(scripted(init=init), minutes(20))

    assert same == [True, True]


def test_a_day_of_a_market_with_sessions_closes_with_the_session() -> None:
    """New York opens at 14:30 UTC in January: the day is seen at 20:59, not at the open of the next day."""
    start = MONDAY + 24 * 60 * MINUTE + (14 * 60 + 28) * MINUTE  # Tuesday, two minutes before the open
    bars = bars_at(range(1000, 1400), step=MINUTE)
    bars["time"] += start - MONDAY
    calls: list[Any] = []

    class Daily(Strategy):
        def init(self) -> None:
            self.day = self.timeframe("1d")

        def on_bar(self) -> None:
            if self.day.close[-1] == self.day.close[-1]:
                calls.append((self.time, self.day.open[-1], self.day.close[-1]))

    listing = Listing(Instrument("SPY"), bars, timeframe=ONE_MINUTE, calendar=US_EQUITIES)
    Session(Daily, {}, listing, cash=1e4).advance(len(bars))

    assert calls[0] == (datetime(2024, 1, 2, 20, 59, tzinfo=UTC), 1001.0, 1391.0)


def test_a_text_counts_on_the_clock_of_the_run() -> None:
    opened: list[Any] = []
    run = Timeframe.parse("30m", calendar=US_EQUITIES, from_open=True)

    class Hours(Strategy):
        def init(self) -> None:
            self.hour = self.timeframe("1h")
            opened.extend(self.hour._lines.times.tolist())

    bars = minutes(180, start=MONDAY + (24 + 14) * 60 * MINUTE + 30 * MINUTE)
    run_of(Hours, bars, timeframe=run)

    assert opened == [MONDAY + (38 * 60 + 30 + 60 * hour) * MINUTE for hour in range(3)]


# What is refused


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (lambda s: s.timeframe("30s"), "rows of TEST do not make bars of 30s"),
        (lambda s: s.timeframe("4x"), "'4x' is not a timeframe"),
        (lambda s: s.timeframe("5m").indicator(sma, 2, of=s.close), "of another timeframe or instrument"),
        (lambda s: s.indicator(sma, 2, of=s.timeframe("5m").close), "of another timeframe or instrument"),
        (lambda s: s.timeframe("5m").indicator(sma, 2, of="mid"), "no column 'mid'"),
    ],
)
def test_a_frame_that_cannot_be_is_refused_with_its_name_and_the_line(step: Any, reason: str) -> None:
    with pytest.raises(StrategyError, match=reason) as refusal:
        run_of(scripted(init=step), minutes(20))

    assert (refusal.value.file, refusal.value.bar) == (__file__, None)


def test_frames_are_declared_in_init_only() -> None:
    session = run_of(scripted(on_bar=lambda s: s.timeframe("5m")), minutes(20))

    with pytest.raises(StrategyError, match=r"bar 0 .* declared in init\(\)"):
        session.advance(1)


def test_a_run_finer_than_its_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="rows of TEST do not make bars of 30s"):
        run_of(Strategy, minutes(20), timeframe=Timeframe.parse("30s"))


def test_an_indicator_on_a_frame_must_not_look_ahead() -> None:
    def tomorrow(values: Any) -> Any:
        return np.append(values[1:], np.nan)

    with pytest.raises(StrategyError, match="tomorrow looks ahead") as refusal:
        run_of(scripted(init=lambda s: s.timeframe("5m").indicator(tomorrow)), minutes(60))

    assert isinstance(refusal.value.__cause__, LookAhead)

"""Rows before the start: they make indicators ready, and nothing happens in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.engine.indicators import sma
from apps.engine.session import Session
from apps.engine.strategy import Strategy
from tests.engine.runs import MONDAY, bars_at, bits, in_pieces
from tests.engine.several import FEES, FIVE_MINUTES, MINUTE, crowds, listed, minutes, seen, wandering

if TYPE_CHECKING:
    from apps.engine.series.timeframes import Timeframe
    from apps.engine.types import Array, Rows

RISING = bars_at(range(100, 130), step=MINUTE)
TIMEFRAMES = st.sampled_from([None, FIVE_MINUTES])


class Late(Strategy):
    """Trades by rules that know nothing of a beginning, from a number of minutes on."""

    look_back = 5

    def init(self) -> None:
        self.mean = self.indicator(sma, 4)
        self.trend = self.timeframe("10m")
        self.slow = self.trend.indicator(sma, 2)
        self.second = self.markets[-1]
        self.seen: list[Any] = []

    def on_bar(self) -> None:
        now = (self.time, self.index, self.close[-3:], self.mean[-1], self.trend.close[-1], self.slow[-2])
        self.seen.append((now, self.second.close[-1], self.second.position, self.equity))
        if self.time.timestamp() * 1e6 < START:
            return
        if self.close[-1] > self.mean[-1]:
            self.buy(1, sl=0.98 * self.close[-1])
        elif self.second.close[-1] < self.second.close[-2]:
            self.second.target(self.index % 3 - 1)


START = MONDAY + 40 * MINUTE


def run_of(series: list[Array], *, timeframe: Timeframe | None = None, warm_up: int = 0) -> Session:
    return Session(Late, {}, listed(series), cash=10_000.0, costs=FEES, timeframe=timeframe, warm_up=warm_up)


def scripted(script: Any, *, warm_up: int, **terms: Any) -> Session:
    strategy = type("Scripted", (Strategy,), {"on_bar": script})
    return Session(strategy, {}, listed([RISING]), cash=10_000.0, warm_up=warm_up, **terms)


def rows_of(rows: Rows) -> list[int]:
    return [len(rows.orders), len(rows.fills), len(rows.trades), len(rows.equity)]


def test_no_call_no_row_and_no_point_of_the_equity_comes_before_the_start() -> None:
    calls: list[Any] = []

    session = scripted(lambda s: calls.append((s.index, s.close[-2:])), warm_up=20)
    assert (session.total, session.processed, session.time) == (10, 0, MONDAY + 20 * MINUTE)
    rows = session.advance(10)

    assert calls[0] == (20, [119.0, 120.0])
    assert len(calls) == 10
    assert rows.equity["time"].tolist() == RISING["time"][20:].tolist()
    assert session.finished


def test_an_indicator_is_ready_at_the_first_call() -> None:
    calls: list[float] = []

    class Ready(Strategy):
        def init(self) -> None:
            self.mean = self.indicator(sma, 20)

        def on_bar(self) -> None:
            calls.append(self.mean[-1])

    Session(Ready, {}, listed([RISING]), cash=1e4, warm_up=19).advance(1)

    assert calls == [np.arange(100, 120).mean()]


def test_a_coarse_bar_that_began_in_the_warm_up_is_seen_when_it_closes() -> None:
    calls: list[Any] = []

    scripted(lambda s: calls.append((s.index, s.open[-1], s.close[-1])), warm_up=12, timeframe=FIVE_MINUTES).advance(3)

    assert calls == [(2, 109.0, 114.0)]


def test_the_day_before_the_start_counts_for_no_figure() -> None:
    session = scripted(lambda s: s.buy(1) if s.index == 20 else None, warm_up=20)
    session.advance(10)

    figures = session.metrics()

    assert figures["final_equity"] == 10_000 + 129 - 120
    assert session.total == 10


@pytest.mark.parametrize("warm_up", [-1, 30, 31])
def test_a_warm_up_that_leaves_nothing_is_refused(warm_up: int) -> None:
    with pytest.raises(ValueError, match=f"warm-up of {warm_up} rows leaves nothing of 30"):
        scripted(print, warm_up=warm_up)


@given(series=crowds(longest=120), timeframe=TIMEFRAMES)
@settings(deadline=None)
def test_a_warmed_run_is_the_tail_of_one_that_did_not_trade_before(
    series: list[Array], timeframe: Timeframe | None
) -> None:
    series[0] = minutes(120, seed=len(series[0]))  # so that there is something after the start
    whole = run_of(series, timeframe=timeframe)
    warm_up = int(np.searchsorted(whole._floor.times, START))
    warmed = run_of(series, timeframe=timeframe, warm_up=warm_up)

    before, after, rows = whole.advance(warm_up), whole.advance(whole.total), warmed.advance(warmed.total)

    assert rows_of(before)[:3] == [0, 0, 0]
    assert bits([rows]) == bits([after])
    calls = len(warmed._strategy.seen)
    assert repr(warmed._strategy.seen) == repr(whole._strategy.seen[-calls:])
    assert [warmed.metrics()[name] for name in ("net_pnl", "total_trades", "max_drawdown")] == [
        whole.metrics()[name] for name in ("net_pnl", "total_trades", "max_drawdown")
    ]


@given(series=crowds(), timeframe=TIMEFRAMES, share=st.floats(0, 0.9), data=st.data())
@settings(deadline=None)
def test_pieces_and_resumptions_of_a_warmed_run_cannot_be_seen(
    series: list[Array], timeframe: Timeframe | None, share: float, data: st.DataObject
) -> None:
    warm_up = int(share * len(wandering(series)._floor))
    whole, first, resumed = (wandering(series, timeframe=timeframe, warm_up=warm_up) for _ in range(3))
    cut = data.draw(st.integers(1, whole.total), "cut")

    rows = whole.advance(whole.total)
    pieces = in_pieces(first, [cut])
    first = wandering(series, timeframe=timeframe, warm_up=warm_up)
    first.advance(cut)
    resumed.restore(first.snapshot())
    resumed.advance(whole.total)

    assert bits(pieces) == bits([rows])
    assert seen(resumed) == seen(whole)
    assert resumed.snapshot() == whole.snapshot()

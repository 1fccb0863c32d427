"""What holds for every strategy on all data: in pieces or at once, interrupted or not, and never from the future."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.engine.desk import lines
from apps.engine.types import FINAL_EVENTS, Instrument
from tests.engine.runs import FEES, Erratic, bars_at, bits, in_pieces, session_of, walks

if TYPE_CHECKING:
    import pytest

    from apps.engine.session import Session
    from apps.engine.types import Array

SMALL_STEPS = Instrument("TEST", quantity_step=0.1, periods_per_year=365)


def erratic(bars: Array, seed: int) -> Session:
    return session_of(Erratic, bars, instrument=SMALL_STEPS, costs=FEES, seed=seed)


seeds = st.integers(0, 1000)


@given(bars=walks(), seed=seeds, sizes=st.lists(st.integers(1, 60), max_size=30))
@settings(deadline=None)
def test_the_sizes_of_the_advances_cannot_be_seen_in_the_result(bars: Array, seed: int, sizes: list[int]) -> None:
    whole, parts = erratic(bars, seed), erratic(bars, seed)

    at_once, in_parts = bits([whole.advance(len(bars))]), bits(in_pieces(parts, sizes))

    assert in_parts == at_once
    assert parts.metrics() == whole.metrics()
    assert parts.snapshot() == whole.snapshot()


@given(bars=walks(), seed=seeds, data=st.data())
@settings(deadline=None)
def test_a_resumed_run_is_the_uninterrupted_one(bars: Array, seed: int, data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(bars)), "cut")
    first, resumed = erratic(bars, seed), erratic(bars, seed)
    first.advance(cut)

    resumed.restore(first.snapshot())

    assert resumed.processed == first.processed
    assert resumed.time == first.time
    assert bits([resumed.advance(len(bars))]) == bits([first.advance(len(bars))])
    assert resumed.metrics() == first.metrics()
    assert resumed.snapshot() == first.snapshot()


@given(bars=walks(shortest=3), seed=seeds, data=st.data())
@settings(deadline=None)
def test_the_future_is_out_of_reach(bars: Array, seed: int, data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(bars) - 1), "cut")
    other = bars.copy()
    for price in ("open", "high", "low", "close"):
        other[price][cut:] *= 7

    known, changed = erratic(bars, seed).advance(cut), erratic(other, seed).advance(cut)

    assert bits([known]) == bits([changed])


@given(bars=walks(), seed=seeds)
@settings(deadline=None)
def test_equity_is_cash_and_the_position_at_the_close_to_the_bit(bars: Array, seed: int) -> None:
    rows = erratic(bars, seed).advance(len(bars))

    position, cash = np.zeros(len(bars)), np.full(len(bars), 10_000.0)
    for fill in rows.fills:
        position[fill["bar"] :] = fill["position"]
        cash[fill["bar"] :] = fill["cash"]
    assert rows.equity["equity"].tobytes() == (cash + position * bars["close"]).tobytes()
    assert rows.equity["cash"].tobytes() == cash.tobytes()
    assert rows.equity["time"].tolist() == bars["time"].tolist()


@given(bars=walks(), seed=seeds)
@settings(deadline=None)
def test_the_result_of_all_trades_and_the_open_one_is_what_the_account_gained(bars: Array, seed: int) -> None:
    session = erratic(bars, seed)

    rows = session.advance(len(bars))

    figures = session.metrics()
    np.testing.assert_allclose(figures["realized_pnl"] + figures["unrealized_pnl"], figures["net_pnl"], atol=1e-8)
    closed = rows.fills["gross_pnl"].sum() - rows.fills["fee"].sum()
    np.testing.assert_allclose(closed, figures["realized_pnl"], atol=1e-8)
    if len(rows.fills) and rows.fills["position"][-1] == 0:
        np.testing.assert_allclose(rows.trades["pnl"].sum(), figures["net_pnl"], atol=1e-8)


@given(bars=walks(), seed=seeds)
@settings(deadline=None)
def test_every_order_has_one_end(bars: Array, seed: int) -> None:
    orders = erratic(bars, seed).advance(len(bars)).orders

    ends = orders[np.isin(orders["kind"], FINAL_EVENTS)]["order"]
    assert sorted(ends) == sorted(set(orders["order"]))


def test_lines_are_trimmed_without_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    bars = bars_at(100 + 10 * np.sin(np.arange(300) / 3))
    untrimmed = bits([erratic(bars, 3).advance(300)])

    monkeypatch.setattr(lines, "BLOCK", 16)

    assert bits([erratic(bars, 3).advance(300)]) == untrimmed
    for cut in (15, 16, 17, 32):
        first, resumed = erratic(bars, 3), erratic(bars, 3)
        first.advance(cut)
        resumed.restore(first.snapshot())
        assert bits([resumed.advance(300)]) == bits([first.advance(300)])

"""The figures, step by step in the engine, against their definitions over the whole curve and all trades at once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.engine import metrics
from apps.engine.types import Instrument
from tests.engine.runs import FEES, Erratic, at, bars_at, session_of, walks

if TYPE_CHECKING:
    from apps.engine.types import Array

DAY = 86_400_000_000
CASH = 10_000.0


def daily_returns(equity: Array) -> Array:
    """Last equity of every UTC date, relative to the one before; the first relative to the cash."""
    dates = equity["time"] // DAY
    last = equity["equity"][np.append(dates[1:] != dates[:-1], True)]
    return last / np.append(CASH, last[:-1]) - 1


@given(bars=walks(shortest=60), seed=st.integers(0, 1000))
@settings(deadline=None)
def test_figures_kept_step_by_step_are_those_of_the_whole_run(bars: Array, seed: int) -> None:
    session = session_of(Erratic, bars, costs=FEES, seed=seed, instrument=Instrument("TEST", periods_per_year=365))

    rows = session.advance(len(bars))

    figures = session.metrics()
    returns, curve = daily_returns(rows.equity), np.append(CASH, rows.equity["equity"])
    peaks = np.maximum.accumulate(curve)
    assert figures["n_days"] == len(returns)
    assert figures["max_drawdown"] == pytest.approx(((peaks - curve) / peaks).max(), rel=1e-12)
    assert figures["max_drawdown_abs"] == (peaks - curve).max()
    assert figures["final_equity"] == curve[-1]
    if len(returns) > 1 and returns.std() > 0:
        deviation = returns.std(ddof=1)
        assert figures["volatility"] == pytest.approx(deviation * math.sqrt(365), rel=1e-9)
        assert figures["sharpe"] == pytest.approx(returns.mean() / deviation * math.sqrt(365), rel=1e-9)
    if (returns < 0).any():
        downside = math.sqrt((np.minimum(returns, 0) ** 2).mean())
        assert figures["sortino"] == pytest.approx(returns.mean() / downside * math.sqrt(365), rel=1e-9)
    results = rows.trades["pnl"]
    assert figures["total_trades"] == len(results)
    assert figures["gross_profit"] == pytest.approx(results[results > 0].sum())
    assert figures["gross_loss"] == pytest.approx(-results[results < 0].sum())
    assert figures["total_fees"] == pytest.approx(rows.fills["fee"].sum())
    assert figures["volume_traded"] == pytest.approx((rows.fills["quantity"] * rows.fills["price"]).sum())
    if len(results) > 1:
        sqn = math.sqrt(len(results)) * results.mean() / results.std(ddof=1)
        assert figures["sqn"] == pytest.approx(sqn, rel=1e-9)


def test_a_run_without_trades_has_no_invented_figures() -> None:
    session = session_of(at(), bars_at([100, 101]))
    before = session.metrics()
    session.advance(2)

    after = session.metrics()

    for figures in (before, after):
        assert (figures["total_return"], figures["max_drawdown"], figures["total_trades"]) == (0, 0, 0)
        for name in ("win_rate", "profit_factor", "sharpe", "sortino", "calmar", "best_trade", "expectancy", "sqn"):
            assert figures[name] is None, name
    assert (before["exposure"], after["exposure"]) == (None, 0)
    assert (before["n_days"], after["n_days"]) == (0, 1)


def test_a_trade_that_earned_nothing_is_neither_won_nor_lost() -> None:
    session = session_of(at(bar_0=lambda s: s.buy(1), bar_1=lambda s: s.sell(1)), bars_at([100, 100, 100, 100]))

    session.advance(4)

    figures = session.metrics()
    assert (figures["total_trades"], figures["winning_trades"], figures["losing_trades"]) == (1, 0, 0)
    assert (figures["win_rate"], figures["profit_factor"], figures["average_loss"]) == (0, None, None)


@pytest.mark.parametrize(("initial", "final", "days"), [(100, 110, 0), (100, 0, 10), (100, -5, 10), (1, 1e300, 0.001)])
def test_growth_without_a_meaning_is_none(initial: float, final: float, days: float) -> None:
    assert metrics.cagr(initial, final, days) is None


def test_growth_compounds_over_years_of_365_and_a_quarter_days() -> None:
    assert metrics.cagr(100, 121, 2 * 365.25) == pytest.approx(0.1, rel=1e-12)


def test_no_figure_is_ever_infinite_or_nan() -> None:
    session = session_of(at(bar_0=lambda s: s.sell(1e6)), bars_at([100, 100, 1e300, 1e308, 1e308]))
    session.advance(5)

    assert all(value is None or math.isfinite(value) for value in session.metrics().values())

"""The report of a finished run: against plain numpy, against the running figures, and where nothing can be said."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.engine import metrics
from apps.engine.metrics.__main__ import page
from apps.engine.metrics.bootstrap import sharpe_bounds
from apps.engine.types import EQUITY, FILL, TRADE, Array, Instrument
from tests.engine.runs import FEES, MONDAY, Erratic, session_of, walks

DAY = 86_400_000_000
CASH = 1000.0
NO_TRADES, NO_FILLS = np.zeros(0, TRADE), np.zeros(0, FILL)


def daily(values: Any, *, step: int = DAY) -> Array:
    """An equity curve of these values, one a day."""
    rows = np.zeros(len(values), EQUITY)
    rows["time"] = MONDAY + step * np.arange(len(values))
    rows["equity"] = values
    return rows


def report(equity: Array, trades: Array = NO_TRADES, fills: Array = NO_FILLS, **more: Any) -> dict[str, Any]:
    return metrics.report(equity, trades, fills, **{"periods_per_year": 252, "initial_cash": CASH, **more})


def walk(days: int = 700, seed: int = 2) -> Array:
    random = np.random.default_rng(seed)
    return CASH * np.exp(np.cumsum(random.standard_t(4, days) * 0.01 + 0.002))


@given(bars=walks(shortest=60), seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=40)
def test_the_report_agrees_with_the_figures_kept_while_running(bars: Array, seed: int) -> None:
    session = session_of(Erratic, bars, costs=FEES, seed=seed, instrument=Instrument("TEST", periods_per_year=365))
    rows = session.advance(len(bars))

    found = report(rows.equity, rows.trades, rows.fills, initial_cash=10_000.0, periods_per_year=365)

    for name, value in session.metrics().items():
        if value is None or name not in found:
            assert found.get(name) is None, name
        else:
            assert found[name] == pytest.approx(value, rel=1e-7, abs=1e-7), name
    assert all(value is None or not isinstance(value, float) or math.isfinite(value) for value in found.values())


def test_figures_of_daily_returns_are_those_of_plain_numpy() -> None:
    values = walk()
    returns = np.diff(np.append(CASH, values)) / np.append(CASH, values)[:-1]
    curve = np.append(CASH, values)
    falls = 1 - curve / np.maximum.accumulate(curve)
    deviation, downside = returns.std(ddof=1), math.sqrt((np.minimum(returns, 0) ** 2).mean())
    centred = returns - returns.mean()
    skew, tails = (centred**3).mean() / returns.std() ** 3, (centred**4).mean() / returns.std() ** 4
    edge = np.quantile(returns, 0.05)
    growth = (values[-1] / CASH) ** (365.25 / 699) - 1
    q = returns.mean() / deviation

    found = report(daily(values))

    expected = {
        "annual_return": np.prod(1 + returns) ** (252 / 700) - 1,
        "cagr": growth,
        "volatility": deviation * math.sqrt(252),
        "downside_deviation": downside * math.sqrt(252),
        "median_day": np.median(returns),
        "skewness": skew,
        "excess_kurtosis": tails - 3,
        "autocorrelation": np.corrcoef(returns[1:], returns[:-1])[0, 1],
        "value_at_risk_95": -edge,
        "value_at_risk_99": -np.quantile(returns, 0.01),
        "value_at_risk_95_normal": -(returns.mean() - 1.6448536269514722 * deviation),
        "conditional_value_at_risk_95": -returns[returns <= edge].mean(),
        "tail_ratio": np.quantile(returns, 0.95) / -edge,
        "stability": np.corrcoef(np.log(curve), np.arange(701))[0, 1] ** 2,
        "sharpe": q * math.sqrt(252),
        "sharpe_geometric": (np.prod(1 + returns) ** (252 / 700) - 1) / deviation / math.sqrt(252),
        "sortino": returns.mean() / downside * math.sqrt(252),
        "sortino_losing_days": returns.mean() / returns[returns < 0].std(ddof=1) * math.sqrt(252),
        "omega": returns[returns > 0].sum() / -returns[returns < 0].sum(),
        "kappa_3": returns.mean() / np.cbrt((np.maximum(-returns, 0) ** 3).mean()) * math.sqrt(252),
        "max_drawdown": falls.max(),
        "calmar": growth / falls.max(),
        "ulcer_index": math.sqrt((falls[1:] ** 2).mean()),
        "pain_index": falls[1:].mean(),
        "ulcer_performance": growth / math.sqrt((falls[1:] ** 2).mean()),
        "time_under_water": (falls > 0).mean() * 701 / 700,
        "current_drawdown": falls[-1],
        "recovery_factor": (values[-1] - CASH) / (np.maximum.accumulate(curve) - curve).max(),
        "minimum_track_record": 1 + (1 - skew * q + (tails - 1) / 4 * q**2) * (1.6448536269514722 / q) ** 2,
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-9), name
    z = q * math.sqrt(699) / math.sqrt(1 - skew * q + (tails - 1) / 4 * q**2)
    assert found["probabilistic_sharpe"] == pytest.approx((1 + math.erf(z / math.sqrt(2))) / 2, rel=1e-9)
    assert found["samples"]["sharpe"] == 700


def test_days_that_follow_each_other_lower_the_sharpe_ratio_of_a_year() -> None:
    random = np.random.default_rng(3)
    noise = random.normal(0.001, 0.01, 500)
    trending = np.convolve(noise, [0.5, 0.5])[:500]

    found = report(daily(CASH * np.cumprod(1 + trending)))

    assert found["autocorrelation"] > 0.3
    assert found["sharpe_autocorrelated"] < 0.8 * found["sharpe"]


def test_a_drawdown_has_its_dates_and_its_recovery() -> None:
    """By hand: 1000 … 1200, down to 900, back at 1200 on day 5, then 1260 and an open fall to 1134."""
    found = report(daily([1100, 1200, 1000, 900, 1100, 1200, 1260, 1134]))

    deepest, last = found["drawdowns"]
    day = lambda number: MONDAY + number * DAY  # noqa: E731
    assert (deepest["started_at"], deepest["bottom_at"], deepest["recovered_at"]) == (day(1), day(3), day(5))
    assert (deepest["depth"], deepest["depth_abs"]) == (pytest.approx(0.25), 300)
    assert (deepest["days"], deepest["days_to_bottom"], deepest["days_to_recover"]) == (4, 2, 2)
    assert (last["depth"], last["recovered_at"], last["days_to_recover"]) == (pytest.approx(0.1), None, None)
    assert found["max_drawdown_recovered_at"] == day(5)
    assert (found["drawdown_count"], found["longest_drawdown_days"]) == (2, 4)
    assert found["average_drawdown"] == pytest.approx(0.175)
    assert found["time_under_water"] == 4 / 8


def test_a_fall_from_the_initial_cash_begins_with_the_first_bar() -> None:
    found = report(daily([900, 950]))

    assert found["max_drawdown"] == pytest.approx(0.1)
    assert found["max_drawdown_started_at"] == MONDAY
    assert found["max_drawdown_recovered_at"] is None


def test_months_and_years_are_calendar_ones() -> None:
    """By hand: 2024 has 366 days, its January 31."""
    values = np.full(400, 1100.0)
    values[31:] = 990.0
    values[366:] = 1089.0

    found = report(daily(values))

    assert found["monthly_returns"][0] == {"year": 2024, "month": 1, "return": pytest.approx(0.1)}
    assert found["monthly_returns"][1] == {"year": 2024, "month": 2, "return": pytest.approx(-0.1)}
    assert [row["year"] for row in found["yearly_returns"]] == [2024, 2025]
    assert found["yearly_returns"][1]["return"] == pytest.approx(0.1)
    assert (found["best_month"], found["worst_month"]) == (pytest.approx(0.1), pytest.approx(-0.1))
    assert found["winning_months"] == pytest.approx(2 / 14)
    assert found["gain_to_pain"] == pytest.approx(0.1 / 0.1)


def test_figures_against_a_benchmark_are_those_of_plain_numpy() -> None:
    random = np.random.default_rng(11)
    theirs = random.normal(0.0004, 0.01, 300)
    ours = 0.5 * theirs + random.normal(0.0002, 0.004, 300)
    prices = 50 * np.cumprod(1 + theirs)

    found = report(daily(CASH * np.cumprod(1 + ours)), benchmark=prices)

    theirs = np.append(0.0, theirs[1:])  # the first price is where it begins
    slope = np.cov(ours, theirs)[0, 1] / theirs.var(ddof=1)
    active = ours - theirs
    assert found["beta"] == pytest.approx(slope)
    assert found["alpha"] == pytest.approx((ours.mean() - slope * theirs.mean()) * 252)
    assert found["benchmark_return"] == pytest.approx(prices[-1] / prices[0] - 1)
    assert found["tracking_error"] == pytest.approx(active.std(ddof=1) * math.sqrt(252))
    assert found["information_ratio"] == pytest.approx(active.mean() / active.std(ddof=1) * math.sqrt(252))
    assert found["r_squared"] == pytest.approx(np.corrcoef(ours, theirs)[0, 1] ** 2)
    assert found["treynor"] == pytest.approx(ours.mean() * 252 / slope)
    assert found["up_capture"] == pytest.approx(ours[theirs > 0].mean() / theirs[theirs > 0].mean())
    assert found["days_ahead"] == pytest.approx((active > 0).mean())


@pytest.mark.parametrize(
    "equity", [daily([]), daily([CASH]), daily([CASH] * 5)], ids=["no bars", "one bar", "a flat line"]
)
def test_what_nothing_can_be_said_of_is_none(equity: Array) -> None:
    found = report(equity)

    for name in ("sharpe", "sharpe_low", "sortino", "calmar", "omega", "probabilistic_sharpe", "kelly", "sqn", "beta"):
        assert found[name] is None, name
    assert found["max_drawdown"] == 0
    assert found["drawdowns"] == []
    assert found["total_trades"] == 0


def test_a_lost_account_has_no_growth_and_no_infinite_figures() -> None:
    found = report(daily([500.0, 0.0, -100.0, -50.0]))

    assert (found["cagr"], found["annual_return"], found["stability"], found["sharpe"]) == (None, None, None, None)
    assert found["max_drawdown"] == pytest.approx(1.1)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"benchmark": [1.0, 2.0]}, "one price a bar"),
        ({"benchmark": [1.0, 0.0, 2.0]}, "above 0"),
        ({"benchmark": [1.0, math.nan, 2.0]}, "above 0"),
        ({"initial_cash": 0.0}, "above 0"),
        ({"periods_per_year": 0}, "1 or more"),
    ],
)
def test_a_benchmark_or_cash_without_returns_is_refused(more: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        report(daily([1.0, 2.0, 3.0]), **more)


def test_the_interval_of_the_sharpe_ratio_is_the_same_each_time_and_holds_it() -> None:
    equity = daily(walk(seed=5))

    first, second = report(equity), report(equity)

    assert (first["sharpe_low"], first["sharpe_high"]) == (second["sharpe_low"], second["sharpe_high"])
    assert first["sharpe_low"] < first["sharpe"] < first["sharpe_high"]


def test_the_interval_is_as_wide_as_theory_says_for_independent_days() -> None:
    """For normal returns the variance of a daily Sharpe ratio q is (1 + q² / 2) / n (Lo 2002)."""
    returns = np.random.default_rng(8).normal(0.0005, 0.01, 1500)

    low, high = sharpe_bounds(returns, 252) or (0.0, 0.0)

    q = returns.mean() / returns.std(ddof=1)
    expected = 2 * 1.96 * math.sqrt((1 + q**2 / 2) / 1500 * 252)
    assert high - low == pytest.approx(expected, rel=0.2)


def test_fewer_than_twenty_days_have_no_interval() -> None:
    assert sharpe_bounds(np.random.default_rng(1).normal(size=19), 252) is None


def test_every_figure_says_what_it_is() -> None:
    samples = metrics.Run(daily([CASH]), NO_TRADES, NO_FILLS, 252, CASH).samples

    assert len(metrics.METRICS) >= 100
    for definition in metrics.METRICS.values():
        assert definition.meaning, definition.name
        assert definition.formula, definition.name
        assert definition.sample in samples, definition.name


def test_the_page_of_the_metrics_is_the_present_one() -> None:
    written = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()

    assert written == page(), "python -m apps.engine.metrics > docs/metrics.md"

"""backtesting.py: days resampled from the bars' equity, geometric means; percents."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from apps.engine.metrics.curve import depths, episodes
from apps.engine.metrics.dialects.conventions import Dialect
from apps.engine.metrics.holding import hours_held
from apps.engine.metrics.moments import covariance, deviation, mean, ratio, total
from apps.engine.metrics.run import DAY, changes
from apps.engine.metrics.trades import returns_of

if TYPE_CHECKING:
    from apps.engine.metrics.run import Run
    from apps.engine.types import Column

BACKTESTING = Dialect(
    "backtesting.py",
    "0.6.6",
    "The first day has no return. The year has 365 days where more than 17 % of the bars are of a weekend, else 252. A "
    "trade's return is its result over the value it was entered with. The market of alpha and beta is the benchmark, "
    "from its first price on: backtesting.py begins when the strategy's indicators are ready. Bars longer than a day, "
    "which it annualises by weeks, months or years, are taken as days here.",
)
figure = BACKTESTING.figure
STATS = "_stats.py"


@figure(
    "Return [%]",
    "(last − first equity) / first equity × 100, the first at the first bar's close",
    f"{STATS}:compute_stats",
)
def total_return(run: Run) -> float:
    equity = run.equity["equity"]
    return float((equity[-1] - equity[0]) / equity[0]) * 100.0


@figure("Return (Ann.) [%]", "((1 + g)^P − 1) × 100, g = geometric mean of the days", f"{STATS}:140")
def annual_return(run: Run) -> float:
    return ((1.0 + _geometric_day(run)) ** _year(run) - 1.0) * 100.0


@figure("Volatility (Ann.) [%]", "√((s²(r) + (1 + g)²)^P − (1 + g)^(2P)) × 100", f"{STATS}:144")
def volatility(run: Run) -> float:
    spread, growth, year = deviation(_days(run)), 1.0 + _geometric_day(run), _year(run)
    if spread is None:
        return math.nan
    return math.sqrt((spread**2 + growth**2) ** year - growth ** (2 * year)) * 100.0


@figure("CAGR [%]", "((last / first equity)^(365.25 / days) − 1) × 100", f"{STATS}:146")
def cagr(run: Run) -> float | None:
    growth = 1.0 + total_return(run) / 100.0
    if run.span_days <= 0.0 or growth <= 0.0:
        return None
    return (growth ** (365.25 / run.span_days) - 1.0) * 100.0


@figure("Sharpe Ratio", "Return (Ann.) / Volatility (Ann.)", f"{STATS}:150")
def sharpe(run: Run) -> float | None:
    return ratio(annual_return(run), volatility(run))


@figure("Sortino Ratio", "Return (Ann.) / (√(mean(min(r, 0)²)) × √P)", f"{STATS}:153")
def sortino(run: Run) -> float | None:
    square = mean(np.minimum(_days(run), 0.0) ** 2)
    return None if square is None else ratio(annual_return(run) / 100.0, math.sqrt(square * _year(run)))


@figure("Max. Drawdown [%]", "−max(fall) × 100 of every bar's equity", f"{STATS}:167")
def max_drawdown(run: Run) -> float:
    return -float(depths(run.equity["equity"]).max()) * 100.0


@figure("Calmar Ratio", "Return (Ann.) / |Max. Drawdown|", f"{STATS}:155")
def calmar(run: Run) -> float | None:
    return ratio(annual_return(run), -max_drawdown(run))


@figure("Beta", "cov(ln r, ln b) / var(ln b) of the bars' logarithmic returns", f"{STATS}:compute_stats")
def beta(run: Run) -> float | None:
    equity = run.equity["equity"]
    if run.benchmark is None or not (equity > 0.0).all():
        return None
    ours, theirs = np.diff(np.log(equity)), np.diff(np.log(run.benchmark))
    return ratio(covariance(ours, theirs), covariance(theirs, theirs))


@figure("Alpha [%]", "Return − Beta × the market's return × 100", f"{STATS}:compute_stats")
def alpha(run: Run) -> float | None:
    slope = beta(run)
    if run.benchmark is None or slope is None:
        return None
    return total_return(run) - slope * float(run.benchmark[-1] / run.benchmark[0] - 1.0) * 100.0


@figure(
    "Avg. Drawdown [%]",
    "−mean of the drawdowns' depths × 100, one that begins with the last bar left out",
    f"{STATS}:compute_drawdown_duration_peaks",
)
def average_drawdown(run: Run) -> float | None:
    begins_last = len(run.equity) - 2  # its peak is the bar before
    found = mean([fall.depth for fall in episodes(run.equity["equity"]) if fall.peak < begins_last])
    return None if found is None else -found * 100.0


@figure(
    "Exposure Time [%]",
    "bars from entry to exit of closed trades, both included / bars × 100",
    f"{STATS}:compute_stats",
)
def exposure(run: Run) -> float:
    held = np.zeros(len(run.equity), dtype=bool)
    for opened, closed in zip(run.trades["opened_bar"].tolist(), run.trades["closed_bar"].tolist(), strict=True):
        held[opened : closed + 1] = True
    return float(held.sum()) / len(held) * 100.0


@figure("# Trades", "closed trades", f"{STATS}:compute_stats")
def total_trades(run: Run) -> int:
    return len(run.trades)


@figure("Win Rate [%]", "mean(result > 0) × 100", f"{STATS}:172")
def win_rate(run: Run) -> float | None:
    return _percent(ratio(run.samples["wins"], len(run.trades)))


@figure("Best Trade [%]", "max(trade return) × 100", f"{STATS}:compute_stats")
def best_trade(run: Run) -> float | None:
    return float(returns_of(run.trades).max()) * 100.0 if len(run.trades) else None


@figure("Worst Trade [%]", "min(trade return) × 100", f"{STATS}:compute_stats")
def worst_trade(run: Run) -> float | None:
    return float(returns_of(run.trades).min()) * 100.0 if len(run.trades) else None


@figure("Avg. Trade [%]", "geometric mean of the trade returns × 100", f"{STATS}:compute_stats")
def average_trade_return(run: Run) -> float | None:
    return _percent(_geometric_mean(returns_of(run.trades)))


@figure("Profit Factor", "Σ trade returns > 0 / |Σ trade returns < 0|", f"{STATS}:180")
def profit_factor(run: Run) -> float | None:
    found = returns_of(run.trades)
    return ratio(total(found[found > 0.0]), abs(total(found[found < 0.0])))


@figure("Expectancy [%]", "mean(trade return) × 100", f"{STATS}:181")
def expectancy(run: Run) -> float | None:
    return _percent(mean(returns_of(run.trades)))


@figure("SQN", "√n × mean(result) / s(result)", f"{STATS}:182")
def sqn(run: Run) -> float | None:
    found = ratio(mean(run.results), deviation(run.results))
    return None if found is None else found * math.sqrt(len(run.results))


@figure("Kelly Criterion", "W − (1 − W) / (mean win / mean loss); a result of 0 is no win", f"{STATS}:183")
def kelly(run: Run) -> float | None:
    odds = ratio(mean(run.results[run.results > 0.0]), mean(-run.results[run.results < 0.0]))
    if not odds:
        return None
    rate = run.samples["wins"] / len(run.results)
    return rate - (1.0 - rate) / odds


@figure(
    "Avg. Trade Duration", "mean(exit − entry), in hours and not rounded up to whole bars", f"{STATS}:compute_stats"
)
def average_hours_held(run: Run) -> float | None:
    return mean(hours_held(run.trades))


def _days(run: Run) -> Column:
    """Returns of the second day and later."""
    return changes(run.daily_curve[1:])


def _geometric_day(run: Run) -> float:
    return _geometric_mean(_days(run)) or 0.0


def _geometric_mean(returns: Column) -> float | None:
    if not len(returns):
        return None
    return math.exp(total(np.log1p(returns)) / len(returns)) - 1.0 if (returns > -1.0).all() else 0.0


def _year(run: Run) -> int:
    weekday = (run.equity["time"] // DAY + 3) % 7  # 1970-01-01 was a Thursday, Monday is 0
    return 365 if float((weekday >= 5).sum()) / len(weekday) > 2 / 7 * 0.6 else 252


def _percent(value: float | None) -> float | None:
    return None if value is None else value * 100.0

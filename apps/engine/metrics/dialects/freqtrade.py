"""freqtrade: profits of closed trades over the starting balance, 365 days a year; −100 for what is undefined."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from apps.engine.metrics.dialects.conventions import Dialect
from apps.engine.metrics.moments import deviation, product, ratio, total
from apps.engine.metrics.trades import gains, longest_run, losses

if TYPE_CHECKING:
    from apps.engine.metrics.run import Run
    from apps.engine.types import Column

UNDEFINED = -100.0
FREQTRADE = Dialect(
    "freqtrade",
    "2026.9",
    "p are the results of the closed trades over the starting balance, D the whole days between first and last bar, "
    "at least 1. Open positions are in none of these numbers; freqtrade itself closes them at the end.",
)
figure = FREQTRADE.figure
METRICS = "data/metrics.py"


@figure("sharpe", "Σp / D / s₀(p) × √365, s₀ with n in the denominator", f"{METRICS}:455")
def sharpe(run: Run) -> float:
    return _daily_profit_over(run, deviation(_profits(run), lost=0))


@figure("sortino", "Σp / D / s₀(p where p < 0) × √365", f"{METRICS}:407")
def sortino(run: Run) -> float:
    profits = _profits(run)
    return _daily_profit_over(run, deviation(profits[profits < 0.0], lost=0))


@figure("calmar", "Σp / D × 100 / relative drawdown where the absolute one is largest × √365", f"{METRICS}:538")
def calmar(run: Run) -> float:
    if not len(run.results):
        return 0.0
    found = ratio(total(_profits(run)) / _whole_days(run) * 100.0, _drawdown(run)[1])
    return UNDEFINED if found is None else found * math.sqrt(365)


@figure("cagr", "(final / starting balance)^(365 / D) − 1, of closed trades; 0 where it has none", f"{METRICS}:292")
def cagr(run: Run) -> float:
    growth = 1.0 + total(_profits(run))
    if growth < 0.0:
        return 0.0
    try:
        return float(growth ** (365.0 / _whole_days(run)) - 1.0)
    except OverflowError:
        return 0.0


@figure("max_drawdown_abs", "max fall of the running sum of results", f"{METRICS}:207")
def max_drawdown_abs(run: Run) -> float:
    return _drawdown(run)[0]


@figure("max_drawdown_account", "the share of the balance's peak that this fall is", f"{METRICS}:207")
def max_drawdown(run: Run) -> float:
    return _drawdown(run)[1]


@figure("profit_total_abs", "Σ results", "optimize/optimize_reports/optimize_reports.py")
def net_pnl(run: Run) -> float:
    return total(run.results)


@figure("profit_total", "Σp", "optimize/optimize_reports/optimize_reports.py")
def total_return(run: Run) -> float:
    return total(_profits(run))


@figure(
    "profit_factor",
    "Σ results > 0 / |Σ results < 0|; 0 without a loss",
    "optimize/optimize_reports/optimize_reports.py",
)
def profit_factor(run: Run) -> float:
    return ratio(gains(run.results), losses(run.results)) or 0.0


@figure(
    "winrate",
    "wins / n, draws in the denominator; 0 without trades",
    "optimize/optimize_reports/optimize_reports.py:217",
)
def win_rate(run: Run) -> float:
    return ratio(run.samples["wins"], len(run.results)) or 0.0


@figure("expectancy", "wins / n × average win − losses / n × average loss", f"{METRICS}:310")
def expectancy(run: Run) -> float:
    return (ratio(gains(run.results) - losses(run.results), len(run.results))) or 0.0


@figure("expectancy_ratio", "(1 + average win / average loss) × wins / n − 1; 100 without a loss", f"{METRICS}:310")
def expectancy_ratio(run: Run) -> float:
    counts = run.samples
    average_loss = ratio(losses(run.results), counts["losses"])
    if not average_loss:
        return 100.0
    average_win = ratio(gains(run.results), counts["wins"]) or 0.0
    return (1.0 + average_win / average_loss) * counts["wins"] / len(run.results) - 1.0


@figure("sqn", "√n × mean(p) / s(p) to 4 decimals; −100 where it has none", f"{METRICS}:613")
def sqn(run: Run) -> float:
    profits = _profits(run)
    if not len(profits):
        return 0.0
    found = product(ratio(total(profits) / len(profits), deviation(profits)), math.sqrt(len(profits)))
    return UNDEFINED if found is None else round(found, 4)


@figure("max_consecutive_wins", "longest run of results > 0", "optimize/optimize_reports/optimize_reports.py")
def max_consecutive_wins(run: Run) -> int:
    return longest_run(run.results > 0.0)


@figure("max_consecutive_losses", "longest run of results ≤ 0", "optimize/optimize_reports/optimize_reports.py")
def max_consecutive_losses(run: Run) -> int:
    return longest_run(run.results <= 0.0)


def _profits(run: Run) -> Column:
    return run.results / run.initial_cash


def _whole_days(run: Run) -> int:
    return max(1, int(run.span_days))


def _daily_profit_over(run: Run, spread: float | None) -> float:
    if not len(run.results):
        return 0.0
    found = ratio(total(_profits(run)) / _whole_days(run), spread)
    return UNDEFINED if found is None else found * math.sqrt(365)


def _drawdown(run: Run) -> tuple[float, float]:
    """The largest fall of the running sum of results from 0 or a later peak, and its share of the peak's balance."""
    sums = np.append(0.0, np.cumsum(run.results))
    peaks = np.maximum.accumulate(sums)
    bottom = int(np.argmax(peaks - sums))
    fall = float(peaks[bottom] - sums[bottom])
    return fall, fall / (run.initial_cash + float(peaks[bottom]))

"""quantstats: given daily returns, 252 a year; fractions, losses negative."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from apps.engine.metrics.curve import depths
from apps.engine.metrics.dialects.conventions import Dialect
from apps.engine.metrics.moments import deviation, mean, product, quantile, ratio, total

if TYPE_CHECKING:
    from apps.engine.metrics.run import Run
    from apps.engine.types import Column

YEAR = 252
QUANTSTATS = Dialect(
    "quantstats",
    "0.0.86",
    "A win is a day, not a trade. Volatility and ratios take 252 days a year even for markets that never rest. "
    "Skewness and kurtosis are pandas' unbiased ones.",
)
figure = QUANTSTATS.figure
STATS = "stats.py"


@figure("sharpe", "mean(r) / s(r) × √252", f"{STATS}:841")
def sharpe(run: Run) -> float | None:
    return product(ratio(mean(run.returns), deviation(run.returns)), math.sqrt(YEAR))


@figure("sortino", "mean(r) / √(Σ min(r, 0)² / n) × √252", f"{STATS}:982")
def sortino(run: Run) -> float | None:
    square = mean(np.minimum(run.returns, 0.0) ** 2)
    return product(ratio(mean(run.returns), None if square is None else math.sqrt(square)), math.sqrt(YEAR))


@figure("volatility", "s(r) × √252", f"{STATS}:volatility")
def volatility(run: Run) -> float | None:
    return product(deviation(run.returns), math.sqrt(YEAR))


@figure("comp", "Π(1 + r) − 1", f"{STATS}:comp")
def total_return(run: Run) -> float:
    return float(run.daily_curve[-1]) / run.initial_cash - 1.0


@figure("cagr", "Π(1 + r)^(252 / n) − 1", f"{STATS}:1507")
def cagr(run: Run) -> float:
    growth = float(run.daily_curve[-1]) / run.initial_cash
    return math.nan if growth < 0.0 else float(growth ** (YEAR / len(run.returns)) - 1.0)


@figure("max_drawdown", "−max(fall) of the days' values, a first point of 1 before them", f"{STATS}:2451")
def max_drawdown(run: Run) -> float:
    return -float(depths(run.daily_curve).max())


@figure("calmar", "cagr / |max_drawdown|", f"{STATS}:1642")
def calmar(run: Run) -> float | None:
    return ratio(cagr(run), -max_drawdown(run))


@figure("omega", "Σ max(r, 0) / Σ max(−r, 0)", f"{STATS}:1394")
def omega(run: Run) -> float | None:
    return ratio(total(np.maximum(run.returns, 0.0)), total(np.maximum(-run.returns, 0.0)))


@figure("ulcer_index", "√(Σd² / (n − 1)), d = drawdown at each day's end", f"{STATS}:ulcer_index")
def ulcer_index(run: Run) -> float | None:
    square = ratio(total(depths(run.daily_curve)[1:] ** 2), len(run.returns) - 1)
    return None if square is None else math.sqrt(square)


@figure("ulcer_performance_index", "(Π(1 + r) − 1) / ulcer_index", f"{STATS}:ulcer_performance_index")
def ulcer_performance(run: Run) -> float | None:
    return ratio(total_return(run), ulcer_index(run))


@figure(
    "serenity_index", "Σr / (ulcer_index × CVaR(d) / s(r)), CVaR of a normal distribution", f"{STATS}:serenity_index"
)
def serenity(run: Run) -> float | None:
    pitfall = ratio(_normal_shortfall(depths(run.daily_curve)[1:]), deviation(run.returns))
    return ratio(total(run.returns), product(ulcer_index(run), pitfall))


@figure("value_at_risk", "mean(r) + z(5 %) × s(r), negative", f"{STATS}:value_at_risk")
def value_at_risk_95_normal(run: Run) -> float | None:
    spread = deviation(run.returns)
    return NormalDist(total(run.returns) / len(run.returns), spread).inv_cdf(0.05) if spread else None


@figure("conditional_value_at_risk", "mean(r) − s(r) × φ(z(5 %)) / 5 %, negative", f"{STATS}:1921")
def conditional_value_at_risk_95(run: Run) -> float | None:
    return product(-1.0, _normal_shortfall(-run.returns))


@figure("tail_ratio", "|quantile(r, 95 %) / quantile(r, 5 %)|", f"{STATS}:2008")
def tail_ratio(run: Run) -> float | None:
    found = ratio(quantile(run.returns, 0.95), quantile(run.returns, 0.05))
    return None if found is None else abs(found)


@figure("win_rate", "days with r > 0 / days with r ≠ 0", f"{STATS}:509")
def win_rate(run: Run) -> float:
    return ratio(float((run.returns > 0.0).sum()), float((run.returns != 0.0).sum())) or 0.0


@figure("profit_factor", "Σ r ≥ 0 / |Σ r < 0|", f"{STATS}:2161")
def profit_factor(run: Run) -> float:
    won, lost = total(np.maximum(run.returns, 0.0)), total(np.maximum(-run.returns, 0.0))
    if lost == 0.0:
        return 0.0 if won == 0.0 else math.inf
    return won / lost


@figure("payoff_ratio", "mean(r where r > 0) / |mean(r where r < 0)|", f"{STATS}:2054")
def payoff_ratio(run: Run) -> float | None:
    return ratio(mean(run.returns[run.returns > 0.0]), mean(-run.returns[run.returns < 0.0]))


@figure("kelly_criterion", "W − (1 − W) / payoff_ratio, W = win_rate", f"{STATS}:2553")
def kelly(run: Run) -> float | None:
    odds = payoff_ratio(run)
    return None if not odds else win_rate(run) - (1.0 - win_rate(run)) / odds


@figure("recovery_factor", "|Σr| / |max_drawdown|", f"{STATS}:2332")
def recovery_factor(run: Run) -> float | None:
    return ratio(abs(total(run.returns)), -max_drawdown(run))


@figure("skew", "unbiased (Fisher-Pearson) skewness of r", f"{STATS}:skew")
def skewness(run: Run) -> float | None:
    count, spread = len(run.returns), deviation(run.returns)
    if count < 3 or not spread:
        return None
    return total(_standardised(run.returns, spread) ** 3) * count / ((count - 1) * (count - 2))


@figure("kurtosis", "unbiased excess kurtosis of r", f"{STATS}:kurtosis")
def excess_kurtosis(run: Run) -> float | None:
    count, spread = len(run.returns), deviation(run.returns)
    if count < 4 or not spread:
        return None
    fourth = total(_standardised(run.returns, spread) ** 4) * count * (count + 1)
    return (fourth / (count - 1) - 3.0 * (count - 1) ** 2) / ((count - 2) * (count - 3))


@figure("best", "max(r)", f"{STATS}:best")
def best_day(run: Run) -> float:
    return float(run.returns.max())


@figure("worst", "min(r)", f"{STATS}:worst")
def worst_day(run: Run) -> float:
    return float(run.returns.min())


def _standardised(values: Column, spread: float) -> Column:
    return (values - total(values) / len(values)) / spread


def _normal_shortfall(losses: Column) -> float | None:
    """The mean of the worst twentieth of losses, were they normally distributed."""
    spread = deviation(losses)
    if spread is None:
        return None
    normal = NormalDist()
    return total(losses) / len(losses) + spread * normal.pdf(normal.inv_cdf(0.05)) / 0.05

"""Ratios: reward against risk, in the field's many definitions, each under a name of its own."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from apps.engine.metrics import moments
from apps.engine.metrics.curve import depths
from apps.engine.metrics.definitions import metric
from apps.engine.metrics.drawdowns import (
    average_drawdown,
    max_drawdown,
    pain_index,
    squares_of_depths,
    ulcer_index,
)
from apps.engine.metrics.moments import deviation, mean, product, ratio, total
from apps.engine.metrics.returns import annual_return, cagr, downside, shortfall, volatility

if TYPE_CHECKING:
    from apps.engine.metrics.run import Run

SHARPE = 'Sharpe, "The Sharpe Ratio", Journal of Portfolio Management 21(1), 1994'
SORTINO = 'Sortino & Price, "Performance Measurement in a Downside Risk Framework", Journal of Investing 3(3), 1994'
LO = 'Lo, "The Statistics of Sharpe Ratios", Financial Analysts Journal 58(4), 2002'
BAILEY = 'Bailey & López de Prado, "The Sharpe Ratio Efficient Frontier", Journal of Risk 15(2), 2012'
POLITIS = 'Politis & Romano, "The Stationary Bootstrap", JASA 89(428), 1994'
YOUNG = 'Young, "Calmar Ratio: A Smoother Tool", Futures 20(1), 1991'
KEATING = 'Keating & Shadwick, "A Universal Performance Measure", Journal of Performance Measurement 6(3), 2002'
KAPLAN = 'Kaplan & Knowles, "Kappa: A Generalized Downside Risk-Adjusted Performance Measure", 2004'
BURKE = 'Burke, "A Sharper Sharpe Ratio", Futures 23(3), 1994'
CONFIDENT = NormalDist().inv_cdf(0.95)


@metric("mean(r) / s(r) × √P", unit="ratio", sample="days", source=SHARPE)
def sharpe(run: Run) -> float | None:
    """Mean daily return per unit of its deviation, for a year; risk-free rate 0."""
    return product(_daily_sharpe(run), math.sqrt(run.periods_per_year))


@metric("2.5 % quantile of sharpe over 1000 stationary resamples", unit="ratio", sample="days", source=POLITIS)
def sharpe_low(run: Run) -> float | None:
    """Lower end of the 95 % confidence interval of the Sharpe ratio; none below 20 days."""
    return run.sharpe_bounds[0] if run.sharpe_bounds else None


@metric("97.5 % quantile of sharpe over 1000 stationary resamples", unit="ratio", sample="days", source=POLITIS)
def sharpe_high(run: Run) -> float | None:
    """Upper end of that interval."""
    return run.sharpe_bounds[1] if run.sharpe_bounds else None


@metric("annual_return / volatility", unit="ratio", sample="days", source=SHARPE)
def sharpe_geometric(run: Run) -> float | None:
    """The Sharpe ratio of what an investor really got: with the geometric mean."""
    return ratio(annual_return(run), volatility(run))


@metric("mean(m) / s(m) × √12, m = monthly returns", unit="ratio", sample="months", source=SHARPE)
def sharpe_monthly(run: Run) -> float | None:
    """The Sharpe ratio from calendar months, as funds report it."""
    months = run.monthly_returns
    return product(ratio(mean(months), deviation(months)), math.sqrt(12))


@metric("mean(r) / s(r) × P / √(P + 2 Σₖ (P − k) ρᵏ), k = 1 … P − 1", unit="ratio", sample="days", source=LO)
def sharpe_autocorrelated(run: Run) -> float | None:
    """The Sharpe ratio for a year in which a day depends on the day before (ρ: the autocorrelation)."""
    correlation = moments.autocorrelation(run.returns)
    if correlation is None:
        return None
    year = run.periods_per_year
    variance = year + 2 * math.fsum((year - lag) * correlation**lag for lag in range(1, year))
    return product(_daily_sharpe(run), year / math.sqrt(variance)) if variance > 0.0 else None


@metric(
    "Φ(q √(n − 1) / √(1 − S q + (K − 1) q² / 4)), q = mean(r) / s(r)", unit="fraction", sample="days", source=BAILEY
)
def probabilistic_sharpe(run: Run) -> float | None:
    """The probability that the true Sharpe ratio is above 0, given skewness S and kurtosis K of the returns."""
    daily, variance = _daily_sharpe(run), _variance_of_sharpe(run)
    if daily is None or not variance:
        return None
    return NormalDist().cdf(daily * math.sqrt((len(run.returns) - 1) / variance))


@metric("1 + (1 − S q + (K − 1) q² / 4) × (z(95 %) / q)²", unit="days", sample="days", source=BAILEY)
def minimum_track_record(run: Run) -> float | None:
    """How many days it takes to be 95 % sure of a Sharpe ratio above 0; none where it is not above 0."""
    daily, variance = _daily_sharpe(run), _variance_of_sharpe(run)
    if daily is None or variance is None or daily <= 0.0:
        return None
    return 1.0 + variance * (CONFIDENT / daily) ** 2


@metric("mean(r) / √(mean(min(r, 0)²)) × √P", unit="ratio", sample="days", source=SORTINO)
def sortino(run: Run) -> float | None:
    """Mean daily return per unit of downside deviation, for a year; the target is 0."""
    return product(ratio(mean(run.returns), downside(run.returns)), math.sqrt(run.periods_per_year))


@metric("annual_return / downside_deviation", unit="ratio", sample="days", source=SORTINO)
def sortino_geometric(run: Run) -> float | None:
    """The Sortino ratio with the geometric mean."""
    return ratio(annual_return(run), product(downside(run.returns), math.sqrt(run.periods_per_year)))


@metric("mean(r) / s(r where r < 0) × √P", unit="ratio", sample="days")
def sortino_losing_days(run: Run) -> float | None:
    """The Sortino ratio of those who take the deviation of the losing days alone, about their own mean."""
    losses = run.returns[run.returns < 0.0]
    return product(ratio(mean(run.returns), deviation(losses)), math.sqrt(run.periods_per_year))


@metric("cagr / max_drawdown", unit="ratio", sample="bars", source=YOUNG)
def calmar(run: Run) -> float | None:
    """Annual growth against the deepest fall of every bar's equity."""
    return ratio(cagr(run), max_drawdown(run))


@metric("annual_return / deepest fall between days' ends", unit="ratio", sample="days", source=YOUNG)
def calmar_daily(run: Run) -> float | None:
    """The Calmar ratio of a daily curve, as packages that only see days compute it."""
    return ratio(annual_return(run), float(depths(run.daily_curve).max()))


@metric("Σ max(r, 0) / Σ max(−r, 0)", unit="ratio", sample="days", source=KEATING)
def omega(run: Run) -> float | None:
    """All daily gains against all daily losses, at a threshold of 0."""
    return ratio(total(np.maximum(run.returns, 0.0)), total(np.maximum(-run.returns, 0.0)))


@metric("mean(r) / ∛(mean(max(−r, 0)³)) × √P", unit="ratio", sample="days", source=KAPLAN)
def kappa_3(run: Run) -> float | None:
    """Like the Sortino ratio, with the third power of the losses: large ones count more."""
    cube = mean(np.maximum(-run.returns, 0.0) ** 3)
    return product(ratio(mean(run.returns), None if cube is None else math.cbrt(cube)), math.sqrt(run.periods_per_year))


@metric(
    "Σ m / Σ max(−m, 0), m = monthly returns",
    unit="ratio",
    sample="months",
    source='Schwager, "Hedge Fund Market Wizards", 2012',
)
def gain_to_pain(run: Run) -> float | None:
    """All monthly returns against the losses of the losing months."""
    return ratio(total(run.monthly_returns), total(np.maximum(-run.monthly_returns, 0.0)))


@metric("cagr / ulcer_index", unit="ratio", sample="days", source="Martin & McCann, 1989")
def ulcer_performance(run: Run) -> float | None:
    """Annual growth against depth and length of all drawdowns (Martin ratio)."""
    return ratio(cagr(run), ulcer_index(run))


@metric("cagr / pain_index", unit="ratio", sample="days", source="Becker & Moore, 2006")
def pain_ratio(run: Run) -> float | None:
    """Annual growth against the average drawdown of all days."""
    return ratio(cagr(run), pain_index(run))


@metric("cagr / average_drawdown", unit="ratio", sample="drawdowns")
def sterling(run: Run) -> float | None:
    """Annual growth against the drawdowns' average depth, without the customary ten percent added to it."""
    return ratio(cagr(run), average_drawdown(run))


@metric("cagr / √(Σ depth²) over all drawdowns", unit="ratio", sample="drawdowns", source=BURKE)
def burke(run: Run) -> float | None:
    """Annual growth against all drawdowns, the deep ones weighing more."""
    return ratio(cagr(run), math.sqrt(squares_of_depths(run)))


@metric(
    "Σ r / (ulcer_index × CVaR₉₅(d) / s(r)), d = drawdown at each day's end",
    unit="ratio",
    sample="days",
    source="KeyQuant, 2013",
)
def serenity(run: Run) -> float | None:
    """Return against drawdowns and the worst twentieth of them, in units of volatility."""
    worst = shortfall(-depths(run.daily_curve)[1:], 0.05)
    pitfall = ratio(worst, deviation(run.returns))
    return ratio(total(run.returns), product(ulcer_index(run), pitfall)) if len(run.returns) else None


@metric("CVaR₉₅(−r) / CVaR₉₅(r)", unit="ratio", sample="days", source="Rachev, Biglova, Ortobelli & Stoyanov, 2004")
def rachev(run: Run) -> float | None:
    """The mean of the best twentieth of the days against that of the worst."""
    return ratio(shortfall(-run.returns, 0.05), shortfall(run.returns, 0.05))


def _daily_sharpe(run: Run) -> float | None:
    return ratio(mean(run.returns), deviation(run.returns))


def _variance_of_sharpe(run: Run) -> float | None:
    """Of the daily Sharpe ratio's estimate, times n - 1."""
    daily, skew, tails = _daily_sharpe(run), moments.skewness(run.returns), moments.kurtosis(run.returns)
    if daily is None or skew is None or tails is None:
        return None
    return 1.0 - skew * daily + (tails - 1.0) / 4.0 * daily**2

"""Returns: what the account earned, day by day, month by month and in all."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.engine.metrics import moments
from apps.engine.metrics.definitions import Figure, metric
from apps.engine.metrics.moments import difference, mean, product, quantile, ratio
from apps.engine.metrics.running import cagr as compound_growth

if TYPE_CHECKING:
    from apps.engine.metrics.run import Run
    from apps.engine.types import Array, Column

JORION = 'Jorion, "Value at Risk", 3rd edition, 2007'
ROCKAFELLAR = 'Rockafellar & Uryasev, "Optimization of Conditional Value-at-Risk", Journal of Risk 2(3), 2000'
FAVRE = 'Favre & Galeano, "Mean-Modified Value-at-Risk Optimization", Journal of Alternative Investments 5(2), 2002'
NORMAL = NormalDist()


@metric("as given", unit="money", sample="bars")
def initial_cash(run: Run) -> float:
    """What the account started with."""
    return float(run.initial_cash)


@metric("cash and positions at the last close", unit="money", sample="bars")
def final_equity(run: Run) -> float:
    """What the account is worth in the end."""
    return float(run.curve[-1])


@metric("final equity − initial cash", unit="money", sample="bars")
def net_pnl(run: Run) -> float:
    """What was earned, open positions and all costs included."""
    return float(run.curve[-1] - run.curve[0])


@metric("final equity / initial cash − 1", unit="fraction", sample="bars")
def total_return(run: Run) -> Figure:
    """What was earned on each unit of the initial cash."""
    return ratio(net_pnl(run), run.initial_cash)


@metric("(final equity / initial cash)^(365.25 / days between first and last bar) − 1", unit="fraction", sample="bars")
def cagr(run: Run) -> float | None:
    """Compound annual growth by the calendar."""
    return compound_growth(run.initial_cash, float(run.curve[-1]), run.span_days)


@metric("Π(1 + r)^(P / n) − 1", unit="fraction", sample="days")
def annual_return(run: Run) -> float | None:
    """Compound annual growth by trading days: the geometric mean of the daily returns."""
    days = len(run.returns)
    growth = float(run.curve[-1]) / run.initial_cash
    if not days or growth <= 0.0:
        return None
    try:
        return float(growth ** (run.periods_per_year / days) - 1.0)
    except OverflowError:
        return None


@metric("mean(r) × P", unit="fraction", sample="days")
def annual_mean_return(run: Run) -> float | None:
    """The mean daily return of a year, without compounding."""
    return product(mean(run.returns), run.periods_per_year)


@metric("s(r) × √P", unit="fraction", sample="days")
def volatility(run: Run) -> float | None:
    """Standard deviation of the daily returns, for a year."""
    return product(moments.deviation(run.returns), math.sqrt(run.periods_per_year))


@metric("√(mean(min(r, 0)²)) × √P", unit="fraction", sample="days", source="Sortino & Price, 1994")
def downside_deviation(run: Run) -> float | None:
    """Root mean square of the negative daily returns over all days, for a year."""
    return product(downside(run.returns), math.sqrt(run.periods_per_year))


@metric("mean(r)", unit="fraction", sample="days")
def average_day(run: Run) -> float | None:
    """The mean daily return."""
    return mean(run.returns)


@metric("median(r)", unit="fraction", sample="days")
def median_day(run: Run) -> float | None:
    """The daily return in the middle."""
    return quantile(run.returns, 0.5)


@metric("max(r)", unit="fraction", sample="days")
def best_day(run: Run) -> float | None:
    """The best daily return."""
    return _largest(run.returns)


@metric("min(r)", unit="fraction", sample="days")
def worst_day(run: Run) -> float | None:
    """The worst daily return."""
    return _smallest(run.returns)


@metric("days with r > 0 / days", unit="fraction", sample="days")
def winning_days(run: Run) -> float | None:
    """The share of days that earned something; days that stood still are in the denominator."""
    return mean((run.returns > 0.0).astype(np.float64))


@metric("m₃ / m₂^1.5", unit="ratio", sample="days")
def skewness(run: Run) -> float | None:
    """Whether the large days are gains (above 0) or losses (below)."""
    return moments.skewness(run.returns)


@metric("m₄ / m₂² − 3", unit="ratio", sample="days")
def excess_kurtosis(run: Run) -> float | None:
    """How much heavier the tails of the daily returns are than those of a normal distribution."""
    return difference(moments.kurtosis(run.returns), 3.0)


@metric("corr(r[i], r[i−1])", unit="ratio", sample="days")
def autocorrelation(run: Run) -> float | None:
    """Whether a good day follows a good day."""
    return moments.autocorrelation(run.returns)


@metric("−quantile(r, 5 %)", unit="fraction", sample="days", source=JORION)
def value_at_risk_95(run: Run) -> float | None:
    """The daily loss that was exceeded on one day of twenty (historical)."""
    return product(-1.0, quantile(run.returns, 0.05))


@metric("−quantile(r, 1 %)", unit="fraction", sample="days", source=JORION)
def value_at_risk_99(run: Run) -> float | None:
    """The daily loss that was exceeded on one day of a hundred (historical)."""
    return product(-1.0, quantile(run.returns, 0.01))


@metric("−(mean(r) + z(5 %) × s(r))", unit="fraction", sample="days", source=JORION)
def value_at_risk_95_normal(run: Run) -> float | None:
    """The same, were the daily returns normally distributed."""
    return _parametric_loss(run, NORMAL.inv_cdf(0.05))


@metric(
    "−(mean(r) + z′ × s(r)), z′ = z + (z²−1)S/6 + (z³−3z)K/24 − (2z³−5z)S²/36",
    unit="fraction",
    sample="days",
    source=FAVRE,
)
def value_at_risk_95_modified(run: Run) -> float | None:
    """The same with skewness S and excess kurtosis K of the returns (Cornish-Fisher)."""
    skew, tails = moments.skewness(run.returns), excess_kurtosis(run)
    if skew is None or tails is None:
        return None
    z = NORMAL.inv_cdf(0.05)
    bent = z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * tails / 24 - (2 * z**3 - 5 * z) * skew**2 / 36
    return _parametric_loss(run, bent)


@metric("−mean(r where r ≤ quantile(r, 5 %))", unit="fraction", sample="days", source=ROCKAFELLAR)
def conditional_value_at_risk_95(run: Run) -> float | None:
    """The mean loss of the worst twentieth of the days (expected shortfall)."""
    return shortfall(run.returns, 0.05)


@metric("−mean(r where r ≤ quantile(r, 1 %))", unit="fraction", sample="days", source=ROCKAFELLAR)
def conditional_value_at_risk_99(run: Run) -> float | None:
    """The mean loss of the worst hundredth of the days."""
    return shortfall(run.returns, 0.01)


@metric("|quantile(r, 95 %) / quantile(r, 5 %)|", unit="ratio", sample="days")
def tail_ratio(run: Run) -> float | None:
    """How large the good extremes are against the bad ones."""
    found = ratio(quantile(run.returns, 0.95), quantile(run.returns, 0.05))
    return None if found is None else abs(found)


@metric("R² of ln(equity at day's end) on the day's number", unit="ratio", sample="days")
def stability(run: Run) -> float | None:
    """How straight the curve is on a logarithmic scale: 1 is a line."""
    if not (run.daily_curve > 0.0).all():
        return None
    found = moments.correlation(np.log(run.daily_curve), np.arange(len(run.daily_curve), dtype=np.float64))
    return None if found is None else found**2


@metric("max of the months' returns", unit="fraction", sample="months")
def best_month(run: Run) -> float | None:
    """The best calendar month."""
    return _largest(run.monthly_returns)


@metric("min of the months' returns", unit="fraction", sample="months")
def worst_month(run: Run) -> float | None:
    """The worst calendar month."""
    return _smallest(run.monthly_returns)


@metric("months with a return > 0 / months", unit="fraction", sample="months")
def winning_months(run: Run) -> float | None:
    """The share of calendar months that earned something."""
    return mean((run.monthly_returns > 0.0).astype(np.float64))


@metric("max of the years' returns", unit="fraction", sample="years")
def best_year(run: Run) -> float | None:
    """The best calendar year."""
    return _largest(run.yearly_returns)


@metric("min of the years' returns", unit="fraction", sample="years")
def worst_year(run: Run) -> float | None:
    """The worst calendar year."""
    return _smallest(run.yearly_returns)


@metric("last equity of the month / last equity before it − 1, by year and month", unit="table", sample="months")
def monthly_returns(run: Run) -> list[dict[str, Any]]:
    """The return of every calendar month (UTC) that has bars."""
    months = _labels(run, run.month_ends, "M")
    return [
        {"year": month // 12 + 1970, "month": month % 12 + 1, "return": _defined(change)}
        for month, change in zip(months, run.monthly_returns.tolist(), strict=True)
    ]


@metric("last equity of the year / last equity before it − 1, by year", unit="table", sample="years")
def yearly_returns(run: Run) -> list[dict[str, Any]]:
    """The return of every calendar year (UTC) that has bars."""
    years = _labels(run, run.year_ends, "Y")
    return [
        {"year": year + 1970, "return": _defined(change)}
        for year, change in zip(years, run.yearly_returns.tolist(), strict=True)
    ]


@metric("UTC dates that have bars", unit="count", sample="bars")
def n_days(run: Run) -> int:
    """How many daily returns there are."""
    return len(run.returns)


@metric("as given: 252, or 365 where trade never rests", unit="a year", sample="bars")
def periods_per_year(run: Run) -> int:
    """P, the days a year that annual figures are for."""
    return run.periods_per_year


def downside(returns: Column) -> float | None:
    """√(mean(min(r, 0)²)) of a day."""
    square = mean(np.minimum(returns, 0.0) ** 2)
    return None if square is None else math.sqrt(square)


def shortfall(values: Column, share: float) -> float | None:
    """Minus the mean of the values up to their quantile."""
    edge = quantile(values, share)
    return None if edge is None else product(-1.0, mean(values[values <= edge]))


def _parametric_loss(run: Run, z: float) -> float | None:
    spread = moments.deviation(run.returns)
    return None if spread is None else -(moments.total(run.returns) / len(run.returns) + z * spread)


def _labels(run: Run, rows: Array, unit: str) -> list[int]:
    """Numbers since 1970 of the months (M) or years (Y) of these rows."""
    moments_in_time = run.equity["time"][rows].astype("M8[us]")
    return moments_in_time.astype(f"M8[{unit}]").astype(np.int64).tolist()


def _largest(values: Column) -> float | None:
    return float(values.max()) if len(values) else None


def _smallest(values: Column) -> float | None:
    return float(values.min()) if len(values) else None


def _defined(value: float) -> float | None:
    return value if math.isfinite(value) else None

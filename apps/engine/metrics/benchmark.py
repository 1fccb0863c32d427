"""Against a benchmark: daily returns r of the run beside b of the benchmark; none of it without one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from apps.engine.metrics.curve import depths
from apps.engine.metrics.definitions import metric
from apps.engine.metrics.moments import correlation, covariance, deviation, difference, mean, product, ratio
from apps.engine.metrics.returns import total_return
from apps.engine.metrics.running import cagr

if TYPE_CHECKING:
    from apps.engine.metrics.run import Run
    from apps.engine.types import Array, Column

JENSEN = 'Jensen, "The Performance of Mutual Funds in the Period 1945-1964", Journal of Finance 23(2), 1968'
GRINOLD = 'Grinold & Kahn, "Active Portfolio Management", 2nd edition, 1999'
TREYNOR = 'Treynor, "How to Rate Management of Investment Funds", Harvard Business Review 43(1), 1965'


@metric("last price / first price − 1", unit="fraction", sample="bars")
def benchmark_return(run: Run) -> float | None:
    """What the benchmark earned from the first close to the last."""
    prices = _prices(run)
    return None if prices is None else float(prices[-1] / prices[0] - 1.0)


@metric("(last price / first price)^(365.25 / days) − 1", unit="fraction", sample="bars")
def benchmark_cagr(run: Run) -> float | None:
    """The benchmark's compound annual growth."""
    prices = _prices(run)
    return None if prices is None else cagr(float(prices[0]), float(prices[-1]), run.span_days)


@metric("s(b) × √P", unit="fraction", sample="days")
def benchmark_volatility(run: Run) -> float | None:
    """The benchmark's standard deviation, for a year."""
    return _annual(run, deviation(_theirs(run)))


@metric("mean(b) / s(b) × √P", unit="ratio", sample="days")
def benchmark_sharpe(run: Run) -> float | None:
    """The benchmark's Sharpe ratio."""
    return _annual(run, ratio(mean(_theirs(run)), deviation(_theirs(run))))


@metric("max((peak − price) / peak)", unit="fraction", sample="bars")
def benchmark_max_drawdown(run: Run) -> float | None:
    """The benchmark's deepest fall, at every bar's close."""
    prices = _prices(run)
    return None if prices is None else float(depths(prices).max())


@metric("total_return − benchmark_return", unit="fraction", sample="bars")
def excess_return(run: Run) -> float | None:
    """What was earned beyond the benchmark."""
    return difference(total_return(run), benchmark_return(run))


@metric("cov(r, b) / var(b)", unit="ratio", sample="days", source=JENSEN)
def beta(run: Run) -> float | None:
    """How much the account moves when the benchmark does."""
    theirs = _theirs(run)
    return ratio(covariance(_ours(run), theirs), product(deviation(theirs), deviation(theirs)))


@metric("(mean(r) − beta × mean(b)) × P", unit="fraction", sample="days", source=JENSEN)
def alpha(run: Run) -> float | None:
    """What was earned a year beyond what the moves of the benchmark explain; risk-free rate 0."""
    daily = difference(mean(_ours(run)), product(beta(run), mean(_theirs(run))))
    return product(daily, run.periods_per_year)


@metric("corr(r, b)", unit="ratio", sample="days")
def benchmark_correlation(run: Run) -> float | None:
    """How closely the account and the benchmark move together."""
    return correlation(_ours(run), _theirs(run))


@metric("corr(r, b)²", unit="fraction", sample="days")
def r_squared(run: Run) -> float | None:
    """The part of the account's variance that the benchmark explains."""
    found = benchmark_correlation(run)
    return product(found, found)


@metric("s(r − b) × √P", unit="fraction", sample="days", source=GRINOLD)
def tracking_error(run: Run) -> float | None:
    """How far the account strays from the benchmark, for a year."""
    return _annual(run, deviation(_active(run)))


@metric("mean(r − b) / s(r − b) × √P", unit="ratio", sample="days", source=GRINOLD)
def information_ratio(run: Run) -> float | None:
    """Return beyond the benchmark per unit of tracking error."""
    return _annual(run, ratio(mean(_active(run)), deviation(_active(run))))


@metric("mean(r) × P / beta", unit="ratio", sample="days", source=TREYNOR)
def treynor(run: Run) -> float | None:
    """Return per unit of the benchmark's risk taken."""
    return ratio(product(mean(_ours(run)), run.periods_per_year), beta(run))


@metric("mean(r where b > 0) / mean(b where b > 0)", unit="ratio", sample="days")
def up_capture(run: Run) -> float | None:
    """The part of the benchmark's good days that the account took."""
    return _capture(run, _theirs(run) > 0.0)


@metric("mean(r where b < 0) / mean(b where b < 0)", unit="ratio", sample="days")
def down_capture(run: Run) -> float | None:
    """The part of the benchmark's bad days that the account suffered."""
    return _capture(run, _theirs(run) < 0.0)


@metric("days with r > b / days", unit="fraction", sample="days")
def days_ahead(run: Run) -> float | None:
    """The share of days that were better than the benchmark's."""
    return mean((_active(run) > 0.0).astype(np.float64))


def _prices(run: Run) -> Column | None:
    if run.benchmark is None or not len(run.benchmark):
        return None
    return np.asarray(run.benchmark, dtype=np.float64)


def _theirs(run: Run) -> Column:
    """(days,) the benchmark's returns; empty without one, so that every figure of them is None."""
    return run.benchmark_returns if run.benchmark_returns is not None else np.empty(0)


def _ours(run: Run) -> Column:
    return run.returns if run.benchmark_returns is not None else np.empty(0)


def _active(run: Run) -> Column:
    return _ours(run) - _theirs(run)


def _annual(run: Run, daily: float | None) -> float | None:
    return product(daily, math.sqrt(run.periods_per_year))


def _capture(run: Run, days: Array) -> float | None:
    return ratio(mean(_ours(run)[days]), mean(_theirs(run)[days]))

"""How sure a Sharpe ratio is: its interval by resampling the days in blocks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from apps.engine.metrics.moments import quantile

if TYPE_CHECKING:
    from apps.engine.types import Column

RESAMPLES: Final = 1000
SEED: Final = 19_940_101
SHORTEST: Final = 20  # days; an interval from fewer would be invented
CONFIDENCE: Final = 0.95


def sharpe_bounds(returns: Column, periods_per_year: int) -> tuple[float, float] | None:
    """The interval that holds the annual Sharpe ratio with a confidence of 95 %; None for fewer than 20 days.

    The stationary bootstrap keeps the dependence of neighbouring days: blocks of random length, n^(1/3) days on
    average. The bounds are the quantiles of 1000 resamples, whose random numbers have a fixed seed.
    Source: Politis & Romano, "The Stationary Bootstrap", Journal of the American Statistical Association 89(428), 1994.
    """
    from apps.engine.kernels.figures import resampled_moments

    values = np.ascontiguousarray(returns, dtype=np.float64)
    if len(values) < SHORTEST or not np.isfinite(values).all():
        return None
    random = np.random.Generator(np.random.PCG64(SEED))
    restart = len(values) ** (-1 / 3)
    ratios = []
    for _ in range(RESAMPLES):
        mean, deviation = resampled_moments(values, restart, random.random(2 * len(values)))
        if deviation > 0.0:
            ratios.append(mean / deviation * math.sqrt(periods_per_year))
    tail = (1 - CONFIDENCE) / 2
    low, high = quantile(ratios, tail), quantile(ratios, 1 - tail)
    return None if low is None or high is None else (low, high)

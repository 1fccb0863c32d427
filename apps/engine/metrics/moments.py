"""Means, deviations and quantiles of samples; None or nan where a sample is too small to have one.

Sums are exactly rounded (`math.fsum`), so that no figure hangs on the machine's vector width.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.engine.types import Column

    Sample = Sequence[float] | Column


def total(values: Sample) -> float:
    """The sum; nan when a value is not finite."""
    numbers = np.asarray(values, dtype=np.float64)
    return math.fsum(numbers.tolist()) if np.isfinite(numbers).all() else math.nan


def mean(values: Sample) -> float | None:
    return total(values) / len(values) if len(values) else None


def deviation(values: Sample, *, lost: int = 1) -> float | None:
    """Standard deviation with `lost` degrees of freedom taken from the count; None when nothing is left of it."""
    if len(values) <= lost:
        return None
    return math.sqrt(total((np.asarray(values) - total(values) / len(values)) ** 2) / (len(values) - lost))


def covariance(values: Sample, others: Sample) -> float | None:
    """Of two samples of one length, with n - 1 in the denominator."""
    if len(values) < 2:
        return None
    first, second = np.asarray(values), np.asarray(others)
    products = (first - total(first) / len(first)) * (second - total(second) / len(second))
    return total(products) / (len(first) - 1)


def skewness(values: Sample) -> float | None:
    """Third standardised moment of the sample as a population; None below three values."""
    return _standardised(values, 3)


def kurtosis(values: Sample) -> float | None:
    """Fourth standardised moment, 3 for a normal distribution; None below three values."""
    return _standardised(values, 4)


def quantile(values: Sample, share: float) -> float | None:
    """Interpolated between the two nearest values (Hyndman & Fan 1996, type 7); nan when a value is not finite."""
    if not len(values):
        return None
    ordered = sorted(np.asarray(values, dtype=np.float64).tolist())
    if not np.isfinite(values).all():
        return math.nan
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def autocorrelation(values: Sample) -> float | None:
    """Pearson's correlation of each value with the one before."""
    numbers = np.asarray(values, dtype=np.float64)
    return correlation(numbers[:-1], numbers[1:])


def correlation(values: Sample, others: Sample) -> float | None:
    return ratio(covariance(values, others), product(deviation(values), deviation(others)))


def ratio(numerator: float | None, denominator: float | None) -> float | None:
    """None where the denominator is nothing: there is no honest number for it."""
    if numerator is None or not denominator:
        return None
    return numerator / denominator


def product(*factors: float | None) -> float | None:
    """None when one of them is."""
    result = 1.0
    for factor in factors:
        if factor is None:
            return None
        result *= factor
    return result


def difference(value: float | None, other: float | None) -> float | None:
    return None if value is None or other is None else value - other


def _standardised(values: Sample, power: int) -> float | None:
    spread = deviation(values, lost=0)
    if len(values) < 3 or not spread:
        return None
    distances = (np.asarray(values) - total(values) / len(values)) / spread
    return total(distances**power) / len(values)

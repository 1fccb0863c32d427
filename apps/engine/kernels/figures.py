"""Kernels of a report: what has to be computed thousands of times."""

import math

from numba import njit, types

from apps.engine.kernels import INPUT, OPTIONS
from apps.engine.types import Column

MOMENTS = types.UniTuple(types.float64, 2)  # type: ignore[no-untyped-call]


@njit(MOMENTS(INPUT, types.float64, INPUT), **OPTIONS)
def resampled_moments(values: Column, restart: float, draws: Column) -> tuple[float, float]:
    """Mean and sample deviation of one stationary resample of the values.

    The resample runs through the values in a circle and, with probability `restart`, goes on elsewhere. draws: two
    uniform numbers of [0, 1) a value: whether to go elsewhere, and where to.
    Source of the one-pass moments: Welford, Technometrics 4, 1962.
    """
    count = len(values)
    place = 0
    mean = 0.0
    squares = 0.0
    for i in range(count):
        goes_elsewhere = i == 0 or draws[2 * i] < restart
        place = int(draws[2 * i + 1] * count) if goes_elsewhere else (place + 1) % count
        distance = values[place] - mean
        mean += distance / (i + 1)
        squares += distance * (values[place] - mean)
    return mean, math.sqrt(squares / (count - 1))

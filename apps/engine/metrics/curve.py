"""A curve and its falls."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from apps.engine.types import Column


class Drawdown(NamedTuple):
    """Rows of a curve: the peak before, the lowest point, and the first row back at the peak (None: not yet)."""

    peak: int
    bottom: int
    recovery: int | None
    depth: float
    """As a fraction of the peak."""
    depth_abs: float


def depths(curve: Column) -> Column:
    """How far each point lies below the highest so far, as a fraction of that; 0 at a peak."""
    peaks = np.maximum.accumulate(curve)
    return (peaks - curve) / peaks


def episodes(curve: Column) -> list[Drawdown]:
    """Every stretch below a peak, in time order; the curve's first value is above 0."""
    below = depths(curve)
    edges = np.flatnonzero(np.diff(below > 0.0, prepend=False, append=False))
    found = []
    for first, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        bottom = first + int(np.argmax(below[first:stop]))
        fall = float(curve[first - 1] - curve[bottom])
        found.append(Drawdown(first - 1, bottom, stop if stop < len(curve) else None, float(below[bottom]), fall))
    return found

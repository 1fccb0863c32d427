"""Fewer bars for a chart: neighbours become one, which opens with the first, closes with the last, hides no extreme."""

import numpy as np

from apps.engine.types import BAR, Array


def fold(bars: Array, limit: int) -> Array:
    """At most `limit` (≥ 1) bars (m,) BAR that cover bars (n,) BAR; a copy of them when n ≤ limit."""
    if len(bars) <= limit:
        return np.array(bars)
    starts = np.arange(0, len(bars), -(-len(bars) // limit))
    folded = np.empty(len(starts), BAR)
    folded["time"], folded["open"] = bars["time"][starts], bars["open"][starts]
    folded["close"] = bars["close"][np.append(starts[1:], len(bars)) - 1]
    folded["high"] = np.maximum.reduceat(bars["high"], starts)
    folded["low"] = np.minimum.reduceat(bars["low"], starts)
    folded["volume"] = np.add.reduceat(bars["volume"], starts)
    return folded

"""Lines for the eye only: they know the future, and a strategy that declares one is refused for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apps.engine.indicators.columns import bars, price

if TYPE_CHECKING:
    from apps.engine.types import Column


def chikou(close: Column, displacement: int = 26) -> Column:
    """Ichimoku's lagging line: the close of `displacement` bars later, drawn here. The last bars have none."""
    out = np.full(len(close), np.nan)
    if bars(displacement) < len(close):
        out[:-displacement] = price(close)[displacement:]
    return out

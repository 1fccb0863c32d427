"""What the candles say at every row: the direction, and how far prices range beside what is usual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from apps.engine.types import Array, Column

READY, RISING, STORMY, CALM, WIDE, NARROW = 1, 2, 4, 8, 16, 32
"""Enough closes; the last not below the first; ranges to stop at, and to go on at; twice as wide, 0.7 times as wide."""


def candles(
    time: Array,
    high: Column,
    low: Column,
    close: Column,
    grains: float,
    seconds: int,
    closes: int,
    periods: tuple[int, int],
    ratios: Sequence[Decimal],
    heeded: int,
) -> Any:
    """Signs, the sums of the last ranges for either period in grains, and where whoever sleeps is to be woken."""
    from apps.engine.kernels.forming import watch  # compiled; the catalogue of strategies does without

    period, baseline = periods
    pairs = [ratio.as_integer_ratio() for ratio in ratios]
    numbers = np.array([float(number) for pair in zip(*pairs, strict=True) for number in pair])
    columns = tuple(np.empty(len(time)) for _ in range(4))
    watch(
        time, high, low, close, grains, seconds * 1_000_000, closes, period, baseline, numbers, heeded,
        np.empty(baseline), np.empty(closes), *columns,
    )  # fmt: skip
    return columns


def waking(wakes: Column) -> Column:
    return wakes


HEEDED_ALWAYS: Final = READY
HEEDED_WITH_CHECK: Final = STORMY | CALM
HEEDED_WITH_ADJUSTMENT: Final = WIDE | NARROW

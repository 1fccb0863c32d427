"""Where closes point to: long at 1, short at -1. They are whole numbers of grains, the oldest first."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def momentum(closes: Sequence[int]) -> int:
    return 1 if closes[-1] >= closes[0] else -1


def sma_crossover(closes: Sequence[int], fast: int, slow: int) -> int:
    return 1 if sum(closes[-fast:]) * slow >= sum(closes[-slow:]) * fast else -1


def ema_crossover(closes: Sequence[int], fast: int, slow: int) -> int:
    return 1 if ema(closes, fast) >= ema(closes, slow) else -1


def price_vs_sma(closes: Sequence[int]) -> int:
    return 1 if closes[-1] * len(closes) >= sum(closes) else -1


def by_rsi(closes: Sequence[int], period: int, oversold: Decimal, overbought: Decimal) -> int:
    """The RSI of plain sums: what rose, of all that moved."""
    steps = [later - close for close, later in zip(closes[-period - 1 : -1], closes[-period:], strict=True)]
    rose, moved = sum(step for step in steps if step > 0), sum(map(abs, steps))
    if moved and rose * 100 <= oversold * moved:
        return 1
    if moved and rose * 100 >= overbought * moved:
        return -1
    return momentum(closes)


def ema(closes: Sequence[int], period: int) -> Decimal:
    """The first close seeds it."""
    mean = Decimal(closes[0])
    for close in closes[1:]:
        mean += (close - mean) * 2 / (period + 1)
    return mean

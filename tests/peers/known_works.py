"""The first two works of the benchmark as scripts: what their averages say, the same for everyone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.benchmarks.figures import loops, walks, works
from tests.peers.markets import Market
from tests.peers.steps import STEP, step

if TYPE_CHECKING:
    from apps.engine.types import Array


def w1(rows: int) -> tuple[Market, Array]:
    """One unit while SMA 20 > SMA 100, on the first bars."""
    bars = np.load(works.data("w1"), mmap_mode="r")[:rows].copy()
    fast, slow = (loops.mean(bars["close"].copy(), period) for period in (works.FAST, works.SLOW))
    is_above = fast > slow
    changes = np.flatnonzero(np.diff(is_above)) + 1
    steps = [step(int(bar), "enter" if is_above[bar] else "leave", 1, 1.0) for bar in changes]
    return Market("w1", bars, decimals=4), np.array(steps, STEP)


def w2() -> tuple[Market, Array]:
    """One unit where EMA 8 and 21 of five-minute bars cross, when flat, with a stop and a target."""
    bars = np.load(works.data("w2"))
    length = int(works.CROSS["length"])
    closes = walks.folded(bars, length)["close"].copy()
    fast, slow = (loops.exponential_mean(closes, period) for period in (works.CROSS_FAST, works.CROSS_SLOW))
    up = (fast[:-1] <= slow[:-1]) & (fast[1:] > slow[1:])
    down = (fast[:-1] >= slow[:-1]) & (fast[1:] < slow[1:])
    decimals = 7  # of prices with four, times a share with three
    steps = []
    for index in np.flatnonzero(up | down):
        side, close = (1 if up[index] else -1), float(closes[index + 1])
        stop_loss = round(close * (1 - side * works.CROSS["stop_share"]), decimals)
        target = round(close * (1 + side * works.CROSS["target_share"]), decimals)
        bar = (int(index) + 2) * length - 1
        steps.append(step(bar, "enter", side, 1.0, stop_loss=stop_loss, target=target))
    return Market("w2", bars, decimals), np.array(steps, STEP)

"""vectorbt: whole arrays of signals, carried out by numba or by its Rust engine."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import vectorbt as vbt

WARM_UP = 2_000
REPEATS = 3
TOLERANCE = {"w3": 1.0}  # of 9.9 million: equal averages differ in their last digit, and some fills with them
SHARED = {"init_cash": 1_000_000.0, "cash_sharing": True, "group_by": True}
PAIRS = tuple(product(range(5, 45, 2), range(50, 550, 10)))
PAIRS_A_CALL = {"numba": 10, "rust": 1}  # the fastest of 1, 2, 5, 10, 50 and 100


def w1(bars: np.ndarray) -> Callable[[], tuple[int, float]]:
    return hold_while_above(bars, engine="numba")


def w1_rust(bars: np.ndarray) -> Callable[[], tuple[int, float]]:
    return hold_while_above(bars, engine="rust")


def w3(bars: np.ndarray) -> Callable[[], tuple[int, float]]:
    return all_pairs(bars, engine="numba")


def w3_rust(bars: np.ndarray) -> Callable[[], tuple[int, float]]:
    return all_pairs(bars, engine="rust")


def w5(bars: np.ndarray) -> Callable[[], tuple[int, float]]:
    return hold_while_above(bars, engine="numba", **SHARED)


def w5_rust(bars: np.ndarray) -> Callable[[], tuple[int, float]]:
    return hold_while_above(bars, engine="rust", **SHARED)


def hold_while_above(bars: np.ndarray, engine: str, **account: Any) -> Callable[[], tuple[int, float]]:
    """Signals of a bar's close, given to the next bar and filled at its open."""
    opens, closes = columns(bars)
    frame = pd.DataFrame(closes)

    def run() -> tuple[int, float]:
        fast, slow = (frame.vbt.rolling_mean(period, engine=engine).to_numpy() for period in (20, 100))
        return outcome(opens, closes, fast > slow, engine, **account)

    return run


def columns(bars: np.ndarray) -> list[np.ndarray]:
    """Opens and closes (bars, instruments), contiguous."""
    return [np.ascontiguousarray(bars[name]).reshape(len(bars), -1) for name in ("open", "close")]


def outcome(opens: np.ndarray, closes: np.ndarray, above: np.ndarray, engine: str, **account: Any) -> tuple[int, float]:
    is_above = np.concatenate([np.zeros((1, above.shape[1]), bool), above[:-1]])
    portfolio = vbt.Portfolio.from_signals(
        closes, entries=is_above, exits=~is_above, price=opens, size=1.0, fees=0.001, freq="1min", engine=engine,
        **{"init_cash": 10_000.0, **account},
    )  # fmt: skip
    return len(portfolio.order_records), np.sum(portfolio.final_value())


def all_pairs(bars: np.ndarray, engine: str) -> Callable[[], tuple[int, float]]:
    """Every window's average once; then the pairs, some in a call."""
    opens, closes = columns(bars)
    frame, at_once = pd.DataFrame(closes), PAIRS_A_CALL[engine]

    def run() -> tuple[int, float]:
        windows = sorted({window for pair in PAIRS for window in pair})
        means = {window: frame.vbt.rolling_mean(window, engine=engine).to_numpy() for window in windows}
        outcomes = []
        for first in range(0, len(PAIRS), at_once):
            above = np.column_stack([means[fast] > means[slow] for fast, slow in PAIRS[first : first + at_once]])
            outcomes.append(outcome(opens, closes, above, engine))
        fills, equities = zip(*outcomes, strict=True)
        return sum(fills), sum(equities)

    return run

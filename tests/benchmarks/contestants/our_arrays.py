"""Our engine: the works by arrays of targets and by a compiled function, and the sweep over all pairs.

As for vectorbt, the columns of the bars are there before a run begins; averages, orders, rows and figures are the run.
"""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np

from apps.engine.compiled import Compiled, buy, close_position
from apps.engine.indicators import sma
from apps.engine.listing import Listing
from apps.engine.session import Session
from apps.engine.signals import Targets
from apps.engine.sweep import sweep
from apps.engine.types import Array, Costs, Instrument
from tests.benchmarks.figures import loops

PAIRS = tuple(product(range(5, 45, 2), range(50, 550, 10)))
TERMS: dict[str, Any] = {"cash": 10_000.0, "costs": Costs(commission_rate=0.001)}


def w1_signals(bars: Array) -> Callable[[], tuple[int, float]]:
    listing, closes = Listing(Instrument("WALK"), bars), np.ascontiguousarray(bars["close"])

    def run() -> tuple[int, float]:
        plan = Targets((sma(closes, 20) > sma(closes, 100)).astype(np.float64))
        return outcome(Session(plan, {}, listing, **TERMS))

    return run


def hold_while_above(desk, fast, slow):  # type: ignore[no-untyped-def]
    if fast[-1] > slow[-1]:
        if desk.position == 0.0:
            buy(desk, 1.0)
    elif desk.position != 0.0:
        close_position(desk)


def w1_compiled(bars: Array) -> Callable[[], tuple[int, float]]:
    listing, closes = Listing(Instrument("WALK"), bars), np.ascontiguousarray(bars["close"])

    def run() -> tuple[int, float]:
        plan = Compiled(hold_while_above, fast=sma(closes, 20), slow=sma(closes, 100))
        return outcome(Session(plan, {}, listing, **TERMS))

    return run


def outcome(session: Session) -> tuple[int, float]:
    rows = session.advance(session.total)
    return len(rows.fills), session.metrics()["final_equity"]


def w3(bars: Array) -> Callable[[], tuple[int, float]]:
    return all_pairs(bars, threads=1)


def w3_threads(bars: Array) -> Callable[[], tuple[int, float]]:
    """The same by two threads: its CPU seconds are those of both."""
    return all_pairs(bars, threads=2)


def all_pairs(bars: Array, *, threads: int) -> Callable[[], tuple[int, float]]:
    """Every window's average once; then the pairs.

    The averages are added up as the plain loop does it: they are equal to the last digit in hundreds of bars, so that
    the order of adding decides some fills.
    """
    listing, closes = Listing(Instrument("WALK"), bars), np.ascontiguousarray(bars["close"])

    def run() -> tuple[int, float]:
        means = {window: loops.mean(closes, window) for window in {window for pair in PAIRS for window in pair}}

        def plan(fast: int, slow: int) -> Targets:
            return Targets((means[fast] > means[slow]).astype(np.float64))

        figures = sweep(plan, PAIRS, listing, threads=threads, **TERMS)
        return figures["fills"].sum(), figures["final_equity"].sum()

    return run

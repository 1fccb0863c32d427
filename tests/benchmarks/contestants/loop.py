"""The limit: a work as a plain numba loop, with nothing around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks.figures import works

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.engine.types import Array

WARM_UP = 2_000
REPEATS = 7


def w1(bars: Array) -> Callable[[], tuple[int, float]]:
    def run() -> tuple[int, float]:
        outcome = works.one_pair(bars)
        return outcome.count, outcome.equity

    return run

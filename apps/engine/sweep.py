"""Sweeps: many plans over the same data, of each of which the figures are wanted and nothing else.

def pair(fast, slow):
    return Targets(np.where(sma(closes, fast) > sma(closes, slow), 1.0, 0.0))

grid = [(fast, slow) for fast in range(5, 45, 2) for slow in range(50, 550, 10)]
figures = sweep(pair, grid, Listing(instrument, bars), cash=10_000.0, threads=2)
grid[np.nanargmax(figures["sharpe"])]
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.engine.desk.plans import Plan
from apps.engine.session import Session
from apps.engine.types import FillRules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from apps.engine.listing import Listing
    from apps.engine.types import Array


def sweep(
    make: Callable[..., Plan],
    grid: Sequence[Sequence[Any]],
    listings: Listing | Sequence[Listing],
    *,
    threads: int = 1,
    rules: FillRules | None = None,
    **terms: Any,
) -> Array:
    """The figures of `make(*parameters)` for each of the parameters in the grid, as (len(grid),) rows.

    make: called in the threads; numpy and the kernels work at the same time, Python does not. terms: of every run, as a
    `Session` takes them. A row has a float64 field for each figure of `Session.metrics()`, nan where that is None, and
    `fills`, how many there were. The runs are not compared with those under the opposite intrabar rule: that is a
    figure of single runs. Each row is what a single run gives, whatever the number of threads; no more than three plans
    a thread are held at a time.
    Raises what `make` and `Session` raise for the first parameters that are wrong, with a note that names them.
    """
    if threads < 1:
        raise ValueError(f"threads is {threads}; it must be 1 or more.")
    if not len(grid):
        raise ValueError("The grid is empty; a sweep needs the parameters of one run at least.")
    rules = replace(rules or FillRules(), compare_opposite=False)
    worker = _Worker(make, grid, listings, {**terms, "rules": rules})
    if threads == 1:
        worker.work()
    else:
        with ThreadPoolExecutor(threads) as pool:
            for each in [pool.submit(worker.work) for _ in range(threads)]:
                each.result()
    return worker.result()


class _Worker:
    """What the threads share: who takes the next parameters, and where their figures go."""

    def __init__(
        self, make: Callable[..., Plan], grid: Sequence[Sequence[Any]], listings: Any, terms: dict[str, Any]
    ) -> None:
        self._make = make
        self._grid = grid
        self._listings = listings
        self._terms = terms
        self._next: Iterator[int] = count()  # one step of it is one instruction: no two threads take the same
        self._figures: Array | None = None
        self._lock = Lock()
        self._failures: dict[int, Exception] = {}

    def work(self) -> None:
        """Carry out one plan after the other, in one session, until the grid ends or one fails."""
        session: Session | None = None
        for place in self._next:
            if place >= len(self._grid) or self._failures:
                return
            try:
                plan = self._plan(place)
                if session is None:
                    session = Session(plan, {}, self._listings, keeps_rows=False, **self._terms)
                else:
                    session.start_over(plan)
                session.advance(session.total)
            except Exception as error:  # `result` raises it
                self._failures[place] = error
                return
            self._keep(place, {**session.metrics(), "fills": session.fills})

    def _keep(self, place: int, figures: dict[str, float | int | None]) -> None:
        with self._lock:
            if self._figures is None:
                self._figures = np.empty(len(self._grid), [(name, np.float64) for name in figures])
            self._figures[place] = tuple(np.nan if value is None else value for value in figures.values())

    def result(self) -> Array:
        if self._failures:
            place = min(self._failures)  # every one before it was taken before it, and went well
            error = self._failures[place]
            error.add_note(f"These are the parameters {self._grid[place]!r}, number {place} of the grid.")
            raise error
        assert self._figures is not None
        return self._figures

    def _plan(self, place: int) -> Plan:
        plan = self._make(*self._grid[place])
        if not isinstance(plan, Plan):
            raise TypeError(f"make gave a {type(plan).__name__}; it has to give Targets, Signals or Compiled.")
        return plan

"""Whether ticks, prints and quote bars can be traded on, and what is odd about those that can."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from apps.engine.errors import EngineError
from apps.engine.kernels import bars, sealed
from apps.engine.kernels import quality as kernels
from apps.engine.series.quotes import PRINT, QUOTE_BAR, TICK
from apps.engine.types import moment

if TYPE_CHECKING:
    from apps.engine.types import Array

PROBLEMS: Final = {
    bars.NOT_FINITE: "a price is not a finite number",
    bars.NOT_POSITIVE: "a price is not above 0",
    bars.HIGH_BELOW_LOW: "the high is below the low",
    bars.BAD_VOLUME: "the size is negative or not a finite number",
    kernels.BAD_TICKS: "the number of ticks is negative",
    bars.OUT_OF_ORDER: "it is earlier than the row before it",
    bars.DUPLICATE: "it has the time of the bar before it",
    bars.NO_TIME: "its time is not one in microseconds of the years 1 to 9999",
}
CROSSED: Final = "the ask is below the bid; crossed quotes must be allowed by name"
EXAMINE: Final = {
    TICK: kernels.examine_ticks,
    QUOTE_BAR: kernels.examine_quote_bars,
    PRINT: kernels.examine_prints,
}


class BadQuotes(EngineError, ValueError):
    """row: index of the first bad row. problem: what is wrong with it."""

    def __init__(self, row: int, time: str, problem: str) -> None:
        self.row = row
        self.problem = problem
        super().__init__(f"Row {row} ({time}): {problem}.")


class Quotes(NamedTuple):
    """Rows that can be traded on: contiguous and read-only.

    crossed, locked: how many have an ask below, or at, the bid; of a quote bar its open and its close are looked at,
    and the lower spread of the two counts, since its highs and lows need not have been at one time.
    """

    rows: Array
    crossed: int
    locked: int


def checked(rows: Array, *, allow_crossed: bool = False) -> Quotes:
    """The rows, (n,) of TICK, QUOTE_BAR or PRINT, when every one can be traded on.

    Prices must be finite and above 0, times in order; ticks and prints may share one, quote bars may not. Some venues'
    books do cross: with `allow_crossed` such quotes are counted instead of refused. Raises BadQuotes for the first row
    that cannot be traded on, and for no rows at all.
    """
    if rows.dtype not in EXAMINE or rows.ndim != 1:
        raise TypeError(
            f"Ticks, prints and quote bars are one-dimensional arrays of their layouts, not of {rows.dtype}."
        )
    if not len(rows):
        raise BadQuotes(0, "none", "there are no rows")
    rows = sealed(np.ascontiguousarray(rows))
    bad, problem, crossed, locked, first_crossed = EXAMINE[rows.dtype](rows)
    if first_crossed >= 0 and not allow_crossed:
        raise BadQuotes(first_crossed, _told(rows, first_crossed), CROSSED)
    if problem != bars.FINE:
        time = str(int(rows["time"][bad])) if problem == bars.NO_TIME else _told(rows, bad)
        raise BadQuotes(bad, time, PROBLEMS[problem])
    return Quotes(rows, crossed, locked)


def _told(rows: Array, row: int) -> str:
    return moment(int(rows["time"][row])).isoformat()

"""When a strategy that sleeps is called: conditions that are known for all bars before the run begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.engine.desk.lines import crossings
from apps.engine.series.timeframes import Timeframe

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.engine.desk.lines import Line, Lines
    from apps.engine.listing import Floor
    from apps.engine.types import Array


@dataclass(frozen=True)
class Crossing:
    """Where two lines of the run's bars cross."""

    line: Line
    other: Line

    def bars(self, lines: Lines, _: Floor) -> Array:
        """(k,) bool, one a bar of these lines, which are of the run's first listing."""
        return crossings(lines.column(self.line.name), lines.column(self.other.name))


@dataclass(frozen=True)
class Every:
    """Where a bar of a timeframe is seen for the first time: at the first bar of the run that ends with it or later."""

    timeframe: str

    def bars(self, lines: Lines, floor: Floor) -> Array:
        from apps.engine.series.resampling import resample  # compiled; the catalogue of strategies does without

        listing = floor.listings[0]
        own = resample(listing.rows, Timeframe.parse(self.timeframe)).visible_from(listing.fine_closes)
        rows = floor.row_of(0, own)
        if lines.closes is not None:
            first = np.searchsorted(lines.closes, rows)
            closes = np.append(lines.closes, len(floor))[first]  # of several seen at one row, the last
            rows = np.where(
                first < len(lines.closes), np.searchsorted(lines.closes, closes, side="right") - 1, len(lines.closes)
            )
        where = np.zeros(len(lines.times), np.bool_)
        where[rows[rows < len(where)]] = True
        return where


@dataclass(frozen=True)
class Wake:
    """Where a function of the columns says so."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    of: str | Line

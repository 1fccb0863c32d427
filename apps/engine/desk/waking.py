"""When a strategy that sleeps is called: conditions that are known for all bars before the run begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.engine.desk.lines import crossings
from apps.engine.series.timeframes import Timeframe

if TYPE_CHECKING:
    from apps.engine.desk.lines import Line, Lines
    from apps.engine.types import Array


@dataclass(frozen=True)
class Crossing:
    """Where two lines of the run's bars cross."""

    line: Line
    other: Line

    def bars(self, lines: Lines) -> Array:
        """(k,) bool, one a bar of these lines."""
        return crossings(lines.column(self.line.name), lines.column(self.other.name))


@dataclass(frozen=True)
class Every:
    """Where a bar of a timeframe closes: at the last of the run's bars in each of its buckets."""

    timeframe: str

    def bars(self, lines: Lines) -> Array:
        timeframe = Timeframe.parse(self.timeframe)
        opens, _, step = timeframe.buckets(int(lines.times[0]), int(lines.times[-1]))
        bucket = (lines.times - opens[np.searchsorted(opens, lines.times, side="right") - 1]) // step
        bucket = bucket + np.searchsorted(opens, lines.times, side="right") * (2**40)
        return np.append(bucket[1:] != bucket[:-1], False)


@dataclass(frozen=True)
class Wake:
    """Where a function of the columns says so."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    of: str | Line

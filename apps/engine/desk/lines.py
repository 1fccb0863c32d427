"""Lines: what a strategy sees of prices and indicators, and the store that lets them grow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.engine.types import Array, Column

PRICES: Final = ("open", "high", "low", "close", "volume")

COLUMNS: Final = ("time", *PRICES)
"""What an indicator may be computed from; the time only as a whole column, never as a line."""

BLOCK: Final = 4096
"""Bars between two trimmings. Untrimmed lines of a million values cost 32 MB each, and a fifth of the run's time."""

TIE: Final = 1e-12
"""Two means of the same prices that are equal on paper differ in their last bits: this is far above that noise and far
below any price increment."""

NAN: Final = float("nan")


class Line(list[float]):
    """Values up to now: `line[-1]` belongs to the bar that just closed, `line[-2]` to the one before.

    Nothing after now is in it. Before the first bar, and while an indicator is not yet defined, the values are nan,
    and a comparison with nan is false. It remembers `Strategy.look_back` bars at least.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


def crossed_above(line: Line, other: Line) -> bool:
    """True when `line` is above `other` now and was not one bar ago; values within 1e-12 (relative) are equal."""
    now, then = other[-1], other[-2]
    return line[-1] - now > TIE * abs(now) and line[-2] - then <= TIE * abs(then)


def crossed_below(line: Line, other: Line) -> bool:
    """True when `line` is below `other` now and was not one bar ago; values within 1e-12 (relative) are equal."""
    now, then = other[-1], other[-2]
    return now - line[-1] > TIE * abs(now) and then - line[-2] <= TIE * abs(then)


class Lines:
    """All lines of a run, with the whole columns behind them that a strategy must not see.

    What a line holds follows from the number of closed bars alone, so that neither the sizes of the advances nor a
    resumption can be seen in it.
    """

    def __init__(self, bars: Array, look_back: int) -> None:
        if look_back < 2:
            raise ValueError(f"A look-back of {look_back} bars is too short; a line needs 2 to have a before.")
        self._bars = bars
        self._look_back = look_back
        self._block = 0  # first bar of the present block
        self._columns: dict[str, Column] = {}
        self._lines: dict[str, Line] = {}
        self._clock: Line | None = None  # any line: all grow together

    @property
    def closed(self) -> int:
        """How many bars have closed."""
        return 0 if self._clock is None else self._block + len(self._clock) - self._look_back

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[Line]:
        return iter(self._lines.values())

    def __getitem__(self, name: str) -> Line:
        return self._lines[name] if name in self._lines else self.price(name)

    def price(self, name: str) -> Line:
        """The line of one of the bars' columns."""
        return self._lines[name] if name in self._lines else self.add(name, self._bars[name])

    def add(self, name: str, column: Column) -> Line:
        """A new line over a whole column, filled up to now."""
        line = Line(name)
        closed = self.closed
        self._columns[name] = column
        self._lines[name] = line
        self._clock = self._clock if self._clock is not None else line
        self._fill(line, closed)
        return line

    def column(self, name: str) -> Column:
        """The whole column of a line or a price, contiguous; it includes the future."""
        if name not in self._columns and name not in COLUMNS:
            raise ValueError(f"There is no column {name!r} to compute from; there are {', '.join(PRICES)}.")
        return np.ascontiguousarray(self._columns[name] if name in self._columns else self._bars[name])

    def block_end(self) -> int:
        """Where the block of the next bar ends; the lines forget what they need not remember any more."""
        closed = self.closed
        self._block = closed // BLOCK * BLOCK
        kept = self._look_back + closed - self._block
        for line in self._lines.values():
            del line[:-kept]
        return self._block + BLOCK

    def rows(self, stop: int) -> Iterator[tuple[float, ...]]:
        """The values of all lines, bar by bar, for the bars from now to `stop`."""
        closed = self.closed
        return zip(*(column[closed:stop].tolist() for column in self._columns.values()), strict=True)

    def seek(self, closed: int) -> None:
        """Fill every line as it is when this many bars have closed."""
        for line in self._lines.values():
            self._fill(line, closed)

    def _fill(self, line: Line, closed: int) -> None:
        self._block = max(closed - 1, 0) // BLOCK * BLOCK
        start = self._block - self._look_back
        line[:] = [NAN] * -start + self._columns[line.name][max(start, 0) : closed].tolist()

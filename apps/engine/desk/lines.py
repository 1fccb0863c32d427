"""Lines: what a strategy sees of prices and indicators, and the store that lets them grow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, SupportsIndex, overload

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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

    __slots__ = ("_column", "_lines", "name")

    _column: Column
    _lines: Lines

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


class Glance(Line):
    """A line of a strategy that sleeps between the bars that it is woken for: it reads its column where it is asked.

    The same values as of a growing line, at a hundred nanoseconds a value asked for and nothing a bar. It has no slots
    of its own, so that a line which an author holds already can become one.
    """

    __slots__ = ()

    def __len__(self) -> int:
        return self._lines.remembered

    @overload
    def __getitem__(self, index: SupportsIndex) -> float: ...
    @overload
    def __getitem__(self, index: slice) -> list[float]: ...
    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self._values()[index]
        remembered = self._lines.remembered
        back = index if index < 0 else index - remembered
        if not -remembered <= back < 0:
            raise IndexError("list index out of range")
        at = self._lines.closed + back
        return self._column.item(at) if at >= 0 else NAN

    def __iter__(self) -> Iterator[float]:
        return iter(self._values())

    def _values(self) -> list[float]:
        return self._lines.history(self._column)


def crossed_above(line: Line, other: Line) -> bool:
    """True when `line` is above `other` now and was not one bar ago; values within 1e-12 (relative) are equal."""
    now, then = other[-1], other[-2]
    return line[-1] - now > TIE * abs(now) and line[-2] - then <= TIE * abs(then)


def crossed_below(line: Line, other: Line) -> bool:
    """True when `line` is below `other` now and was not one bar ago; values within 1e-12 (relative) are equal."""
    now, then = other[-1], other[-2]
    return now - line[-1] > TIE * abs(now) and then - line[-2] <= TIE * abs(then)


def crossings(column: Column, other: Column) -> Array:
    """(n,) bool: where `crossed_above` or `crossed_below` is true of these lines."""
    tie, apart = TIE * np.abs(other), column - other
    above, below = apart > tie, -apart > tie
    return np.append(False, (above[1:] & (apart[:-1] <= tie[:-1])) | (below[1:] & (-apart[:-1] <= tie[:-1])))


class Lines:
    """The lines of one frame, a listing's bars of one timeframe, with the whole columns that a strategy must not see.

    key: names the frame among those of the run. times: (k,) int64 of its bars. source: gives the column of a price.
    closes: (k,) int64, the row of the run at whose close each bar is seen; None where these are the rows themselves.

    What a line holds follows from the number of closed bars alone, so that neither the sizes of the advances nor a
    resumption can be seen in it.
    """

    def __init__(
        self, key: str, times: Array, source: Callable[[str], Column], look_back: int, closes: Array | None = None
    ) -> None:
        if look_back < 2:
            raise ValueError(f"A look-back of {look_back} bars is too short; a line needs 2 to have a before.")
        self.key = key
        self.times = times
        self.closes = closes
        self.are_glances = False
        self.now: Callable[[], int] | None = None  # the row that is seen, where glances ask for it
        self._source = source
        self._look_back = look_back
        self._closed = 0  # where no line tells
        self._row = -1  # by which it was told last
        self._block = 0  # first bar of the present block
        self._first: Line | None = None  # whose length tells how many bars have closed: all lines grow together
        self._columns: dict[str, Column] = {}
        self._prices: dict[str, Column] = {}
        self._lines: dict[str, Line] = {}

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[Line]:
        return iter(self._lines.values())

    def __getitem__(self, name: str) -> Line:
        return self._lines[name] if name in self._lines else self.price(name.removeprefix(self.key))

    @property
    def closed(self) -> int:
        """How many bars have closed."""
        if self._first is not None:
            return self._block + len(self._first) - self._look_back
        if self.now is not None and (row := self.now()) != self._row:
            self._row = row
            self.seek(self.bars_before(row + 1))
        return self._closed

    @property
    def remembered(self) -> int:
        """How many values a line holds: the look-back, and what has closed since the block began."""
        return self._look_back + self.closed - self._block

    def price(self, name: str) -> Line:
        """The line of one of the bars' columns."""
        full = self.key + name
        return self._lines[full] if full in self._lines else self.add(name, self.column(name))

    def add(self, name: str, column: Column) -> Line:
        """A new line over a whole column, filled up to now."""
        full, closed = self.key + name, self.closed
        line = Line(full)
        self._columns[full] = column
        self._lines[full] = line
        if self.are_glances:
            self._put_to_sleep(line)
        else:
            line[:] = self._history(column, closed)
            self._first = line if self._first is None else self._first
        return line

    def has(self, line: Line) -> bool:
        return self._lines.get(line.name) is line

    def are_whole(self, closed: int) -> bool:
        """Whether every line is as long as this many closed bars make it."""
        length = self._look_back + closed - self._block
        return self.are_glances or all(len(line) == length for line in self._lines.values())

    def column(self, name: str) -> Column:
        """The whole column of a line or a price, contiguous; it includes the future."""
        if name in self._columns:
            return self._columns[name]
        if name not in COLUMNS:
            raise ValueError(f"There is no column {name!r} to compute from; there are {', '.join(PRICES)}.")
        if name not in self._prices:
            self._prices[name] = self._source(name)
        return self._prices[name]

    def bars_before(self, row: int) -> int:
        """How many bars have been seen when this row of the run begins."""
        return row if self.closes is None else int(np.searchsorted(self.closes, row))

    def row_of(self, bar: int) -> int:
        """The row of the run at whose close this bar is seen."""
        return bar if self.closes is None else int(self.closes[bar])

    def block_end(self) -> int:
        """The bar that begins the next block: when it has closed, lines forget what they need not remember."""
        return (max(self.closed - 1, 0) // BLOCK + 1) * BLOCK

    def trim(self) -> None:
        """Forget what need not be remembered in the block of the last closed bar."""
        self._closed = self.closed
        block = max(self._closed - 1, 0) // BLOCK * BLOCK
        if block > self._block:
            for line in self._lines.values() if not self.are_glances else ():
                del line[: block - self._block]
            self._block = block

    def values(self, stop: int) -> list[list[float]]:
        """The values of each line for the bars from now to `stop`."""
        closed = self.closed
        return [column[closed:stop].tolist() for column in self._columns.values()]

    def seek(self, closed: int) -> None:
        """Fill every line as it is when this many bars have closed."""
        self._closed = closed
        self._block = max(closed - 1, 0) // BLOCK * BLOCK
        if not self.are_glances:
            for line in self._lines.values():
                line[:] = self._history(self._columns[line.name], closed)

    def grow(self, closed: int) -> None:
        """Let every line grow until this many bars have closed."""
        for line, values in zip(self._lines.values(), self.values(closed), strict=True):
            line.extend(values)
        self._closed = closed

    def sleep(self) -> None:
        """Let every line be read where it is asked for only."""
        self.are_glances = True
        self._first = None
        for line in self._lines.values():
            self._put_to_sleep(line)

    def _put_to_sleep(self, line: Line) -> None:
        line.clear()
        line.__class__ = Glance
        line._lines, line._column = self, self._columns[line.name]  # noqa: SLF001 - a part of it

    def history(self, column: Column) -> list[float]:
        return self._history(column, self.closed)

    def _history(self, column: Column, closed: int) -> list[float]:
        start = self._block - self._look_back
        past: list[float] = column[max(start, 0) : closed].tolist()
        return [NAN] * -start + past

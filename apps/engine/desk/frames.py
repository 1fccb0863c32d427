"""The frames of a run: the bars of each instrument and timeframe, and the rows at whose close they are seen."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from apps.engine.desk.lines import Lines
from apps.engine.desk.markets import Frame, Market
from apps.engine.listing import column_of
from apps.engine.series.quotes import TICK
from apps.engine.series.resampling import BadSeries, resample, tick_bars
from apps.engine.series.timeframes import INTRADAY, Timeframe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from apps.engine.desk.lines import Line
    from apps.engine.desk.markets import Desk
    from apps.engine.listing import Floor
    from apps.engine.types import Array, Column


class Frames:
    """timeframe: of the bars that `on_bar` is called for; None for the rows themselves."""

    def __init__(self, floor: Floor, look_back: int, timeframe: Timeframe | None) -> None:
        self._floor = floor
        self._look_back = look_back
        self._timeframe = timeframe
        self._made: dict[str, Lines] = {}
        self._views: dict[str, Frame] = {}
        self.markets: tuple[Market, ...] = ()
        for place in range(len(floor.listings)):
            key = "" if place == 0 else f"{place}:"
            self._made[key] = self._lines(key, place, timeframe)
        self.main = self._made[""]

    def __iter__(self) -> Iterator[Lines]:
        return iter(self._made.values())

    def __getitem__(self, name: str) -> Line:
        """A line by its whole name."""
        key, separator, _ = name.rpartition(":")
        return self._made[key + separator][name]

    def of_market(self, place: int) -> Lines:
        return self._made["" if place == 0 else f"{place}:"]

    @property
    def views(self) -> dict[str, Frame]:
        """The frames that the strategy has asked for, by their keys."""
        return self._views

    def view(self, desk: Desk, place: int, wanted: str | Timeframe | None) -> Frame:
        """The frame of another timeframe of a listing, None for its rows; the same one each time."""
        timeframe = self._on_the_clock(Timeframe.parse(wanted)) if isinstance(wanted, str) else wanted
        key = f"{place}@{'rows' if timeframe is None else _described(timeframe)}:"
        if key not in self._views:
            self._made[key] = self._lines(key, place, timeframe)
            frame = Frame()
            frame._desk, frame._lines = desk, self._made[key]  # noqa: SLF001 - frames are made here
            self._views[key] = frame
        return self._views[key]

    def found(self, key: str) -> Frame:
        """A frame that `view` has made."""
        return self._views[key]

    def time_at(self, row: int) -> int | None:
        """Open of the latest bar that a market has when lines have grown up to this row; None before the first."""
        main = self.main
        if main.closes is None:
            return int(main.times.item(row)) if row >= 0 else None
        if len(self.markets) == 1:
            return int(main.times.item(main.closed - 1)) if main.closed else None
        closes, latest = self._latest
        bars = int(np.searchsorted(closes, row, side="right"))
        return int(latest[bars - 1]) if bars else None

    @cached_property
    def _latest(self) -> tuple[Array, Array]:
        """Of all markets' bars in the order in which they are seen: the row of each, and the latest open until then."""
        markets = [self.of_market(place) for place in range(len(self._floor.listings))]
        closes = np.concatenate(
            [np.arange(len(each.times)) if each.closes is None else each.closes for each in markets]
        )
        order = np.argsort(closes, kind="stable")
        return closes[order], np.maximum.accumulate(np.concatenate([each.times for each in markets])[order])

    def due(self) -> Array | None:
        """The rows at whose close one of the markets' bars is seen, (s,) int64; None for every row."""
        rows = [self.of_market(place).closes for place in range(len(self._floor.listings))]
        if any(each is None for each in rows) or (self._timeframe is None and len(rows) > 1):
            return None
        seen = np.sort(np.concatenate([each for each in rows if each is not None]))
        return seen[(np.diff(seen, prepend=-1) > 0) & (seen < len(self._floor))]

    def lines_of(self, line: Line) -> Lines:
        """The lines that grow with this one."""
        key, separator, _ = line.name.rpartition(":")
        return self._made[key + separator]

    def rows_of(self, conditions: Sequence[tuple[Lines, Array] | None], *, first: int) -> Array:
        """The rows at whose close one of these conditions, (k,) bool of the bars of lines, holds; None is the first.

        Where several bars are seen for the first time at one row, as after a gap, the last of them counts.
        """
        rows = [np.array([first]) for each in conditions if each is None]
        for lines, holds in filter(None, conditions):
            closes = lines.closes
            is_last = True if closes is None else np.append(closes[1:] != closes[:-1], True)
            bars = np.flatnonzero(holds & is_last)
            rows.append(bars if closes is None else closes[bars])
        found = np.unique(np.concatenate(rows))
        return found[(found >= first) & (found < len(self._floor))]

    def sleep(self) -> None:
        for lines in self:
            lines.sleep()

    def _on_the_clock(self, timeframe: Timeframe) -> Timeframe:
        """The timeframe, counted as the run's is."""
        run = self._timeframe
        if run is None:
            return timeframe
        from_open = run.from_open and timeframe.unit in INTRADAY
        return replace(run, count=timeframe.count, unit=timeframe.unit, from_open=from_open)

    def _lines(self, key: str, place: int, timeframe: Timeframe | None) -> Lines:
        listing = self._floor.listings[place]
        bars, closes = listing.rows, None
        if timeframe is not None:
            if timeframe.calendar is None:
                timeframe = replace(timeframe, calendar=listing.calendar)
            try:
                made = resample(listing.rows, timeframe)
                seen_from = made.visible_from(listing.fine_closes)
            except BadSeries as problem:
                symbol = listing.instrument.symbol
                raise ValueError(f"The rows of {symbol} do not make bars of {timeframe}. {problem}") from problem
            bars = tick_bars(listing.rows, timeframe, "mid") if listing.layout == TICK else made.rows
            closes = self._floor.row_of(place, seen_from)
        elif self._floor.places[place] is not None:
            closes = self._floor.row_of(place, np.arange(len(bars)))
        source = partial(column_of, bars)
        if bars.dtype == TICK:
            source = partial(_column_of_ticks, cache(source))
        return Lines(key, bars["time"], source, self._look_back, closes)


def _column_of_ticks(source: Callable[[str], Column], name: str) -> Column:
    """All prices of a tick are its middle: one column serves for them."""
    return source(name if name in ("time", "volume") else "close")


def _described(timeframe: Timeframe) -> str:
    """Everything that makes it another frame, in a text without colons."""
    calendar = timeframe.calendar.name if timeframe.calendar else ""
    clock = (timeframe.zone, timeframe.day_begins, calendar, timeframe.from_open)
    return str(timeframe) if clock == ("UTC", 0.0, "", False) else " ".join(map(str, (timeframe, *clock)))


def market_of(desk: Desk, frames: Frames, floor: Floor, place: int) -> Market:
    market = Market()
    market._desk, market._lines, market._place = desk, frames.of_market(place), place  # noqa: SLF001
    market.symbol, market.position, market.average_price = floor.symbols[place], 0.0, 0.0
    return market

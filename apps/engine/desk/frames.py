"""The frames of a run: the bars of each instrument and timeframe, and the rows at whose close they are seen."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from apps.engine.desk.lines import Lines
from apps.engine.desk.markets import Frame, Market
from apps.engine.listing import column_of
from apps.engine.series.quotes import TICK
from apps.engine.series.resampling import resample, tick_bars
from apps.engine.series.timeframes import Timeframe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from apps.engine.desk.lines import Line
    from apps.engine.desk.markets import Desk
    from apps.engine.listing import Floor
    from apps.engine.types import Array


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

    def view(self, desk: Desk, place: int, text: str) -> Frame:
        """The frame of another timeframe of a listing; the same one each time."""
        key = f"{place}@{text}:"
        if key not in self._views:
            self._made[key] = self._lines(key, place, Timeframe.parse(text))
            frame = Frame()
            frame._desk, frame._lines = desk, self._made[key]  # noqa: SLF001 - frames are made here
            self._views[key] = frame
        return self._views[key]

    def found(self, key: str) -> Frame:
        """A frame that `view` has made."""
        return self._views[key]

    def due(self) -> Array | None:
        """The rows at whose close one of the markets' bars is seen, (s,) int64; None for every row."""
        rows = [self.of_market(place).closes for place in range(len(self._floor.listings))]
        if any(each is None for each in rows) or (self._timeframe is None and len(rows) > 1):
            return None
        seen = np.unique(np.concatenate([each for each in rows if each is not None]))
        return seen[seen < len(self._floor)]

    def rows_of(self, conditions: Sequence[Array | None], *, first: int) -> Array:
        """The rows at whose close one of these conditions, (k,) bool of the main bars, holds; None is the first row."""
        main = self.main
        rows = [np.array([first]) for each in conditions if each is None]
        for each in conditions:
            if each is not None:
                bars = np.flatnonzero(each)
                rows.append(bars if main.closes is None else main.closes[bars])
        found = np.unique(np.concatenate(rows))
        return found[(found >= first) & (found < len(self._floor))]

    def sleep(self) -> None:
        for lines in self:
            lines.sleep()

    def _lines(self, key: str, place: int, timeframe: Timeframe | None) -> Lines:
        listing = self._floor.listings[place]
        bars, closes = listing.rows, None
        if timeframe is not None and listing.layout == TICK:
            bars = tick_bars(listing.rows, timeframe, "mid")
            made = resample(listing.rows, timeframe)
            closes = self._floor.row_of(place, made.visible_from(listing.fine_closes))
        elif timeframe is not None:
            made = resample(listing.rows, timeframe)
            bars = made.rows
            closes = self._floor.row_of(place, made.visible_from(listing.fine_closes))
        elif self._floor.places[place] is not None:
            closes = self._floor.row_of(place, np.arange(len(bars)))
        return Lines(key, bars["time"], partial(column_of, bars), self._look_back, closes)


def market_of(desk: Desk, frames: Frames, floor: Floor, place: int) -> Market:
    market = Market()
    market._desk, market._lines, market._place = desk, frames.of_market(place), place  # noqa: SLF001
    market.symbol = floor.symbols[place]
    return market

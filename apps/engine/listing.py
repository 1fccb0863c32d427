"""What a run trades and sees: an instrument with its data, and several of them on one clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from apps.engine.errors import BadBars
from apps.engine.kernels import bars as kernels
from apps.engine.kernels import sealed
from apps.engine.kernels.ticks import BLOCK, EXTREMES, first_bad_tick
from apps.engine.series.clock import merged
from apps.engine.series.quotes import QUOTE_BAR, TICK
from apps.engine.types import BAR, moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.engine.series.calendars import Calendar
    from apps.engine.series.timeframes import Timeframe
    from apps.engine.types import Array, Column, Costs, Instrument

PROBLEMS: Final = {
    kernels.NOT_FINITE: "a price is not a finite number",
    kernels.NOT_POSITIVE: "a price is not above 0",
    kernels.HIGH_BELOW_LOW: "the high is below the low",
    kernels.BAD_VOLUME: "the volume is negative or not a finite number",
    kernels.OUT_OF_ORDER: "it is earlier than the {} before it",
    kernels.DUPLICATE: "it has the time of the {} before it",
    kernels.NO_TIME: "its time is not one in microseconds of the years 1 to 9999",
    kernels.CROSSED: "the ask is below the bid",
}
KINDS: Final = {BAR: "bar", QUOTE_BAR: "quote bar", TICK: "tick"}
BLOCKS: Final = {
    BAR: (kernels.BAR_BLOCK, kernels.BAR_EXTREMES, kernels.first_bad),
    TICK: (BLOCK, EXTREMES, first_bad_tick),
}
CHUNK: Final = 16_384


@dataclass(frozen=True)
class Listing:
    """An instrument and what is known of it.

    rows: (n,) BAR, QUOTE_BAR or TICK in time order; ticks may share a time. costs: None for the run's. timeframe: of
    the bars; None to take the smallest distance between two of them. calendar: whose sessions are the days of DAY
    orders and of orders at the open and the close; None for dates in UTC. is_traded: otherwise it is data only.
    events: tables of FUNDING, SWAP, BORROW and ADJUSTMENT (`apps.engine.series.happenings`).
    Raises BadBars for the first row that cannot be traded on.
    """

    instrument: Instrument
    rows: Array
    costs: Costs | None = None
    timeframe: Timeframe | None = None
    calendar: Calendar | None = None
    is_traded: bool = True
    events: Sequence[Array] = ()
    extremes: Array = field(init=False, repr=False, compare=False)
    """Of each block of bars or ticks, (blocks,) BAR_EXTREMES or EXTREMES; of quote bars, none."""

    def __post_init__(self) -> None:
        rows, extremes = checked(self.rows)
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "extremes", extremes)

    @property
    def layout(self) -> np.dtype[Any]:
        return self.rows.dtype

    @cached_property
    def fine_closes(self) -> Array:
        """When each row is over, (n,) int64 microseconds UTC; a tick at its own time."""
        if self.timeframe is not None and self.layout != TICK:
            from apps.engine.series.resampling import closes_of

            return closes_of(self.rows, self.timeframe)
        times = np.array(self.rows["time"])
        if self.layout != TICK:
            times += _smallest_distance(times)
        return times

    @property
    def day_ends(self) -> Array:
        """(n,) int64, as `Floor.day_ends`. A bar that reaches into a session is in it, such as that of a whole day."""
        times = np.ascontiguousarray(self.rows["time"])
        if self.calendar is None:
            return (times // kernels.DAY + 1) * kernels.DAY * 2
        opens, closes = self.calendar.sessions(int(times[0]), int(times[-1]))
        session = np.searchsorted(closes, times, side="right")
        outside = (opens[session] > times) & (opens[session] >= self.fine_closes)
        return closes[session] * 2 + outside


class Floor:
    """The listings of a run side by side, on the clock of all their times.

    series: (n, listings) of one layout, where prices are nan in rows in which a listing has none.
    """

    def __init__(self, listings: Sequence[Listing]) -> None:
        if not listings:
            raise ValueError("A run needs one listing at least.")
        if len({listing.layout for listing in listings}) > 1:
            raise TypeError("All listings of a run have rows of one layout: bars, quote bars or ticks.")
        symbols = [listing.instrument.symbol for listing in listings]
        if len(set(symbols)) < len(symbols):
            raise ValueError(f"Two listings have the same symbol: {', '.join(symbols)}.")
        if not listings[0].is_traded:
            raise ValueError(f"{symbols[0]} is data only; the first listing has to be one that is traded.")
        self.listings = listings
        self.layout = listings[0].layout
        self.symbols = symbols
        first = listings[0].rows
        if len(listings) == 1:
            self.series = first[:, None]
            self.times = first["time"]
            self.places: list[Array | None] = [None]
        elif _are_alike(listings):
            self.series = sealed(np.stack([listing.rows for listing in listings], axis=1))
            self.times = first["time"]
            self.places = [None] * len(listings)
        else:
            clock = merged([_distinct(listing) for listing in listings])
            self.series = sealed(clock.table([listing.rows for listing in listings]))
            self.times = sealed(clock.times)
            self.places = [np.flatnonzero(column >= 0) for column in clock.rows.T]

    def __len__(self) -> int:
        return len(self.series)

    def row_of(self, listing: int, own: Array) -> Array:
        """The rows of the run for rows of a listing; what is after its last one is after the run's."""
        place = self.places[listing]
        if place is None:
            return own
        return np.append(place, len(self.series))[own]

    @property
    def extremes(self) -> Array | None:
        """As `Listing.extremes`, of a single listing."""
        return self.listings[0].extremes if len(self.listings) == 1 else None

    @property
    def day_ends(self) -> Array | None:
        """(n, listings) int64: twice when the day of each row is over, and 1 more for a row outside the day's session.

        None where no listing has a calendar: the days are dates in UTC.
        """
        if not any(listing.calendar for listing in self.listings):
            return None
        ends = np.zeros(self.series.shape, np.int64)
        for j, (listing, place) in enumerate(zip(self.listings, self.places, strict=True)):
            ends[slice(None) if place is None else place, j] = listing.day_ends
        return ends


def column_of(rows: Array, name: str) -> Column:
    """A price or the volume of rows of any layout: of quotes the middle, and of their volume the number of ticks."""
    if rows.dtype == BAR or name == "time":
        return np.ascontiguousarray(rows[name])
    if name == "volume":
        return np.asarray(rows["ticks"] if rows.dtype == QUOTE_BAR else np.ones(len(rows)), np.float64)
    if rows.dtype == TICK:
        return np.asarray((rows["bid"] + rows["ask"]) / 2.0)
    return np.asarray((rows[f"bid_{name}"] + rows[f"ask_{name}"]) / 2.0)


def checked(rows: Array) -> tuple[Array, Array]:
    """The rows, contiguous and read-only, when each can be traded on, and the extremes of their blocks.

    Raises BadBars for the first row that cannot be traded on.
    """
    if rows.ndim != 1 or rows.dtype not in KINDS:
        raise TypeError(f"Rows are a one-dimensional array of bars, quote bars or ticks, not of {rows.dtype}.")
    if not len(rows):
        raise BadBars(0, "none", "there are no bars")
    rows = sealed(np.ascontiguousarray(rows))
    if rows.dtype == QUOTE_BAR:
        extremes = np.empty(0, EXTREMES)
        row, problem = kernels.first_bad_quote(rows)
    else:
        size, layout, first_bad = BLOCKS[rows.dtype]
        extremes = np.empty(-(-len(rows) // size), layout)
        row, problem = first_bad(rows, extremes)
    if problem != kernels.FINE:
        time, kind = int(rows["time"][row]), KINDS[rows.dtype]
        told = str(time) if problem == kernels.NO_TIME else moment(time).isoformat()
        raise BadBars(row, told, PROBLEMS[problem].format(kind), kind)
    return rows, extremes


def _smallest_distance(times: Array) -> int:
    """Between two neighbours, a part at a time: new memory for all the differences costs more than they do."""
    parts = (times[first : first + CHUNK + 1] for first in range(0, len(times) - 1, CHUNK))
    return min((int(np.diff(part).min()) for part in parts), default=1)


def _are_alike(listings: Sequence[Listing]) -> bool:
    """Whether all listings have rows at the same times, none of them twice: then these are the clock."""
    times, *others = (listing.rows["time"] for listing in listings)
    return all(np.array_equal(times, other) for other in others) and bool((times[1:] > times[:-1]).all())


def _distinct(listing: Listing) -> Array:
    times = listing.rows["time"]
    if listing.layout == TICK and (times[1:] == times[:-1]).any():
        raise ValueError(
            f"Ticks of {listing.instrument.symbol} share a time; beside other listings each tick needs its own."
        )
    return times

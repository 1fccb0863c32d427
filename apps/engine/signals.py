"""Trading by arrays: a column of positions to hold, or columns of entries and exits, decided before the run begins.

fast, slow = sma(closes, 20), sma(closes, 100)
session = Session(Targets(np.where(fast > slow, 1.0, 0.0)), {}, Listing(instrument, bars), cash=10_000.0)
session = Session(Signals(crossed, stop_loss=0.01, levels="share"), {}, Listing(instrument, bars), cash=10_000.0)

A row of an array is a step of the run, at whose close it is acted on: one for each row of the listing, or for each bar
of the run's timeframe. Whether a value knew its future, an array cannot tell: it is the author who sees to that.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np

from apps.engine.desk.plans import Bound, Plan
from apps.engine.kernels import sealed
from apps.engine.kernels.bars import checksum_of
from apps.engine.venue import desks
from apps.engine.venue.desks import COLUMN, DESK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.engine.listing import Listing
    from apps.engine.types import Array, Column

Levels: TypeAlias = Literal["price", "distance", "share"]
LEVELS: Final = {"price": desks.AT_PRICE, "distance": desks.AT_DISTANCE, "share": desks.AT_SHARE}
NUMBERS: Final = "biuf"  # kinds of dtypes


class Targets(Plan):
    """Hold this position from each step on, by market orders, as `Strategy.target` does.

    targets: (steps,) of one listing, or (steps, listings), of signed quantities; each is rounded towards 0 to the
    quantity step. No order is given while another one works for the same position.
    Raises TypeError and ValueError for what is no contiguous array of finite numbers, naming the first row that is not.
    """

    name = "Targets"

    def __init__(self, targets: Array) -> None:
        self.targets: Column = contiguous("targets", targets)
        finite = np.isfinite(self.targets)
        if not finite.all():
            refuse("targets", self.targets, ~finite, "a finite number")

    @cached_property
    def fingerprint(self) -> list[Any]:
        return [list(self.targets.shape), checksum_of(self.targets)]

    def bound(self, steps: int, listings: Sequence[Listing], *, hedges: bool) -> Bound:
        if hedges:
            raise ValueError(
                "Targets lead from one position to another; this account holds a long and a short one side by side. "
                "Signals and compiled strategies can trade both."
            )
        refuse_shape("targets", self.targets, steps, listings)
        refuse_data_only("targets", self.targets, listings)
        columns = np.array([place_of(self.targets)], COLUMN)
        desk = desk_of(desks.TARGETS, columns)
        desk["further_orders"] = len(listings)
        return Bound(desk, (columns, self.targets))


class Signals(Plan):
    """Enter and leave at market where an array says so, with a stop loss and a take profit when they are given.

    entries, exits, short_entries, short_exits: (steps,) of one listing, or (steps, listings), of truth values.
    size: the quantity of an entry; stop_loss, take_profit: of what protects it. Each is one number or such an array,
    of which only the steps with entries count. levels: what the last two are: "price", "distance" from the close at
    which the entry is decided, or "share" of that close.

    An entry while the position is on its side already, or while another entry works, is passed over; against a position
    of the other side it closes that one before, except in an account that holds both. Where a side's entry and exit are
    both true, it is an exit. An exit where there is nothing to leave is passed over.
    Raises TypeError and ValueError for what is no such array; for an entry on both sides in one step; and for entries
    whose size or level is not a number above 0.
    """

    name = "Signals"

    def __init__(
        self,
        entries: Array | None = None,
        exits: Array | None = None,
        *,
        short_entries: Array | None = None,
        short_exits: Array | None = None,
        size: Array | float = 1.0,
        stop_loss: Array | float | None = None,
        take_profit: Array | float | None = None,
        levels: Levels = "price",
    ) -> None:
        if levels not in LEVELS:
            raise ValueError(f"levels is {levels!r}; it is one of {', '.join(LEVELS)}.")
        given = {"entries": entries, "exits": exits, "short_entries": short_entries, "short_exits": short_exits}
        if entries is None and short_entries is None:
            raise ValueError("Signals without entries and short_entries never trade.")
        flags = {name: truths(name, array) for name, array in given.items() if array is not None}
        name, shape = next((name, array.shape) for name, array in flags.items())
        for other, array in flags.items():
            if array.shape != shape:
                raise ValueError(f"{other} has the shape {array.shape} and {name} {shape}; they have to be the same.")
        self.levels: Levels = levels
        self.signals = np.zeros(shape, np.uint8)
        for bit, each in zip((1, 2, 4, 8), given, strict=True):
            if each in flags:
                self.signals |= flags[each].view(np.uint8) << (bit.bit_length() - 1)
        entered = self.signals & (desks.ENTER_LONG | desks.ENTER_SHORT)
        both = entered == (desks.ENTER_LONG | desks.ENTER_SHORT)
        if both.any():
            raise ValueError(f"Row {first_of(both)} of entries and short_entries: both are true; one of them can be.")
        is_entry = entered != 0
        self.size = self._values("size", size, is_entry)
        self.stop_loss = None if stop_loss is None else self._values("stop_loss", stop_loss, is_entry)
        self.take_profit = None if take_profit is None else self._values("take_profit", take_profit, is_entry)

    @cached_property
    def fingerprint(self) -> list[Any]:
        values = (self.signals, self.size, self.stop_loss, self.take_profit)
        sums = [None if each is None else checksum_of(each) for each in values]
        return [self.levels, list(self.signals.shape), *sums]

    def bound(self, steps: int, listings: Sequence[Listing], *, hedges: bool) -> Bound:
        count = len(listings)
        refuse_shape("the signals", self.signals, steps, listings)
        refuse_data_only("the signals", self.signals, listings)
        values = [self.size, self.stop_loss, self.take_profit]
        columns = np.array([(0, 0, 0) if each is None else place_of(each) for each in values], COLUMN)
        desk = desk_of(desks.SIGNALS, columns)
        desk["signals"] = self.signals.ctypes.data
        desk["levels"] = LEVELS[self.levels]
        desk["has_stop"] = self.stop_loss is not None
        desk["has_target"] = self.take_profit is not None
        desk["further_orders"] = 8 * count  # of either side: an end, an entry and what protects it
        return Bound(desk, (columns, self.signals, values))

    def _values(self, name: str, given: Array | float, is_entry: Array) -> Column:
        """Numbers that can be broadcast to the shape of the signals."""
        values = contiguous(name, np.array(float(given))) if isinstance(given, int | float) else contiguous(name, given)
        shape = self.signals.shape
        if values.ndim and values.shape not in (shape, shape[:1]):
            raise ValueError(f"{name} has the shape {values.shape}; one number or the shape {shape} is needed.")
        shown = values if values.shape in ((), shape) else values[:, None]
        with np.errstate(invalid="ignore"):
            wrong = is_entry & ~(np.isfinite(shown) & (shown > 0.0))
        refuse(name, np.broadcast_to(shown, shape), wrong, "a finite number above 0 where there is an entry")
        return values


def contiguous(name: str, values: Any) -> Column:
    """The array as float64 that nobody can write through. Raises TypeError and ValueError for what is none."""
    if not isinstance(values, np.ndarray):
        raise TypeError(f"{name} is a {type(values).__name__}; an array of numbers is needed.")
    if values.dtype.kind not in NUMBERS:
        raise TypeError(f"{name} is an array of {values.dtype}; numbers are needed.")
    if values.ndim > 2:
        raise ValueError(f"{name} has the shape {values.shape}; (steps,) or (steps, listings) is needed.")
    if not values.flags.c_contiguous:
        raise ValueError(f"{name} is not contiguous in memory; np.ascontiguousarray({name}) is.")
    return sealed(values.astype(np.float64, copy=False))


def truths(name: str, values: Any) -> Array:
    """The array as truth values."""
    if isinstance(values, np.ndarray) and values.dtype != np.bool_:
        raise TypeError(f"{name} is an array of {values.dtype}; truth values are needed, such as {name} != 0.")
    if not isinstance(values, np.ndarray):
        raise TypeError(f"{name} is a {type(values).__name__}; an array of truth values is needed.")
    if values.ndim not in (1, 2):
        raise ValueError(f"{name} has the shape {values.shape}; (steps,) or (steps, listings) is needed.")
    if not values.flags.c_contiguous:
        raise ValueError(f"{name} is not contiguous in memory; np.ascontiguousarray({name}) is.")
    return values


def first_of(wrong: Array) -> int:
    """The first row with a true value."""
    return int(np.argwhere(wrong)[0][0])


def refuse(name: str, values: Column, wrong: Array, right: str) -> None:
    if wrong.any():
        place = tuple(np.argwhere(wrong)[0])
        raise ValueError(f"Row {place[0]} of {name} is {values[place]}; it has to be {right}.")


def refuse_shape(name: str, values: Array, steps: int, listings: Sequence[Listing]) -> None:
    fitting = [(steps, len(listings))] + [(steps,)] * (len(listings) == 1)
    if values.shape not in fitting:
        raise ValueError(
            f"{name} have the shape {values.shape}; this run has {steps} steps and {len(listings)} listings, so that "
            f"{fitting[-1]} is needed."
        )


def refuse_data_only(name: str, values: Array, listings: Sequence[Listing]) -> None:
    for place, listing in enumerate(listings):
        if not listing.is_traded and values[:, place].any():
            raise ValueError(f"{name} trade {listing.instrument.symbol}, which is data only in this run.")


def place_of(values: Column) -> tuple[int, int, int]:
    """A row of COLUMN for an array as large as the run, with one value for all listings, or with one for everything."""
    strides = values.strides
    return values.ctypes.data, strides[0] if strides else 0, strides[1] if len(strides) > 1 else 0


def desk_of(kind: int, columns: Array) -> Array:
    desk = np.zeros(1, DESK)
    desk["kind"] = kind
    desk["columns"] = columns.ctypes.data
    return desk

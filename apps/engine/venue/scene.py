"""What a row of the series shows of an instrument: prices of the bid and of the ask, whatever its layout.

Bars have one side, which stands for both. A tick is a bar of one price. Where an instrument has no row, its prices are
nan: its orders are not matched there, and its position keeps its last value.
"""

import numpy as np
from numba import njit, types

from apps.engine.kernels import INNER
from apps.engine.types import BAR, Record
from apps.engine.venue.books import (
    BOOKS_RECORD,
    OF_BARS,
    OF_TICKS,
    bar_at,
    contract_at,
    leaf,
    quote_at,
    rows_of,
    tick_at,
    time_of,
)
from apps.engine.venue.grid import round_down

scene_at = rows_of(BAR)
# told, lest each be compiled anew for every constant that it is called with
PRICE = types.float64(BOOKS_RECORD, types.int64, types.int64, types.boolean)


@njit(PRICE, **INNER)
def open_of(books: Record, index: int, instrument: int, asks: bool) -> float:
    row = index * books.instruments + instrument
    if books.layout == OF_BARS:
        return bar_at(books.series, row).open
    if books.layout == OF_TICKS:
        tick = tick_at(books.series, row)
        return tick.ask if asks else tick.bid
    quote = quote_at(books.series, row)
    return quote.ask_open if asks else quote.bid_open


@njit(PRICE, **INNER)
def high_of(books: Record, index: int, instrument: int, asks: bool) -> float:
    row = index * books.instruments + instrument
    if books.layout == OF_BARS:
        return bar_at(books.series, row).high
    if books.layout == OF_TICKS:
        tick = tick_at(books.series, row)
        return tick.ask if asks else tick.bid
    quote = quote_at(books.series, row)
    return quote.ask_high if asks else quote.bid_high


@njit(PRICE, **INNER)
def low_of(books: Record, index: int, instrument: int, asks: bool) -> float:
    row = index * books.instruments + instrument
    if books.layout == OF_BARS:
        return bar_at(books.series, row).low
    if books.layout == OF_TICKS:
        tick = tick_at(books.series, row)
        return tick.ask if asks else tick.bid
    quote = quote_at(books.series, row)
    return quote.ask_low if asks else quote.bid_low


@njit(PRICE, **INNER)
def close_of(books: Record, index: int, instrument: int, asks: bool) -> float:
    row = index * books.instruments + instrument
    if books.layout == OF_BARS:
        return bar_at(books.series, row).close
    if books.layout == OF_TICKS:
        tick = tick_at(books.series, row)
        return tick.ask if asks else tick.bid
    quote = quote_at(books.series, row)
    return quote.ask_close if asks else quote.bid_close


@njit(**INNER)
def volume_of(books: Record, index: int, instrument: int) -> float:
    """What was traded in the row; the number of ticks in a quote bar, nan for a tick."""
    row = index * books.instruments + instrument
    if books.layout == OF_BARS:
        return bar_at(books.series, row).volume
    if books.layout == OF_TICKS:
        return np.nan
    return float(quote_at(books.series, row).ticks)


@njit(**INNER)
def is_missing(books: Record, index: int, instrument: int) -> bool:
    return np.isnan(open_of(books, index, instrument, False))


@njit(**INNER)
def last_row(books: Record, index: int, instrument: int) -> int:
    """The last row up to this one that shows the instrument; -1 before its first."""
    while index >= 0 and is_missing(books, index, instrument):
        index -= 1
    return index


@njit(**INNER)
def last_close(books: Record, index: int, instrument: int) -> float:
    """The middle of the last closes up to this row; nan before the instrument's first."""
    row = last_row(books, index, instrument)
    if row < 0:
        return np.nan
    if books.layout == OF_BARS:
        return close_of(books, row, instrument, False)
    bid, ask = close_of(books, row, instrument, False), close_of(books, row, instrument, True)
    return (bid + ask) / 2.0


@njit(**INNER)
def own_close(books: Record, index: int, order: Record) -> float:
    """The last close up to this row of the side that an order trades at; nan before the instrument's first."""
    row = last_row(books, index, order.instrument)
    return close_of(books, row, order.instrument, order.side > 0) if row >= 0 else np.nan


@leaf(BOOKS_RECORD, types.int64, types.int64)
def show(books: Record, index: int, instrument: int) -> None:
    """Set the scene of an instrument to this row, with all its liquidity; nothing changes where it is missing."""
    contract = contract_at(books.contracts, instrument)
    if contract.loaded == index or is_missing(books, index, instrument):
        return
    for asks in (False, True):
        bar = scene_at(books.scene, 2 * instrument + asks)
        bar.time = time_of(books, index)
        bar.open = open_of(books, index, instrument, asks)
        bar.high = high_of(books, index, instrument, asks)
        bar.low = low_of(books, index, instrument, asks)
        bar.close = close_of(books, index, instrument, asks)
        bar.volume = volume_of(books, index, instrument)
    contract.loaded = index
    contract.liquidity = np.inf
    if books.volume_share > 0.0 and books.layout != OF_TICKS:
        share = books.volume_share * scene_at(books.scene, 2 * instrument).volume
        contract.liquidity = round_down(share, contract.quantity_step, contract.steps_per_unit)


@njit(**INNER)
def bar_for(books: Record, order: Record) -> Record:
    """The bar of the side that an order trades at: a purchase at the ask, a sale at the bid."""
    return scene_at(books.scene, 2 * order.instrument + (order.side > 0))

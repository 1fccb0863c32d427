"""The extremes of a span of bars or ticks: those of whole blocks are known before the run begins."""

import numpy as np
from numba import njit

from apps.engine.kernels import INNER
from apps.engine.kernels.bars import BAR_EXTREMES
from apps.engine.kernels.ticks import BLOCK, EXTREMES, TICK_BYTES, extremes_of
from apps.engine.types import Record
from apps.engine.venue.books import rows_of

block_at = rows_of(EXTREMES)
bar_block_at = rows_of(BAR_EXTREMES)


@njit(**INNER)
def known_of(books: Record, first: int) -> tuple[float, float, float, float]:
    """The extremes of the block of ticks that begins with this row."""
    block = block_at(books.extremes, first // BLOCK)
    return block.lowest_bid, block.lowest_ask, block.highest_bid, block.highest_ask


@njit(**INNER)
def start_scan(contract: Record, first: int) -> None:
    contract.scanned_from = first
    contract.lowest_bid = contract.lowest_ask = np.inf
    contract.highest_bid = contract.highest_ask = -np.inf


@njit(**INNER)
def take_scanned(contract: Record, found: tuple[float, float, float, float]) -> None:
    """Widen the extremes of what was looked through by those of the ticks that follow."""
    contract.lowest_bid = min(contract.lowest_bid, found[0])
    contract.lowest_ask = min(contract.lowest_ask, found[1])
    contract.highest_bid = max(contract.highest_bid, found[2])
    contract.highest_ask = max(contract.highest_ask, found[3])


@njit(**INNER)
def scan_span(books: Record, contract: Record, first: int, stop: int) -> None:
    """Have the extremes of the ticks [first, stop) in the contract; mostly, the search for an event has left them."""
    if contract.scanned_from == first and contract.scanned_until == stop:
        return
    start_scan(contract, first)
    contract.scanned_until = stop
    while first < stop:
        until = min(first // BLOCK * BLOCK + BLOCK, stop)
        if until - first == BLOCK:
            take_scanned(contract, known_of(books, first))
        else:
            take_scanned(contract, extremes_of(books.series + first * TICK_BYTES, until - first))
        first = until

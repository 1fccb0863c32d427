"""One pass over the ticks: is every one of them tradable, and between which quotes does each block of them stay?"""

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from apps.engine.kernels import INNER, OPTIONS, rows_of
from apps.engine.kernels.bars import (
    CROSSED,
    EARLIEST,
    FINE,
    LATEST,
    NO_TIME,
    NOT_FINITE,
    NOT_POSITIVE,
    OUT_OF_ORDER,
    PAIR,
)
from apps.engine.series.quotes import TICK
from apps.engine.types import Array

BLOCK = 128  # ticks whose extremes are kept together
WAYS = 4  # ticks taken in side by side, each by its own extremes: one after the other they would wait for each other
AHEAD = 4096  # bytes: so far before the scan its memory is asked for
INTEGER, NUMBER = ir.IntType(64), ir.DoubleType()
QUOTE = ir.VectorType(NUMBER, 2)  # bid and ask, which are neighbours in a tick
assert TICK.fields is not None
TICK_BYTES, BID = TICK.itemsize, TICK.fields["bid"][1]
LOWER, HIGHER = "<", ">"
EXTREMES = np.dtype([("lowest_bid", "f8"), ("lowest_ask", "f8"), ("highest_bid", "f8"), ("highest_ask", "f8")])


def extremes() -> Any:
    """A function (address, count) of kernels: lowest bid, lowest ask, highest bid and highest ask of so many ticks.

    Written in the compiler's own terms: of a loop over numbers it may not take several at once, since one that is none
    would make their order count. Ticks are numbers all, and which of them is the least does not depend on any order.
    inf and -inf of none.
    """

    @intrinsic
    def extremes_of(_: Any, address: Any, count: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            address, count = arguments
            found: dict[str, list[Any]] = {LOWER: [], HIGHER: []}
            for better, none in ((LOWER, float("inf")), (HIGHER, float("-inf"))):
                for _ in range(WAYS):
                    place = cgutils.alloca_once_value(builder, QUOTE([NUMBER(none)] * 2))  # type: ignore[no-untyped-call]
                    found[better].append(place)

            def take_in(index: Any, way: int) -> None:
                place = builder.add(address, builder.mul(index, INTEGER(TICK_BYTES)))
                quote = builder.load(builder.inttoptr(builder.add(place, INTEGER(BID)), QUOTE.as_pointer()), align=8)
                for better, ways in found.items():
                    builder.store(better_of(builder, better, quote, builder.load(ways[way])), ways[way])

            rounds = builder.sdiv(count, INTEGER(WAYS))
            with cgutils.for_range(builder, rounds) as loop:
                ask_for(builder, builder.add(address, builder.mul(loop.index, INTEGER(WAYS * TICK_BYTES))), AHEAD)
                for way in range(WAYS):
                    take_in(builder.add(builder.mul(loop.index, INTEGER(WAYS)), INTEGER(way)), way)
            with cgutils.for_range(builder, count, start=builder.mul(rounds, INTEGER(WAYS))) as loop:
                take_in(loop.index, 0)
            values = []
            for better, ways in found.items():
                best, *others = (builder.load(way) for way in ways)
                for other in others:
                    best = better_of(builder, better, other, best)
                values += [builder.extract_element(best, ir.IntType(32)(side)) for side in range(2)]
            return context.make_tuple(builder, signature.return_type, values)

        return types.UniTuple(types.float64, 4)(types.int64, types.int64), generate  # type: ignore[no-untyped-call]

    return extremes_of


def ask_for(builder: Any, address: Any, ahead: int) -> None:
    """Ask for the memory so many bytes behind this address: a quarter less time than to wait until it is guessed."""
    place, hint = ir.IntType(8).as_pointer(), ir.IntType(32)
    prefetch = builder.module.declare_intrinsic(
        "llvm.prefetch", [place], ir.FunctionType(ir.VoidType(), [place, hint, hint, hint])
    )
    ahead_of = builder.inttoptr(builder.add(address, INTEGER(ahead)), place)
    builder.call(prefetch, [ahead_of, hint(0), hint(3), hint(1)])  # to read, to keep near, of data


def fetching() -> Any:
    """A function (address) of kernels: ask for the memory there, of which nothing is needed yet."""

    @intrinsic
    def fetch(_: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, __: Any, arguments: Any) -> Any:
            ask_for(builder, arguments[0], 0)
            return context.get_dummy_value()

        return types.void(types.int64), generate

    return fetch


def better_of(builder: Any, better: str, one: Any, other: Any) -> Any:
    """Of each two numbers the lower or higher one."""
    return builder.select(builder.fcmp_ordered(better, one, other), one, other)


extremes_of, fetch = extremes(), fetching()


@njit(**INNER)
def first_bad_of(ticks: Array, first: int, stop: int) -> tuple[int, int]:
    for i in range(first, stop):
        tick = ticks[i]
        if not (np.isfinite(tick.bid) and np.isfinite(tick.ask)):
            return i, NOT_FINITE
        if not (tick.bid > 0.0 and tick.ask > 0.0):
            return i, NOT_POSITIVE
        if tick.ask < tick.bid:
            return i, CROSSED
        if not EARLIEST <= tick.time <= LATEST:
            return i, NO_TIME
        if i > 0 and tick.time < ticks[i - 1].time:
            return i, OUT_OF_ORDER
    return -1, FINE


@njit(PAIR(rows_of(TICK, readonly=True), rows_of(EXTREMES)), **OPTIONS)
def first_bad_tick(ticks: Array, extremes: Array) -> tuple[int, int]:
    """As `first_bad`, of ticks, which may share a time.

    extremes: (blocks,) EXTREMES, of BLOCK ticks each, which are written on the way: the memory is read but once, and a
    block whose extremes are sound needs no closer look than whether its ticks are in order.
    """
    for block in range(len(extremes)):
        first, stop = block * BLOCK, min(block * BLOCK + BLOCK, len(ticks))
        low_bid, low_ask, high_bid, high_ask = extremes_of(ticks.ctypes.data + first * TICK_BYTES, stop - first)
        before, disordered = ticks[max(first - 1, 0)].time, False
        for i in range(first, stop):
            tick = ticks[i]
            disordered |= (not tick.ask >= tick.bid) | (tick.time < before)  # a nan is above nothing
            before = tick.time
        is_sound = low_bid > 0.0 and low_ask > 0.0 and high_bid < np.inf and high_ask < np.inf
        if disordered or not is_sound or ticks[first].time < EARLIEST or before > LATEST:
            row, problem = first_bad_of(ticks, first, stop)
            if problem != FINE:
                return row, problem
        extremes[block].lowest_bid = low_bid
        extremes[block].lowest_ask = low_ask
        extremes[block].highest_bid = high_bid
        extremes[block].highest_ask = high_ask
    return -1, FINE

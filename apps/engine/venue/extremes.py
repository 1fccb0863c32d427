"""The lowest and the highest quotes of a span of ticks, as fast as memory brings them."""

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from apps.engine.kernels import INNER
from apps.engine.series.quotes import TICK
from apps.engine.types import Record

WAYS = 4  # ticks taken in side by side, each by its own extremes: one after the other they would wait for each other
AHEAD = 4096  # bytes: so far before the scan its memory is asked for
INTEGER, NUMBER = ir.IntType(64), ir.DoubleType()
QUOTE = ir.VectorType(NUMBER, 2)  # bid and ask, which are neighbours in a tick
assert TICK.fields is not None
TICK_BYTES, BID = TICK.itemsize, TICK.fields["bid"][1]
LOWER, HIGHER = "<", ">"


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
                fetch(builder, builder.add(address, builder.mul(loop.index, INTEGER(WAYS * TICK_BYTES))))
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


def fetch(builder: Any, address: Any) -> None:
    """Ask for what lies AHEAD of this address: a quarter less time than to wait until it is guessed."""
    place, hint = ir.IntType(8).as_pointer(), ir.IntType(32)
    prefetch = builder.module.declare_intrinsic(
        "llvm.prefetch", [place], ir.FunctionType(ir.VoidType(), [place, hint, hint, hint])
    )
    ahead = builder.inttoptr(builder.add(address, INTEGER(AHEAD)), place)
    builder.call(prefetch, [ahead, hint(0), hint(3), hint(1)])  # to read, to keep near, of data


def better_of(builder: Any, better: str, one: Any, other: Any) -> Any:
    """Of each two numbers the lower or higher one."""
    return builder.select(builder.fcmp_ordered(better, one, other), one, other)


extremes_of = extremes()


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
def scan_span(contract: Record, ticks: int, first: int, stop: int) -> None:
    """Have the extremes of the ticks [first, stop) in the contract; mostly, the search for an event has left them."""
    if contract.scanned_from != first or contract.scanned_until != stop:
        start_scan(contract, first)
        take_scanned(contract, extremes_of(ticks + first * TICK_BYTES, stop - first))
        contract.scanned_until = stop

"""All the books of a run, and how a kernel finds a row in them.

A kernel gets the address of one BOOKS record, and a table of it is an address too: `order_at(books.orders, i)` is the
record i of the order table, whose fields are read and written in place. As arrays, the same tables would be more than
a hundred machine arguments, which every function would have to type and pass on, and every call from Python to unpack.
Nothing checks an index, so whoever writes a row has looked at the table's room before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import llvmlite.binding as llvm  # type: ignore[import-untyped]
import numba
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from apps.engine.kernels import INNER, OPTIONS
from apps.engine.series.quotes import QUOTE_BAR, TICK
from apps.engine.types import BAR, EQUITY, FILL, ORDER_EVENT, PAYMENT, TRADE
from apps.engine.venue.state import (
    ACCOUNT,
    BOOKS,
    CONTRACT,
    CURRENCY,
    HAPPENING,
    HOLDING,
    ORDER,
    TALLY,
    TERMS,
    TIER,
)

if TYPE_CHECKING:
    import numpy as np

    from apps.engine.types import Record

OF_BARS, OF_QUOTE_BARS, OF_TICKS = range(3)
LAYOUTS = {BAR: OF_BARS, QUOTE_BAR: OF_QUOTE_BARS, TICK: OF_TICKS}
BOOKS_RECORD = numba.from_dtype(BOOKS)
ORDER_RECORD = numba.from_dtype(ORDER)


def rows_of(dtype: np.dtype[Any]) -> Any:
    """A function (address, index) of kernels: the record of this row of a table."""
    record = numba.from_dtype(dtype)

    @intrinsic
    def row_at(_: Any, address: Any, index: Any) -> Any:
        def generate(context: Any, builder: Any, __: Any, arguments: Any) -> Any:
            size = context.get_constant(types.int64, dtype.itemsize)
            place = builder.add(arguments[0], builder.mul(arguments[1], size))
            return builder.inttoptr(place, context.get_value_type(record))

        return record(types.int64, types.int64), generate

    return row_at


def values_of(kind: Any) -> Any:
    """A function (address, index) of kernels: the value of this place of a column of plain numbers."""

    @intrinsic
    def value_at(_: Any, address: Any, index: Any) -> Any:
        def generate(context: Any, builder: Any, __: Any, arguments: Any) -> Any:
            size = context.get_constant(types.int64, kind.bitwidth // 8)
            place = builder.add(arguments[0], builder.mul(arguments[1], size))
            return builder.load(builder.inttoptr(place, context.get_value_type(kind).as_pointer()))

        return kind(types.int64, types.int64), generate

    return value_at


def copies_of(dtype: np.dtype[Any]) -> Any:
    """A function (address, source, target) of kernels: copy one row of a table over another one."""

    @intrinsic
    def copy_row(_: Any, address: Any, source: Any, target: Any) -> Any:
        def generate(context: Any, builder: Any, __: Any, arguments: Any) -> Any:
            size = context.get_constant(types.int64, dtype.itemsize)
            table, *rows = arguments
            places = [builder.add(table, builder.mul(row, size)) for row in rows]
            taken, given = (builder.inttoptr(place, cgutils.voidptr_t) for place in places)
            cgutils.raw_memcpy(builder, given, taken, size, 1)  # type: ignore[no-untyped-call]
            return context.get_dummy_value()

        return types.void(types.int64, types.int64, types.int64), generate

    return copy_row


books_at = rows_of(BOOKS)
bar_at = rows_of(BAR)
quote_at = rows_of(QUOTE_BAR)
tick_at = rows_of(TICK)
account_at = rows_of(ACCOUNT)
contract_at = rows_of(CONTRACT)
holding_at = rows_of(HOLDING)
currency_at = rows_of(CURRENCY)
tier_at = rows_of(TIER)
happening_at = rows_of(HAPPENING)
terms_at = rows_of(TERMS)
tally_at = rows_of(TALLY)
order_at = rows_of(ORDER)
fill_at = rows_of(FILL)
trade_at = rows_of(TRADE)
event_at = rows_of(ORDER_EVENT)
payment_at = rows_of(PAYMENT)
point_at = rows_of(EQUITY)
copy_order = copies_of(ORDER)
integer_at = values_of(types.int64)
number_at = values_of(types.float64)


def leaf(*arguments: Any, returns: Any = types.void) -> Any:
    """Compile for these arguments, as a function of its own that the others call by its name.

    numba puts a copy of every function that it knows into each of its callers, theirs included: a third of the
    compiler's time went into the same code again. True and false are integers here: a call by name knows no others.
    """
    signature = returns(*arguments)

    def compiled(function: Any) -> Any:
        name = f"{function.__module__}.{function.__name__}"
        COMPILED[name] = numba.cfunc(signature, **OPTIONS)(function)
        llvm.add_symbol(name, COMPILED[name].address)
        return types.ExternalFunction(name, signature)

    return compiled


COMPILED: dict[str, Any] = {}  # by name; their code lives as long as they do


@njit(**INNER)
def account_of(books: Record) -> Record:
    return account_at(books.account, 0)


@njit(**INNER)
def contract_of(books: Record, order: Record) -> Record:
    return contract_at(books.contracts, order.instrument)


@njit(**INNER)
def holding_of(books: Record, order: Record) -> Record:
    return holding_at(books.holdings, order.holding)


@njit(**INNER)
def time_of(books: Record, index: int) -> int:
    """The time of a row; it is the first field of every layout."""
    return integer_at(books.series + index * books.row_size, 0)


@njit(**INNER)
def first_at(books: Record, first: int, stop: int, time: int) -> int:
    """The first of the rows [first, stop) at this time or later; `stop` for none."""
    while first < stop:
        middle = (first + stop) // 2
        if time_of(books, middle) < time:
            first = middle + 1
        else:
            stop = middle
    return first

"""The four calls of the driver: submit an order, cancel one, commit bars, expire what is left.

They are called per event and never per bar: a call costs as much as ten bars of a strategy in Python. Each returns the
number of the next bar in which a working order may fill (the number of bars when there is none), or FULL when the
caller must enlarge the buffers and call again; what was done until then is not done twice.
"""

from typing import Any

import numpy as np
from numba import njit, types

from apps.engine.kernels import (
    ACCOUNTS,
    BARS,
    EQUITY_POINTS,
    FILLS,
    HOLDINGS,
    OPTIONS,
    ORDER_EVENTS,
    ORDERS,
    TALLIES,
    TRADES,
)
from apps.engine.kernels.books import Books
from apps.engine.kernels.tally import mark
from apps.engine.matching import ACCEPTABLE, CANCELLED, DONE, WORKING, keep_working, log, match, objection, round_down
from apps.engine.types import Array, OrderEventKind

FULL = -1
SUBMITTED, REJECTED = int(OrderEventKind.SUBMITTED), int(OrderEventKind.REJECTED)
EXPIRED = int(OrderEventKind.EXPIRED)
ROWS_PER_ORDER = 2  # of one bar, at most: a fill that crosses zero is two

ARRAYS = types.Tuple(  # type: ignore[no-untyped-call]
    (BARS, ACCOUNTS, HOLDINGS, ORDERS, FILLS, TRADES, ORDER_EVENTS, EQUITY_POINTS, TALLIES)
)


def kernel(*further: Any) -> Any:
    """Compile for the arrays of the books and these further arguments.

    The arrays come as a plain tuple: numba takes that twice as fast as a named one, and faster than single arrays.
    """
    return njit(types.int64(ARRAYS, *further), **OPTIONS)


@njit(**OPTIONS)
def next_event(books: Books) -> int:
    """The first bar not booked yet in which a working order may fill."""
    first = len(books.bars)
    for i in range(books.account[0].orders):
        first = min(first, books.orders[i].active_from)
    return max(first, books.account[0].next_bar)


@njit(**OPTIONS)
def has_room(books: Books) -> bool:
    """Whether the buffers hold what one bar may bring, and one row more."""
    rows = ROWS_PER_ORDER * books.account[0].orders + 1
    fills = books.account[0].fills + rows <= len(books.fills)
    trades = books.account[0].trades + rows <= len(books.trades)
    return fills and trades and books.account[0].events + rows <= len(books.events)


@kernel(types.int64, types.int64, types.int64, types.float64, types.boolean, types.int64)
def submit(
    arrays: tuple[Array, ...],
    order_id: int,
    order_type: int,
    side: int,
    quantity: float,
    reduce_only: bool,
    index: int,
) -> int:
    """Take an order, given at the close of bar `index`, into the table, or reject it; log either."""
    books = Books(*arrays)
    account, holding = books.account[0], books.holdings[0]
    if account.orders >= len(books.orders) or not has_room(books):
        return FULL
    order = books.orders[account.orders]
    order.id = order_id
    order.instrument = 0
    order.type = order_type
    order.side = side
    order.reduce_only = reduce_only
    order.active_from = index + 1
    order.status = WORKING
    close = books.bars[index].close
    reason = objection(holding, quantity, side)
    if reason == ACCEPTABLE:
        order.quantity = round_down(quantity, holding.quantity_step, holding.steps_per_unit)
        account.orders += 1
        log(books, index, order, SUBMITTED, reason, order.quantity, close)
    else:
        log(books, index, order, REJECTED, reason, quantity if np.isfinite(quantity) else 0.0, close)
    return next_event(books)


@kernel(types.int64, types.int64)
def cancel(arrays: tuple[Array, ...], order_id: int, index: int) -> int:
    """Take a working order out of the table at the close of bar `index`; one that is done stays done."""
    books = Books(*arrays)
    if not has_room(books):
        return FULL
    for i in range(books.account[0].orders):
        order = books.orders[i]
        if order.id == order_id:
            order.status = DONE
            log(books, index, order, CANCELLED, ACCEPTABLE, order.quantity, books.bars[index].close)
    keep_working(books.account[0], books.orders)
    return next_event(books)


@kernel(types.int64)
def commit(arrays: tuple[Array, ...], stop: int) -> int:
    """Book all bars before `stop` that are not booked yet: match the working orders, mark at the close."""
    books = Books(*arrays)
    account = books.account[0]
    while account.next_bar < stop:
        first = account.next_bar
        until = min(next_event(books), stop)
        if until == first:
            if not has_room(books):
                return FULL
            match(books, first)
            until = first + 1
        mark(books, first, until)
        account.next_bar = until
    return next_event(books)


@kernel()
def expire(arrays: tuple[Array, ...]) -> int:
    """Log that the data ended before the working orders could fill, and empty the table."""
    books = Books(*arrays)
    if not has_room(books):
        return FULL
    last = len(books.bars) - 1
    for i in range(books.account[0].orders):
        order = books.orders[i]
        log(books, last, order, EXPIRED, ACCEPTABLE, order.quantity, books.bars[last].close)
    books.account[0].orders = 0
    return next_event(books)

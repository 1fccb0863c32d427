"""What can happen to the books of a run: an order is given, amended or taken back, bars are booked, the data end.

Every kernel here returns the next event (the number of the first bar in which a working order may fill or must be
looked at again, or of the bar after the last), or FULL when the caller must enlarge the buffers and call again; what
was done until then is not done twice.
"""

from typing import Any

import numpy as np
from numba import njit, types

from apps.engine.admission import (
    ACCEPTABLE,
    NOBODY,
    objection,
    objection_to_prices,
    objection_to_quantity,
    put_on_grid,
    row_of,
    settle,
)
from apps.engine.filling import CANCELLED, OUO, finish, keep_working, log
from apps.engine.grid import round_down
from apps.engine.kernels import ACCOUNTS, ARRAYS, OPTIONS, ORDERS, TERMS_ROW
from apps.engine.kernels.books import Books
from apps.engine.kernels.tally import mark
from apps.engine.matching import EXPIRED, follow_all, match, next_event
from apps.engine.triggers import DONE, TRAILING_STOP, WAITING, trailed
from apps.engine.types import Array, OrderEventKind, Record

FULL = -1
SUBMITTED, REJECTED = int(OrderEventKind.SUBMITTED), int(OrderEventKind.REJECTED)
AMENDED, AMENDMENT_REJECTED = int(OrderEventKind.AMENDED), int(OrderEventKind.AMENDMENT_REJECTED)
ROWS_PER_ORDER = 6  # of one bar, at most: activated, triggered, two fills where one crosses zero, and its end


def kernel(*further: Any) -> Any:
    """Compile for the arrays of the books and these further arguments.

    The arrays come as a plain tuple: numba takes that twice as fast as a named one, and faster than single arrays.
    """
    return njit(types.int64(ARRAYS, *further), **OPTIONS)


@njit(types.int64(ACCOUNTS, ORDERS), **OPTIONS)
def rows_needed(account: Array, orders: Array) -> int:
    """How many rows one bar may bring to a buffer and a few more: in a group that updates, a fill tells the others."""
    updating = 0
    for i in range(account[0].orders):
        updating += orders[i].group_kind == OUO
    return ROWS_PER_ORDER * account[0].orders + 4 * updating * updating + 2


@njit(**OPTIONS)
def has_room(books: Books) -> bool:
    rows, account = rows_needed(books.account, books.orders), books.account[0]
    fills = account.fills + rows <= len(books.fills)
    trades = account.trades + rows <= len(books.trades)
    return fills and trades and account.events + rows <= len(books.events)


@njit(**OPTIONS)
def book_until(books: Books, stop: int) -> bool:
    """Book all bars before `stop` that are not booked yet; False when the buffers are full before."""
    account = books.account[0]
    while account.next_bar < stop:
        first = account.next_bar
        until = min(next_event(books), stop)
        if until == first:
            if not has_room(books):
                return False
            match(books, first)
            until = first + 1
        elif account.orders > 0:
            follow_all(books, first, until)
        mark(books, first, until)
        account.next_bar = until
    return True


@kernel(types.int64)
def commit(arrays: tuple[Array, ...], stop: int) -> int:
    """Book all bars before `stop` that are not booked yet: match the working orders, mark at the close."""
    books = Books(*arrays)
    return next_event(books) if book_until(books, stop) else FULL


@njit(**OPTIONS)
def soon(books: Books, index: int) -> int:
    """The next event after the orders have changed: the next bar, as long as there are any. `commit` looks further."""
    return index + 1 if books.account[0].orders > 0 else len(books.bars)


@njit(**OPTIONS)
def take_terms(order: Record, terms: Record) -> None:
    order.time_in_force = terms.time_in_force
    order.until = terms.until
    order.limit = terms.limit
    order.stop = terms.stop
    order.trail = terms.trail
    order.trail_is_share = terms.trail_is_share
    order.trails_extremes = terms.trails_extremes
    order.post_only = terms.post_only
    order.parent = terms.parent
    order.group = terms.group
    order.group_kind = terms.group_kind


@kernel(types.int64, types.int64, types.int64, types.float64, types.boolean, TERMS_ROW, types.int64)
def submit(
    arrays: tuple[Array, ...],
    order_id: int,
    order_type: int,
    side: int,
    quantity: float,
    reduce_only: bool,
    terms: Array,
    index: int,
) -> int:
    """Take an order, given at the close of bar `index`, into the table, or reject it; log either.

    An entry whose protective order is rejected is cancelled for the same reason: it was not meant to go unprotected.
    """
    books = Books(*arrays)
    account = books.account[0]
    if account.orders >= len(books.orders) or not has_room(books):
        return FULL
    order = books.orders[account.orders]
    order.id = order_id
    order.instrument = 0
    order.type = order_type
    order.side = side
    order.quantity = quantity
    order.reduce_only = reduce_only
    take_terms(order, terms[0])
    close = books.bars[index].close
    reason = objection(books, order, index)
    if reason == ACCEPTABLE:
        settle(books, order, index)
        account.orders += 1
        log(books, index, order, SUBMITTED, reason, order.quantity, close)
    else:
        order.status = DONE
        log(books, index, order, REJECTED, reason, quantity if np.isfinite(quantity) else 0.0, close)
        row = row_of(books, order.parent)
        if row != NOBODY:
            finish(books, index, books.orders[row], CANCELLED, reason, close)
            keep_working(account, books.orders)
    return soon(books, index)


@kernel(types.int64, types.int64)
def cancel(arrays: tuple[Array, ...], order_id: int, index: int) -> int:
    """Take a working order out of the table at the close of bar `index`; one that is done stays done."""
    books = Books(*arrays)
    if not has_room(books):
        return FULL
    row = row_of(books, order_id)
    if row != NOBODY:
        finish(books, index, books.orders[row], CANCELLED, ACCEPTABLE, books.bars[index].close)
        keep_working(books.account[0], books.orders)
    return soon(books, index)


@kernel(types.int64, types.float64, types.float64, types.float64, types.float64, types.int64)
def amend(
    arrays: tuple[Array, ...], order_id: int, quantity: float, limit: float, stop: float, trail: float, index: int
) -> int:
    """Change a working order at the close of bar `index`, or log why not; one that is done stays as it was.

    Every value is given, changed or not: `Ledger.amend` fills in the old ones. The new order works from the next bar.
    """
    books = Books(*arrays)
    if not has_room(books):
        return FULL
    row = row_of(books, order_id)
    if row == NOBODY:
        return soon(books, index)
    holding, order, close = books.holdings[0], books.orders[row], books.bars[index].close
    before = (order.quantity, order.limit, order.stop, order.trail)
    order.limit, order.stop, order.trail = limit, stop, trail
    reason = objection_to_quantity(holding, quantity, order.side, order.parent != 0)
    if reason == ACCEPTABLE:
        reason = objection_to_prices(holding, order, close)
    if reason == ACCEPTABLE:
        order.quantity = round_down(quantity, holding.quantity_step, holding.steps_per_unit)
        put_on_grid(holding, order)
        if order.type == TRAILING_STOP:
            order.stop = trailed(order, order.best, holding)
        if order.status != WAITING:
            order.active_from = index + 1 + holding.latency_bars
        log(books, index, order, AMENDED, reason, order.quantity, close)
    else:
        order.quantity, order.limit, order.stop, order.trail = before
        log(books, index, order, AMENDMENT_REJECTED, reason, order.quantity, close)
    return soon(books, index)


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
    return len(books.bars)

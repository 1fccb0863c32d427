"""What can happen to the books of a run: an order is given, amended or taken back, rows are booked, the data end.

Every command takes the address of the books and returns the next event (the number of the first row in which
something may happen or must be looked at again, or of the row after the last), or FULL when the caller must enlarge the
tables and call again; what was done until then is not done twice.
"""

from typing import Any

import numpy as np
from numba import njit, types

from apps.engine.kernels import INNER, OPTIONS, QUICK
from apps.engine.types import OrderEventKind, Record
from apps.engine.venue.accounting import open_result, rate_of
from apps.engine.venue.admission import (
    ACCEPTABLE,
    NOBODY,
    arrival,
    objection,
    objection_to_prices,
    objection_to_quantity,
    put_on_grid,
    row_of,
    settle,
)
from apps.engine.venue.books import (
    BOOKS_RECORD,
    ORDER_RECORD,
    account_of,
    books_at,
    contract_at,
    contract_of,
    happening_at,
    holding_at,
    holding_of,
    leaf,
    order_at,
    terms_at,
)
from apps.engine.venue.costs import worth
from apps.engine.venue.filling import CANCELLED, FROM_THE_OPEN, OUO, finish, keep_working, log
from apps.engine.venue.grid import round_down
from apps.engine.venue.horizon import FARTHEST, LOOK_AHEAD, next_event
from apps.engine.venue.margin import equity_of, mark_of
from apps.engine.venue.marking import mark
from apps.engine.venue.matching import EXPIRED, follow_all, match
from apps.engine.venue.scene import last_close, own_close
from apps.engine.venue.state import NEVER
from apps.engine.venue.triggers import ALERT, DONE, TRAILING_STOP, WAITING, WORKING, trailed

FULL = -1
NOTHING, ALERTS, FILLS = range(3)
SUBMITTED, REJECTED = int(OrderEventKind.SUBMITTED), int(OrderEventKind.REJECTED)
AMENDED, AMENDMENT_REJECTED = int(OrderEventKind.AMENDED), int(OrderEventKind.AMENDMENT_REJECTED)
ROWS_PER_ORDER = 6  # of one row, at most: activated, triggered, two fills where one crosses zero, its end, liquidation
ROWS_PER_HOLDING = 3  # liquidated at the open, closed by a split, called


def command(*further: Any, books_rows: bool = False) -> Any:
    """Compile for the address of the books and these further arguments. books_rows: it may take long.

    What Python calls is the compiled function itself: to find out each time which of one it is costs more than most
    commands do.
    """
    signature = types.int64(types.int64, *further)

    def compiled(function: Any) -> Any:
        return njit(signature, **(OPTIONS if books_rows else QUICK))(function).get_overload(signature.args)

    return compiled


@leaf(BOOKS_RECORD, returns=types.int64)
def count_needed(books: Record) -> int:
    """How many rows one row may bring to a table and a few more: in a group that updates, a fill tells the others."""
    account = account_of(books)
    due = account.next_happening
    while due < books.happenings_count and happening_at(books.happenings, due).row <= account.next_row:
        due += 1
    outside = (due - account.next_happening) * (2 * books.holdings_count + account.orders)
    updating = 0
    for i in range(account.orders):
        updating += order_at(books.orders, i).group_kind == OUO
    own = ROWS_PER_ORDER * account.orders + ROWS_PER_HOLDING * books.holdings_count
    return own + outside + 4 * updating * updating + 2


@command()
def rows_needed(address: int) -> int:
    return count_needed(books_at(address, 0))


@njit(**INNER)
def has_room(books: Record) -> bool:
    rows, account = count_needed(books), account_of(books)
    fills = account.fills + rows <= books.fills_room
    trades = account.trades + rows <= books.trades_room
    told = account.events + rows <= books.events_room and account.payments + rows <= books.payments_room
    return fills and trades and told and account.orders + 1 < books.orders_room


@leaf(BOOKS_RECORD, types.int64, types.int64, returns=types.int64)
def book_until(books: Record, stop: int, waking: int) -> bool:
    """Book all rows before `stop` that are not booked yet; False when the tables are full before.

    waking: what the row has brought with which this ends before: NOTHING, ALERTS, or FILLS (and alerts).
    """
    account = account_of(books)
    rung, filled, ahead = account.alerts, account.fills, LOOK_AHEAD
    while account.next_row < stop:
        first = account.next_row
        until = min(next_event(books, ahead), stop)
        if until == first:
            if not has_room(books):
                return False
            match(books, first)
            until, ahead = first + 1, LOOK_AHEAD
        else:
            ahead = FARTHEST
            if account.orders > 0:
                follow_all(books, first, until)
        mark(books, first, until)
        account.next_row = until
        if waking != NOTHING and (account.alerts > rung or (waking == FILLS and account.fills > filled)):
            return True
    return True


@command(types.int64, books_rows=True)
def commit(address: int, stop: int) -> int:
    """Book all rows before `stop` that are not booked yet: match the working orders, mark at the close."""
    books = books_at(address, 0)
    return next_event(books, LOOK_AHEAD) if book_until(books, stop, NOTHING) else FULL


@command(types.int64, types.int64, books_rows=True)
def sleep(address: int, stop: int, waking: int) -> int:
    """As `commit`, but no further than the first row that wakes the strategy: then nobody looks beyond that yet."""
    books = books_at(address, 0)
    if not book_until(books, stop, waking):
        return FULL
    following = account_of(books).next_row
    return following if following < stop else next_event(books, LOOK_AHEAD)


@njit(**INNER)
def soon(books: Record, index: int) -> int:
    """The next event after the orders have changed: the next row, as long as there are any. `commit` looks further."""
    if account_of(books).orders > 0:
        return index + 1
    return next_event(books, LOOK_AHEAD)


@njit(**INNER)
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


@leaf(BOOKS_RECORD, ORDER_RECORD, types.int64)
def admit(books: Record, order: Record, index: int) -> None:
    """Take the order that lies behind the last one of the table in, or reject it; log either.

    An entry whose protective order is rejected is cancelled for the same reason: it was not meant to go unprotected.
    """
    account, quantity = account_of(books), order.quantity
    close = last_close(books, index, order.instrument)
    reason = objection(books, order, index, close)
    price = close if np.isfinite(close) else 0.0
    if reason == ACCEPTABLE:
        settle(books, order, index)
        account.orders += 1
        log(books, index, order, SUBMITTED, reason, order.quantity, price)
        return
    order.status = DONE
    log(books, index, order, REJECTED, reason, quantity if np.isfinite(quantity) else 0.0, price)
    row = row_of(books, order.parent)
    if row != NOBODY:
        finish(books, index, order_at(books.orders, row), CANCELLED, reason, price)
        keep_working(books)


@leaf(BOOKS_RECORD, types.int64, types.int64, types.int64, types.int64, types.float64, types.int64, types.int64)
def give(
    books: Record, order_id: int, kind: int, side: int, holding: int, quantity: float, reduce_only: bool, index: int
) -> None:
    """Fill in the order behind the last one of the table, whose terms are there already, and admit it or not."""
    order = order_at(books.orders, account_of(books).orders)
    order.id = order_id
    order.holding = holding
    order.type = kind
    order.side = side
    order.quantity = quantity
    order.reduce_only = reduce_only
    held = holding_of(books, order)
    order.instrument = held.instrument
    if held.leg != 0 and held.leg != side:
        order.reduce_only = True
    admit(books, order, index)


@leaf(BOOKS_RECORD, types.int64, types.int64)
def take_back(books: Record, row: int, index: int) -> None:
    """Take the order in this row of the table out of it, at the close of row `index`."""
    order = order_at(books.orders, row)
    order.status = DONE
    if order.type != ALERT:
        finish(books, index, order, CANCELLED, ACCEPTABLE, last_close(books, index, order.instrument))
    keep_working(books)


@command(types.int64, types.int64, types.int64, types.int64, types.float64, types.boolean, types.int64, types.int64)
def submit(
    address: int,
    order_id: int,
    order_type: int,
    side: int,
    holding: int,
    quantity: float,
    reduce_only: bool,
    terms: int,
    index: int,
) -> int:
    """Take an order, given at the close of row `index`, into the table, or reject it.

    holding: row of the position it is for. terms: row of the table of terms; 0 is a plain order's.
    """
    books = books_at(address, 0)
    if not has_room(books):
        return FULL
    order = order_at(books.orders, account_of(books).orders)
    take_terms(order, terms_at(books.terms, terms))
    give(books, order_id, order_type, side, holding, quantity, reduce_only, index)
    return soon(books, index)


@leaf(BOOKS_RECORD, types.int64, types.int64)
def take_all_back(books: Record, row: int, instrument: int) -> None:
    """Take back every order at the close of this row, or every one of an instrument."""
    i = 0
    while i < account_of(books).orders:
        if instrument < 0 or order_at(books.orders, i).instrument == instrument:
            take_back(books, i, row)
            i = 0  # the orders that waited for it are gone too
        else:
            i += 1


@command(types.int64, types.int64)
def cancel_all(address: int, instrument: int, index: int) -> int:
    """Take every working order out of the table at the close of row `index`, or those of an instrument (-1: of all)."""
    books = books_at(address, 0)
    if not has_room(books):
        return FULL
    take_all_back(books, index, instrument)
    return soon(books, index)


@command(types.int64, types.int64)
def cancel(address: int, order_id: int, index: int) -> int:
    """Take a working order out of the table at the close of row `index`; one that is done stays done."""
    books = books_at(address, 0)
    if not has_room(books):
        return FULL
    row = row_of(books, order_id)
    if row != NOBODY:
        take_back(books, row, index)
    return soon(books, index)


@command(types.int64, types.float64, types.float64, types.float64, types.float64, types.int64)
def amend(address: int, order_id: int, quantity: float, limit: float, stop: float, trail: float, index: int) -> int:
    """Change a working order at the close of row `index`, or log why not; one that is done stays as it was.

    Every value is given, changed or not: `Ledger.amend` fills in the old ones. The new order works from the next row.
    """
    books = books_at(address, 0)
    if not has_room(books):
        return FULL
    row = row_of(books, order_id)
    if row == NOBODY:
        return soon(books, index)
    order = order_at(books.orders, row)
    contract, close = contract_of(books, order), last_close(books, index, order.instrument)
    before = (order.quantity, order.limit, order.stop, order.trail)
    order.limit, order.stop, order.trail = limit, stop, trail
    position = holding_of(books, order).position
    reason = objection_to_quantity(contract, position, quantity, order.side, order.parent != 0)
    if reason == ACCEPTABLE:
        reason = objection_to_prices(contract, order, close)
    if reason == ACCEPTABLE:
        order.quantity = round_down(quantity, contract.quantity_step, contract.steps_per_unit)
        put_on_grid(contract, order)
        if order.type == TRAILING_STOP:
            order.stop = trailed(contract, order, order.best)
        if order.status != WAITING:
            order.active_from = arrival(books, index)
        log(books, index, order, AMENDED, reason, order.quantity, close)
    else:
        order.quantity, order.limit, order.stop, order.trail = before
        log(books, index, order, AMENDMENT_REJECTED, reason, order.quantity, close)
    return soon(books, index)


@njit(types.float64(types.int64), **OPTIONS)
def equity(address: int) -> float:
    """Cash and all positions at the last booked close, in the account's currency."""
    return equity_of(books_at(address, 0))


@njit(types.float64(types.int64), **QUICK)
def unrealized(address: int) -> float:
    """What all positions would earn at the last booked close, before fees, in the account's currency."""
    books = books_at(address, 0)
    total = 0.0
    for i in range(books.holdings_count):
        holding = holding_at(books.holdings, i)
        if holding.position != 0.0:
            contract = contract_at(books.contracts, holding.instrument)
            total += open_result(contract, holding, mark_of(contract, holding)) * rate_of(books, contract)
    return total


@njit(types.float64(types.int64, types.int64, types.int64), **OPTIONS)
def unit_value(address: int, instrument: int, index: int) -> float:
    """What one unit is worth at the last close, in the account's currency and without a sign."""
    books = books_at(address, 0)
    contract = contract_at(books.contracts, instrument)
    return abs(worth(contract, last_close(books, index, instrument))) * rate_of(books, contract)


@command(types.int64, types.int64, types.int64, types.float64, types.int64)
def watch(address: int, order_id: int, holding: int, side: int, price: float, index: int) -> int:
    """Take an alert into the table: an order that trades nothing, and is done when its side's price gets there."""
    books = books_at(address, 0)
    if not has_room(books):
        return FULL
    order = order_at(books.orders, account_of(books).orders)
    take_terms(order, terms_at(books.terms, 0))
    order.id = order_id
    order.holding = holding
    order.instrument = holding_of(books, order).instrument
    order.type = ALERT
    order.side = side
    order.status = WORKING
    order.quantity = 0.0
    order.reduce_only = 0
    order.stop = price
    order.active_from = index + 1
    order.expires_at = NEVER
    order.triggered = 0
    order.best = own_close(books, index, order)
    order.born_bar = FROM_THE_OPEN
    order.group = order_id
    account_of(books).orders += 1
    return soon(books, index)


@command()
def expire(address: int) -> int:
    """Log that the data ended before the working orders could fill, and empty the table."""
    books = books_at(address, 0)
    if not has_room(books):
        return FULL
    last = books.rows - 1
    for i in range(account_of(books).orders):
        order = order_at(books.orders, i)
        if order.type != ALERT:
            log(books, last, order, EXPIRED, ACCEPTABLE, order.quantity, last_close(books, last, order.instrument))
    account_of(books).orders = 0
    return books.rows

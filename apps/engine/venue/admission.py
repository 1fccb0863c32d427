"""Which orders are taken into the table, as what, and which are refused."""

import numpy as np
from numba import njit, types

from apps.engine.kernels import INNER
from apps.engine.types import Record, RejectionReason, TimeInForce
from apps.engine.venue.books import (
    BOOKS_RECORD,
    OF_TICKS,
    ORDER_RECORD,
    account_of,
    contract_of,
    holding_of,
    leaf,
    order_at,
    time_of,
)
from apps.engine.venue.filling import FROM_THE_OPEN
from apps.engine.venue.grid import COUNTABLE, round_down, round_up, steps_in
from apps.engine.venue.margin import CASH, NOTHING_TO_SELL
from apps.engine.venue.scene import is_missing, own_close
from apps.engine.venue.state import NEVER
from apps.engine.venue.triggers import (
    DONE,
    LIMIT,
    LIMIT_IF_TOUCHED,
    STOP,
    STOP_LIMIT,
    TRAILING_STOP,
    WAITING,
    WORKING,
    day_of,
    trailed,
)

ACCEPTABLE = int(RejectionReason.NONE)
NOT_FINITE = int(RejectionReason.QUANTITY_NOT_FINITE)
NOT_POSITIVE = int(RejectionReason.QUANTITY_NOT_POSITIVE)
BELOW_MINIMUM = int(RejectionReason.QUANTITY_BELOW_MINIMUM)
ABOVE_MAXIMUM = int(RejectionReason.QUANTITY_ABOVE_MAXIMUM)
NO_PRICE = int(RejectionReason.NO_PRICE)
PRICE_NOT_FINITE = int(RejectionReason.PRICE_NOT_FINITE)
PRICE_OUT_OF_RANGE = int(RejectionReason.PRICE_OUT_OF_RANGE)
WRONG_SIDE = int(RejectionReason.PROTECTION_ON_WRONG_SIDE)
EXPIRY_IN_PAST = int(RejectionReason.EXPIRY_IN_PAST)
ENTRY_DONE = int(RejectionReason.ENTRY_DONE)
TODAY, UNTIL = int(TimeInForce.DAY), int(TimeInForce.GTD)
NOBODY = -1


@njit(**INNER)
def objection_to_quantity(contract: Record, position: float, quantity: float, side: int, protects: bool) -> int:
    """Why an order of this quantity cannot be accepted (a RejectionReason); ACCEPTABLE when it can.

    The minimum is for orders that open or add: what reduces a position may be as small as one step.
    """
    if not np.isfinite(quantity):
        return NOT_FINITE
    if quantity <= 0.0:
        return NOT_POSITIVE
    steps = steps_in(quantity, contract.quantity_step, contract.steps_per_unit)
    if quantity > contract.max_quantity or steps > COUNTABLE:
        return ABOVE_MAXIMUM
    rounded = round_down(quantity, contract.quantity_step, contract.steps_per_unit)
    opens = position * side >= 0.0 and not protects
    if rounded <= 0.0 or (rounded < contract.min_quantity and opens):
        return BELOW_MINIMUM
    return ACCEPTABLE


@njit(**INNER)
def objection_to_price(contract: Record, price: float) -> int:
    if not np.isfinite(price):
        return PRICE_NOT_FINITE
    steps = steps_in(price, contract.price_increment, contract.increments_per_unit)
    return ACCEPTABLE if 0.5 <= steps <= COUNTABLE else PRICE_OUT_OF_RANGE


@njit(**INNER)
def objection_to_prices(contract: Record, order: Record, close: float) -> int:
    """The first objection to the prices that this type of order needs."""
    kind = order.type
    reason = ACCEPTABLE
    if kind in (LIMIT, STOP_LIMIT, LIMIT_IF_TOUCHED):
        reason = objection_to_price(contract, order.limit)
    if reason == ACCEPTABLE and kind in (STOP, STOP_LIMIT, LIMIT_IF_TOUCHED):
        reason = objection_to_price(contract, order.stop)
    if reason == ACCEPTABLE and kind == TRAILING_STOP:
        reason = objection_to_price(contract, order.trail * close if order.trail_is_share else order.trail)
        if reason == ACCEPTABLE and order.trail_is_share and order.trail >= 1.0:
            reason = PRICE_OUT_OF_RANGE
    return reason


@leaf(ORDER_RECORD, ORDER_RECORD, types.float64, types.float64, returns=types.int64)
def objection_to_side(entry: Record, order: Record, close: float, tie: float) -> int:
    """A protective stop has to be where the entry loses and a target where it wins, as seen from the entry's price."""
    expected = close
    if entry.type in (LIMIT, STOP_LIMIT, LIMIT_IF_TOUCHED):
        expected = entry.limit
    elif entry.type == STOP:
        expected = entry.stop
    if order.type == STOP:
        return ACCEPTABLE if (order.stop - expected) * order.side > tie else WRONG_SIDE
    if order.type == LIMIT:
        return ACCEPTABLE if (expected - order.limit) * order.side > tie else WRONG_SIDE
    return ACCEPTABLE


@njit(**INNER)
def row_of(books: Record, order_id: int) -> int:
    """Where an order that is not done is in the table; NOBODY when it is done."""
    for i in range(account_of(books).orders):
        order = order_at(books.orders, i)
        if order.id == order_id and order.status != DONE:
            return i
    return NOBODY


@leaf(BOOKS_RECORD, ORDER_RECORD, types.int64, types.float64, returns=types.int64)
def objection(books: Record, order: Record, index: int, close: float) -> int:
    """Why an order cannot be accepted at the close of this row; ACCEPTABLE when it can."""
    contract, position = contract_of(books, order), holding_of(books, order).position
    reason = objection_to_quantity(contract, position, order.quantity, order.side, order.parent != 0)
    if reason == ACCEPTABLE and np.isnan(close):
        reason = NO_PRICE
    if reason == ACCEPTABLE:
        reason = objection_to_prices(contract, order, close)
    if reason == ACCEPTABLE and order.time_in_force == UNTIL and order.until <= time_of(books, index):
        reason = EXPIRY_IN_PAST
    if reason == ACCEPTABLE and order.parent != 0:
        row = row_of(books, order.parent)
        if row == NOBODY:
            return ENTRY_DONE
        entry = order_at(books.orders, row)
        expected = own_close(books, index, entry)
        reason = objection_to_side(entry, order, expected, 0.5 * contract.price_increment)
    sells_short = books.margin == CASH and order.side < 0 and position <= 0.0 and not order.reduce_only
    return NOTHING_TO_SELL if reason == ACCEPTABLE and sells_short else reason


@njit(**INNER)
def arrival(books: Record, index: int) -> int:
    """The first row in which an order given at the close of this one may fill.

    A latency in time counts from the tick, or from the open of the next bar: that is when a bar's close is known.
    """
    row = index + 1 + books.latency_bars
    if books.latency > 0 and row < books.rows:
        due = time_of(books, index if books.layout == OF_TICKS else row) + books.latency
        while row < books.rows and time_of(books, row) < due:
            row += 1
    return row


@njit(**INNER)
def put_on_grid(contract: Record, order: Record) -> None:
    increment, per_unit = contract.price_increment, contract.increments_per_unit
    if np.isfinite(order.limit):
        down = order.side > 0
        order.limit = (
            round_down(order.limit, increment, per_unit) if down else round_up(order.limit, increment, per_unit)
        )
    if np.isfinite(order.stop) and order.type != TRAILING_STOP:
        rises = (order.side > 0) != (order.type == LIMIT_IF_TOUCHED)
        order.stop = round_up(order.stop, increment, per_unit) if rises else round_down(order.stop, increment, per_unit)


@njit(**INNER)
def expiry(books: Record, order: Record) -> int:
    """The time from which on a row is too late for the order."""
    if order.time_in_force == UNTIL:
        return order.until
    row = order.active_from
    while row < books.rows and is_missing(books, row, order.instrument):
        row += 1
    if order.time_in_force == TODAY and row < books.rows:
        return day_of(books, row, order.instrument)
    return NEVER


@leaf(BOOKS_RECORD, ORDER_RECORD, types.int64)
def settle(books: Record, order: Record, index: int) -> None:
    """Make an accepted order ready to work from the next row on, or after the latency.

    Its quantity and prices go to their grids: a quantity down, a limit not worse and a stop not sooner than asked.
    """
    contract = contract_of(books, order)
    order.quantity = round_down(order.quantity, contract.quantity_step, contract.steps_per_unit)
    put_on_grid(contract, order)
    order.active_from = arrival(books, index)
    order.status = WAITING if order.parent != 0 else WORKING
    order.expires_at = expiry(books, order)
    order.triggered = 0
    order.born_bar = FROM_THE_OPEN
    order.born_price = 0.0
    order.best = own_close(books, index, order)
    if order.group == 0:
        order.group = order.id
    if order.type == TRAILING_STOP:
        order.stop = trailed(contract, order, order.best)

"""Which orders are taken into the table, as what, and which are refused."""

import numpy as np
from numba import njit

from apps.engine.filling import FROM_THE_OPEN
from apps.engine.grid import COUNTABLE, round_down, round_up, steps_in
from apps.engine.kernels import OPTIONS
from apps.engine.kernels.books import Books
from apps.engine.state import NEVER
from apps.engine.triggers import (
    DAY,
    DONE,
    LIMIT,
    LIMIT_IF_TOUCHED,
    STOP,
    STOP_LIMIT,
    TRAILING_STOP,
    WAITING,
    WORKING,
    trailed,
)
from apps.engine.types import Record, RejectionReason, TimeInForce

ACCEPTABLE = int(RejectionReason.NONE)
NOT_FINITE = int(RejectionReason.QUANTITY_NOT_FINITE)
NOT_POSITIVE = int(RejectionReason.QUANTITY_NOT_POSITIVE)
BELOW_MINIMUM = int(RejectionReason.QUANTITY_BELOW_MINIMUM)
ABOVE_MAXIMUM = int(RejectionReason.QUANTITY_ABOVE_MAXIMUM)
PRICE_NOT_FINITE = int(RejectionReason.PRICE_NOT_FINITE)
PRICE_OUT_OF_RANGE = int(RejectionReason.PRICE_OUT_OF_RANGE)
WRONG_SIDE = int(RejectionReason.PROTECTION_ON_WRONG_SIDE)
EXPIRY_IN_PAST = int(RejectionReason.EXPIRY_IN_PAST)
ENTRY_DONE = int(RejectionReason.ENTRY_DONE)
TODAY, UNTIL = int(TimeInForce.DAY), int(TimeInForce.GTD)
NOBODY = -1


@njit(**OPTIONS)
def objection_to_quantity(holding: Record, quantity: float, side: int, protects: bool) -> int:
    """Why an order of this quantity cannot be accepted (a RejectionReason); ACCEPTABLE when it can.

    The minimum is for orders that open or add: what reduces a position may be as small as one step.
    """
    if not np.isfinite(quantity):
        return NOT_FINITE
    if quantity <= 0.0:
        return NOT_POSITIVE
    if quantity > holding.max_quantity or steps_in(quantity, holding.quantity_step, holding.steps_per_unit) > COUNTABLE:
        return ABOVE_MAXIMUM
    rounded = round_down(quantity, holding.quantity_step, holding.steps_per_unit)
    opens = holding.position * side >= 0.0 and not protects
    if rounded <= 0.0 or (rounded < holding.min_quantity and opens):
        return BELOW_MINIMUM
    return ACCEPTABLE


@njit(**OPTIONS)
def objection_to_price(holding: Record, price: float) -> int:
    if not np.isfinite(price):
        return PRICE_NOT_FINITE
    steps = steps_in(price, holding.price_increment, holding.increments_per_unit)
    return ACCEPTABLE if 0.5 <= steps <= COUNTABLE else PRICE_OUT_OF_RANGE


@njit(**OPTIONS)
def objection_to_prices(holding: Record, order: Record, close: float) -> int:
    """The first objection to the prices that this type of order needs."""
    kind = order.type
    reason = ACCEPTABLE
    if kind in (LIMIT, STOP_LIMIT, LIMIT_IF_TOUCHED):
        reason = objection_to_price(holding, order.limit)
    if reason == ACCEPTABLE and kind in (STOP, STOP_LIMIT, LIMIT_IF_TOUCHED):
        reason = objection_to_price(holding, order.stop)
    if reason == ACCEPTABLE and kind == TRAILING_STOP:
        reason = objection_to_price(holding, order.trail * close if order.trail_is_share else order.trail)
        if reason == ACCEPTABLE and order.trail_is_share and order.trail >= 1.0:
            reason = PRICE_OUT_OF_RANGE
    return reason


@njit(**OPTIONS)
def objection(books: Books, order: Record, index: int) -> int:
    """Why an order cannot be accepted at the close of this bar; ACCEPTABLE when it can."""
    holding, bar = books.holdings[0], books.bars[index]
    reason = objection_to_quantity(holding, order.quantity, order.side, order.parent != 0)
    if reason == ACCEPTABLE:
        reason = objection_to_prices(holding, order, bar.close)
    if reason == ACCEPTABLE and order.time_in_force == UNTIL and order.until <= bar.time:
        reason = EXPIRY_IN_PAST
    if reason == ACCEPTABLE and order.parent != 0:
        row = row_of(books, order.parent)
        if row == NOBODY:
            return ENTRY_DONE
        reason = objection_to_side(books.orders[row], order, bar.close, 0.5 * holding.price_increment)
    return reason


@njit(**OPTIONS)
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


@njit(**OPTIONS)
def settle(books: Books, order: Record, index: int) -> None:
    """Make an accepted order ready to work from the next bar on, or after the latency.

    Its quantity and prices go to their grids: a quantity down, a limit not worse and a stop not sooner than asked.
    """
    holding, bar = books.holdings[0], books.bars[index]
    order.quantity = round_down(order.quantity, holding.quantity_step, holding.steps_per_unit)
    put_on_grid(holding, order)
    order.active_from = index + 1 + holding.latency_bars
    order.status = WAITING if order.parent != 0 else WORKING
    order.expires_at = expiry(books, order)
    order.triggered = 0
    order.born_bar = FROM_THE_OPEN
    order.best = bar.close
    if order.group == 0:
        order.group = order.id
    if order.type == TRAILING_STOP:
        order.stop = trailed(order, bar.close, holding)


@njit(**OPTIONS)
def put_on_grid(holding: Record, order: Record) -> None:
    increment, per_unit = holding.price_increment, holding.increments_per_unit
    if np.isfinite(order.limit):
        down = order.side > 0
        order.limit = (
            round_down(order.limit, increment, per_unit) if down else round_up(order.limit, increment, per_unit)
        )
    if np.isfinite(order.stop) and order.type != TRAILING_STOP:
        rises = (order.side > 0) != (order.type == LIMIT_IF_TOUCHED)
        order.stop = round_up(order.stop, increment, per_unit) if rises else round_down(order.stop, increment, per_unit)


@njit(**OPTIONS)
def expiry(books: Books, order: Record) -> int:
    """The time from which on a bar is too late for the order."""
    if order.time_in_force == UNTIL:
        return order.until
    if order.time_in_force == TODAY and order.active_from < len(books.bars):
        return (books.bars[order.active_from].time // DAY + 1) * DAY
    return NEVER


@njit(**OPTIONS)
def row_of(books: Books, order_id: int) -> int:
    """Where an order that is not done is in the table; NOBODY when it is done."""
    for i in range(books.account[0].orders):
        if books.orders[i].id == order_id and books.orders[i].status != DONE:
            return i
    return NOBODY

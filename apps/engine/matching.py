"""Which working orders a bar fills, at what price, and what the order log says about it.

Inside a bar, in this order: market orders at the open, those that only reduce before the others, each kind in the
order of its submission. The bar after the decision is the first in which an order may fill.
"""

import numpy as np
from numba import njit

from apps.engine.accounting import book, close_trade, on_grid
from apps.engine.costs import commission
from apps.engine.kernels import OPTIONS
from apps.engine.kernels.books import Books
from apps.engine.kernels.tally import count_trade
from apps.engine.types import Array, OrderEventKind, OrderStatus, OrderType, Record, RejectionReason

MARKET = int(OrderType.MARKET)
WORKING, DONE = int(OrderStatus.WORKING), int(OrderStatus.DONE)
PARTIALLY_FILLED, FILLED = int(OrderEventKind.PARTIALLY_FILLED), int(OrderEventKind.FILLED)
CANCELLED = int(OrderEventKind.CANCELLED)
ACCEPTABLE = int(RejectionReason.NONE)
NOT_FINITE = int(RejectionReason.QUANTITY_NOT_FINITE)
NOT_POSITIVE = int(RejectionReason.QUANTITY_NOT_POSITIVE)
BELOW_MINIMUM = int(RejectionReason.QUANTITY_BELOW_MINIMUM)
NOTHING_TO_CLOSE = int(RejectionReason.NOTHING_TO_CLOSE)


@njit(**OPTIONS)
def round_down(quantity: float, step: float, steps_per_unit: float) -> float:
    """The largest multiple of the step that a quantity reaches; a hair's breadth of rounding below it still counts."""
    steps = quantity * steps_per_unit if steps_per_unit > 0.0 else quantity / step
    steps = np.floor(steps + 1e-9 + steps * 1e-15)
    return steps / steps_per_unit if steps_per_unit > 0.0 else steps * step


@njit(**OPTIONS)
def objection(holding: Record, quantity: float, side: int) -> int:
    """Why an order of this quantity cannot be accepted (a RejectionReason); ACCEPTABLE when it can.

    The minimum is for orders that open or add: what reduces a position may be as small as one step.
    """
    if not np.isfinite(quantity):
        return NOT_FINITE
    if quantity <= 0.0:
        return NOT_POSITIVE
    rounded = round_down(quantity, holding.quantity_step, holding.steps_per_unit)
    if rounded <= 0.0 or (rounded < holding.min_quantity and holding.position * side >= 0.0):
        return BELOW_MINIMUM
    return ACCEPTABLE


@njit(**OPTIONS)
def fill_price(order: Record, bar: Record) -> float:
    """The price at which a working order fills in this bar; nan when it does not. A market order takes the open."""
    if order.type == MARKET:
        return bar.open
    return np.nan


@njit(**OPTIONS)
def match(books: Books, index: int) -> None:
    """Fill what the bar of this number fills, and take what is done out of the order table."""
    for reducing in (1, 0):
        for i in range(books.account[0].orders):
            order = books.orders[i]
            if order.status != WORKING or order.active_from > index or order.reduce_only != reducing:
                continue
            price = fill_price(order, books.bars[index])
            if not np.isnan(price):
                execute(books, index, order, price)
    keep_working(books.account[0], books.orders)


@njit(**OPTIONS)
def execute(books: Books, index: int, order: Record, price: float) -> None:
    """Fill one order at this price. A fill that would cross zero is two: it closes, then it opens the other side."""
    holding = books.holdings[0]
    quantity = order.quantity
    order.status = DONE
    if holding.position * order.side < 0.0:
        closing = min(quantity, abs(holding.position))
        rest = on_grid(quantity - closing, holding.quantity_step, holding.steps_per_unit)
        quantity = 0.0 if order.reduce_only else rest
        fill(books, index, order, closing, price, PARTIALLY_FILLED if quantity > 0.0 else FILLED)
    elif order.reduce_only:
        log(books, index, order, CANCELLED, NOTHING_TO_CLOSE, quantity, price)
        return
    if quantity > 0.0:
        fill(books, index, order, quantity, price, FILLED)


@njit(**OPTIONS)
def fill(books: Books, index: int, order: Record, quantity: float, price: float, kind: int) -> None:
    """Book a fill and write its rows: the fill, the order log's, and the trade's when it ends one."""
    account, holding, bar = books.account[0], books.holdings[0], books.bars[index]
    fee = commission(holding, quantity, price)
    earned = book(account, holding, bar, index, order.side * quantity, price, fee)
    if holding.position == 0.0:
        trade = books.trades[account.trades]
        close_trade(holding, bar, index, trade)
        count_trade(books.tally[0], trade)
        account.trades += 1
    row = books.fills[account.fills]
    row.time = bar.time
    row.bar = index
    row.order = order.id
    row.instrument = order.instrument
    row.side = order.side
    row.quantity = quantity
    row.price = price
    row.fee = fee
    row.gross_pnl = earned
    row.position = holding.position
    row.average_price = holding.average_price
    row.cash = account.cash
    account.fills += 1
    log(books, index, order, kind, ACCEPTABLE, quantity, price)


@njit(**OPTIONS)
def log(books: Books, index: int, order: Record, kind: int, reason: int, quantity: float, price: float) -> None:
    """Write one row of the order log."""
    account = books.account[0]
    row = books.events[account.events]
    row.time = books.bars[index].time
    row.bar = index
    row.order = order.id
    row.instrument = order.instrument
    row.kind = kind
    row.type = order.type
    row.side = order.side
    row.quantity = quantity
    row.price = price
    row.position_after = books.holdings[0].position
    row.reason = reason
    account.events += 1


@njit(**OPTIONS)
def keep_working(account: Record, orders: Array) -> None:
    """Close the gaps that done orders leave in the table; the order of submission stays."""
    kept = 0
    for i in range(account.orders):
        if orders[i].status == WORKING:
            if kept != i:
                orders[kept] = orders[i]
            kept += 1
    account.orders = kept

"""What a fill does to the books, to the orders around it and to the order log."""

import numpy as np
from numba import njit, types

from apps.engine.accounting import book, close_trade
from apps.engine.costs import commission, slipped
from apps.engine.grid import on_grid
from apps.engine.kernels import BOOKS, OPTIONS, ORDER_ROW, leaf
from apps.engine.kernels.books import Books
from apps.engine.kernels.tally import count_trade
from apps.engine.triggers import (
    DONE,
    LIMIT,
    LIMIT_IF_TOUCHED,
    MARKET_ON_CLOSE,
    STOP,
    STOP_LIMIT,
    TRAILING_STOP,
    WAITING,
    WORKING,
    rests,
    trailed,
)
from apps.engine.types import (
    Array,
    ExitReason,
    GroupKind,
    OrderEventKind,
    Record,
    RejectionReason,
    TimeInForce,
)

PARTIALLY_FILLED, FILLED = int(OrderEventKind.PARTIALLY_FILLED), int(OrderEventKind.FILLED)
CANCELLED, AMENDED = int(OrderEventKind.CANCELLED), int(OrderEventKind.AMENDED)
ACTIVATED = int(OrderEventKind.ACTIVATED)
NO_REASON = int(RejectionReason.NONE)
NOTHING_TO_CLOSE, GROUP_FILLED = int(RejectionReason.NOTHING_TO_CLOSE), int(RejectionReason.GROUP_FILLED)
ENTRY_DONE, EXIT_FILLED = int(RejectionReason.ENTRY_DONE), int(RejectionReason.EXIT_FILLED)
NOT_FILLED_AT_ONCE = int(RejectionReason.NOT_FILLED_AT_ONCE)
FOK = int(TimeInForce.FOK)
NO_GROUP, OCO, OUO = int(GroupKind.NONE), int(GroupKind.OCO), int(GroupKind.OUO)
BY_SIGNAL, BY_STOP, BY_TARGET = int(ExitReason.SIGNAL), int(ExitReason.STOP), int(ExitReason.TARGET)
FROM_THE_OPEN = -1  # ORDER.born_bar of an order that is there when a bar opens


@leaf(BOOKS, types.int64, ORDER_ROW, types.int64, types.int64, types.float64, types.float64)
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
    row.limit = order.limit if np.isfinite(order.limit) else 0.0
    row.stop = order.stop if np.isfinite(order.stop) else 0.0
    account.events += 1


@leaf(BOOKS, types.int64, ORDER_ROW, types.int64, types.int64, types.float64)
def finish(books: Books, index: int, order: Record, kind: int, reason: int, price: float) -> None:
    """End an order without a fill, and what waits for its fill with it."""
    order.status = DONE
    log(books, index, order, kind, reason, order.quantity, price)
    for i in range(books.account[0].orders):
        child = books.orders[i]
        if child.parent == order.id and child.status == WAITING:
            child.status = DONE
            log(books, index, child, CANCELLED, ENTRY_DONE, child.quantity, price)


@njit(**OPTIONS)
def exit_reason(order: Record) -> int:
    if order.type == STOP or order.type == STOP_LIMIT or order.type == TRAILING_STOP:
        return BY_STOP
    return BY_TARGET if order.type == LIMIT or order.type == LIMIT_IF_TOUCHED else BY_SIGNAL


@njit(**OPTIONS)
def cancel_reducing(books: Books, index: int, price: float) -> None:
    """The position is closed: orders that only reduce it have nothing left to do."""
    for i in range(books.account[0].orders):
        order = books.orders[i]
        if order.status == WORKING and order.reduce_only:
            finish(books, index, order, CANCELLED, NOTHING_TO_CLOSE, price)


@njit(**OPTIONS)
def tell_group(books: Books, index: int, order: Record, quantity: float, price: float) -> None:
    """Cancel or update the other orders of a group, and the rest of the entry that the filled order protects."""
    holding = books.holdings[0]
    for i in range(books.account[0].orders):
        other = books.orders[i]
        if other.status == DONE or other.id == order.id:
            continue
        if other.id == order.parent:
            finish(books, index, other, CANCELLED, EXIT_FILLED, price)
            continue
        kind = max(order.group_kind, other.group_kind)
        if other.group != order.group or kind == NO_GROUP:
            continue
        rest = on_grid(other.quantity - quantity, holding.quantity_step, holding.steps_per_unit)
        if kind == OCO or rest <= 0.0:
            finish(books, index, other, CANCELLED, GROUP_FILLED, price)
        else:
            other.quantity = rest
            log(books, index, other, AMENDED, GROUP_FILLED, rest, price)


@njit(**OPTIONS)
def activate(books: Books, index: int, entry: Record, price: float, inside: bool) -> None:
    """Let the orders that protect this entry work, from this moment or from the next bar on."""
    holding = books.holdings[0]
    at_once = holding.exit_in_entry_bar != 0 and entry.type != MARKET_ON_CLOSE
    for i in range(books.account[0].orders):
        order = books.orders[i]
        if order.parent != entry.id or order.status != WAITING:
            continue
        order.status = WORKING
        order.active_from = index if at_once else index + 1
        order.born_bar = index if inside else FROM_THE_OPEN
        order.born_price = price
        order.best = price if at_once else np.nan
        if order.type == TRAILING_STOP:
            order.stop = trailed(order, order.best, holding)
        log(books, index, order, ACTIVATED, NO_REASON, order.quantity, price)


@leaf(BOOKS, types.int64, ORDER_ROW, types.float64, types.float64, types.int64, types.boolean)
def fill(books: Books, index: int, order: Record, quantity: float, price: float, kind: int, takes: bool) -> None:
    """Book a fill and write its rows: the fill, the order log's, and the trade's when it ends one."""
    account, holding, bar = books.account[0], books.holdings[0], books.bars[index]
    fee = commission(holding, books.tiers, account.volume, order.side, quantity, price, takes)
    earned = book(account, holding, bar, index, order.side * quantity, price, fee)
    flat = holding.position == 0.0
    if flat:
        trade = books.trades[account.trades]
        close_trade(holding, bar, index, exit_reason(order), trade)
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
    log(books, index, order, kind, NO_REASON, quantity, price)
    if flat and account.orders > 1:
        cancel_reducing(books, index, price)


@leaf(BOOKS, types.int64, ORDER_ROW, types.float64, types.boolean, types.boolean)
def execute(books: Books, index: int, order: Record, price: float, takes: bool, inside: bool) -> None:
    """Fill one order at this market price, as far as the bar's liquidity goes.

    takes: whether it takes liquidity. inside: whether this happens after the bar's open.
    A fill that would cross zero is two: it closes, then it opens the other side.
    """
    account, holding = books.account[0], books.holdings[0]
    wanted = order.quantity
    if order.reduce_only:
        if holding.position * order.side >= 0.0:
            finish(books, index, order, CANCELLED, NOTHING_TO_CLOSE, price)
            return
        wanted = min(wanted, abs(holding.position))
    quantity = min(wanted, account.liquidity)
    if order.time_in_force == FOK and quantity < wanted:
        finish(books, index, order, CANCELLED, NOT_FILLED_AT_ONCE, price)
        return
    market = price
    if takes and not rests(order):
        price = slipped(holding, books.bars, index, order, quantity, market)
        account.slippage += quantity * abs(price - market)
    step, per_unit = holding.quantity_step, holding.steps_per_unit
    account.liquidity = on_grid(account.liquidity - quantity, step, per_unit) if account.liquidity < np.inf else np.inf
    order.quantity = on_grid(order.quantity - quantity, step, per_unit)
    last = FILLED if quantity == wanted else PARTIALLY_FILLED
    order.status = DONE if last == FILLED else WORKING
    closing = min(quantity, abs(holding.position)) if holding.position * order.side < 0.0 else 0.0
    opening = on_grid(quantity - closing, step, per_unit)
    if closing > 0.0:
        fill(books, index, order, closing, price, PARTIALLY_FILLED if opening > 0.0 else last, takes)
    if opening > 0.0:
        fill(books, index, order, opening, price, last, takes)
    if account.orders > 1:
        tell_group(books, index, order, quantity, price)
        activate(books, index, order, market, inside)


@njit(**OPTIONS)
def keep_working(account: Record, orders: Array) -> None:
    """Close the gaps that done orders leave in the table; the order of submission stays."""
    kept = 0
    for i in range(account.orders):
        if orders[i].status != DONE:
            if kept != i:
                orders[kept] = orders[i]
            kept += 1
    account.orders = kept

"""What a fill does to the books, to the orders around it and to the order log."""

import numpy as np
from numba import njit, types

from apps.engine.kernels import INNER
from apps.engine.types import ExitReason, GroupKind, OrderEventKind, Record, RejectionReason, TimeInForce
from apps.engine.venue.accounting import book, cash_of, close_part, close_trade, open_result, rate_of
from apps.engine.venue.books import (
    BOOKS_RECORD,
    OF_TICKS,
    ORDER_RECORD,
    account_of,
    contract_of,
    copy_order,
    event_at,
    fill_at,
    holding_of,
    leaf,
    order_at,
    tally_at,
    time_of,
    trade_at,
)
from apps.engine.venue.costs import commission, slipped, worth
from apps.engine.venue.grid import on_grid
from apps.engine.venue.margin import CASH, ISOLATED, NO_REASON, objection_to_opening, see
from apps.engine.venue.scene import bar_for, is_missing
from apps.engine.venue.tally import count_trade
from apps.engine.venue.triggers import (
    DONE,
    LIMIT,
    LIMIT_IF_TOUCHED,
    MARKET,
    MARKET_ON_CLOSE,
    STOP,
    STOP_LIMIT,
    TRAILING_STOP,
    WAITING,
    WORKING,
    rests,
    trailed,
)

PARTIALLY_FILLED, FILLED = int(OrderEventKind.PARTIALLY_FILLED), int(OrderEventKind.FILLED)
CANCELLED, AMENDED = int(OrderEventKind.CANCELLED), int(OrderEventKind.AMENDED)
ACTIVATED = int(OrderEventKind.ACTIVATED)
NOTHING_TO_CLOSE, GROUP_FILLED = int(RejectionReason.NOTHING_TO_CLOSE), int(RejectionReason.GROUP_FILLED)
ENTRY_DONE, EXIT_FILLED = int(RejectionReason.ENTRY_DONE), int(RejectionReason.EXIT_FILLED)
NOT_FILLED_AT_ONCE = int(RejectionReason.NOT_FILLED_AT_ONCE)
FOK = int(TimeInForce.FOK)
NO_GROUP, OCO, OUO = int(GroupKind.NONE), int(GroupKind.OCO), int(GroupKind.OUO)
BY_SIGNAL, BY_STOP, BY_TARGET = int(ExitReason.SIGNAL), int(ExitReason.STOP), int(ExitReason.TARGET)
BY_LIQUIDATION = int(ExitReason.LIQUIDATION)
FROM_THE_OPEN = -1  # ORDER.born_bar of an order that is there when a bar opens
NOBODYS = 0  # ORDER.id of the engine's own


@leaf(BOOKS_RECORD, types.int64, ORDER_RECORD, types.int64, types.int64, types.float64, types.float64)
def log(books: Record, index: int, order: Record, kind: int, reason: int, quantity: float, price: float) -> None:
    """Write one row of the order log."""
    account = account_of(books)
    if books.keeps_rows == 0:
        return
    row = event_at(books.events, account.events)
    row.time = time_of(books, index)
    row.bar = index
    row.order = order.id
    row.instrument = order.instrument
    row.kind = kind
    row.type = order.type
    row.side = order.side
    row.quantity = quantity
    row.price = price
    row.position_after = holding_of(books, order).position
    row.reason = reason
    row.limit = order.limit if np.isfinite(order.limit) else 0.0
    row.stop = order.stop if np.isfinite(order.stop) else 0.0
    account.events += 1


@leaf(BOOKS_RECORD, types.int64, ORDER_RECORD, types.int64, types.int64, types.float64)
def finish(books: Record, index: int, order: Record, kind: int, reason: int, price: float) -> None:
    """End an order without a fill, and what waits for its fill with it."""
    order.status = DONE
    log(books, index, order, kind, reason, order.quantity, price)
    for i in range(account_of(books).orders):
        child = order_at(books.orders, i)
        if child.parent == order.id and child.status == WAITING:
            child.status = DONE
            log(books, index, child, CANCELLED, ENTRY_DONE, child.quantity, price)


@njit(**INNER)
def exit_reason(order: Record) -> int:
    if order.id == NOBODYS:
        return BY_LIQUIDATION
    if order.type == STOP or order.type == STOP_LIMIT or order.type == TRAILING_STOP:
        return BY_STOP
    return BY_TARGET if order.type == LIMIT or order.type == LIMIT_IF_TOUCHED else BY_SIGNAL


@njit(**INNER)
def cancel_reducing(books: Record, index: int, filled: Record, price: float) -> None:
    """The position is closed: orders that only reduce it have nothing left to do."""
    for i in range(account_of(books).orders):
        order = order_at(books.orders, i)
        if order.status == WORKING and order.reduce_only and order.holding == filled.holding:
            finish(books, index, order, CANCELLED, NOTHING_TO_CLOSE, price)


@leaf(BOOKS_RECORD, types.int64, ORDER_RECORD, types.float64, types.float64)
def tell_group(books: Record, index: int, order: Record, quantity: float, price: float) -> None:
    """Cancel or update the other orders of a group, and the rest of the entry that the filled order protects."""
    for i in range(account_of(books).orders):
        other = order_at(books.orders, i)
        if other.status == DONE or other.id == order.id:
            continue
        if other.id == order.parent:
            finish(books, index, other, CANCELLED, EXIT_FILLED, price)
            continue
        kind = max(order.group_kind, other.group_kind)
        if other.group != order.group or kind == NO_GROUP:
            continue
        contract = contract_of(books, other)
        rest = on_grid(other.quantity - quantity, contract.quantity_step, contract.steps_per_unit)
        if kind == OCO or rest <= 0.0:
            finish(books, index, other, CANCELLED, GROUP_FILLED, price)
        else:
            other.quantity = rest
            log(books, index, other, AMENDED, GROUP_FILLED, rest, price)


@leaf(BOOKS_RECORD, types.int64, ORDER_RECORD, types.float64, types.int64)
def activate(books: Record, index: int, entry: Record, price: float, inside: bool) -> None:
    """Let the orders that protect this entry work, from this moment or from the next bar on."""
    at_once = books.exit_in_entry_bar != 0 and entry.type != MARKET_ON_CLOSE
    for i in range(account_of(books).orders):
        order = order_at(books.orders, i)
        if order.parent != entry.id or order.status != WAITING:
            continue
        order.status = WORKING
        order.active_from = index if at_once else index + 1
        order.born_bar = index if inside else FROM_THE_OPEN
        own, other = bar_for(books, entry), bar_for(books, order)
        level = price + (other.open - own.open)  # it trades at the other side of the book
        if inside:
            level = min(max(level, other.low), other.high)
        order.born_price = level
        order.best = level if at_once else np.nan
        if order.type == TRAILING_STOP:
            order.stop = trailed(contract_of(books, order), order, order.best)
        log(books, index, order, ACTIVATED, NO_REASON, order.quantity, price)


@njit(**INNER)
def time_of_fill(books: Record, index: int, order: Record) -> int:
    """That of the row; of a tick at which a market order was given and filled, its own.

    A bar is over when the next one begins: what fills at its close has that time already.
    """
    if books.layout == OF_TICKS and books.market_at_close != 0 and order.type == MARKET and order.id != NOBODYS:
        index -= 1
        while is_missing(books, index, order.instrument):
            index -= 1
    return time_of(books, index)


@leaf(BOOKS_RECORD, types.int64, ORDER_RECORD, types.float64, types.float64, types.int64, types.int64)
def fill(books: Record, index: int, order: Record, quantity: float, price: float, kind: int, takes: bool) -> None:
    """Book a fill and write its rows: the fill, the order log's, and the trade's when it ends one."""
    account, contract, holding = account_of(books), contract_of(books, order), holding_of(books, order)
    time, rate = time_of_fill(books, index, order), rate_of(books, contract)
    fee = commission(books, order, quantity, price, takes, account.volume)
    if order.id == NOBODYS:
        fee += contract.liquidation_fee * quantity * abs(worth(contract, price))
        if books.margin == ISOLATED:
            margin = contract.initial_margin * quantity * abs(worth(contract, holding.average_price))
            fee = min(fee, max(margin + open_result(contract, holding, price), 0.0))
    earned = book(books, index, order, time, order.side * quantity, price, fee)
    flat = holding.position == 0.0
    if flat:
        trade = trade_at(books.trades, account.trades * books.keeps_rows)
        close_trade(holding, time, index, exit_reason(order), trade)
        count_trade(tally_at(books.tally, 0), trade)
        account.trades += 1
    elif holding.ticket != 0 and holding.position * order.side < 0.0:
        trade = trade_at(books.trades, account.trades * books.keeps_rows)
        close_part(holding, time, index, exit_reason(order), quantity, fee * rate, trade)
        count_trade(tally_at(books.tally, 0), trade)
        account.trades += 1
    row = fill_at(books.fills, account.fills * books.keeps_rows)
    row.time = time
    row.bar = index
    row.order = order.id
    row.instrument = order.instrument
    row.side = order.side
    row.quantity = quantity
    row.price = price
    row.fee = fee * rate
    row.gross_pnl = earned
    row.position = holding.position
    row.average_price = holding.average_price
    row.cash = cash_of(books)
    row.ticket = holding.ticket
    account.fills += 1
    account.margin_called = 0
    log(books, index, order, kind, NO_REASON, quantity, price)
    if books.keeps_rows != 0:
        event_at(books.events, account.events - 1).time = time
    if flat and account.orders > 1:
        cancel_reducing(books, index, order, price)


@leaf(BOOKS_RECORD, types.int64, ORDER_RECORD, types.float64, types.int64, types.int64)
def execute(books: Record, index: int, order: Record, price: float, takes: bool, inside: bool) -> None:
    """Fill one order at this market price, as far as the row's liquidity goes.

    takes: whether it takes liquidity. inside: whether this happens after the bar's open.
    A fill that would cross zero is two: it closes, then it opens the other side. An opening that the account cannot
    carry cancels the order, and leaves what closed closed.
    """
    account, contract, holding = account_of(books), contract_of(books, order), holding_of(books, order)
    wanted = order.quantity
    if order.reduce_only:
        if holding.position * order.side >= 0.0:
            finish(books, index, order, CANCELLED, NOTHING_TO_CLOSE, price)
            return
        wanted = min(wanted, abs(holding.position))
    quantity = min(wanted, contract.liquidity)
    if order.time_in_force == FOK and quantity < wanted:
        finish(books, index, order, CANCELLED, NOT_FILLED_AT_ONCE, price)
        return
    market = price
    if books.margin > CASH:
        see(contract, order.side, market)
    if takes and not rests(order):
        price = slipped(books, index, order, quantity, market)
    step, per_unit = contract.quantity_step, contract.steps_per_unit
    closing = min(quantity, abs(holding.position)) if holding.position * order.side < 0.0 else 0.0
    opening = on_grid(quantity - closing, step, per_unit)
    if opening > 0.0 and books.margin != 0:
        reason = objection_to_opening(books, order, opening, closing, market, price, takes)
        if reason != NO_REASON and closing == 0.0:
            finish(books, index, order, CANCELLED, reason, price)
            return
        if reason != NO_REASON:
            quantity, opening = closing, 0.0
    else:
        reason = NO_REASON
    account.slippage += quantity * abs(worth(contract, price) - worth(contract, market)) * rate_of(books, contract)
    if contract.liquidity < np.inf:
        contract.liquidity = on_grid(contract.liquidity - quantity, step, per_unit)
    order.quantity = on_grid(order.quantity - quantity, step, per_unit)
    last = FILLED if quantity == wanted else PARTIALLY_FILLED
    order.status = DONE if last == FILLED else WORKING
    if closing > 0.0:
        fill(books, index, order, closing, price, PARTIALLY_FILLED if opening > 0.0 else last, takes)
    if opening > 0.0:
        fill(books, index, order, opening, price, last, takes)
    if account.orders > 1:
        tell_group(books, index, order, quantity, price)
        activate(books, index, order, market, inside)
    if reason != NO_REASON and order.status == WORKING:
        finish(books, index, order, CANCELLED, reason, price)


@njit(**INNER)
def keep_working(books: Record) -> None:
    """Close the gaps that done orders leave in the table; the order of submission stays."""
    account = account_of(books)
    kept = 0
    for i in range(account.orders):
        if order_at(books.orders, i).status != DONE:
            if kept != i:
                copy_order(books.orders, i, kept)
            kept += 1
    account.orders = kept

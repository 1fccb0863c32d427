"""What comes to positions from outside: funding, swap, borrow fees, dividends and splits.

Each meets whoever holds the position when its row begins, before any fill of that row, and is reckoned by the open of
that row unless it has a price of its own.
"""

import numpy as np
from numba import njit, types

from apps.engine.kernels import INNER
from apps.engine.types import ExitReason, PaymentKind, Record
from apps.engine.venue.accounting import close_trade, rate_of, receive, weighted
from apps.engine.venue.admission import BELOW_MINIMUM, put_on_grid
from apps.engine.venue.books import (
    BOOKS_RECORD,
    account_of,
    contract_at,
    happening_at,
    holding_at,
    leaf,
    order_at,
    payment_at,
    tally_at,
    time_of,
    trade_at,
)
from apps.engine.venue.costs import worth
from apps.engine.venue.filling import AMENDED, CANCELLED, NOTHING_TO_CLOSE, finish, log
from apps.engine.venue.grid import round_down
from apps.engine.venue.margin import NO_REASON
from apps.engine.venue.scene import open_of
from apps.engine.venue.tally import count_trade
from apps.engine.venue.triggers import ALERT, DONE, TRAILING_STOP, WORKING, trailed

SPLIT, FUNDING, BORROW = int(PaymentKind.SPLIT), int(PaymentKind.FUNDING), int(PaymentKind.BORROW)
BY_SPLIT = int(ExitReason.SPLIT)


@leaf(BOOKS_RECORD, types.int64, types.int64, types.float64, types.float64, returns=types.float64)
def split(books: Record, index: int, row: int, ratio: float, price: float) -> float:
    """Make `ratio` units of one; what is paid for a rest that is no whole step, which the trade exits at this price."""
    account, holding = account_of(books), holding_at(books.holdings, row)
    contract = contract_at(books.contracts, holding.instrument)
    side = 1.0 if holding.position > 0.0 else -1.0
    exact = abs(holding.position) * ratio
    whole = round_down(exact, contract.quantity_step, contract.steps_per_unit)
    rest = max(exact - whole, 0.0)
    holding.position = side * whole
    holding.entered *= ratio
    holding.exited *= ratio
    holding.average_price /= ratio
    holding.entry_price /= ratio
    holding.exit_price /= ratio
    if rest > 0.0:
        gain = worth(contract, price) - worth(contract, holding.average_price)
        earned = side * rest * gain * rate_of(books, contract)
        holding.gross_pnl += earned
        account.realized += earned
        holding.exit_price = weighted(contract, holding.exit_price, holding.exited, price, rest)
        holding.exited += rest
    if whole == 0.0:
        trade = trade_at(books.trades, account.trades)
        close_trade(holding, time_of(books, index), index, BY_SPLIT, trade)
        count_trade(tally_at(books.tally, 0), trade)
        account.trades += 1
        for i in range(account.orders):
            order = order_at(books.orders, i)
            if order.holding == row and order.reduce_only and order.status == WORKING:
                finish(books, index, order, CANCELLED, NOTHING_TO_CLOSE, price)
    return side * rest * worth(contract, price)


@njit(**INNER)
def meet(books: Record, index: int, happening: Record, row: int) -> None:
    """Pay or take what a position gets, and write it down; a split changes its units instead."""
    account, holding = account_of(books), holding_at(books.holdings, row)
    contract = contract_at(books.contracts, holding.instrument)
    short, rate, price = holding.position < 0.0, rate_of(books, contract), happening.price
    share = happening.short if short else happening.long
    if share == 0.0:
        return
    if np.isnan(price):
        price = open_of(books, index, holding.instrument, short)
    if happening.kind == SPLIT:
        amount = split(books, index, row, share, price)
    else:
        unit = contract.multiplier
        if happening.kind == FUNDING or happening.kind == BORROW:
            unit = abs(worth(contract, price))
        amount = abs(holding.position) * unit * share
        account.paid += amount * rate
        holding.payments += amount * rate
    receive(books, contract, amount)
    payment = payment_at(books.payments, account.payments * books.keeps_rows)
    payment.time = time_of(books, index)
    payment.bar = index
    payment.instrument = holding.instrument
    payment.kind = happening.kind
    payment.position = holding.position
    payment.price = price
    payment.rate = share
    payment.amount = amount * rate
    account.payments += 1


@njit(**INNER)
def split_orders(books: Record, index: int, happening: Record) -> None:
    """Let the working orders of the instrument mean what they meant before; one that is no whole step now ends."""
    contract, ratio = contract_at(books.contracts, happening.instrument), happening.long
    price = open_of(books, index, happening.instrument, False)
    for i in range(account_of(books).orders):
        order = order_at(books.orders, i)
        if order.instrument != happening.instrument or order.status == DONE:
            continue
        order.limit /= ratio
        order.stop /= ratio
        order.best /= ratio
        if order.type == ALERT:
            continue
        if not order.trail_is_share:
            order.trail /= ratio
        put_on_grid(contract, order)
        if order.type == TRAILING_STOP:
            order.stop = trailed(contract, order, order.best)
        order.quantity = round_down(order.quantity * ratio, contract.quantity_step, contract.steps_per_unit)
        if order.quantity > 0.0:
            log(books, index, order, AMENDED, NO_REASON, order.quantity, price)
        else:
            finish(books, index, order, CANCELLED, BELOW_MINIMUM, price)


@leaf(BOOKS_RECORD, types.int64)
def pay_due(books: Record, index: int) -> None:
    """Let everything happen that is due at this row."""
    account = account_of(books)
    while account.next_happening < books.happenings_count:
        happening = happening_at(books.happenings, account.next_happening)
        if happening.row > index:
            return
        for i in range(books.holdings_count):
            holding = holding_at(books.holdings, i)
            if holding.instrument == happening.instrument and holding.position != 0.0:
                meet(books, index, happening, i)
        if happening.kind == SPLIT:
            split_orders(books, index, happening)
        account.next_happening += 1

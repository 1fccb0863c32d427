"""What comes to positions from outside: funding, swap, borrow fees, dividends and splits.

Each meets whoever holds the position when its row begins, before any fill of that row.
"""

import numpy as np
from numba import njit

from apps.engine.kernels import INNER
from apps.engine.types import PaymentKind, Record
from apps.engine.venue.accounting import rate_of
from apps.engine.venue.books import (
    account_of,
    contract_at,
    currency_at,
    happening_at,
    holding_at,
    order_at,
    payment_at,
    time_of,
)
from apps.engine.venue.costs import worth
from apps.engine.venue.grid import on_grid
from apps.engine.venue.scene import is_missing, open_of

SPLIT, FUNDING, BORROW = int(PaymentKind.SPLIT), int(PaymentKind.FUNDING), int(PaymentKind.BORROW)


@njit(**INNER)
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
                meet(books, index, happening, holding)
        if happening.kind == SPLIT:
            split_orders(books, happening)
        account.next_happening += 1


@njit(**INNER)
def meet(books: Record, index: int, happening: Record, holding: Record) -> None:
    """Pay or take what a position gets, and log it; a split changes its units instead."""
    account, contract = account_of(books), contract_at(books.contracts, holding.instrument)
    rate = rate_of(books, contract)
    share = happening.long if holding.position > 0.0 else happening.short
    price = happening.price
    if np.isnan(price):
        price = contract.bid
        if not is_missing(books, index, holding.instrument):
            price = open_of(books, index, holding.instrument, holding.position < 0.0)
    amount = 0.0
    if happening.kind == SPLIT:
        amount = split(contract, holding, happening.long, price)
    elif happening.kind == FUNDING or happening.kind == BORROW:
        amount = abs(holding.position) * abs(worth(contract, price)) * share
    else:
        amount = abs(holding.position) * contract.multiplier * share
    currency_at(books.currencies, contract.currency).balance += amount
    account.paid += amount * rate
    holding.payments += amount * rate
    row = payment_at(books.payments, account.payments * books.keeps_rows)
    row.time = time_of(books, index)
    row.bar = index
    row.instrument = holding.instrument
    row.kind = happening.kind
    row.position = holding.position
    row.price = price
    row.rate = share
    row.amount = amount * rate
    account.payments += 1


@njit(**INNER)
def split(contract: Record, holding: Record, ratio: float, price: float) -> float:
    """Make `ratio` units of one, each worth as much less; what is paid, at this price, for a part that is no whole unit."""
    step, per_unit = contract.quantity_step, contract.steps_per_unit
    exact = holding.position * ratio
    holding.position = on_grid(exact, step, per_unit)
    holding.entered = on_grid(holding.entered * ratio, step, per_unit)
    holding.exited = on_grid(holding.exited * ratio, step, per_unit)
    holding.average_price /= ratio
    holding.entry_price /= ratio
    holding.exit_price /= ratio
    contract.bid /= ratio
    contract.ask /= ratio
    return (exact - holding.position) * worth(contract, price)


@njit(**INNER)
def split_orders(books: Record, happening: Record) -> None:
    """Let the working orders of the instrument mean what they meant before."""
    contract, ratio = contract_at(books.contracts, happening.instrument), happening.long
    for i in range(account_of(books).orders):
        order = order_at(books.orders, i)
        if order.instrument != happening.instrument:
            continue
        order.quantity = on_grid(order.quantity * ratio, contract.quantity_step, contract.steps_per_unit)
        order.limit /= ratio
        order.stop /= ratio
        order.best /= ratio
        if not order.trail_is_share:
            order.trail /= ratio

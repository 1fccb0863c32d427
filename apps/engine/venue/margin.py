"""What an account can carry: cash that pays for everything, or margin that is a share of it.

A cash account buys with what it has and sells what it holds. A margin account needs, for each position, the initial
margin to open it and the maintenance margin to keep it, both shares of the position's value. Across positions ("cross")
all equity stands behind all of them; isolated, each position has its own initial margin and nothing more to lose.
Fees and payments are taken from the account's cash, not from the margin of an isolated position.
"""

import numpy as np
from numba import njit, types

from apps.engine.kernels import INNER
from apps.engine.types import AccountKind, Record, RejectionReason
from apps.engine.venue.accounting import cash_of, rate_of
from apps.engine.venue.books import (
    BOOKS_RECORD,
    ORDER_RECORD,
    account_of,
    contract_at,
    contract_of,
    currency_at,
    holding_at,
    holding_of,
    leaf,
)
from apps.engine.venue.costs import commission, worth

CASH, CROSS, ISOLATED = int(AccountKind.CASH), int(AccountKind.CROSS), int(AccountKind.ISOLATED)
NO_REASON = int(RejectionReason.NONE)
INSUFFICIENT_CASH = int(RejectionReason.INSUFFICIENT_CASH)
INSUFFICIENT_MARGIN = int(RejectionReason.INSUFFICIENT_MARGIN)
NOTHING_TO_SELL = int(RejectionReason.NOTHING_TO_SELL)
ROUNDING = 1e-12  # of what is needed: an order for all of the cash must not fail by its last bits


@njit(**INNER)
def mark_of(contract: Record, holding: Record) -> float:
    """The price at which the position could be closed."""
    return contract.bid if holding.position > 0.0 else contract.ask


@njit(**INNER)
def value_at(books: Record, holding: Record, price: float) -> float:
    """What the position is worth, in the account's currency: negative for a short one, and for a long inverse one."""
    contract = contract_at(books.contracts, holding.instrument)
    return holding.position * worth(contract, price) * rate_of(books, contract)


@njit(**INNER)
def equity_of(books: Record) -> float:
    """Cash and all positions at their last prices, in the account's currency: summed in the order of the holdings."""
    total = cash_of(books)
    for i in range(books.holdings_count):
        holding = holding_at(books.holdings, i)
        if holding.position != 0.0:
            total += value_at(books, holding, mark_of(contract_at(books.contracts, holding.instrument), holding))
    return total


@njit(**INNER)
def initial_of(books: Record) -> float:
    """Initial margin of all positions at their last prices."""
    total = 0.0
    for i in range(books.holdings_count):
        holding = holding_at(books.holdings, i)
        if holding.position != 0.0:
            contract = contract_at(books.contracts, holding.instrument)
            total += contract.initial_margin * abs(value_at(books, holding, mark_of(contract, holding)))
    return total


@leaf(BOOKS_RECORD, returns=types.float64)
def free_of(books: Record) -> float:
    """What is left for new positions: equity, or the wallet of isolated ones, without the margin that is in use."""
    if books.margin == CROSS:
        return equity_of(books) - initial_of(books)
    wallet = cash_of(books)
    for i in range(books.holdings_count):
        holding = holding_at(books.holdings, i)
        if holding.position != 0.0:
            contract = contract_at(books.contracts, holding.instrument)
            value = value_at(books, holding, holding.average_price)
            wallet += value - contract.initial_margin * abs(value)
    return wallet


@njit(**INNER)
def see(contract: Record, side: int, market: float) -> None:
    """Value by the market's price for this side now; the other one is as far away as before."""
    spread = contract.ask - contract.bid
    contract.bid = market - spread if side > 0 else market
    contract.ask = market if side > 0 else market + spread


@leaf(
    BOOKS_RECORD,
    ORDER_RECORD,
    types.float64,
    types.float64,
    types.float64,
    types.float64,
    types.int64,
    returns=types.int64,
)
def objection_to_opening(
    books: Record, order: Record, opening: float, closing: float, market: float, price: float, takes: bool
) -> int:
    """Why the account cannot carry this much more at this price (a RejectionReason); NO_REASON when it can.

    closing: what the same order closes before, which frees its share. market: the price before slippage, by which a
    position across others is valued: what was paid beyond it is lost at once.
    """
    contract, holding, traded = contract_of(books, order), holding_of(books, order), account_of(books).volume
    rate, paid = rate_of(books, contract), worth(contract, price)
    needed = commission(books, order, opening, price, takes, traded)
    if closing > 0.0:
        needed += commission(books, order, closing, price, takes, traded)
    if books.margin == CASH:
        if order.side < 0:
            return NOTHING_TO_SELL
        needed += opening * paid
        free, reason = currency_at(books.currencies, 0).balance, INSUFFICIENT_CASH
    elif books.margin == CROSS:
        opened = worth(contract, contract.bid if order.side > 0 else contract.ask)
        closed = worth(contract, market)
        needed += order.side * (opening * (paid - opened) + closing * (paid - closed))
        needed += contract.initial_margin * (opening * abs(opened) - closing * abs(closed))
        free, reason = free_of(books), INSUFFICIENT_MARGIN
    else:
        needed += contract.initial_margin * opening * abs(paid)
        if closing > 0.0:
            entered = worth(contract, holding.average_price)
            needed -= closing * (contract.initial_margin * abs(entered) + order.side * (entered - paid))
        free, reason = free_of(books), INSUFFICIENT_MARGIN
    needed *= rate
    return NO_REASON if needed <= free + ROUNDING * (1.0 + abs(needed)) else reason


@njit(**INNER)
def breaking_price(books: Record, holding: Record) -> float:
    """The price at which what stands behind this position is down to its maintenance margin.

    A long position breaks at it and below, a short one at it and above; of one that never breaks, or always does, it is
    a price that is not above 0, or infinite. Isolated: initial margin + result = maintenance margin. Across one
    position: cash + value = maintenance margin. Both are solved for the price, of which worth is a multiple (or, of an
    inverse contract, of one over it).
    """
    contract = contract_at(books.contracts, holding.instrument)
    side = 1.0 if holding.position > 0.0 else -1.0
    kept = contract.maintenance_margin
    if books.margin == ISOLATED:
        own = contract.initial_margin
        if contract.is_inverse:
            return holding.average_price * (1.0 + side * kept) / (1.0 + side * own)
        return holding.average_price * (side - own) / (side - kept)
    cash = cash_of(books) / rate_of(books, contract)
    units = abs(holding.position) * contract.multiplier
    if contract.is_inverse:
        return units * (side + kept) / cash if cash * side > 0.0 else np.inf
    return -cash / (units * (side - kept))


@njit(**INNER)
def bankrupting_price(contract: Record, holding: Record) -> float:
    """The price at which an isolated position has lost its whole margin: that of the maintenance margin 0."""
    side = 1.0 if holding.position > 0.0 else -1.0
    own = side * contract.initial_margin
    return holding.average_price / (1.0 + own) if contract.is_inverse else holding.average_price * (1.0 - own)


@njit(**INNER)
def open_count(books: Record) -> int:
    count = 0
    for i in range(books.holdings_count):
        count += holding_at(books.holdings, i).position != 0.0
    return count


@njit(**INNER)
def stand_together(books: Record) -> bool:
    """Whether several positions have the same equity behind them, so that none has a breaking price of its own."""
    return books.margin == CROSS and open_count(books) > 1


@leaf(BOOKS_RECORD, types.int64, types.float64, types.int64, returns=types.int64)
def breaks_before(books: Record, instrument: int, price: float, falls: bool) -> bool:
    """Whether a position of the instrument with a breaking price of its own breaks on the way to this price."""
    if books.margin <= CASH or stand_together(books):
        return False
    for i in range(books.holdings_count):
        holding = holding_at(books.holdings, i)
        if holding.instrument == instrument and holding.position != 0.0 and (holding.position > 0.0) == falls:
            level = breaking_price(books, holding)
            if (level > price) if falls else (level < price):
                return True
    return False

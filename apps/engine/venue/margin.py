"""What an account can carry: cash that pays for everything, or margin that is a share of it.

A cash account buys with what it has and sells what it holds. A margin account needs, for each position, the initial
margin to open it and the maintenance margin to keep it, both shares of the position's value. Across positions ("cross")
all equity stands behind all of them; isolated, each position has its own initial margin and nothing more to lose.
"""

import numpy as np
from numba import njit

from apps.engine.kernels import INLINE, INNER
from apps.engine.types import AccountKind, Record, RejectionReason
from apps.engine.venue.accounting import cash_of, open_result, rate_of
from apps.engine.venue.books import account_of, contract_at, contract_of, currency_at, holding_at, holding_of
from apps.engine.venue.costs import commission, worth

UNCHECKED, CASH = int(AccountKind.UNCHECKED), int(AccountKind.CASH)
CROSS, ISOLATED = int(AccountKind.CROSS), int(AccountKind.ISOLATED)
NO_REASON = int(RejectionReason.NONE)
INSUFFICIENT_CASH, INSUFFICIENT_MARGIN = int(RejectionReason.INSUFFICIENT_CASH), int(RejectionReason.INSUFFICIENT_MARGIN)
NOTHING_TO_SELL = int(RejectionReason.NOTHING_TO_SELL)
ROUNDING = 1e-9  # of the account's currency: an order for all of the cash must not fail by its last bit


@njit(**INLINE)
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


@njit(**INNER)
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
def objection_to_opening(
    books: Record, order: Record, opening: float, closing: float, price: float, takes: bool
) -> int:
    """Why the account cannot carry this much more at this price (a RejectionReason); NO_REASON when it can.

    closing: what the same order closes before, which frees its share.
    """
    account, contract, holding = account_of(books), contract_of(books, order), holding_of(books, order)
    rate = rate_of(books, contract)
    fee = commission(books, order, opening + closing, price, takes, account.volume)
    value = worth(contract, price)
    if books.margin == CASH:
        if order.side < 0:
            return NOTHING_TO_SELL
        cash = currency_at(books.currencies, contract.currency).balance
        return NO_REASON if opening * value + fee <= cash + ROUNDING else INSUFFICIENT_CASH
    contract.bid = price
    contract.ask = price
    needed = contract.initial_margin * opening * abs(value) + fee
    freed = 0.0
    if closing > 0.0 and books.margin == CROSS:
        freed = contract.initial_margin * closing * abs(value)
    elif closing > 0.0:
        own = abs(worth(contract, holding.average_price))
        freed = closing * (contract.initial_margin * own + order.side * (worth(contract, holding.average_price) - value))
    return NO_REASON if needed * rate <= free_of(books) + freed * rate + ROUNDING else INSUFFICIENT_MARGIN


@njit(**INNER)
def breaking_price(books: Record, holding: Record) -> float:
    """The price at which what stands behind this position is down to its maintenance margin; nan for never.

    Isolated: initial margin + result = maintenance margin. Across one position: cash + value = maintenance margin.
    Both are solved for the price, of which worth is a multiple (or, of an inverse contract, of one over it).
    """
    contract = contract_at(books.contracts, holding.instrument)
    side = 1.0 if holding.position > 0.0 else -1.0
    kept = contract.maintenance_margin
    if books.margin == ISOLATED:
        own = contract.initial_margin
        if contract.is_inverse:
            return holding.average_price * (side + kept) / (side + own)
        return holding.average_price * (side - own) / (side - kept)
    cash = cash_of(books) / rate_of(books, contract)
    units = abs(holding.position) * contract.multiplier
    price = units * (side + kept) / cash if contract.is_inverse else cash / (units * (kept - side))
    return price if price > 0.0 and np.isfinite(price) else np.nan


@njit(**INNER)
def open_count(books: Record) -> int:
    count = 0
    for i in range(books.holdings_count):
        count += holding_at(books.holdings, i).position != 0.0
    return count


@njit(**INLINE)
def is_broken(books: Record, equity: float, maintenance: float) -> bool:
    return books.margin == CROSS and maintenance > 0.0 and equity < maintenance

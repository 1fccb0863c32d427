"""What happens when an account can no longer carry its positions: they are closed by the engine, at the market.

One position is closed at the price at which its margin breaks, or at the open where a gap jumps over that; an isolated
one never loses more than its margin, which is what a venue's insurance fund is for. Several positions that stand
together are judged at the opens and at the closes, and between these at the prices of the intrabar rule taken
together: at the worst ones under the pessimistic rule.
"""

import numpy as np
from numba import njit, types

from apps.engine.kernels import INLINE, INNER
from apps.engine.types import Intrabar, OrderEventKind, Record, RejectionReason
from apps.engine.venue.accounting import cash_of
from apps.engine.venue.books import (
    BOOKS_RECORD,
    account_of,
    contract_at,
    holding_at,
    leaf,
    order_at,
)
from apps.engine.venue.costs import worth
from apps.engine.venue.filling import CANCELLED, FILLED, FROM_THE_OPEN, NOBODYS, fill, finish, keep_working, log
from apps.engine.venue.margin import (
    CROSS,
    ISOLATED,
    NO_REASON,
    breaking_price,
    equity_of,
    initial_of,
    is_broken,
    mark_of,
    open_count,
    value_at,
)
from apps.engine.venue.scene import high_of, is_missing, last_row, low_of, scene_at
from apps.engine.venue.triggers import MARKET, WORKING

LIQUIDATION = int(RejectionReason.LIQUIDATION)
MARGIN_CALLED = int(OrderEventKind.MARGIN_CALLED)
OPTIMISTIC = int(Intrabar.OPTIMISTIC)
AT_OPEN, AT_WORST, AT_HIGH, AT_LOW, AT_CLOSE = range(5)


@njit(**INNER)
def stage_price(books: Record, index: int, holding: Record, stage: int) -> float:
    """The price by which a position is judged; the last one known where the row does not show its instrument."""
    contract = contract_at(books.contracts, holding.instrument)
    if contract.loaded != index:
        return mark_of(contract, holding)  # type: ignore[no-any-return]
    long = holding.position > 0.0
    bar = scene_at(books.scene, 2 * holding.instrument + (not long))
    if stage == AT_OPEN:
        return bar.open  # type: ignore[no-any-return]
    if stage == AT_CLOSE:
        return bar.close  # type: ignore[no-any-return]
    if stage == AT_WORST:
        return bar.low if long else bar.high  # type: ignore[no-any-return]
    return bar.high if stage == AT_HIGH else bar.low  # type: ignore[no-any-return]


@njit(**INLINE)
def breaks_together(books: Record, index: int, stage: int) -> bool:
    """Whether the equity at the prices of this stage is below the maintenance margin of all positions."""
    equity, maintenance = cash_of(books), 0.0
    for i in range(books.holdings_count):
        holding = holding_at(books.holdings, i)
        if holding.position != 0.0:
            value = value_at(books, holding, stage_price(books, index, holding, stage))
            equity += value
            maintenance += contract_at(books.contracts, holding.instrument).maintenance_margin * abs(value)
    return is_broken(books, equity, maintenance)  # type: ignore[no-any-return]


@njit(**INLINE)
def is_beyond(books: Record, index: int, holding: Record, stage: int) -> bool:
    """Whether the price of this stage has reached the one at which the position's margin breaks."""
    level, price = breaking_price(books, holding), stage_price(books, index, holding, stage)
    return price <= level if holding.position > 0.0 else price >= level


@njit(**INLINE)
def price_of_liquidation(books: Record, index: int, holding: Record, stage: int) -> float:
    level = breaking_price(books, holding)
    long = holding.position > 0.0
    if stage != AT_OPEN and contract_at(books.contracts, holding.instrument).loaded == index:
        bar = scene_at(books.scene, 2 * holding.instrument + (not long))
        return min(max(level, bar.low), bar.high)
    price = stage_price(books, index, holding, stage)
    return worst_of_isolated(books, holding, price) if books.margin == ISOLATED else price


@njit(**INLINE)
def worst_of_isolated(books: Record, holding: Record, price: float) -> float:
    """This price, or the one at which the position has lost its whole margin where that comes before."""
    contract = contract_at(books.contracts, holding.instrument)
    side = 1.0 if holding.position > 0.0 else -1.0
    own = contract.initial_margin
    if contract.is_inverse:
        bankrupt = holding.average_price * side / (side + own)
    else:
        bankrupt = holding.average_price * (side - own) / side
    return max(price, bankrupt) if side > 0.0 else min(price, bankrupt)


@njit(**INNER)
def liquidate(books: Record, index: int, row: int, price: float) -> None:
    """Take back the orders of a position and close it at this price, by an order of the engine's own."""
    account, holding = account_of(books), holding_at(books.holdings, row)
    for i in range(account.orders):
        order = order_at(books.orders, i)
        if order.holding == row and order.status == WORKING:
            finish(books, index, order, CANCELLED, LIQUIDATION, price)
    own = order_at(books.orders, account.orders)  # one row more than are in use is always there
    own.id = NOBODYS
    own.instrument = holding.instrument
    own.holding = row
    own.type = MARKET
    own.side = -1 if holding.position > 0.0 else 1
    own.status = WORKING
    own.quantity = abs(holding.position)
    own.reduce_only = 1
    own.limit = np.nan
    own.stop = np.nan
    own.group = NOBODYS
    own.born_bar = FROM_THE_OPEN
    account.liquidations += 1
    fill(books, index, own, own.quantity, price, FILLED, True)


@leaf(BOOKS_RECORD, types.int64, types.int64)
def enforce_margin(books: Record, index: int, stage: int) -> None:
    """Close what can no longer be carried at the prices of this stage."""
    if books.margin == CROSS and open_count(books) > 1:
        if not breaks_together(books, index, stage):
            return
        for i in range(books.holdings_count):
            holding = holding_at(books.holdings, i)
            if holding.position != 0.0:
                liquidate(books, index, i, stage_price(books, index, holding, stage))
    elif books.margin == CROSS or books.margin == ISOLATED:
        for i in range(books.holdings_count):
            holding = holding_at(books.holdings, i)
            if holding.position != 0.0 and is_beyond(books, index, holding, stage):
                liquidate(books, index, i, price_of_liquidation(books, index, holding, stage))


@njit(**INNER)
def call_margin(books: Record, index: int) -> None:
    """Log a margin call, once until the next fill, when the equity at the close is below its share of the margin."""
    account = account_of(books)
    if books.margin != CROSS or books.margin_call <= 0.0 or account.margin_called:
        return
    if equity_of(books) < books.margin_call * initial_of(books):
        account.margin_called = 1
        first = 0
        while holding_at(books.holdings, first).position == 0.0:
            first += 1
        holding = holding_at(books.holdings, first)
        own = order_at(books.orders, account.orders)
        own.id = NOBODYS
        own.instrument = holding.instrument
        own.holding = first
        own.type = MARKET
        own.side = 1 if holding.position > 0.0 else -1
        own.limit = np.nan
        own.stop = np.nan
        log(books, index, own, MARGIN_CALLED, NO_REASON, abs(holding.position), mark_of(
            contract_at(books.contracts, holding.instrument), holding
        ))

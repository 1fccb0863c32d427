"""What happens when an account can no longer carry its positions: they are closed by the engine, at the market.

A position alone is closed at the price at which its margin breaks, or at the open where a gap jumps over that; an
isolated one never loses more than its margin, fees of the liquidation included, which is what a venue's insurance fund
is for. Several positions that stand together are judged at the opens and at the closes, and between these at the prices
of the intrabar rule taken together: at the worst ones under the pessimistic rule. Long and short of one instrument are
then at the same end of its bar, the one that is worse for both together. Where they break, all are closed.
"""

import numpy as np
from numba import njit, types

from apps.engine.kernels import INNER
from apps.engine.types import Intrabar, OrderEventKind, Record, RejectionReason
from apps.engine.venue.accounting import cash_of
from apps.engine.venue.books import BOOKS_RECORD, account_of, contract_at, holding_at, leaf, order_at
from apps.engine.venue.filling import CANCELLED, FILLED, FROM_THE_OPEN, NOBODYS, fill, finish, log
from apps.engine.venue.margin import (
    CROSS,
    ISOLATED,
    NO_REASON,
    bankrupting_price,
    breaking_price,
    equity_of,
    initial_of,
    mark_of,
    open_count,
    stand_together,
    value_at,
)
from apps.engine.venue.scene import scene_at
from apps.engine.venue.triggers import ALERT, MARKET, WORKING

LIQUIDATION = int(RejectionReason.LIQUIDATION)
MARGIN_CALLED = int(OrderEventKind.MARGIN_CALLED)
OPTIMISTIC = int(Intrabar.OPTIMISTIC)
AT_OPEN, AT_WORST, AT_HIGH, AT_LOW, AT_CLOSE = range(5)
ALL = -1  # instruments


@njit(**INNER)
def price_at(books: Record, index: int, holding: Record, stage: int) -> float:
    """The price by which a position is judged; the last one known where the row does not show its instrument."""
    contract = contract_at(books.contracts, holding.instrument)
    if contract.loaded != index:
        return mark_of(contract, holding)
    long = holding.position > 0.0
    bar = scene_at(books.scene, 2 * holding.instrument + (not long))
    if stage == AT_OPEN:
        return bar.open
    if stage == AT_CLOSE:
        return bar.close
    if stage == AT_WORST:
        return bar.low if long else bar.high
    return bar.high if stage == AT_HIGH else bar.low


@leaf(BOOKS_RECORD, types.int64, returns=types.int64)
def worst_end(books: Record, instrument: int) -> int:
    """The end of its bar at which all positions of the instrument leave the least above their maintenance margin."""
    contract = contract_at(books.contracts, instrument)
    net = gross = 0.0
    for i in range(books.holdings_count):
        holding = holding_at(books.holdings, i)
        if holding.instrument == instrument:
            net += holding.position
            gross += abs(holding.position)
    kept = contract.maintenance_margin * gross
    return AT_LOW if net + (kept if contract.is_inverse else -kept) > 0.0 else AT_HIGH


@leaf(BOOKS_RECORD, types.int64, types.int64, returns=types.int64)
def break_together(books: Record, index: int, stage: int) -> bool:
    """Whether the equity at the prices of this stage is down to the maintenance margin of all positions."""
    equity, maintenance = cash_of(books), 0.0
    for i in range(books.holdings_count):
        holding = holding_at(books.holdings, i)
        if holding.position != 0.0:
            end = worst_end(books, holding.instrument) if stage == AT_WORST else stage
            value = value_at(books, holding, price_at(books, index, holding, end))
            equity += value
            maintenance += contract_at(books.contracts, holding.instrument).maintenance_margin * abs(value)
    return equity <= maintenance


@njit(**INNER)
def price_of_liquidation(books: Record, index: int, holding: Record, stage: int) -> float:
    """The price that breaks the margin where the bar leads through it, else that of the stage; nan while it is kept."""
    contract, long = contract_at(books.contracts, holding.instrument), holding.position > 0.0
    level, price = breaking_price(books, holding), price_at(books, index, holding, stage)
    if not (price <= level if long else price >= level):
        return np.nan
    if stage != AT_OPEN and contract.loaded == index:
        bar = scene_at(books.scene, 2 * holding.instrument + (not long))
        price = level if bar.low <= level <= bar.high else price
    if books.margin == CROSS:
        return price
    bankrupting = bankrupting_price(contract, holding)
    return max(price, bankrupting) if long else min(price, bankrupting)


@leaf(BOOKS_RECORD, types.int64, types.int64, types.float64)
def liquidate(books: Record, index: int, row: int, price: float) -> None:
    """Take back the orders of a position and close it at this price, by an order of the engine's own."""
    account, holding = account_of(books), holding_at(books.holdings, row)
    for i in range(account.orders):
        order = order_at(books.orders, i)
        if order.holding == row and order.status == WORKING and order.type != ALERT:
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


@leaf(BOOKS_RECORD, types.int64, types.int64, types.int64)
def enforce_margin(books: Record, index: int, stage: int, instrument: int) -> None:
    """Close what can no longer be carried at the prices of this stage: of an instrument, where each stands alone."""
    if stand_together(books):
        if (stage == AT_WORST and books.intrabar == OPTIMISTIC) or not break_together(books, index, stage):
            return
        end, last = stage, ALL
        for i in range(books.holdings_count):
            holding = holding_at(books.holdings, i)
            if stage == AT_WORST and holding.instrument != last:  # before the first of two legs is closed
                end, last = worst_end(books, holding.instrument), holding.instrument
            if holding.position != 0.0:
                liquidate(books, index, i, price_at(books, index, holding, end))
    elif books.margin == CROSS or books.margin == ISOLATED:
        for i in range(books.holdings_count):
            holding = holding_at(books.holdings, i)
            if holding.position != 0.0 and (instrument == ALL or holding.instrument == instrument):
                price = price_of_liquidation(books, index, holding, stage)
                if not np.isnan(price):
                    liquidate(books, index, i, price)


@leaf(BOOKS_RECORD, types.int64)
def call_margin(books: Record, index: int) -> None:
    """Log a margin call, once until the next fill, when the equity at the close is below its share of the margin."""
    account = account_of(books)
    if books.margin != CROSS or books.margin_call <= 0.0 or account.margin_called != 0 or open_count(books) == 0:
        return
    if equity_of(books) < books.margin_call * initial_of(books):
        account.margin_called = 1
        first = 0
        while holding_at(books.holdings, first).position == 0.0:
            first += 1
        holding = holding_at(books.holdings, first)
        price = mark_of(contract_at(books.contracts, holding.instrument), holding)
        own = order_at(books.orders, account.orders)
        own.id = NOBODYS
        own.instrument = holding.instrument
        own.holding = first
        own.type = MARKET
        own.side = 1 if holding.position > 0.0 else -1
        own.limit = np.nan
        own.stop = np.nan
        log(books, index, own, MARGIN_CALLED, NO_REASON, abs(holding.position), price)

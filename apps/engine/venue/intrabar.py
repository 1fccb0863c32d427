"""What fills between a bar's open and its close, of which the bar does not tell the order.

The pessimistic rule lets entries fill first, then stops, then targets, each nearest to the open first. An order that
began to work inside the bar, with the fill of its entry, can be tested against a part of the bar only: its stop fills
when that part may have reached it, its target when it must have. The optimistic rule exchanges stops and targets. The
other rules walk a path through the four prices and fill what lies on it.

Instruments are gone through one after the other: what a bar of one and a bar of another did first, neither tells.
"""

import numpy as np
from numba import njit, types

from apps.engine.kernels import INNER
from apps.engine.types import Intrabar, OrderEventKind, Record
from apps.engine.venue.books import (
    BOOKS_RECORD,
    ORDER_RECORD,
    account_of,
    contract_at,
    contract_of,
    holding_at,
    holding_of,
    leaf,
    order_at,
)
from apps.engine.venue.filling import execute, log
from apps.engine.venue.liquidation import AT_HIGH, AT_LOW, AT_WORST, OPTIMISTIC, enforce_margin
from apps.engine.venue.margin import CASH, NO_REASON, breaks_before
from apps.engine.venue.scene import bar_for, scene_at
from apps.engine.venue.triggers import (
    LIMIT_IF_TOUCHED,
    STOP_LIMIT,
    inside_price,
    is_active,
    is_priced,
    is_stop,
    may_reach,
    must_reach,
    passed,
    price_of,
    rests,
    waits_for_rise,
)

PESSIMISTIC = int(Intrabar.PESSIMISTIC)
OHLC, OLHC = int(Intrabar.OHLC), int(Intrabar.OLHC)
COLOUR, COUNTER_COLOUR = int(Intrabar.COLOUR), int(Intrabar.COUNTER_COLOUR)
NEAREST = int(Intrabar.NEAREST)
TRIGGERED = int(OrderEventKind.TRIGGERED)
NOBODY = -1
ENTRY, SOONER, LATER = range(3)  # ranks of the first two rules


@njit(**INNER)
def can_fill(books: Record, order: Record, index: int) -> bool:
    """Whether it waits for a price, and the bar has something left to fill it with; stops are reached even so."""
    active = is_active(books, order, index) and is_priced(order)
    return active and (contract_of(books, order).liquidity > 0.0 or not rests(order))


@njit(**INNER)
def is_touched(books: Record, order: Record, index: int) -> bool:
    tie = 0.5 * contract_of(books, order).price_increment
    return can_fill(books, order, index) and may_reach(order, bar_for(books, order), index, tie)


@leaf(BOOKS_RECORD, types.int64, types.int64, returns=types.int64)
def next_touched(books: Record, index: int, instrument: int) -> int:
    """The next instrument whose bar reaches one of its orders; their number when there is none.

    Under margin, every bar can reach the price at which a position is liquidated.
    """
    found = books.instruments
    for i in range(account_of(books).orders):
        order = order_at(books.orders, i)
        if instrument < order.instrument < found and is_touched(books, order, index):
            found = order.instrument
    for i in range(books.holdings_count if books.margin > CASH else 0):
        holding = holding_at(books.holdings, i)
        shown = contract_at(books.contracts, holding.instrument).loaded == index
        if instrument < holding.instrument < found and holding.position != 0.0 and shown:
            found = holding.instrument
    return found


@leaf(BOOKS_RECORD, types.int64, types.int64, returns=types.int64)
def is_ambiguous(books: Record, index: int, instrument: int) -> bool:
    """Whether the bar reaches orders above and below, or may have reached one before it worked."""
    tie = 0.5 * contract_at(books.contracts, instrument).price_increment
    above = below = False
    for i in range(account_of(books).orders):
        order = order_at(books.orders, i)
        if order.instrument != instrument or not is_touched(books, order, index):
            continue
        if not must_reach(order, bar_for(books, order), index, tie):
            return True
        above |= waits_for_rise(order)
        below |= not waits_for_rise(order)
    return above and below


@njit(**INNER)
def rank_of(books: Record, order: Record) -> int:
    if not order.reduce_only and holding_of(books, order).position * order.side >= 0.0:
        return ENTRY
    return SOONER if is_stop(order) == (books.intrabar == PESSIMISTIC) else LATER


@njit(**INNER)
def comes_after_liquidation(books: Record, row: int) -> bool:
    """Whether a liquidation lies on the way to this order, or the rule prefers it."""
    order = order_at(books.orders, row)
    if books.intrabar == PESSIMISTIC and rank_of(books, order) == LATER:
        return True
    return breaks_before(books, order.instrument, price_of(order), not waits_for_rise(order))


@leaf(BOOKS_RECORD, types.int64, types.int64, types.float64, returns=types.int64)
def next_by_rank(books: Record, index: int, instrument: int, tie: float) -> int:
    """Row of the order that fills next: by rank, then by nearness to the open, then by submission."""
    best, best_rank, best_distance = NOBODY, LATER, np.inf
    for i in range(account_of(books).orders):
        order = order_at(books.orders, i)
        if order.instrument != instrument or not can_fill(books, order, index):
            continue
        bar, rank = bar_for(books, order), rank_of(books, order)
        reached = may_reach(order, bar, index, tie) if rank == SOONER else must_reach(order, bar, index, tie)
        distance = abs(price_of(order) - bar.open)
        nearer = rank < best_rank or (rank == best_rank and distance < best_distance - tie)
        if reached and (best == NOBODY or nearer):
            best, best_rank, best_distance = i, rank, distance
    return best


@njit(**INNER)
def trigger(books: Record, index: int, order: Record, price: float) -> None:
    order.triggered = 1
    log(books, index, order, TRIGGERED, NO_REASON, order.quantity, price)


@leaf(BOOKS_RECORD, types.int64, ORDER_RECORD, types.float64)
def reach(books: Record, index: int, order: Record, price: float) -> None:
    """The market is at the order's price: trigger it, or fill it."""
    if not rests(order) and (order.type == STOP_LIMIT or order.type == LIMIT_IF_TOUCHED):
        trigger(books, index, order, price)
        order.born_bar = index
        order.born_price = price
        return
    takes = is_stop(order) or (order.born_bar == index and price == order.born_price)
    order.triggered = 1  # what the bar cannot fill of a stop is a market order from now on
    if contract_of(books, order).liquidity > 0.0:
        execute(books, index, order, price, takes, True)


@leaf(BOOKS_RECORD, types.int64, types.int64, returns=types.int64)
def fill_by_rank(books: Record, index: int, instrument: int) -> bool:
    """Entries, then the exits that the rule prefers, then the others; whether the bar was ambiguous."""
    tie = 0.5 * contract_at(books.contracts, instrument).price_increment
    ambiguous = False
    while True:
        ambiguous = ambiguous or is_ambiguous(books, index, instrument)
        row = next_by_rank(books, index, instrument, tie)
        if books.margin > CASH and (row == NOBODY or comes_after_liquidation(books, row)):
            liquidations = account_of(books).liquidations
            enforce_margin(books, index, AT_WORST, instrument)
            if account_of(books).liquidations > liquidations:
                continue
        if row == NOBODY:
            return ambiguous
        order = order_at(books.orders, row)
        reach(books, index, order, inside_price(order, bar_for(books, order), index, tie))


@njit(**INNER)
def rises_first(bar: Record, rule: int) -> bool:
    """Whether the high comes before the low on the path of this rule."""
    if rule in (OHLC, OLHC):
        return rule == OHLC
    if rule in (COLOUR, COUNTER_COLOUR):
        return (bar.close < bar.open) == (rule == COLOUR)
    return (bar.high - bar.open <= bar.open - bar.low) == (rule == NEAREST)


@njit(**INNER)
def corner(bar: Record, up: bool, leg: int) -> float:
    """Where a leg of the path ends."""
    if leg == 2:
        return bar.close
    return bar.high if up == (leg == 0) else bar.low


@njit(**INNER)
def beside(price: float, other: float, moved: float, goal: float) -> float:
    """Where one side is when the other side has moved: by the same distance, and not beyond its own goal."""
    there = moved if price == other else price + (moved - other)
    return min(max(there, min(price, goal)), max(price, goal))


@njit(**INNER)
def next_on_way(
    books: Record, index: int, instrument: int, bid: tuple[float, float], ask: tuple[float, float], tie: float
) -> int:
    """Row of the order that the way from a price to a goal meets first; stops before others where they are equal.

    bid, ask: (price, goal) of either side.
    """
    best, best_distance = NOBODY, np.inf
    for i in range(account_of(books).orders):
        order = order_at(books.orders, i)
        if order.instrument != instrument or not can_fill(books, order, index):
            continue
        price, goal = ask if order.side > 0 else bid
        level, rise = price_of(order), waits_for_rise(order)
        if passed(price, level, rise, tie):
            distance = 0.0
        elif passed(goal, level, rise, tie):
            distance = abs(level - price)
        else:
            continue
        nearer = distance < best_distance - tie
        as_near = best != NOBODY and distance <= best_distance + tie
        if nearer or (as_near and is_stop(order) and not is_stop(order_at(books.orders, best))):
            best, best_distance = i, distance
    return best


@leaf(BOOKS_RECORD, types.int64, types.int64, returns=types.int64)
def fill_on_path(books: Record, index: int, instrument: int) -> bool:
    """Walk from the open to both extremes and the close; whether the bar was ambiguous.

    Bid and ask walk side by side, by the same distance.
    """
    bid, ask = scene_at(books.scene, 2 * instrument), scene_at(books.scene, 2 * instrument + 1)
    tie = 0.5 * contract_at(books.contracts, instrument).price_increment
    up = rises_first(bid, books.intrabar)
    ambiguous = False
    at_bid, at_ask = bid.open, ask.open
    for leg in range(3):
        to_bid, to_ask = corner(bid, up, leg), corner(ask, up, leg)
        while True:
            ambiguous = ambiguous or is_ambiguous(books, index, instrument)
            row = next_on_way(books, index, instrument, (at_bid, to_bid), (at_ask, to_ask), tie)
            if row == NOBODY:
                break
            order = order_at(books.orders, row)
            bar, price = bar_for(books, order), at_ask if order.side > 0 else at_bid
            if breaks_before(books, instrument, price_of(order), to_bid < at_bid):
                enforce_margin(books, index, AT_LOW if to_bid < at_bid else AT_HIGH, instrument)
                continue
            if not passed(price, price_of(order), waits_for_rise(order), tie):
                moved = min(max(price_of(order), bar.low), bar.high)
                if order.side > 0:
                    at_bid, at_ask = beside(at_bid, at_ask, moved, to_bid), moved
                else:
                    at_bid, at_ask = moved, beside(at_ask, at_bid, moved, to_ask)
                price = moved
            reach(books, index, order, price)
        at_bid, at_ask = to_bid, to_ask
        if books.margin > CASH and leg < 2:
            enforce_margin(books, index, AT_HIGH if up == (leg == 0) else AT_LOW, instrument)
    return ambiguous


@leaf(BOOKS_RECORD, types.int64)
def fill_inside(books: Record, index: int) -> None:
    """Fill what this row fills after its open, and count it when another rule could have filled otherwise."""
    ambiguous = False
    instrument = next_touched(books, index, -1)
    while instrument < books.instruments:
        if books.intrabar == PESSIMISTIC or books.intrabar == OPTIMISTIC:
            ambiguous |= fill_by_rank(books, index, instrument)
        else:
            ambiguous |= fill_on_path(books, index, instrument)
        instrument = next_touched(books, index, instrument)
    account_of(books).ambiguous_bars += ambiguous

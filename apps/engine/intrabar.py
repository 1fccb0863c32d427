"""What fills between a bar's open and its close, of which the bar does not tell the order.

The pessimistic rule lets entries fill first, then stops, then targets, each nearest to the open first. An order that
began to work inside the bar, with the fill of its entry, can be tested against a part of the bar only: its stop fills
when that part may have reached it, its target when it must have. The optimistic rule exchanges stops and targets. The
other rules walk a path through the four prices and fill what lies on it.
"""

import numpy as np
from numba import njit

from apps.engine.filling import NO_REASON, execute, log
from apps.engine.kernels import OPTIONS
from apps.engine.kernels.books import Books
from apps.engine.triggers import (
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
from apps.engine.types import Intrabar, OrderEventKind, Record

PESSIMISTIC, OPTIMISTIC = int(Intrabar.PESSIMISTIC), int(Intrabar.OPTIMISTIC)
OHLC, OLHC = int(Intrabar.OHLC), int(Intrabar.OLHC)
COLOUR, COUNTER_COLOUR = int(Intrabar.COLOUR), int(Intrabar.COUNTER_COLOUR)
NEAREST = int(Intrabar.NEAREST)
TRIGGERED = int(OrderEventKind.TRIGGERED)
NOBODY = -1
ENTRY, SOONER, LATER = range(3)  # ranks of the first two rules


@njit(**OPTIONS)
def fill_inside(books: Books, index: int) -> None:
    """Fill what this bar fills after its open, and count it when another rule could have filled otherwise."""
    if not is_touched(books, index):
        return
    if books.holdings[0].intrabar == PESSIMISTIC or books.holdings[0].intrabar == OPTIMISTIC:
        ambiguous = fill_by_rank(books, index)
    else:
        ambiguous = fill_on_path(books, index)
    books.account[0].ambiguous_bars += ambiguous


@njit(**OPTIONS)
def can_fill(books: Books, order: Record, index: int) -> bool:
    """Whether it waits for a price, and the bar has something left to fill it with; stops are reached even so."""
    return is_active(order, index) and is_priced(order) and (books.account[0].liquidity > 0.0 or not rests(order))


@njit(**OPTIONS)
def is_touched(books: Books, index: int) -> bool:
    tie = 0.5 * books.holdings[0].price_increment
    for i in range(books.account[0].orders):
        order = books.orders[i]
        if can_fill(books, order, index) and may_reach(order, books.bars[index], index, tie):
            return True
    return False


@njit(**OPTIONS)
def is_ambiguous(books: Books, index: int) -> bool:
    """Whether the bar reaches orders above and below, or may have reached one before it worked."""
    tie = 0.5 * books.holdings[0].price_increment
    bar = books.bars[index]
    above = below = False
    for i in range(books.account[0].orders):
        order = books.orders[i]
        if not can_fill(books, order, index) or not may_reach(order, bar, index, tie):
            continue
        if not must_reach(order, bar, index, tie):
            return True
        above |= waits_for_rise(order)
        below |= not waits_for_rise(order)
    return above and below


@njit(**OPTIONS)
def fill_by_rank(books: Books, index: int) -> bool:
    """Entries, then the exits that the rule prefers, then the others; whether the bar was ambiguous."""
    tie = 0.5 * books.holdings[0].price_increment
    ambiguous = False
    while True:
        ambiguous = ambiguous or is_ambiguous(books, index)
        row = next_by_rank(books, index, tie)
        if row == NOBODY:
            return ambiguous
        order = books.orders[row]
        reach(books, index, order, inside_price(order, books.bars[index], index, tie))


@njit(**OPTIONS)
def next_by_rank(books: Books, index: int, tie: float) -> int:
    """Row of the order that fills next: by rank, then by nearness to the open, then by submission."""
    bar = books.bars[index]
    best, best_rank, best_distance = NOBODY, LATER, np.inf
    for i in range(books.account[0].orders):
        order = books.orders[i]
        if not can_fill(books, order, index):
            continue
        rank = rank_of(books, order)
        reached = may_reach(order, bar, index, tie) if rank == SOONER else must_reach(order, bar, index, tie)
        distance = abs(price_of(order) - bar.open)
        nearer = rank < best_rank or (rank == best_rank and distance < best_distance - tie)
        if reached and (best == NOBODY or nearer):
            best, best_rank, best_distance = i, rank, distance
    return best


@njit(**OPTIONS)
def rank_of(books: Books, order: Record) -> int:
    holding = books.holdings[0]
    if not order.reduce_only and holding.position * order.side >= 0.0:
        return ENTRY
    return SOONER if is_stop(order) == (holding.intrabar == PESSIMISTIC) else LATER


@njit(**OPTIONS)
def reach(books: Books, index: int, order: Record, price: float) -> None:
    """The market is at the order's price: trigger it, or fill it."""
    if not rests(order) and (order.type == STOP_LIMIT or order.type == LIMIT_IF_TOUCHED):
        trigger(books, index, order, price)
        order.born_bar = index
        order.born_price = price
        return
    takes = is_stop(order) or (order.born_bar == index and price == order.born_price)
    order.triggered = 1  # what the bar cannot fill of a stop is a market order from now on
    if books.account[0].liquidity > 0.0:
        execute(books, index, order, price, takes, True)


@njit(**OPTIONS)
def trigger(books: Books, index: int, order: Record, price: float) -> None:
    order.triggered = 1
    log(books, index, order, TRIGGERED, NO_REASON, order.quantity, price)


@njit(**OPTIONS)
def rises_first(bar: Record, rule: int) -> bool:
    """Whether the high comes before the low on the path of this rule."""
    if rule in (OHLC, OLHC):
        return rule == OHLC
    if rule in (COLOUR, COUNTER_COLOUR):
        return (bar.close < bar.open) == (rule == COLOUR)
    return (bar.high - bar.open <= bar.open - bar.low) == (rule == NEAREST)


@njit(**OPTIONS)
def fill_on_path(books: Books, index: int) -> bool:
    """Walk from the open to both extremes and the close; whether the bar was ambiguous."""
    bar, tie = books.bars[index], 0.5 * books.holdings[0].price_increment
    up = rises_first(bar, books.holdings[0].intrabar)
    ambiguous = False
    price = bar.open
    for leg in range(3):
        goal = bar.close if leg == 2 else (bar.high if up == (leg == 0) else bar.low)
        while True:
            ambiguous = ambiguous or is_ambiguous(books, index)
            row = next_on_way(books, index, price, goal, tie)
            if row == NOBODY:
                break
            order = books.orders[row]
            if not passed(price, price_of(order), waits_for_rise(order), tie):
                price = min(max(price_of(order), bar.low), bar.high)
            reach(books, index, order, price)
        price = goal
    return ambiguous


@njit(**OPTIONS)
def next_on_way(books: Books, index: int, price: float, goal: float, tie: float) -> int:
    """Row of the order that the way from a price to a goal meets first; stops before others where they are equal."""
    best, best_distance = NOBODY, np.inf
    for i in range(books.account[0].orders):
        order = books.orders[i]
        if not can_fill(books, order, index):
            continue
        level, rise = price_of(order), waits_for_rise(order)
        if passed(price, level, rise, tie):
            distance = 0.0
        elif passed(goal, level, rise, tie):
            distance = abs(level - price)
        else:
            continue
        nearer = distance < best_distance - tie
        as_near = best != NOBODY and distance <= best_distance + tie
        if nearer or (as_near and is_stop(order) and not is_stop(books.orders[best])):
            best, best_distance = i, distance
    return best

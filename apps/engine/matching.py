"""Which working orders a bar fills, when, and at what price.

A bar is gone through in this order:

1. orders whose time is over expire;
2. at the open: market orders, those that only reduce before the others, then every order whose price the open is at or
   beyond. All fill at the open: a stop in a gap gets less than it asked for, a limit more;
3. inside the bar, as the intrabar rule says, orders fill at their own prices;
4. at the close: market-on-close orders, in the last bar of a UTC date;
5. trailing stops follow the close, or the extreme of the bar, for the next bar.

Orders of one rank fill in the order of their submission. No fill is outside the bar's prices; costs come on top.
"""

import numpy as np
from numba import njit, types

from apps.engine.filling import CANCELLED, FOK, NO_REASON, NOT_FILLED_AT_ONCE, execute, finish, keep_working
from apps.engine.grid import round_down
from apps.engine.intrabar import NOBODY, fill_inside, trigger
from apps.engine.kernels import BOOKS, OPTIONS, leaf
from apps.engine.kernels.books import Books
from apps.engine.state import NEVER
from apps.engine.triggers import (
    DONE,
    LIMIT_IF_TOUCHED,
    MARKET,
    STOP_LIMIT,
    TRAILING_STOP,
    WAITING,
    WORKING,
    follow,
    is_active,
    is_for_close,
    is_for_next_open,
    is_priced,
    is_stop,
    passed,
    price_of,
    rests,
    trailed,
    waits_for_rise,
)
from apps.engine.types import Array, OrderEventKind, Record, RejectionReason, TimeInForce

GTC, IOC = int(TimeInForce.GTC), int(TimeInForce.IOC)
EXPIRED = int(OrderEventKind.EXPIRED)
WOULD_TAKE = int(RejectionReason.WOULD_TAKE)
LOOK_AHEAD = 512  # bars: bounded, lest a far order that is placed anew at every bar cost the square of the bars


@njit(**OPTIONS)
def match(books: Books, index: int) -> None:
    """Fill what the bar of this number fills, and take what is done out of the order table."""
    account, holding, bar = books.account[0], books.holdings[0], books.bars[index]
    account.liquidity = np.inf
    if holding.volume_share > 0.0:
        share = holding.volume_share * bar.volume
        account.liquidity = round_down(share, holding.quantity_step, holding.steps_per_unit)
    if are_plain(books.orders, account.orders):  # most strategies know no others, and this is half of what they cost
        fill_at_open(books, index)
        keep_working(account, books.orders)
    else:
        go_through(books, index)
    account.liquidity = 0.0  # of no bar: what the state holds must not tell how often this was called


@njit(**OPTIONS)
def are_plain(orders: Array, count: int) -> bool:
    """Whether there are only market orders: they fill at the open, and nothing else can happen."""
    for i in range(count):  # noqa: SIM110 - a kernel knows no generators
        if orders[i].type != MARKET or orders[i].time_in_force != GTC:
            return False
    return True


@njit(**OPTIONS)
def go_through(books: Books, index: int) -> None:
    """What the bar does to orders of all kinds, step by step."""
    account, bar = books.account[0], books.bars[index]
    end_before_open(books, index)
    fill_at_open(books, index)
    end_after_open(books, index)
    fill_inside(books, index)
    for i in range(account.orders):
        order = books.orders[i]
        if is_active(order, index) and is_for_close(order, books.bars, index) and account.liquidity > 0.0:
            execute(books, index, order, bar.close, True, True)
    keep_working(account, books.orders)
    follow_all(books, index, index + 1)


@njit(**OPTIONS)
def end_before_open(books: Books, index: int) -> None:
    """Expire what is too late for this bar, and refuse what promised to make liquidity and would take it."""
    bar, tie = books.bars[index], 0.5 * books.holdings[0].price_increment
    for i in range(books.account[0].orders):
        order = books.orders[i]
        if order.status != DONE and order.expires_at <= bar.time:
            finish(books, index, order, EXPIRED, NO_REASON, bar.open)
        elif is_new(order, index) and order.post_only and passed(bar.open, order.limit, order.side < 0, tie):
            finish(books, index, order, CANCELLED, WOULD_TAKE, bar.open)


@njit(**OPTIONS)
def is_new(order: Record, index: int) -> bool:
    return order.status == WORKING and order.active_from == index


@njit(**OPTIONS)
def end_after_open(books: Books, index: int) -> None:
    """Cancel what had to be filled at the open and was not, or not wholly."""
    for i in range(books.account[0].orders):
        order = books.orders[i]
        if is_active(order, index) and (order.time_in_force == IOC or order.time_in_force == FOK):
            finish(books, index, order, CANCELLED, NOT_FILLED_AT_ONCE, books.bars[index].open)


@njit(**OPTIONS)
def fill_at_open(books: Books, index: int) -> None:
    """Fill what fills at the open, including what its own fills bring to work."""
    bars, holding = books.bars, books.holdings[0]
    while True:
        row = next_at_open(books, index)
        if row == NOBODY:
            return
        order = books.orders[row]
        price = bars[index].open
        if order.type == MARKET and holding.market_at_close:
            price = bars[index - 1].close
        if not rests(order) and (order.type == STOP_LIMIT or order.type == LIMIT_IF_TOUCHED):
            trigger(books, index, order, price)
            continue
        takes = not rests(order) or order.active_from == index
        if is_stop(order):
            order.triggered = 1
        if books.account[0].liquidity > 0.0:
            execute(books, index, order, price, takes, False)


@njit(**OPTIONS)
def next_at_open(books: Books, index: int) -> int:
    """Row of the order that fills next at the open: market orders, those that reduce first, then the others."""
    bar, tie = books.bars[index], 0.5 * books.holdings[0].price_increment
    dry = books.account[0].liquidity <= 0.0
    best, best_rank = NOBODY, 3
    for i in range(books.account[0].orders):
        order = books.orders[i]
        if not is_active(order, index):
            continue
        rank = 3
        if is_for_next_open(order, books.bars, index):
            rank = 3 if dry else (0 if order.reduce_only else 1)
        elif is_priced(order) and not (dry and rests(order)):
            rank = 2 if passed(bar.open, price_of(order), waits_for_rise(order), tie) else 3
        if rank < best_rank:
            best, best_rank = i, rank
            if rank == 0:
                break
    return best


@njit(**OPTIONS)
def follow_all(books: Books, first: int, stop: int) -> None:
    """Let the trailing stops follow the bars [first, stop)."""
    for i in range(books.account[0].orders):
        order = books.orders[i]
        if order.type == TRAILING_STOP and order.status == WORKING and order.triggered == 0:
            for index in range(first, stop):
                follow(order, books.bars[index], index, books.holdings[0])


@leaf(BOOKS, types.int64, types.int64, types.float64, types.float64, types.int64, returns=types.int64)
def next_trailing_event(books: Books, first: int, until: int, below: float, above: float, end: int) -> int:
    """As `next_event`, with stops that move on the way; the orders themselves stay as they are."""
    highest_close, highest, lowest_close, lowest = -np.inf, -np.inf, np.inf, np.inf
    for index in range(first, until):
        bar = books.bars[index]
        if bar.low <= below or bar.high >= above or bar.time >= end:
            return index
        for i in range(books.account[0].orders):
            order = books.orders[i]
            if order.type != TRAILING_STOP or not is_active(order, index):
                continue
            if order.side > 0:
                best = min(order.best, lowest if order.trails_extremes else lowest_close)
            else:
                best = max(order.best, highest if order.trails_extremes else highest_close)
            stop = trailed(order, best, books.holdings[0])
            tie = 0.5 * books.holdings[0].price_increment
            if passed(bar.high if order.side > 0 else bar.low, stop, order.side > 0, tie):
                return index
        highest_close, highest = max(highest_close, bar.close), max(highest, bar.high)
        lowest_close, lowest = min(lowest_close, bar.close), min(lowest, bar.low)
    return until


@njit(**OPTIONS)
def next_event(books: Books) -> int:
    """The first bar not booked yet in which a working order may fill or end, or until which nobody has looked.

    One band of prices stands for all orders with a price; a bar that stays inside it reaches none of them.
    """
    account, bars = books.account[0], books.bars
    first = account.next_bar
    if account.orders == 0:
        return len(bars)
    until = min(first + LOOK_AHEAD, len(bars))
    tie = 0.5 * books.holdings[0].price_increment
    below, above, end, trailing = -np.inf, np.inf, NEVER, False
    for i in range(account.orders):
        order = books.orders[i]
        end = min(end, order.expires_at)
        if order.status == WAITING:
            continue
        if order.active_from > first:
            until = min(until, order.active_from)
        elif must_be_looked_at(order, first):
            return first
        elif order.type == TRAILING_STOP:
            trailing = True
        elif waits_for_rise(order):
            above = min(above, price_of(order) - tie)
        else:
            below = max(below, price_of(order) + tie)
    if trailing:
        return next_trailing_event(books, first, until, below, above, end)
    for index in range(first, until):
        bar = bars[index]
        if bar.low <= below or bar.high >= above or bar.time >= end:
            return index
    return until


@njit(**OPTIONS)
def must_be_looked_at(order: Record, index: int) -> bool:
    """Whether the bar of this number is an event for it at any price."""
    at_open_only = order.time_in_force == IOC or order.time_in_force == FOK
    return at_open_only or not is_priced(order) or (order.post_only and order.active_from == index)

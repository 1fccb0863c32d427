"""Which price a working order waits for, and when a bar has reached it.

Prices are multiples of the increment, so two that are nearer than half of it are the same price, whatever rounding did
to their last bits: a low of 1.1 reaches a limit of 1.1 even where the limit was computed as 1.1000000000000001.
"""

import numpy as np
from numba import njit

from apps.engine.kernels import INNER
from apps.engine.types import OrderStatus, OrderType, Record
from apps.engine.venue.books import contract_of, integer_at, time_of
from apps.engine.venue.grid import round_down, round_up
from apps.engine.venue.scene import is_missing, last_row

DAY = 86_400_000_000  # microseconds
MARKET, LIMIT, STOP = int(OrderType.MARKET), int(OrderType.LIMIT), int(OrderType.STOP)
STOP_LIMIT, TRAILING_STOP = int(OrderType.STOP_LIMIT), int(OrderType.TRAILING_STOP)
LIMIT_IF_TOUCHED, ALERT = int(OrderType.LIMIT_IF_TOUCHED), int(OrderType.ALERT)
MARKET_ON_OPEN, MARKET_ON_CLOSE = int(OrderType.MARKET_ON_OPEN), int(OrderType.MARKET_ON_CLOSE)
WORKING, DONE, WAITING = int(OrderStatus.WORKING), int(OrderStatus.DONE), int(OrderStatus.WAITING)


@njit(**INNER)
def rests(order: Record) -> bool:
    """Whether it is a limit order now: from its start, or since it was triggered."""
    triggers = order.type == STOP_LIMIT or order.type == LIMIT_IF_TOUCHED
    return order.type == LIMIT or (triggers and order.triggered != 0)


@njit(**INNER)
def is_active(books: Record, order: Record, index: int) -> bool:
    """Whether it may fill in the row that the scene shows."""
    return order.status == WORKING and order.active_from <= index and contract_of(books, order).loaded == index


@njit(**INNER)
def is_stop(order: Record) -> bool:
    """Whether it waits for the market to move against it: a stop that has not been reached yet."""
    return order.triggered == 0 and (order.type == STOP or order.type == STOP_LIMIT or order.type == TRAILING_STOP)


@njit(**INNER)
def is_priced(order: Record) -> bool:
    """Whether it waits for a price: neither a market order nor a stop that was reached."""
    return rests(order) or is_stop(order) or order.type == LIMIT_IF_TOUCHED


@njit(**INNER)
def is_for_next_open(books: Record, order: Record, index: int) -> bool:
    """Whether it fills at the open of this bar whatever that is."""
    if order.type == MARKET_ON_OPEN:
        return starts_day(books, index, order.instrument)
    return order.type == MARKET or (order.triggered != 0 and (order.type == STOP or order.type == TRAILING_STOP))


@njit(**INNER)
def is_for_close(books: Record, order: Record, index: int) -> bool:
    return order.type == MARKET_ON_CLOSE and ends_day(books, index, order.instrument)


@njit(**INNER)
def waits_for_rise(order: Record) -> bool:
    return (order.side > 0) == is_stop(order)


@njit(**INNER)
def price_of(order: Record) -> float:
    """The price that it waits for: its limit once it rests, else its stop."""
    return order.limit if rests(order) else order.stop


@njit(**INNER)
def passed(price: float, level: float, rise: bool, tie: float) -> bool:
    """Whether a price is at or beyond the level that an order waits for. tie: half an increment."""
    return price >= level - tie if rise else price <= level + tie


@njit(**INNER)
def may_reach(order: Record, bar: Record, index: int, tie: float) -> bool:
    """Whether the bar can have reached the order's price while it worked."""
    rise, level = waits_for_rise(order), price_of(order)
    if order.born_bar == index and passed(order.born_price, level, rise, tie):
        return True
    return passed(bar.high if rise else bar.low, level, rise, tie)


@njit(**INNER)
def must_reach(order: Record, bar: Record, index: int, tie: float) -> bool:
    """Whether the bar reached the order's price while it worked, whatever its path was.

    This asks more than `may_reach` of an order that began to work inside the bar: the extreme may have been before.
    It was not where the way from the open to the extreme leads through the price of the order's birth; and the close
    comes after everything.
    """
    rise, level = waits_for_rise(order), price_of(order)
    if order.born_bar != index:
        return may_reach(order, bar, index, tie)
    if passed(order.born_price, level, rise, tie) or passed(bar.close, level, rise, tie):
        return True
    if rise:
        return bar.open <= order.born_price and passed(bar.high, level, rise, tie)
    return bar.open >= order.born_price and passed(bar.low, level, rise, tie)


@njit(**INNER)
def inside_price(order: Record, bar: Record, index: int, tie: float) -> float:
    """The price that a reached order gets inside the bar: its own, or the better or worse one it was born at."""
    level = price_of(order)
    if order.born_bar == index and passed(order.born_price, level, waits_for_rise(order), tie):
        level = order.born_price
    return min(max(level, bar.low), bar.high)


@njit(**INNER)
def trailed(contract: Record, order: Record, best: float) -> float:
    """The stop of a trailing order that follows this price, on the grid of prices and not nearer than asked."""
    distance = best * order.trail if order.trail_is_share else order.trail
    if order.side > 0:
        return round_up(best + distance, contract.price_increment, contract.increments_per_unit)
    return round_down(best - distance, contract.price_increment, contract.increments_per_unit)


@njit(**INNER)
def follow(contract: Record, order: Record, extreme: float, close: float, index: int) -> None:
    """Let a trailing stop follow the close, or the extreme of a bar in which it worked from the open on."""
    price = extreme if order.trails_extremes and order.born_bar != index else close
    if np.isnan(order.best) or (price - order.best) * order.side < 0.0:
        order.best = price
        order.stop = trailed(contract, order, price)


@njit(**INNER)
def day_of(books: Record, index: int, instrument: int) -> int:
    """When the day of a row is over: the close of its session where there is a calendar, else midnight UTC."""
    if books.day_ends != 0:
        return integer_at(books.day_ends, index * books.instruments + instrument) >> 1
    return (time_of(books, index) // DAY + 1) * DAY


@njit(**INNER)
def is_outside(books: Record, index: int, instrument: int) -> bool:
    """Whether the row has no part in the session of its day: it is before the open, or after the close of the last."""
    if books.day_ends == 0:
        return False
    return (integer_at(books.day_ends, index * books.instruments + instrument) & 1) != 0


@njit(**INNER)
def starts_day(books: Record, index: int, instrument: int) -> bool:
    if is_outside(books, index, instrument):
        return False
    before = last_row(books, index - 1, instrument)
    if before < 0 or is_outside(books, before, instrument):
        return True
    return day_of(books, before, instrument) != day_of(books, index, instrument)


@njit(**INNER)
def ends_day(books: Record, index: int, instrument: int) -> bool:
    """Whether this is the instrument's last row of its day, or of the data."""
    if is_outside(books, index, instrument):
        return False
    after = index + 1
    while after < books.rows and is_missing(books, after, instrument):
        after += 1
    return after == books.rows or day_of(books, after, instrument) != day_of(books, index, instrument)

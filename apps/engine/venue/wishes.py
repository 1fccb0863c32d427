"""What an author's compiled function may ask for: each leaves a wish in the tray of its desk."""

from typing import Final

import numpy as np
from numba import njit

from apps.engine.kernels import INNER
from apps.engine.types import OrderType, Record
from apps.engine.venue.admission import NOBODY, row_of
from apps.engine.venue.books import books_at, holding_at
from apps.engine.venue.desks import CANCEL, CANCEL_ALL, ORDER, wish_at

WISHES: Final = 256  # at one step
BUYS, SELLS = 1, -1
MARKET, LIMIT, STOP = int(OrderType.MARKET), int(OrderType.LIMIT), int(OrderType.STOP)
STOP_LIMIT, TRAILING_STOP = int(OrderType.STOP_LIMIT), int(OrderType.TRAILING_STOP)


@njit(**INNER)
def _next_wish(desk: Record, kind: int, instrument: int) -> Record:
    if desk.asked >= desk.wishes_room:
        raise ValueError("more than 256 orders and cancellations at one step")
    wish = wish_at(desk.wishes, desk.asked)
    desk.asked += 1
    wish.kind = kind
    wish.instrument = instrument
    return wish


@njit(**INNER)
def _order(  # type: ignore[no-untyped-def]
    desk, side, quantity, limit, stop, trail, sl, tp, reduce_only, leg, place
):
    if place < 0 or place >= books_at(desk.books, 0).instruments:
        raise ValueError("there is no listing of this place")
    wish = _next_wish(desk, ORDER, place)
    wish.side = side
    wish.quantity = quantity
    wish.reduce_only = reduce_only
    wish.leg = leg
    wish.type = MARKET
    wish.limit = np.nan
    wish.stop = np.nan
    wish.trail = np.nan
    wish.has_stop = 0
    wish.has_target = 0
    if stop is not None:
        wish.type = STOP
        wish.stop = stop
    if limit is not None:
        wish.type = LIMIT if stop is None else STOP_LIMIT
        wish.limit = limit
    if trail is not None:
        if limit is not None or stop is not None:
            raise ValueError("an order that trails has no limit and no stop of its own")
        wish.type = TRAILING_STOP
        wish.trail = trail
    if reduce_only and (sl is not None or tp is not None):
        raise ValueError("an order that only reduces cannot have sl or tp: it leaves nothing to protect")
    desk.orders_given += 1
    wish.order = desk.orders_given
    if sl is not None:
        wish.has_stop = 1
        wish.stop_loss = sl
        desk.orders_given += 1
    if tp is not None:
        wish.has_target = 1
        wish.take_profit = tp
        desk.orders_given += 1
    return wish.order


@njit(cache=True)
def buy(  # type: ignore[no-untyped-def]
    desk, quantity, limit=None, stop=None, trail=None, sl=None, tp=None, reduce_only=False, leg=0, place=0
):
    """As `Strategy.buy`, of the listing in this place; the order's number. leg: +1 or -1 where both are held."""
    return _order(desk, BUYS, float(quantity), limit, stop, trail, sl, tp, reduce_only, leg, place)


@njit(cache=True)
def sell(  # type: ignore[no-untyped-def]
    desk, quantity, limit=None, stop=None, trail=None, sl=None, tp=None, reduce_only=False, leg=0, place=0
):
    """As `Strategy.sell`."""
    return _order(desk, SELLS, float(quantity), limit, stop, trail, sl, tp, reduce_only, leg, place)


@njit(cache=True)
def position_of(desk, place=0, leg=0):  # type: ignore[no-untyped-def]
    """The signed position in the listing of this place; its long (leg=1) or short (leg=-1) one where both are held."""
    books = books_at(desk.books, 0)
    if place < 0 or place >= books.instruments:
        raise ValueError("there is no listing of this place")
    if books.holdings_count == books.instruments:
        return holding_at(books.holdings, place).position
    long, short = holding_at(books.holdings, 2 * place).position, holding_at(books.holdings, 2 * place + 1).position
    if leg == 0:
        return long + short
    return long if leg > 0 else short


@njit(cache=True)
def close_position(desk, place=0):  # type: ignore[no-untyped-def]
    """As `Strategy.close_position`, of the listing in this place."""
    if books_at(desk.books, 0).holdings_count == books_at(desk.books, 0).instruments:
        position = position_of(desk, place, 0)
        if position != 0.0:
            _order(desk, SELLS if position > 0.0 else BUYS, abs(position), None, None, None, None, None, True, 0, place)
    else:
        for leg in (1, -1):
            position = position_of(desk, place, leg)
            if position != 0.0:
                _order(desk, -leg, abs(position), None, None, None, None, None, True, leg, place)


@njit(cache=True)
def target(desk, quantity, place=0):  # type: ignore[no-untyped-def]
    """As `Strategy.target`, of the listing in this place."""
    if quantity == 0.0:
        close_position(desk, place)
    else:
        missing = quantity - position_of(desk, place, 0)
        if missing != 0.0:
            side = BUYS if missing > 0.0 else SELLS
            _order(desk, side, abs(missing), None, None, None, None, None, False, 0, place)


@njit(cache=True)
def cancel(desk, order):  # type: ignore[no-untyped-def]
    """Take back the order of this number; one that is done stays done."""
    _next_wish(desk, CANCEL, 0).order = order


@njit(cache=True)
def cancel_all(desk, place=-1):  # type: ignore[no-untyped-def]
    """Take back every order that works, or every one of the listing in this place."""
    _next_wish(desk, CANCEL_ALL, place)


@njit(cache=True)
def is_working(desk, order):  # type: ignore[no-untyped-def]
    """Whether the order of this number may still fill, or waits for the fill of its entry."""
    for i in range(desk.asked):
        wish = wish_at(desk.wishes, i)
        if wish.kind == ORDER and wish.order <= order <= wish.order + wish.has_stop + wish.has_target:
            return True
    return row_of(books_at(desk.books, 0), order) != NOBODY

"""How far the books can be left alone: the next row in which something can happen to them.

Between two such rows nobody need be called, and a span of them is booked in one go.
"""

import numpy as np
from numba import njit, types

from apps.engine.kernels import INNER
from apps.engine.kernels.ticks import BLOCK, TICK_BYTES, extremes_of
from apps.engine.types import Record, TimeInForce
from apps.engine.venue.accounting import cash_of, rate_of
from apps.engine.venue.books import (
    BOOKS_RECORD,
    OF_BARS,
    OF_TICKS,
    ORDER_RECORD,
    account_of,
    bar_at,
    contract_at,
    contract_of,
    currency_at,
    first_at,
    happening_at,
    holding_at,
    leaf,
    number_at,
    order_at,
    tick_at,
    time_of,
)
from apps.engine.venue.costs import worth
from apps.engine.venue.extremes import known_of, start_scan, take_scanned
from apps.engine.venue.margin import CASH, CROSS, breaking_price, mark_of, open_count
from apps.engine.venue.scene import close_of, high_of, is_missing, low_of
from apps.engine.venue.state import NEVER
from apps.engine.venue.triggers import (
    ALERT,
    TRAILING_STOP,
    WAITING,
    is_priced,
    passed,
    price_of,
    trailed,
    waits_for_rise,
)

IOC, FOK = int(TimeInForce.IOC), int(TimeInForce.FOK)
LOOK_AHEAD = 512  # rows: bounded, lest a far order that is placed anew at every bar cost the square of the bars …
FARTHEST = 2048  # … and more when these were quiet, as far as they still fit into the nearest caches
TICKS_AHEAD = 32  # times as many of ticks, whose blocks are passed over unseen
NOBODY = -1
DOUBT = 1e-12  # of all values: sums of the same amounts differ by less; a row too many does no harm


@njit(**INNER)
def must_be_looked_at(order: Record, index: int) -> bool:
    """Whether the row of this number is an event for it at any price."""
    at_open_only = order.time_in_force == IOC or order.time_in_force == FOK
    return at_open_only or not is_priced(order) or (order.post_only and order.active_from == index)


@njit(**INNER)
def clear_bands(books: Record) -> None:
    for j in range(books.instruments):
        contract = contract_at(books.contracts, j)
        contract.bid_floor = -np.inf
        contract.ask_floor = -np.inf
        contract.bid_ceiling = np.inf
        contract.ask_ceiling = np.inf


@njit(**INNER)
def narrow(contract: Record, at_ask: bool, rise: bool, price: float, tie: float) -> None:
    """Let a row at or beyond this price be an event."""
    if at_ask and rise:
        contract.ask_ceiling = min(contract.ask_ceiling, price - tie)
    elif at_ask:
        contract.ask_floor = max(contract.ask_floor, price + tie)
    elif rise:
        contract.bid_ceiling = min(contract.bid_ceiling, price - tie)
    else:
        contract.bid_floor = max(contract.bid_floor, price + tie)


@njit(types.int64(BOOKS_RECORD, types.int64, types.int64, types.int64), **INNER)
def scan_bars(books: Record, first: int, until: int, end: int) -> int:
    """The first row of [first, until) beyond the band of the one instrument, whose bars are bid and ask alike."""
    contract, bars = contract_at(books.contracts, 0), books.series
    below = max(contract.bid_floor, contract.ask_floor)
    above = min(contract.bid_ceiling, contract.ask_ceiling)
    for index in range(first, until):
        bar = bar_at(bars, index)
        if bar.low <= below or bar.high >= above or bar.time >= end:
            return index
    return until


@njit(**INNER)
def first_outside(contract: Record, ticks: int, first: int, stop: int) -> int:
    """The first of the ticks [first, stop) beyond a band; `stop` for none."""
    bid_floor, bid_ceiling = contract.bid_floor, contract.bid_ceiling
    ask_floor, ask_ceiling = contract.ask_floor, contract.ask_ceiling
    for index in range(first, stop):
        tick = tick_at(ticks, index)
        bid, ask = tick.bid, tick.ask
        if (bid <= bid_floor) | (bid >= bid_ceiling) | (ask <= ask_floor) | (ask >= ask_ceiling):
            return index
    return stop


@leaf(BOOKS_RECORD, types.int64, types.int64, types.int64, returns=types.int64)
def scan_ticks(books: Record, first: int, until: int, end: int) -> int:
    """The first row of [first, until) beyond the bands of the one instrument, which has ticks.

    A block whose extremes are inside the bands is passed over, mostly without a look at its ticks.
    """
    contract, ticks = contract_at(books.contracts, 0), books.series
    if end < NEVER:
        until = first_at(books, first, until, end)
    start_scan(contract, first)
    while first < until:
        stop = min(first // BLOCK * BLOCK + BLOCK, until)
        if stop - first == BLOCK:
            found = known_of(books, first)
        else:
            found = extremes_of(ticks + first * TICK_BYTES, stop - first)
        bids_stay = found[0] > contract.bid_floor and found[2] < contract.bid_ceiling
        if not (bids_stay and found[1] > contract.ask_floor and found[3] < contract.ask_ceiling):
            until = first_outside(contract, ticks, first, stop)
            found = extremes_of(ticks + first * TICK_BYTES, until - first)
        take_scanned(contract, found)
        first = stop
    contract.scanned_until = until
    return until


@leaf(BOOKS_RECORD, types.int64, types.int64, types.int64, returns=types.int64)
def scan(books: Record, first: int, until: int, end: int) -> int:
    """The first row of [first, until) in which an instrument leaves its bands, or an order's time ends."""
    head = NOBODY
    for j in range(books.instruments - 1, -1, -1):
        contract = contract_at(books.contracts, j)
        below, above = max(contract.bid_floor, contract.ask_floor), min(contract.bid_ceiling, contract.ask_ceiling)
        if below > -np.inf or above < np.inf:
            contract.next_watched = head
            head = j
    for index in range(first, until):
        if end < NEVER and time_of(books, index) >= end:
            return index
        j = head
        while j != NOBODY:
            contract = contract_at(books.contracts, j)
            if low_of(books, index, j, False) <= contract.bid_floor:
                return index
            if low_of(books, index, j, True) <= contract.ask_floor:
                return index
            if high_of(books, index, j, False) >= contract.bid_ceiling:
                return index
            if high_of(books, index, j, True) >= contract.ask_ceiling:
                return index
            j = contract.next_watched
    return until


@leaf(BOOKS_RECORD, ORDER_RECORD, types.int64, types.int64, returns=types.int64)
def next_trailing_event(books: Record, order: Record, first: int, until: int) -> int:
    """The first row of [first, until) that reaches a stop which moves on the way; the order itself stays as it is."""
    contract, asks = contract_of(books, order), order.side > 0
    tie = 0.5 * contract.price_increment
    best = order.best
    stop = trailed(contract, order, best)
    for index in range(first, until):
        if is_missing(books, index, order.instrument):
            continue
        high = high_of(books, index, order.instrument, asks)
        low = low_of(books, index, order.instrument, asks)
        if passed(high if asks else low, stop, asks, tie):
            return index
        price = close_of(books, index, order.instrument, asks)
        if order.trails_extremes and order.born_bar != index:
            price = low if asks else high
        if np.isnan(best) or (price - best) * order.side < 0.0:
            best = price
            stop = trailed(contract, order, best)
    return until


@njit(**INNER)
def range_of(books: Record, index: int, holding: Record) -> tuple[float, float]:
    """Lowest and highest price of a position in a row: its last price where the instrument is missing."""
    asks, row, booked = holding.position < 0.0, index, account_of(books).next_row
    while row >= booked and is_missing(books, row, holding.instrument):
        row -= 1
    if row < booked:
        price = mark_of(contract_at(books.contracts, holding.instrument), holding)
        return price, price
    if row < index:
        price = close_of(books, row, holding.instrument, asks)
        return price, price
    return low_of(books, row, holding.instrument, asks), high_of(books, row, holding.instrument, asks)


@njit(**INNER)
def stored_rate(books: Record, index: int, currency: int) -> float:
    return number_at(books.rates, index * books.currencies_count + currency)


@njit(**INNER)
def converted_cash(books: Record, index: int) -> float:
    """All balances at the rates of this row."""
    cash = 0.0
    for i in range(books.currencies_count):
        cash += currency_at(books.currencies, i).balance * stored_rate(books, index, i)
    return cash


@leaf(BOOKS_RECORD, types.int64, types.int64, returns=types.int64)
def next_shortage(books: Record, first: int, until: int) -> int:
    """The first row of [first, until) whose worst prices, taken together, may break or call the margin."""
    call = books.margin_call if account_of(books).margin_called == 0 else 0.0
    for index in range(first, until):
        cash = cash_of(books) if books.rates == 0 else converted_cash(books, index)
        kept, called, size = cash, cash, abs(cash)  # what is left above the margin to keep positions, and not be called
        for i in range(books.holdings_count):
            holding = holding_at(books.holdings, i)
            if holding.position == 0.0:
                continue
            contract = contract_at(books.contracts, holding.instrument)
            rate = rate_of(books, contract) if books.rates == 0 else stored_rate(books, index, contract.currency)
            lowest, highest = range_of(books, index, holding)
            units = holding.position * rate
            low, high = units * worth(contract, lowest), units * worth(contract, highest)
            share = contract.maintenance_margin
            kept += min(low - share * abs(low), high - share * abs(high))
            share = call * contract.initial_margin
            called += min(low - share * abs(low), high - share * abs(high))
            size += max(abs(low), abs(high))
        if min(kept, called) <= DOUBT * size:
            return index
    return until


@njit(**INNER)
def watch_margin(books: Record, first: int, until: int) -> int:
    """Let the price that breaks a position be an event; of several that stand together, the row that breaks them."""
    if books.margin == CROSS and (open_count(books) > 1 or books.margin_call > 0.0 or books.rates != 0):
        return next_shortage(books, first, until)
    for i in range(books.holdings_count):
        holding = holding_at(books.holdings, i)
        if holding.position != 0.0:
            short = holding.position < 0.0
            narrow(contract_at(books.contracts, holding.instrument), short, short, breaking_price(books, holding), 0.0)
    return until


@leaf(BOOKS_RECORD, types.int64, returns=types.int64)
def next_event(books: Record, ahead: int) -> int:
    """The first row not booked yet in which something may happen, or until which nobody has looked.

    Two bands of prices, of bid and ask, stand for all orders of an instrument that wait for one; a row that stays
    inside them reaches none. ahead: how many rows to look at.
    """
    account = account_of(books)
    first, until = account.next_row, books.rows
    if account.next_happening < books.happenings_count:
        until = min(until, max(first, happening_at(books.happenings, account.next_happening).row))
    watched = books.margin > CASH and open_count(books) > 0
    if account.orders == 0 and not watched:
        return until
    near = min(until, first + ahead)
    if books.layout != OF_TICKS or books.instruments > 1 or watched:
        until = near
    until = min(until, first + ahead * TICKS_AHEAD)
    clear_bands(books)
    end, trailing = NEVER, False
    for i in range(account.orders):
        order = order_at(books.orders, i)
        end = min(end, order.expires_at)
        if order.status == WAITING:
            continue
        if order.active_from > first:
            until = min(until, order.active_from)
        elif order.type == ALERT:
            narrow(contract_of(books, order), order.side > 0, order.stop > order.best, order.stop, 0.0)
        elif must_be_looked_at(order, first):
            return first
        elif order.type == TRAILING_STOP:
            trailing = True
        else:
            contract = contract_of(books, order)
            tie = 0.5 * contract.price_increment
            narrow(contract, order.side > 0, waits_for_rise(order), price_of(order), tie)
    if watched:
        until = watch_margin(books, first, until)
    if trailing:
        until = min(until, near)
        for i in range(account.orders):
            order = order_at(books.orders, i)
            if order.type == TRAILING_STOP and order.status != WAITING and order.active_from <= first:
                until = next_trailing_event(books, order, first, until)
    if books.layout == OF_BARS and books.instruments == 1:
        return scan_bars(books, first, until, end)
    if books.layout == OF_TICKS and books.instruments == 1:
        return scan_ticks(books, first, until, end)
    return scan(books, first, until, end)

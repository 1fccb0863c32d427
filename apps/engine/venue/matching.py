"""What a row of the series does to the books: which working orders it fills, when, and at what price.

A row is gone through in this order:

1. what comes from outside happens: funding, swap, dividends, splits; positions that the open breaks are liquidated;
2. orders whose time is over expire;
3. at the open: market orders, those that only reduce before the others, then every order whose price the open is at or
   beyond. All fill at the open: a stop in a gap gets less than it asked for, a limit more;
4. inside the bar, as the intrabar rule says, orders fill at their own prices, and margin is enforced;
5. at the close: market-on-close orders, in the last bar of a day;
6. trailing stops follow the close, or the extreme of the bar, for the next bar.

Orders of one rank fill in the order of their submission. No fill is outside the bar's prices; costs come on top. A
purchase fills at the ask, a sale at the bid, where the series has both.
"""

from numba import njit, types

from apps.engine.kernels import INNER
from apps.engine.types import OrderEventKind, Record, RejectionReason, TimeInForce
from apps.engine.venue.books import BOOKS_RECORD, account_of, contract_at, contract_of, leaf, order_at, time_of
from apps.engine.venue.filling import CANCELLED, FOK, NOT_FILLED_AT_ONCE, execute, finish, keep_working
from apps.engine.venue.intrabar import NOBODY, PESSIMISTIC, fill_inside, trigger
from apps.engine.venue.liquidation import (
    ALL,
    AT_CLOSE,
    AT_HIGH,
    AT_LOW,
    AT_OPEN,
    AT_WORST,
    OPTIMISTIC,
    call_margin,
    enforce_margin,
)
from apps.engine.venue.margin import CASH, NO_REASON, stand_together
from apps.engine.venue.marking import set_rates
from apps.engine.venue.payments import pay_due
from apps.engine.venue.scene import bar_for, close_of, high_of, is_missing, last_close, low_of, scene_at, show
from apps.engine.venue.triggers import (
    ALERT,
    DONE,
    LIMIT_IF_TOUCHED,
    MARKET,
    STOP_LIMIT,
    TRAILING_STOP,
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
    waits_for_rise,
)

GTC, IOC = int(TimeInForce.GTC), int(TimeInForce.IOC)
EXPIRED = int(OrderEventKind.EXPIRED)
WOULD_TAKE = int(RejectionReason.WOULD_TAKE)


@njit(**INNER)
def set_at_open(books: Record, index: int) -> None:
    """Value everything at the open: what is free for new positions is reckoned by that."""
    for j in range(books.instruments):
        show(books, index, j)
        contract = contract_at(books.contracts, j)
        if contract.loaded == index:
            contract.bid = scene_at(books.scene, 2 * j).open
            contract.ask = scene_at(books.scene, 2 * j + 1).open


@njit(**INNER)
def keep_margin_inside(books: Record, index: int) -> None:
    """Enforce the margin of positions that were there from the open on, and are not changed inside the bar."""
    if stand_together(books) and books.intrabar != PESSIMISTIC:
        if books.intrabar != OPTIMISTIC:
            enforce_margin(books, index, AT_HIGH, ALL)
            enforce_margin(books, index, AT_LOW, ALL)
    else:
        enforce_margin(books, index, AT_WORST, ALL)


@njit(**INNER)
def end_with_margin(books: Record, index: int) -> None:
    """Enforce the margin at the close."""
    for j in range(books.instruments):
        contract = contract_at(books.contracts, j)
        if contract.loaded == index:
            contract.bid = scene_at(books.scene, 2 * j).close
            contract.ask = scene_at(books.scene, 2 * j + 1).close
    enforce_margin(books, index, AT_CLOSE, ALL)
    call_margin(books, index)


@njit(**INNER)
def are_plain(books: Record) -> bool:
    """Whether there are only market orders: they fill at the open, and nothing else can happen."""
    for i in range(account_of(books).orders):
        order = order_at(books.orders, i)
        if order.type != MARKET or order.time_in_force != GTC:
            return False
    return True


@njit(**INNER)
def would_take(contract: Record, order: Record, price: float) -> bool:
    return passed(price, order.limit, order.side < 0, 0.5 * contract.price_increment)


@njit(**INNER)
def is_new(order: Record, index: int) -> bool:
    return order.status == WORKING and order.active_from == index


@leaf(BOOKS_RECORD, types.int64)
def end_before_open(books: Record, index: int) -> None:
    """Expire what is too late for this row, and refuse what promised to make liquidity and would take it."""
    time = time_of(books, index)
    for i in range(account_of(books).orders):
        order = order_at(books.orders, i)
        contract = contract_of(books, order)
        shown = contract.loaded == index
        price = bar_for(books, order).open if shown else last_close(books, index, order.instrument)
        if order.status != DONE and order.expires_at <= time:
            finish(books, index, order, EXPIRED, NO_REASON, price)
        elif is_new(order, index) and order.post_only and shown and would_take(contract, order, price):
            finish(books, index, order, CANCELLED, WOULD_TAKE, price)


@njit(**INNER)
def end_after_open(books: Record, index: int) -> None:
    """Cancel what had to be filled at the open and was not, or not wholly."""
    for i in range(account_of(books).orders):
        order = order_at(books.orders, i)
        if is_active(books, order, index) and (order.time_in_force == IOC or order.time_in_force == FOK):
            finish(books, index, order, CANCELLED, NOT_FILLED_AT_ONCE, bar_for(books, order).open)


@njit(**INNER)
def close_before(books: Record, index: int, order: Record) -> float:
    """The close at which a market order was given: the last one before this row."""
    row = index - 1
    while is_missing(books, row, order.instrument):
        row -= 1
    return close_of(books, row, order.instrument, order.side > 0)


@leaf(BOOKS_RECORD, types.int64, returns=types.int64)
def next_at_open(books: Record, index: int) -> int:
    """Row of the order that fills next at the open: market orders, those that reduce first, then the others."""
    best, best_rank = NOBODY, 3
    for i in range(account_of(books).orders):
        order = order_at(books.orders, i)
        if not is_active(books, order, index):
            continue
        contract = contract_of(books, order)
        dry = contract.liquidity <= 0.0
        rank = 3
        if is_for_next_open(books, order, index):
            rank = 3 if dry else (0 if order.reduce_only else 1)
        elif is_priced(order) and not (dry and rests(order)):
            tie = 0.5 * contract.price_increment
            rank = 2 if passed(bar_for(books, order).open, price_of(order), waits_for_rise(order), tie) else 3
        if rank < best_rank:
            best, best_rank = i, rank
            if rank == 0:
                break
    return best


@leaf(BOOKS_RECORD, types.int64)
def fill_at_open(books: Record, index: int) -> None:
    """Fill what fills at the open, including what its own fills bring to work."""
    while True:
        row = next_at_open(books, index)
        if row == NOBODY:
            if books.margin > CASH:  # what was paid, with slippage or at the close before, may be too much here
                enforce_margin(books, index, AT_OPEN, ALL)
            return
        order = order_at(books.orders, row)
        price = bar_for(books, order).open
        if order.type == MARKET and books.market_at_close:
            price = close_before(books, index, order)
        if not rests(order) and (order.type == STOP_LIMIT or order.type == LIMIT_IF_TOUCHED):
            trigger(books, index, order, price)
            continue
        takes = not rests(order) or order.active_from == index
        if is_stop(order):
            order.triggered = 1
        if contract_of(books, order).liquidity > 0.0:
            execute(books, index, order, price, takes, False)


@leaf(BOOKS_RECORD, types.int64)
def go_through(books: Record, index: int) -> None:
    """What the row does to orders of all kinds, step by step."""
    end_before_open(books, index)
    fill_at_open(books, index)
    end_after_open(books, index)
    fill_inside(books, index)
    for i in range(account_of(books).orders):
        order = order_at(books.orders, i)
        if not is_active(books, order, index) or not is_for_close(books, order, index):
            continue
        if contract_of(books, order).liquidity > 0.0:
            execute(books, index, order, bar_for(books, order).close, True, True)


@njit(**INNER)
def ring(books: Record, index: int) -> None:
    """End the alerts whose price this row has reached."""
    account = account_of(books)
    for i in range(account.orders):
        order = order_at(books.orders, i)
        if order.type == ALERT and is_active(books, order, index):
            bar, rises = bar_for(books, order), order.stop > order.best
            if passed(bar.high if rises else bar.low, order.stop, rises, 0.0):
                order.status = DONE
                account.alerts += 1


@leaf(BOOKS_RECORD, types.int64, types.int64)
def follow_all(books: Record, first: int, stop: int) -> None:
    """Let the trailing stops follow the rows [first, stop)."""
    for i in range(account_of(books).orders):
        order = order_at(books.orders, i)
        if order.type != TRAILING_STOP or order.status != WORKING or order.triggered != 0:
            continue
        asks = order.side > 0
        for index in range(first, stop):
            if is_missing(books, index, order.instrument):
                continue
            high = high_of(books, index, order.instrument, asks)
            low = low_of(books, index, order.instrument, asks)
            close = close_of(books, index, order.instrument, asks)
            follow(contract_of(books, order), order, low if asks else high, close, index)


@leaf(BOOKS_RECORD, types.int64)
def match(books: Record, index: int) -> None:
    """Let the row of this number happen, and take what is done out of the order table."""
    account = account_of(books)
    set_rates(books, index)
    for i in range(account.orders):
        show(books, index, order_at(books.orders, i).instrument)
    if books.margin > CASH:
        set_at_open(books, index)
    if account.next_happening < books.happenings_count:
        pay_due(books, index)
    if books.margin > CASH:
        enforce_margin(books, index, AT_OPEN, ALL)
    if are_plain(books):  # most strategies know no others, and this is half of what they cost
        fill_at_open(books, index)
        if books.margin > CASH:
            keep_margin_inside(books, index)
    else:
        go_through(books, index)
        ring(books, index)
    if books.margin > CASH:
        end_with_margin(books, index)
    keep_working(books)
    if account.orders > 0:
        follow_all(books, index, index + 1)

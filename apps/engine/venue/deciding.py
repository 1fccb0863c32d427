"""What targets, signals and an author's wishes become at the close of a step: orders, and orders taken back."""

import numpy as np
from numba import njit, types

from apps.engine.kernels import INNER
from apps.engine.types import GroupKind, Record
from apps.engine.venue.admission import NOBODY, row_of
from apps.engine.venue.books import (
    BOOKS_RECORD,
    account_of,
    contract_at,
    holding_at,
    leaf,
    number_at,
    order_at,
    terms_at,
)
from apps.engine.venue.commands import give, take_all_back, take_back, take_terms
from apps.engine.venue.desks import (
    AT_DISTANCE,
    AT_PRICE,
    CANCEL,
    DESK_RECORD,
    ENTER_LONG,
    ENTER_SHORT,
    EXIT_LONG,
    EXIT_SHORT,
    ORDER,
    column_at,
    flag_at,
    wish_at,
)
from apps.engine.venue.grid import round_down
from apps.engine.venue.scene import last_close, last_row
from apps.engine.venue.triggers import LIMIT, MARKET, STOP

ONE_UPDATES_OTHERS = int(GroupKind.OUO)
PLAIN_TERMS = 0  # row of the table of terms
INTEGERS = (types.int64,) * 5


@njit(types.float64(DESK_RECORD, *INTEGERS[:3]), **INNER)
def value_of(desk: Record, column: int, step: int, instrument: int) -> float:
    found = column_at(desk.columns, column)
    return number_at(found.address + step * found.by_step + instrument * found.by_instrument, 0)


@leaf(BOOKS_RECORD, DESK_RECORD, *INTEGERS[:4], types.float64, types.int64)
def order_plainly(
    books: Record, desk: Record, row: int, kind: int, side: int, holding: int, quantity: float, reduces: bool
) -> None:
    take_terms(order_at(books.orders, account_of(books).orders), terms_at(books.terms, PLAIN_TERMS))
    desk.orders_given += 1
    give(books, desk.orders_given, kind, side, holding, quantity, reduces, row)


@leaf(BOOKS_RECORD, DESK_RECORD, *INTEGERS, types.float64, types.float64)
def protect(
    books: Record, desk: Record, row: int, entry: int, kind: int, side: int, holding: int, quantity: float, price: float
) -> None:
    """Order a stop loss or a take profit, which waits for the fill of its entry."""
    order = order_at(books.orders, account_of(books).orders)
    take_terms(order, terms_at(books.terms, PLAIN_TERMS))
    order.parent = entry
    order.group = entry + 1
    order.group_kind = ONE_UPDATES_OTHERS
    if kind == STOP:
        order.stop = price
    else:
        order.limit = price
    desk.orders_given += 1
    give(books, desk.orders_given, kind, side, holding, quantity, True, row)


@njit(**INNER)
def close(books: Record, desk: Record, row: int, holding: int) -> None:
    """Order the end of a position, should it not be ordered already."""
    position = holding_at(books.holdings, holding).position
    for i in range(account_of(books).orders):
        order = order_at(books.orders, i)
        if order.holding == holding and order.reduce_only and order.type == MARKET:
            return
    order_plainly(books, desk, row, MARKET, -1 if position > 0.0 else 1, holding, abs(position), True)


@njit(**INNER)
def is_entering(books: Record, holding: int) -> bool:
    """Whether an order that opens or adds works for this position."""
    for i in range(account_of(books).orders):
        order = order_at(books.orders, i)
        if order.holding == holding and not order.reduce_only:
            return True
    return False


@njit(**INNER)
def is_ordered(books: Record, holding: int) -> bool:
    """Whether any order works for this position."""
    for i in range(account_of(books).orders):  # noqa: SIM110 - kernels know no any()
        if order_at(books.orders, i).holding == holding:
            return True
    return False


@njit(**INNER)
def has_price(books: Record, row: int, instrument: int) -> bool:
    """Whether the instrument has had a row: before, every order would be refused, step after step."""
    return not np.isnan(contract_at(books.contracts, instrument).bid) or last_row(books, row, instrument) >= 0


@njit(**INNER)
def follow_targets(books: Record, desk: Record, row: int) -> None:
    """Order what leads from each position to its target."""
    for j in range(books.instruments):
        contract, position = contract_at(books.contracts, j), holding_at(books.holdings, j).position
        target = value_of(desk, 0, desk.step, j)
        if target == position or is_ordered(books, j):
            continue
        whole = round_down(abs(target), contract.quantity_step, contract.steps_per_unit)
        target = whole if target > 0.0 else -whole
        missing = target - position
        if missing == 0.0 or not has_price(books, row, j):
            continue
        if target == 0.0:
            close(books, desk, row, j)
        else:
            order_plainly(books, desk, row, MARKET, 1 if missing > 0.0 else -1, j, abs(missing), False)


@njit(types.float64(DESK_RECORD, types.int64, types.int64, types.float64, types.int64), **INNER)
def level_of(desk: Record, column: int, j: int, close: float, direction: int) -> float:
    """The price of a stop loss or a take profit. direction: +1 for above the close."""
    value = value_of(desk, column, desk.step, j)
    if desk.levels == AT_PRICE:
        return value
    return close + direction * value if desk.levels == AT_DISTANCE else close * (1.0 + direction * value)


@njit(**INNER)
def enter(books: Record, desk: Record, row: int, j: int, side: int, holding: int) -> None:
    """Order an entry, with its stop loss and its take profit."""
    quantity, price = value_of(desk, 0, desk.step, j), last_close(books, row, j)
    order_plainly(books, desk, row, MARKET, side, holding, quantity, False)
    entry = desk.orders_given
    if desk.has_stop:
        protect(books, desk, row, entry, STOP, -side, holding, quantity, level_of(desk, 1, j, price, -side))
    if desk.has_target:
        protect(books, desk, row, entry, LIMIT, -side, holding, quantity, level_of(desk, 2, j, price, side))


@njit(**INNER)
def follow_signals(books: Record, desk: Record, row: int) -> None:
    """Order what the signals of this step ask for: exits, then entries, which close the other side before."""
    is_hedged = books.holdings_count > books.instruments
    for j in range(books.instruments):
        flags = np.int64(flag_at(desk.signals, desk.step * books.instruments + j))
        if flags == 0 or not has_price(books, row, j):
            continue
        for side in (1, -1):
            enters = flags & (ENTER_LONG if side > 0 else ENTER_SHORT)
            leaves = flags & (EXIT_LONG if side > 0 else EXIT_SHORT)
            holding = 2 * j + (side < 0) if is_hedged else j
            held = holding_at(books.holdings, holding).position * side
            if leaves:
                if held > 0.0:
                    close(books, desk, row, holding)
            elif enters and held <= 0.0 and not is_entering(books, holding):
                if held < 0.0:
                    close(books, desk, row, holding)
                enter(books, desk, row, j, side, holding)


@njit(**INNER)
def give_wished(books: Record, desk: Record, wish: Record, row: int) -> None:
    """Order what an author's function wished for, under the numbers that it was told."""
    holding, order = wish.instrument, order_at(books.orders, account_of(books).orders)
    if books.holdings_count > books.instruments:
        holding = 2 * wish.instrument + (wish.side < 0 if wish.leg == 0 else wish.leg < 0)
    take_terms(order, terms_at(books.terms, PLAIN_TERMS))
    order.limit = wish.limit
    order.stop = wish.stop
    order.trail = wish.trail
    last = desk.orders_given
    give(books, wish.order, wish.type, wish.side, holding, wish.quantity, wish.reduce_only != 0, row)
    desk.orders_given = wish.order
    if wish.has_stop:
        protect(books, desk, row, wish.order, STOP, -wish.side, holding, wish.quantity, wish.stop_loss)
    if wish.has_target:
        protect(books, desk, row, wish.order, LIMIT, -wish.side, holding, wish.quantity, wish.take_profit)
    desk.orders_given = last


@njit(**INNER)
def grant(books: Record, desk: Record, row: int) -> None:
    """Do what an author's function wished for, in its order."""
    for i in range(desk.asked):
        wish = wish_at(desk.wishes, i)
        if wish.kind == ORDER:
            give_wished(books, desk, wish, row)
        elif wish.kind == CANCEL:
            found = row_of(books, wish.order)
            if found != NOBODY:
                take_back(books, found, row)
        else:
            take_all_back(books, row, wish.instrument)
    desk.asked = 0

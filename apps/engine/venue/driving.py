"""Trading without Python: arrays and compiled functions that decide at the close of each step, in one compiled loop.

A step is a row of the run at whose close something may be decided. What is decided goes to the books by the same
functions that the orders of a class go by, in the same order and under the same numbers, so that the rows of a run do
not tell which of them decided. Between two events no position can change: the steps at which it is what is wanted are
passed over, and booked in one go.
"""

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.extending import intrinsic

from apps.engine.kernels import INNER
from apps.engine.types import Record
from apps.engine.venue.accounting import cash_of
from apps.engine.venue.books import BOOKS_RECORD, account_of, books_at, holding_at, integer_at, leaf, number_at
from apps.engine.venue.commands import FULL, NOTHING, book_until, command, soon
from apps.engine.venue.deciding import follow_signals, follow_targets, grant, value_of
from apps.engine.venue.desks import (
    ENTER_LONG,
    ENTER_SHORT,
    EXIT_LONG,
    EXIT_SHORT,
    FAILED,
    FUNCTION,
    TARGETS,
    column_at,
    desk_at,
    flag_at,
)
from apps.engine.venue.horizon import LOOK_AHEAD, next_event
from apps.engine.venue.state import NEVER

ROWS_PER_NEW_ORDER = 3  # of the log: a refused protective order ends its entry, and what else waited for that
ORDERS_PER_WISH = 3  # an entry, its stop loss and its take profit
SPAN, LANES = 32, 8  # steps that are looked at together, and those that one instruction compares …
NUMBER_BYTES = 8  # … where their targets are neighbours
STOP_FAILED = -2  # what `drive` answers when an author's function raised


def asking() -> Any:
    """A function (function, desk, step) of kernels, by addresses: call an author's function.

    A kernel that took the function itself as an argument could not be kept compiled.
    """

    @intrinsic
    def asked_of(_: Any, function: Any, desk: Any, step: Any) -> Any:
        def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
            integer = ir.IntType(64)
            signature = ir.FunctionType(integer, [integer, integer])
            return builder.call(builder.inttoptr(arguments[0], signature.as_pointer()), arguments[1:])

        return types.int64(types.int64, types.int64, types.int64), generate

    return asked_of


def comparing() -> Any:
    """A function (address, value) of kernels: whether each of the SPAN numbers at this address is this one.

    Written in the compiler's own terms: it takes a loop that ends early, or a short one, number by number.
    """

    @intrinsic
    def all_are(_: Any, address: Any, value: Any) -> Any:
        def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
            numbers = ir.VectorType(ir.DoubleType(), LANES)
            place, index = builder.inttoptr(arguments[0], numbers.as_pointer()), ir.IntType(32)
            first = builder.insert_element(numbers(ir.Undefined), arguments[1], index(0))
            wanted = builder.shuffle_vector(first, first, ir.VectorType(index, LANES)([0] * LANES))
            differ = ir.VectorType(ir.IntType(1), LANES)([0] * LANES)
            for part in range(SPAN // LANES):
                found = builder.load(builder.gep(place, [index(part)]), align=NUMBER_BYTES)
                differ = builder.or_(differ, builder.fcmp_unordered("!=", found, wanted))
            lanes = ir.IntType(LANES)
            return builder.icmp_unsigned("==", builder.bitcast(differ, lanes), lanes(0))

        return types.boolean(types.int64, types.float64), generate

    return all_are


asked_of, all_are = asking(), comparing()


@njit(**INNER)
def row_at(desk: Record, step: int) -> int:
    """The row at whose close a step is; after the last step, a row that never comes."""
    if step >= desk.steps:
        return NEVER
    return integer_at(desk.rows, step) if desk.rows != 0 else step


@njit(**INNER)
def step_at(desk: Record, row: int) -> int:
    """The first step at this row or later."""
    if desk.rows == 0:
        return min(row, desk.steps)
    first, last = 0, desk.steps
    while first < last:
        middle = (first + last) // 2
        if integer_at(desk.rows, middle) < row:
            first = middle + 1
        else:
            last = middle
    return first


@njit(types.int64(BOOKS_RECORD, types.int64), **INNER)
def relevant(books: Record, instrument: int) -> int:
    """The bits of a signal that can mean anything to the present position."""
    if books.holdings_count > books.instruments:
        return ENTER_LONG | EXIT_LONG | ENTER_SHORT | EXIT_SHORT
    position = holding_at(books.holdings, instrument).position
    if position > 0.0:
        return EXIT_LONG | ENTER_SHORT
    return EXIT_SHORT | ENTER_LONG if position < 0.0 else ENTER_LONG | ENTER_SHORT


@njit(**INNER)
def is_as_wanted(books: Record, desk: Record, step: int) -> bool:
    """Whether this step asks for nothing, the positions being what they are."""
    count = books.instruments
    for j in range(count):
        if desk.kind == TARGETS:
            if value_of(desk, 0, step, j) != holding_at(books.holdings, j).position:
                return False
        elif flag_at(desk.signals, step * count + j) & relevant(books, j) != 0:
            return False
    return True


@leaf(types.int64, types.int64, types.int64, returns=types.int64)
def next_decision(address: int, desk_address: int, end: int) -> int:
    """The first step, from the next one on and before `end`, that asks for something; `end` when none does.

    Positions stay what they are until there. An author's function is asked at every step.
    """
    books, desk = books_at(address, 0), desk_at(desk_address, 0)
    step = desk.step
    if desk.kind == FUNCTION:
        while step < end:
            desk.bar = step
            desk.asked = asked_of(desk.function, desk_address, step)
            if desk.asked != 0:
                return step
            step += 1
    elif books.instruments > 1:
        while step < end and is_as_wanted(books, desk, step):
            step += 1
    elif desk.kind == TARGETS:
        position, first = holding_at(books.holdings, 0).position, column_at(desk.columns, 0)
        targets, by_step = first.address, first.by_step
        if by_step == NUMBER_BYTES:
            while step + SPAN <= end and all_are(targets + step * by_step, position):
                step += SPAN
        while step < end and number_at(targets + step * by_step, 0) == position:
            step += 1
    else:
        bits, signals = relevant(books, 0), desk.signals
        while step < end and flag_at(signals, step) & bits == 0:
            step += 1
    return step


@njit(**INNER)
def tell(books: Record, desk: Record) -> None:
    """Let an author's function see what a row has done."""
    first = holding_at(books.holdings, 0)
    desk.position = first.position
    desk.average_price = first.average_price
    if books.holdings_count > books.instruments:
        desk.position = first.position + holding_at(books.holdings, 1).position
        desk.average_price = 0.0
    desk.cash = cash_of(books)


@njit(**INNER)
def has_room_for(books: Record, desk: Record) -> bool:
    """Whether everything that this step can ask for can be written down."""
    account = account_of(books)
    if desk.kind == FUNCTION:
        desk.further_orders = ORDERS_PER_WISH * desk.asked
    log_rows = ROWS_PER_NEW_ORDER * desk.further_orders + account.orders
    table_rows = account.orders + desk.further_orders + 1
    return account.events + log_rows <= books.events_room and table_rows <= books.orders_room


@command(types.int64, types.int64, books_rows=True)
def drive(address: int, desk_address: int, stop: int) -> int:
    """Let every step before row `stop` be decided; the next event, FULL, or STOP_FAILED where a function raised.

    The rows are booked as far as the decisions need it.
    """
    books, desk = books_at(address, 0), desk_at(desk_address, 0)
    event = next_event(books, LOOK_AHEAD)
    tell(books, desk)
    while True:
        if desk.asked == 0:
            desk.step = next_decision(address, desk_address, max(step_at(desk, min(event, stop)), desk.step))
        if desk.asked == FAILED:
            return STOP_FAILED
        row = row_at(desk, desk.step)
        if row >= stop:
            return event
        if account_of(books).next_row <= row:
            if not book_until(books, row + 1, NOTHING):
                return FULL
            if row >= event:
                event = next_event(books, LOOK_AHEAD)
                tell(books, desk)
                continue
        if not has_room_for(books, desk):
            return FULL
        if desk.kind == FUNCTION:
            grant(books, desk, row)
        elif desk.kind == TARGETS:
            follow_targets(books, desk, row)
        else:
            follow_signals(books, desk, row)
        event = soon(books, row)
        desk.step += 1

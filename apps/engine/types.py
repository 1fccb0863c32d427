"""Row layouts and the plain values of a run. Times are int64 microseconds UTC, money and prices are float64.

A row layout is a numpy dtype: kernels write rows, callers read columns or fields by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from apps.engine.terms import Account, Costs, FillRules, Instrument, Intrabar

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "BAR",
    "EPOCH",
    "EQUITY",
    "FILL",
    "FINAL_EVENTS",
    "ORDER_EVENT",
    "PAYMENT",
    "TRADE",
    "Account",
    "AccountKind",
    "Array",
    "Column",
    "Costs",
    "ExitReason",
    "FillRules",
    "GroupKind",
    "Instrument",
    "Intrabar",
    "OrderEventKind",
    "OrderStatus",
    "OrderType",
    "PaymentKind",
    "Record",
    "RejectionReason",
    "Rows",
    "Side",
    "TimeInForce",
    "Told",
    "moment",
]

Array: TypeAlias = NDArray[Any]
Column: TypeAlias = NDArray[np.float64]
Record: TypeAlias = Any
"""One row of a record array as a kernel sees it: its fields are attributes, and writing one writes the array."""

BAR = np.dtype(
    [("time", "i8"), ("open", "f8"), ("high", "f8"), ("low", "f8"), ("close", "f8"), ("volume", "f8")]
)  # time: the bar's open

EQUITY = np.dtype([("time", "i8"), ("equity", "f8"), ("cash", "f8")])  # one row a bar, marked at its close

FILL = np.dtype(
    [
        ("time", "i8"),
        ("bar", "i8"),
        ("order", "i8"),
        ("instrument", "i8"),
        ("side", "i8"),  # +1 bought, -1 sold
        ("quantity", "f8"),
        ("price", "f8"),
        ("fee", "f8"),
        ("gross_pnl", "f8"),  # what the closed part earned, before fees
        ("position", "f8"),  # signed, after the fill
        ("average_price", "f8"),  # of the position after the fill; 0.0 when flat
        ("cash", "f8"),  # after the fill
        ("ticket", "i8"),  # number of the position that it changed, where that is one of its own; else 0
    ]
)

TRADE = np.dtype(
    [
        ("opened_at", "i8"),
        ("closed_at", "i8"),
        ("opened_bar", "i8"),
        ("closed_bar", "i8"),
        ("instrument", "i8"),
        ("side", "i8"),  # +1 long, -1 short
        ("quantity", "f8"),  # everything that was entered
        ("entry_price", "f8"),  # volume-weighted over all entries
        ("exit_price", "f8"),  # volume-weighted over all exits
        ("gross_pnl", "f8"),
        ("fees", "f8"),
        ("pnl", "f8"),  # after fees
        ("mae", "f8"),  # largest open loss on the way, >= 0, before fees
        ("mfe", "f8"),  # largest open profit on the way, >= 0, before fees
        ("exit_reason", "i8"),
        ("payments", "f8"),  # received on the way by funding, swap, borrow and dividends; not part of pnl
        ("ticket", "i8"),  # of a position of its own, any part of which that is closed is a trade; else 0
    ]
)

PAYMENT = np.dtype(
    [
        ("time", "i8"),
        ("bar", "i8"),
        ("instrument", "i8"),
        ("kind", "i8"),  # a PaymentKind
        ("amount", "f8"),  # received; negative when it was paid
        ("position", "f8"),  # signed, that it was for; after a split
        ("price", "f8"),  # by which the position's value was reckoned
        ("rate", "f8"),  # share of the value, amount a unit, or units for one of a split
    ]
)

ORDER_EVENT = np.dtype(
    [
        ("time", "i8"),
        ("bar", "i8"),
        ("order", "i8"),
        ("instrument", "i8"),
        ("kind", "i8"),
        ("type", "i8"),
        ("side", "i8"),
        ("quantity", "f8"),  # of the order, of the fill for the fill kinds; 0.0 for a quantity that was not finite
        ("price", "f8"),  # close at the decision, or the fill's price
        ("position_after", "f8"),
        ("reason", "i8"),
        ("limit", "f8"),  # the order's prices then; 0.0 for one that it has not
        ("stop", "f8"),
    ]
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(time: int) -> datetime:
    """A row's time as a datetime in UTC."""
    return EPOCH + timedelta(microseconds=time)


class Side(IntEnum):
    BUY = 1
    SELL = -1


class OrderType(IntEnum):
    MARKET = 1
    LIMIT = 2
    STOP = 3
    STOP_LIMIT = 4
    TRAILING_STOP = 5
    LIMIT_IF_TOUCHED = 6
    MARKET_ON_OPEN = 7
    MARKET_ON_CLOSE = 8
    ALERT = 9  # trades nothing: it wakes the strategy at its price


class TimeInForce(IntEnum):
    """How long an order works. A day is a session of the listing's calendar, or a UTC date where it has none."""

    GTC = 1  # until it is filled or cancelled
    DAY = 2  # through the day of the first bar in which it may fill
    GTD = 3  # in bars that open before a moment
    IOC = 4  # at the open of its first bar; what is not filled there is cancelled
    FOK = 5  # as IOC, but all of it or nothing


class OrderStatus(IntEnum):
    """Of a row of the order table; what is done leaves the table."""

    WORKING = 1
    DONE = 2
    WAITING = 3  # a protective order, for the fill of its entry


class GroupKind(IntEnum):
    """What a fill of one order of a group does to the others."""

    NONE = 0
    OCO = 1  # one cancels the others, whatever quantity was filled
    OUO = 2  # one updates the others: each loses the filled quantity


class OrderEventKind(IntEnum):
    SUBMITTED = 1
    PARTIALLY_FILLED = 2
    FILLED = 3
    CANCELLED = 4
    REJECTED = 5
    EXPIRED = 6  # its time was over, or it still worked when the data ended
    AMENDED = 7
    AMENDMENT_REJECTED = 8  # the order works on as it was
    ACTIVATED = 9  # a protective order, by the fill of its entry
    TRIGGERED = 10  # a stop-limit or limit-if-touched: from here on it is a limit order
    MARGIN_CALLED = 11  # of no order: the account's equity is below the level at which its broker calls


FINAL_EVENTS = (OrderEventKind.FILLED, OrderEventKind.CANCELLED, OrderEventKind.REJECTED, OrderEventKind.EXPIRED)


class RejectionReason(IntEnum):
    """Why an order was rejected, or cancelled by the engine."""

    NONE = 0
    QUANTITY_NOT_FINITE = 1
    QUANTITY_NOT_POSITIVE = 2
    QUANTITY_BELOW_MINIMUM = 3
    NOTHING_TO_CLOSE = 4
    QUANTITY_ABOVE_MAXIMUM = 5
    PRICE_NOT_FINITE = 6
    PRICE_OUT_OF_RANGE = 7  # not above 0, or too many increments for any number to count
    PROTECTION_ON_WRONG_SIDE = 8  # a stop that would win or a target that would lose
    EXPIRY_IN_PAST = 9
    GROUP_FILLED = 10  # another order of its group was filled
    ENTRY_DONE = 11  # a protective order whose entry ended without a fill
    WOULD_TAKE = 12  # a post-only order that would fill at once
    NOT_FILLED_AT_ONCE = 13  # IOC and FOK
    EXIT_FILLED = 14  # the rest of an entry whose protective order was filled
    INSUFFICIENT_CASH = 15
    INSUFFICIENT_MARGIN = 16
    NOTHING_TO_SELL = 17  # a cash account sells what it holds
    LIQUIDATION = 18  # the position of the order was closed by the engine
    NO_PRICE = 19  # the instrument has had no bar yet


class ExitReason(IntEnum):
    SIGNAL = 1
    STOP = 2
    TARGET = 3
    LIQUIDATION = 4
    SPLIT = 5  # it left no whole unit, and what there was has been paid out


class AccountKind(IntEnum):
    """What stands behind an order; `apps.engine.venue.margin` says how it is reckoned."""

    UNCHECKED = 0  # every order is carried
    CASH = 1  # what is bought is paid in full, what is sold is held
    CROSS = 2  # margin, with all equity behind all positions
    ISOLATED = 3  # margin, with its own initial margin behind each position


class PaymentKind(IntEnum):
    FUNDING = 1  # of a perpetual: a share of the position's value
    SWAP = 2  # of a position held overnight: an amount a unit
    BORROW = 3  # of a short position: a share of its value
    DIVIDEND = 4  # an amount a share
    SPLIT = 5  # units for one; the amount is for a rest that is no whole unit


class Told(NamedTuple):
    """What a strategy said of itself.

    bar: the row in which it spoke. after: how many rows of the order log came before. event_type: what it is to readers
    who know no kinds. content: a JSON object.
    """

    time: int
    bar: int
    after: int
    event_type: str
    kind: str
    content: str


@dataclass(frozen=True, slots=True)
class Rows:
    """What is new since the last `advance()`, each in time order.

    details: what the strategy had noted down of the ticket of each trade, a JSON object or nothing; empty for no notes.
    """

    orders: Array  # ORDER_EVENT
    fills: Array  # FILL
    trades: Array  # TRADE
    equity: Array  # EQUITY
    payments: Array  # PAYMENT
    told: Sequence[Told] = ()
    details: Sequence[str] = ()

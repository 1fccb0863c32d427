"""Row layouts and the plain values of a run. Times are int64 microseconds UTC, money and prices are float64.

A row layout is a numpy dtype: kernels write rows, callers read columns or fields by name.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

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
    ]
)

# The engine's own state: one row each, except HOLDING (one row an instrument) and ORDER (one row a working order).
ORDER = np.dtype(
    [
        ("id", "i8"),
        ("instrument", "i8"),
        ("type", "i8"),
        ("side", "i8"),
        ("quantity", "f8"),
        ("reduce_only", "i8"),
        ("active_from", "i8"),  # the first bar in which it may fill
        ("status", "i8"),
    ]
)

ACCOUNT = np.dtype(
    [
        ("cash", "f8"),
        ("realized", "f8"),  # what closed quantities earned, before fees
        ("fees", "f8"),
        ("volume", "f8"),  # value of all fills
        ("next_bar", "i8"),  # the first bar that is not booked yet
        ("equity_from", "i8"),  # the bar of the equity buffer's first row
        ("orders", "i8"),  # rows in use, of the order table …
        ("fills", "i8"),  # … and of the buffers
        ("trades", "i8"),
        ("events", "i8"),
    ]
)

HOLDING = np.dtype(
    [
        ("quantity_step", "f8"),
        ("steps_per_unit", "f8"),  # the step's inverse where that is a whole number, else 0.0
        ("min_quantity", "f8"),
        ("commission_rate", "f8"),
        ("commission_fixed", "f8"),
        ("commission_per_unit", "f8"),
        ("commission_minimum", "f8"),
        ("position", "f8"),  # signed
        ("average_price", "f8"),
        # the open trade, from flat to flat
        ("opened_at", "i8"),
        ("opened_bar", "i8"),
        ("side", "i8"),
        ("entered", "f8"),  # quantity and mean price of its entries …
        ("entry_price", "f8"),
        ("exited", "f8"),  # … and of its exits
        ("exit_price", "f8"),
        ("gross_pnl", "f8"),
        ("trade_fees", "f8"),
        ("mae", "f8"),
        ("mfe", "f8"),
    ]
)

TALLY = np.dtype(
    [
        ("bars", "i8"),
        ("bars_exposed", "i8"),
        ("equity", "f8"),  # at the last close
        ("peak", "f8"),
        ("drawdown", "f8"),
        ("drawdown_abs", "f8"),
        ("day_ends", "i8"),  # midnight UTC after the last bar
        ("day_base", "f8"),  # equity at the end of the day before
        ("days", "i8"),  # days that are over: their returns …
        ("day_mean", "f8"),
        ("day_squares", "f8"),  # … sum of squared distances from the mean
        ("day_downside", "f8"),  # … sum of squares of the negative ones
        ("trades", "i8"),
        ("wins", "i8"),
        ("losses", "i8"),
        ("losses_in_a_row", "i8"),
        ("longest_losing_run", "i8"),
        ("gross_profit", "f8"),
        ("gross_loss", "f8"),
        ("best", "f8"),
        ("worst", "f8"),
        ("trade_mean", "f8"),
        ("trade_squares", "f8"),
        ("bars_held", "i8"),
    ]
)


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(time: int) -> datetime:
    """A row's time as a datetime in UTC."""
    return EPOCH + timedelta(microseconds=time)


NO_DAY = -(2**63)  # TALLY.day_ends before the first bar


class Side(IntEnum):
    BUY = 1
    SELL = -1


class OrderType(IntEnum):
    MARKET = 1


class OrderStatus(IntEnum):
    """Of a row of the order table; what is done leaves the table."""

    WORKING = 1
    DONE = 2


class OrderEventKind(IntEnum):
    SUBMITTED = 1
    PARTIALLY_FILLED = 2
    FILLED = 3
    CANCELLED = 4
    REJECTED = 5
    EXPIRED = 6  # still working when the data ended


class RejectionReason(IntEnum):
    """Why an order was rejected, or cancelled by the engine."""

    NONE = 0
    QUANTITY_NOT_FINITE = 1
    QUANTITY_NOT_POSITIVE = 2
    QUANTITY_BELOW_MINIMUM = 3
    NOTHING_TO_CLOSE = 4


class ExitReason(IntEnum):
    SIGNAL = 1


@dataclass(frozen=True, slots=True)
class Instrument:
    """What a fill needs to know about the thing traded.

    min_quantity: smallest order that opens or adds; 0.0 allows one step.
    periods_per_year: trading days a year for annual figures: 252, or 365 where trade never rests.
    """

    symbol: str
    price_increment: float = 0.01
    pip_size: float = 0.01
    quantity_step: float = 1.0
    min_quantity: float = 0.0
    quote_currency: str = "USD"
    periods_per_year: int = 252

    def __post_init__(self) -> None:
        for name in ("price_increment", "pip_size", "quantity_step", "periods_per_year"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} of {self.symbol} is {value}; it must be a positive number.")
        if not (math.isfinite(self.min_quantity) and self.min_quantity >= 0):
            raise ValueError(f"min_quantity of {self.symbol} is {self.min_quantity}; it must be 0 or more.")


@dataclass(frozen=True, slots=True)
class Costs:
    """What a fill costs: max(commission_minimum, per unit x quantity) + fixed + rate x quantity x price."""

    commission_rate: float = 0.0
    commission_fixed: float = 0.0
    commission_per_unit: float = 0.0
    commission_minimum: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{field.name} is {value}; it must be 0 or more.")


@dataclass(frozen=True, slots=True)
class Rows:
    """What is new since the last `advance()`, each in time order."""

    orders: Array  # ORDER_EVENT
    fills: Array  # FILL
    trades: Array  # TRADE
    equity: Array  # EQUITY

"""What comes to positions from outside, as tables that users have, and on the clock of a run.

A funding rate is what longs pay shorts when it is above 0. A swap is what a position receives for being held over a
moment, an amount a unit. A borrow rate is what a short position pays for a period, a share of its value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from apps.engine.errors import EngineError
from apps.engine.series.adjustments import ADJUSTMENT
from apps.engine.types import PaymentKind, moment
from apps.engine.venue.state import HAPPENING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apps.engine.types import Array

FUNDING: Final = np.dtype([("time", "i8"), ("rate", "f8"), ("price", "f8")])  # price: the mark's; nan for the open
SWAP: Final = np.dtype([("time", "i8"), ("long", "f8"), ("short", "f8")])
BORROW: Final = np.dtype([("time", "i8"), ("rate", "f8")])
RATE: Final = np.dtype([("time", "i8"), ("rate", "f8")])  # of a currency: units of the account's for one
TABLES: Final = {FUNDING: "funding", SWAP: "swap", BORROW: "borrow", ADJUSTMENT: "adjustments"}


class BadHappening(EngineError, ValueError):
    """table, row: the first row that cannot be."""

    def __init__(self, table: str, row: int, problem: str) -> None:
        self.table = table
        self.row = row
        super().__init__(f"Row {row} of {table}: {problem}.")


def happenings(instrument: int, tables: Iterable[Array], times: Array, shown: Array | None = None) -> Array:
    """What the tables say of one instrument, on the clock of the run: (h,) HAPPENING in the order of their times.

    tables: of FUNDING, SWAP, BORROW or ADJUSTMENT. times: (n,) int64 of the run's rows. shown: those which show the
    instrument, None for all: each thing happens in the first of them at or after its time. What is not after the first
    or is after the last one meets nobody and is left out. Where several fall on one time, a dividend comes before a
    split. Raises BadHappening.
    """
    found = [row for table in tables for row in _rows(instrument, checked(table))]
    result = np.array(sorted(found, key=lambda row: (row[1], row[3])), HAPPENING)
    rows = np.arange(len(times)) if shown is None else shown
    own = times[rows]
    place = np.searchsorted(own, result["time"])
    met = (place < len(own)) & (result["time"] > own[0])
    result = result[met]
    result["row"] = rows[place[met]]
    return result


def merged(tables: Iterable[Array]) -> Array:
    """The happenings of several instruments in the order of their rows."""
    rows = np.concatenate([np.empty(0, HAPPENING), *tables])
    return np.ascontiguousarray(rows[np.argsort(rows["row"], kind="stable")])


def checked(table: Array) -> Array:
    """The table, when its rows are finite and in order. Raises BadHappening for the first that is not, or TypeError."""
    if table.dtype not in TABLES:
        raise TypeError(f"What comes from outside is a table of {', '.join(TABLES.values())}, not of {table.dtype}.")
    name = TABLES[table.dtype]
    values = [column for column in table.dtype.names or () if column not in ("time", "price")]
    for column in values:
        _refuse(name, ~np.isfinite(table[column]), f"its {column} is not a finite number")
    if "price" in (table.dtype.names or ()):
        known = np.isfinite(table["price"]) & (table["price"] > 0)
        _refuse(name, ~(np.isnan(table["price"]) | known), "its price is not a finite number above 0")
    if "shares_per_share" in values:
        _refuse(name, table["shares_per_share"] <= 0, "its shares_per_share is not above 0")
    _refuse(name, np.append(False, table["time"][1:] < table["time"][:-1]), "it is earlier than the row before it")
    return table


def aligned(currency: str, rates: Array, times: Array) -> Array:
    """The rate of a currency at each row of a run, (n,) float64: the last one at or before it.

    Raises ValueError where there is none yet, one is not above 0, or they are not in order.
    """
    wrong = np.flatnonzero(~(np.isfinite(rates["rate"]) & (rates["rate"] > 0)))
    if len(wrong):
        raise ValueError(f"Row {wrong[0]} of the rates of {currency}: the rate is not a finite number above 0.")
    early = np.flatnonzero(rates["time"][1:] < rates["time"][:-1])
    if len(early):
        raise ValueError(f"Row {early[0] + 1} of the rates of {currency}: it is earlier than the row before it.")
    found = np.searchsorted(rates["time"], times, side="right") - 1
    if found[0] < 0:
        raise ValueError(f"There is no rate of {currency} at the first row, {moment(int(times[0])).isoformat()}.")
    return np.asarray(rates["rate"][found], np.float64)


def _rows(instrument: int, table: Array) -> Iterable[tuple[Any, ...]]:
    """Rows of HAPPENING; their own row is not known yet."""
    for row in table:
        time = int(row["time"])
        if table.dtype == FUNDING:
            yield 0, time, instrument, int(PaymentKind.FUNDING), -row["rate"], row["rate"], row["price"]
        elif table.dtype == SWAP:
            yield 0, time, instrument, int(PaymentKind.SWAP), row["long"], row["short"], np.nan
        elif table.dtype == BORROW:
            yield 0, time, instrument, int(PaymentKind.BORROW), 0.0, -row["rate"], np.nan
        else:
            cash, shares = row["cash_per_share"], row["shares_per_share"]
            if cash != 0:
                yield 0, time, instrument, int(PaymentKind.DIVIDEND), cash, -cash, np.nan
            if shares != 1:
                yield 0, time, instrument, int(PaymentKind.SPLIT), shares, shares, np.nan


def _refuse(table: str, wrong: Array, problem: str) -> None:
    if wrong.any():
        raise BadHappening(table, int(np.flatnonzero(wrong)[0]), problem)

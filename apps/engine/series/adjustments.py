"""Splits and dividends: prices as if they had never been, or as the events that they were.

Both come from a table of factors, as LEAN keeps it: a row holds for the dates up to its own and after the row before,
and an adjusted price is the raw one times both factors. The last row, far in the future, has the factors 1 and 1.
A strategy runs either on raw bars with the events, which is what an account lives through, or on adjusted bars without.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import numpy as np

from apps.engine.errors import EngineError
from apps.engine.series.calendars import instant
from apps.engine.types import BAR

if TYPE_CHECKING:
    from apps.engine.types import Array

FACTOR: Final = np.dtype(
    [
        ("date", "M8[D]"),  # the last one on which the factors hold, in the exchange's zone
        ("price_factor", "f8"),  # of the dividends still to come
        ("split_factor", "f8"),  # of the splits still to come
        ("reference_price", "f8"),  # the raw close of that date, from which a dividend is reckoned
    ]
)

ADJUSTMENT: Final = np.dtype(
    [
        ("time", "i8"),  # midnight of the ex-date: it meets whoever held the share before, at the first bar since
        ("cash_per_share", "f8"),  # paid for each share held (due for each share sold short), before the split
        ("shares_per_share", "f8"),  # shares that one becomes; 1.0 without a split
    ]
)

END: Final = np.datetime64("9000-01-01")  # an instant of no later date fits into a row's time
SAME: Final = 1e-9  # factors are written with seven digits and more: less than this is no change


class BadFactors(EngineError, ValueError):
    """row: index of the first row of the table that cannot be."""

    def __init__(self, row: int, problem: str) -> None:
        self.row = row
        self.problem = problem
        super().__init__(f"Row {row} of the factors: {problem}.")


def checked(factors: Array) -> Array:
    """The table, (n,) FACTOR, when it can be used. Raises BadFactors for the first row that cannot.

    Dates rise, factors are finite and above 0, and a row before a dividend has the close that it is reckoned from.
    """
    if not len(factors):
        raise BadFactors(0, "there are no rows; one of 1 and 1 in the future says that nothing happened")
    for name in ("price_factor", "split_factor"):
        _refuse(~(np.isfinite(factors[name]) & (factors[name] > 0)), f"the {name} is not a finite number above 0")
    _refuse(np.isnat(factors["date"]) | (factors["date"] >= END), "the date is not one before the year 9000")
    _refuse(
        np.append(False, factors["date"][1:] <= factors["date"][:-1]), "its date is not later than the row's before"
    )
    reference = factors["reference_price"]
    pays = np.append(np.abs(_ratios(factors["price_factor"]) - 1.0) > SAME, False)
    _refuse(pays & ~(np.isfinite(reference) & (reference > 0)), "a dividend follows, and there is no price above 0")
    return factors


def adjusted(
    bars: Array, factors: Array, *, zone: str = "America/New_York", splits: bool = True, dividends: bool = True
) -> Array:
    """The bars with every price times the factors of its date, and volumes in shares of today; a new (n,) BAR.

    zone: whose dates the table has. splits, dividends: which of the two to take out. Bars after the last row of the
    table keep their prices. Raises BadFactors.
    """
    factors = checked(factors)
    until = np.array([_ex_time(day, zone) for day in factors["date"]], np.int64)
    row = np.searchsorted(until, bars["time"], side="right")
    split = np.append(factors["split_factor"], 1.0)[row] if splits else 1.0
    price = np.append(factors["price_factor"], 1.0)[row] if dividends else 1.0
    result = np.empty(len(bars), BAR)
    result["time"] = bars["time"]
    for name in ("open", "high", "low", "close"):
        result[name] = bars[name] * (price * split)
    result["volume"] = bars["volume"] / split
    return result


def events(factors: Array, *, zone: str = "America/New_York") -> Array:
    """What happened to a share between the rows of the table: (m,) ADJUSTMENT in time order.

    A dividend is the reference price times what the price factor rises by, 1 - factor / next factor; a split makes
    next factor / factor shares of one. When both fall on a date, the dividend is for the shares before the split.
    Source of the dividend: the definition of the price factor, 1 - dividend / close of the day before, inverted.
    Raises BadFactors.
    """
    factors = checked(factors)
    kept = 1.0 / _ratios(factors["price_factor"])  # of the price, by a dividend
    shares = _ratios(factors["split_factor"])
    cash = factors["reference_price"][:-1] * (1.0 - kept)
    pays, cuts = np.abs(kept - 1.0) > SAME, np.abs(shares - 1.0) > SAME
    found = np.flatnonzero(pays | cuts)
    result = np.empty(len(found), ADJUSTMENT)
    result["time"] = [_ex_time(factors["date"][row], zone) for row in found]
    result["cash_per_share"] = np.where(pays, cash, 0.0)[found]
    result["shares_per_share"] = np.where(cuts, shares, 1.0)[found]
    return result


def _ratios(factors: Array) -> Array:
    """How much each row's factor rises to the next row's."""
    return factors[1:] / factors[:-1]


def _ex_time(last: np.datetime64, zone: str) -> int:
    """Midnight after a date of the table, microseconds UTC."""
    day: date = last.astype(date)
    return instant(day, timedelta(days=1), ZoneInfo(zone))


def _refuse(wrong: Array, problem: str) -> None:
    if wrong.any():
        raise BadFactors(int(np.flatnonzero(wrong)[0]), problem)

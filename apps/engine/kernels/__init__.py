"""Compiled leaves: arrays and scalars in, rows into buffers of the caller, nothing allocated in a loop.

Importing this package imports numba; web processes do not. Kernels that the engine calls carry explicit signatures
and are cached on disk, so that a warmed process never compiles. No fastmath and no parallel reduction anywhere: the
same inputs give the same bits on every machine.
"""

from typing import Any

import numba
from numba import types

from apps.engine.kernels.books import Books
from apps.engine.state import ACCOUNT, HOLDING, ORDER, TALLY, TERMS, TIER
from apps.engine.types import BAR, EQUITY, FILL, ORDER_EVENT, TRADE, Array

# error_model: a division by zero gives inf or nan, as numpy does; whoever divides says what it means
OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}


def leaf(*arguments: Any, returns: Any = types.void) -> Any:
    """Compile for these arguments only: numba would make one copy for every constant that a caller passes."""
    return numba.njit(returns(*arguments), **OPTIONS)


def rows_of(dtype: Any, *, readonly: bool = False) -> types.Array:
    """The numba type of a contiguous record array."""
    return types.Array(numba.from_dtype(dtype), 1, "C", readonly=readonly)


def sealed(array: Array) -> Array:
    """A view that nobody can write through; kernels take bars only so, whether mapped from a file or made here."""
    view = array.view()
    view.flags.writeable = False
    return view


BARS = rows_of(BAR, readonly=True)
ACCOUNTS = rows_of(ACCOUNT)
HOLDINGS = rows_of(HOLDING)
ORDERS = rows_of(ORDER)
FILLS = rows_of(FILL)
TRADES = rows_of(TRADE)
ORDER_EVENTS = rows_of(ORDER_EVENT)
EQUITY_POINTS = rows_of(EQUITY)
TALLIES = rows_of(TALLY)
TIERS = rows_of(TIER)
TERMS_ROW = rows_of(TERMS)
ARRAYS = types.Tuple(  # type: ignore[no-untyped-call]
    (BARS, ACCOUNTS, HOLDINGS, ORDERS, FILLS, TRADES, ORDER_EVENTS, EQUITY_POINTS, TALLIES, TIERS)
)
BOOKS = types.NamedTuple(ARRAYS.types, Books)  # type: ignore[no-untyped-call]
ORDER_ROW = numba.from_dtype(ORDER)
COLUMN = types.float64[::1]
INPUT = types.Array(types.float64, 1, "C", readonly=True)

"""Compiled leaves: arrays and scalars in, rows into buffers of the caller, nothing allocated in a loop.

Importing this package imports numba; web processes do not. Kernels that the engine calls carry explicit signatures
and are cached on disk, so that a warmed process never compiles. No fastmath and no parallel reduction anywhere: the
same inputs give the same bits on every machine.
"""

from typing import Any

import numba
from numba import types

from apps.engine.types import BAR, Array

# error_model: a division by zero gives inf or nan, as numpy does; whoever divides says what it means
# no_cfunc_wrapper: no C library calls them, and each wrapper would be compiled
OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
QUICK: dict[str, Any] = OPTIONS | {"nogil": False}  # a few microseconds: less than another thread needs to wake up
INNER: dict[str, Any] = OPTIONS | {"no_cpython_wrapper": True}


def rows_of(dtype: Any, *, readonly: bool = False) -> types.Array:
    """The numba type of a contiguous record array."""
    return types.Array(numba.from_dtype(dtype), 1, "C", readonly=readonly)


def sealed(array: Array) -> Array:
    """A view that nobody can write through; kernels take bars only so, whether mapped from a file or made here."""
    view = array.view()
    view.flags.writeable = False
    return view


BARS = rows_of(BAR, readonly=True)
COLUMN = types.float64[::1]
INPUT = types.Array(types.float64, 1, "C", readonly=True)

"""An author's own fee: a Python function that the kernels call once a fill."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from typing import TypeAlias

from apps.engine.errors import FeeError

FeeFunction: TypeAlias = Callable[[int, float, float, bool], float]
"""(side, quantity, price, takes liquidity) -> what the fill costs besides `Costs`, in the quote currency.

It has to follow from these alone: a run that is resumed, or compared under the opposite rule, calls it again.
"""
PROTOTYPE = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_int64, ctypes.c_double, ctypes.c_double, ctypes.c_int64)


class AuthorsFee:
    """A fee function as an address for the kernels. What it raises cannot cross them: `check` raises it afterwards."""

    def __init__(self, function: FeeFunction | None) -> None:
        self._function = function
        self._failure: BaseException | None = None
        self._callback = PROTOTYPE(self._call)  # lives as long as its address is in use
        self.address = (ctypes.cast(self._callback, ctypes.c_void_p).value or 0) if function else 0

    def check(self) -> None:
        """Raise FeeError when a call since the last check failed."""
        if self._failure:
            failure, self._failure = self._failure, None
            raise FeeError(f"The fee function failed: {type(failure).__name__}: {failure}.") from failure

    def _call(self, side: int, quantity: float, price: float, takes: int) -> float:
        try:
            fee = float(self._function(side, quantity, price, bool(takes))) if self._function else 0.0
            if not math.isfinite(fee):
                raise ValueError(f"it gave {fee} for a fill of {quantity} at {price}")
        except (Exception, SystemExit) as error:
            self._failure = self._failure or error
            return 0.0
        return fee

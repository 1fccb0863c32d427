"""What a fill costs."""

from numba import njit

from apps.engine.kernels import OPTIONS
from apps.engine.types import Record


@njit(**OPTIONS)
def commission(holding: Record, quantity: float, price: float) -> float:
    """Fee of one fill: max(minimum, per unit x quantity) + fixed + rate x quantity x price.

    holding: a HOLDING record, which carries the terms. quantity: unsigned.
    """
    by_unit = max(holding.commission_minimum, holding.commission_per_unit * quantity)
    return by_unit + holding.commission_fixed + holding.commission_rate * quantity * price

"""The grids of quantities and prices: whole numbers of steps and of increments."""

import numpy as np
from numba import njit

from apps.engine.kernels import INNER, OPTIONS

COUNTABLE = 2.0**53  # above it, a float no longer counts single steps


@njit(**INNER)
def steps_in(amount: float, step: float, per_unit: float) -> float:
    """How many steps an amount is, not rounded. per_unit: the step's inverse where that is a whole number, else 0.0."""
    return amount * per_unit if per_unit > 0.0 else amount / step


@njit(**INNER)
def amount_of(steps: float, step: float, per_unit: float) -> float:
    """The float nearest to this many steps: dividing by 1000 gives it, multiplying by 0.001 does not."""
    return steps / per_unit if per_unit > 0.0 else steps * step


@njit(**INNER)
def on_grid(quantity: float, step: float, steps_per_unit: float) -> float:
    """The multiple of the step nearest to a quantity: 0.1 + 0.2 becomes 0.3, and 0.3 - 0.1 - 0.2 becomes 0."""
    return amount_of(round(steps_in(quantity, step, steps_per_unit)), step, steps_per_unit)


@njit(**OPTIONS)
def round_down(quantity: float, step: float, steps_per_unit: float) -> float:
    """The largest multiple of the step that a quantity reaches; a hair's breadth of rounding below it still counts."""
    steps = steps_in(quantity, step, steps_per_unit)
    return amount_of(np.floor(steps + 1e-9 + steps * 1e-15), step, steps_per_unit)


@njit(**INNER)
def round_up(price: float, step: float, steps_per_unit: float) -> float:
    """The smallest multiple of the step that is not below a price; a hair's breadth above one does not count."""
    steps = steps_in(price, step, steps_per_unit)
    return amount_of(np.ceil(steps - 1e-9 - steps * 1e-15), step, steps_per_unit)

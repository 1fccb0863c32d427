"""How a value changes from layer to layer, or from entry to entry."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

MODES: Final = (
    "constant",
    "additive",
    "subtractive",
    "multiplicative",
    "divisive",
    "equal",
    "exponential",
    "inverse",
)
"""The last three are names of an older generation: equal is constant."""

LEAST_LOTS: Final = Decimal("0.01")
STEPS: Final = 64  # doubled more often than this, nothing can be ordered any more


def progressed(mode: str, base: Decimal, step: int, amount: Decimal) -> Decimal:
    """The value at a step, from 0 on; never below 0."""
    if step == 0:
        return base
    match mode:
        case "additive":
            return base + amount * step
        case "subtractive":
            return max(Decimal(0), base - amount * step)
        case "multiplicative":
            return base * 2 ** min(step, STEPS)
        case "divisive":
            return base / 2 ** min(step, STEPS)
        case "exponential":
            return base * amount ** min(step, STEPS)
        case "inverse":
            return base / (step + 1)
    return base


def lots(mode: str, base: Decimal, step: int, amount: Decimal) -> Decimal:
    """The lots of an entry that so many came before; the first has the base whatever it is."""
    if step == 0:
        return base
    found = progressed(mode, base, step, amount)
    return max(LEAST_LOTS, found) if mode in ("subtractive", "divisive", "inverse") else found

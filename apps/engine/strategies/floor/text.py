"""How the floor strategies spell what they tell."""

from __future__ import annotations

from decimal import Decimal

from apps.engine.types import moment

LONGEST = 10  # digits of a number that has no end, such as a third


def direction(side: int) -> str:
    return "long" if side > 0 else "short"


def time(micros: int) -> str:
    return moment(micros).isoformat().replace("+00:00", "Z")


def money(amount: Decimal) -> str:
    return str(round(amount, 2) + 0)  # no -0.00


def ratio(share: Decimal) -> str:
    return f"{share:.4f}"


def plain(number: Decimal) -> str:
    return f"{round(number, LONGEST).normalize():f}"


def digits_of(increment: Decimal) -> int:
    return max(0, -int(increment.normalize().as_tuple().exponent))


def price(amount: Decimal, digits: int) -> str:
    """With the digits of the instrument, and more where the price has them."""
    short = f"{amount:.{digits}f}"
    return short if Decimal(short) == amount else plain(amount)

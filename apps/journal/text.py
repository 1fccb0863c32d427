"""How times and numbers of journal rows are spelt."""

from datetime import UTC, datetime

import numpy as np

MICROSECONDS = 1_000_000


def iso_times(times: np.ndarray) -> list[str]:
    """RFC 3339 in UTC with Z; times: (n,) int64 microseconds. Fractions appear only where there are any."""
    whole = not np.any(times % MICROSECONDS)
    texts = np.datetime_as_string(times.astype("datetime64[us]"), unit="s" if whole else "us")
    return [text + "Z" for text in texts.tolist()]


def iso_time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def decimals_of(increment: float) -> int:
    """Digits after the point that prices in steps of `increment` have: 0.0001 gives 4, 0.25 gives 2."""
    digits = f"{increment:.10f}".rstrip("0").partition(".")[2]
    return len(digits)


def price_text(price: float, decimals: int) -> str:
    """At least the instrument's decimals, and as many more, up to ten, as the price really has."""
    whole, _, fraction = f"{price:.10f}".rstrip("0").partition(".")
    return f"{whole}.{fraction.ljust(decimals, '0')}" if fraction or decimals else whole


def quantity_text(quantity: float) -> str:
    """A JSON number: whole quantities as integers."""
    return str(int(quantity)) if quantity == int(quantity) else repr(float(quantity))

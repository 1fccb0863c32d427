"""How times and numbers of journal rows are spelt: whole columns at once, the same as each value by itself."""

from datetime import UTC, datetime

import numpy as np
import orjson

MICROSECONDS = 1_000_000
_ISO = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z
_YEAR_1, _YEAR_9000 = -62_135_596_800_000_000, 221_845_392_000_000_000  # what orjson spells for certain
_EXACT_PRICE = 2.0**19  # up to here a price next to a decimal shows ten digits of that decimal
_EXACT_SCALED = 1e9
_WHOLE = 2.0**53


def iso_times(times: np.ndarray) -> list[str]:
    """RFC 3339 in UTC with Z; times: (n,) int64 microseconds. A fraction, of six digits, appears where there is one."""
    if not len(times):
        return []
    moments = np.ascontiguousarray(times).astype("datetime64[us]")
    if times.min() >= _YEAR_1 and times.max() < _YEAR_9000:
        return orjson.dumps(moments, option=_ISO).decode()[2:-2].split('","')
    return [text.removesuffix(".000000") + "Z" for text in np.datetime_as_string(moments, unit="us").tolist()]


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


def price_texts(prices: np.ndarray, decimals: int) -> list[str]:
    """`price_text` of each of (n,) prices."""
    unit = 10**decimals
    with np.errstate(all="ignore"):
        scaled = np.rint(prices * unit)
        is_plain = (scaled / unit == prices) & (np.abs(prices) < _EXACT_PRICE) & ((scaled != 0) | ~np.signbit(prices))
    texts = _decimal_texts(np.where(is_plain, scaled, 0).astype(np.int64), decimals)
    for i in np.flatnonzero(~is_plain).tolist():
        texts[i] = price_text(float(prices[i]), decimals)
    return texts


def fixed_text(value: float, decimals: int) -> str:
    """12.5 as "12.50" with two decimals; what rounds to zero carries no sign."""
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def fixed_texts(values: np.ndarray, decimals: int) -> list[str]:
    """`fixed_text` of each of (n,) values."""
    with np.errstate(all="ignore"):
        scaled = values * 10.0**decimals
        # a product may be off by its last bit: next to a half, the digits of the value itself must decide
        is_plain = (np.abs(scaled - np.floor(scaled) - 0.5) > 1e-6) & (np.abs(scaled) < _EXACT_SCALED)
    texts = _decimal_texts(np.rint(np.where(is_plain, scaled, 0.0)).astype(np.int64), decimals)
    for i in np.flatnonzero(~is_plain).tolist():
        texts[i] = fixed_text(float(values[i]), decimals)
    return texts


def quantity_text(quantity: float) -> str:
    """A JSON number: whole quantities as integers."""
    return str(int(quantity)) if quantity == int(quantity) else repr(float(quantity))


def quantity_texts(quantities: np.ndarray) -> list[str]:
    """`quantity_text` of each of (n,) finite quantities."""
    if not len(quantities):
        return []
    sizes = np.abs(quantities)
    if np.all((quantities == np.rint(quantities)) & (sizes < _WHOLE)):
        return _split(quantities.astype(np.int64))
    if np.all((sizes < 1e15) & ((sizes >= 1e-4) | (sizes == 0))):  # where nobody writes exponents
        return [text.removesuffix(".0") for text in _split(quantities + 0.0)]  # + 0.0: no -0
    return [quantity_text(quantity) for quantity in quantities.tolist()]


def _decimal_texts(scaled: np.ndarray, decimals: int) -> list[str]:
    """(n,) int64 multiples of 10**-decimals as decimal fractions."""
    if not len(scaled):
        return []
    if not decimals:
        return _split(scaled)
    unit, sizes = 10**decimals, np.abs(scaled)
    pairs = np.empty((len(scaled), 2), np.int64)
    pairs[:, 0], pairs[:, 1] = sizes // unit, sizes % unit + unit  # the 1 before the digits keeps their zeros
    joined = orjson.dumps(pairs, option=orjson.OPT_SERIALIZE_NUMPY).decode()[2:-2]
    texts = joined.replace(",1", ".").split("],[")
    for i in np.flatnonzero(scaled < 0).tolist():
        texts[i] = f"-{texts[i]}"
    return texts


def _split(numbers: np.ndarray) -> list[str]:
    """(n,) numbers, n > 0, each as JSON has it."""
    return orjson.dumps(np.ascontiguousarray(numbers), option=orjson.OPT_SERIALIZE_NUMPY).decode()[1:-1].split(",")

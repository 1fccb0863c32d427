"""What is usual: how long a timeframe is, and which numbers an instrument has that nobody described."""

import re
from typing import Any

import numpy as np

from apps.engine.types import Array, Column
from apps.errors import Invalid
from apps.market.models import Instrument

UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
MAX_TIMEFRAME_SECONDS = 366 * 86_400
_TIMEFRAME = re.compile(r"(\d{1,8})([smhdw]?)", re.ASCII)
CURRENCIES = frozenset(
    {
        "AUD", "BRL", "CAD", "CHF", "CNH", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "INR", "JPY", "KRW",
        "MXN", "NOK", "NZD", "PLN", "RUB", "SEK", "SGD", "THB", "TRY", "TWD", "USD", "ZAR",
    }
)  # fmt: skip
_PAIR = re.compile(r"(\w+?)[_/-]?(USDT|USDC|BUSD|USD|EUR|GBP|JPY|BTC|ETH|[A-Z]{3})")


def timeframe_of(text: str | int) -> int:
    """Seconds of `1m`, `4h`, `1d`, or of a plain number of seconds. Raises Invalid."""
    found = _TIMEFRAME.fullmatch(str(text).strip())
    seconds = int(found[1]) * UNIT_SECONDS[found[2] or "s"] if found else 0
    if not 0 < seconds <= MAX_TIMEFRAME_SECONDS:
        sentence = f"{str(text)[:20]!r} is no timeframe: write 1m, 4h, 1d, or a number of seconds."
        raise Invalid(sentence, fields={"timeframe_seconds": [sentence]})
    return seconds


def timeframe_text(seconds: int) -> str:
    """60 as 1m, 3600 as 1h: the largest unit up to a day that divides; of ticks, which have none, `tick`."""
    if not seconds:
        return "tick"
    unit = next(unit for unit in "dhms" if seconds % UNIT_SECONDS[unit] == 0)
    return f"{seconds // UNIT_SECONDS[unit]}{unit}"


def usual_numbers(symbol: str, kind: str | None, closes: Column) -> dict[str, Any]:
    """Fields of a new Instrument, as far as its symbol, its kind and its closing prices (n,) tell."""
    kind = kind or usual_kind(symbol)
    quote = _quote_currency(symbol, kind)
    increment = price_increment_of(closes)
    numbers: dict[str, Any] = {"quantity_step": 1.0, "min_quantity": 1.0, "periods_per_year": 252}
    pip = increment
    if kind == Instrument.Kind.FOREX:
        pip = 0.01 if quote == "JPY" else 0.0001
    if kind == Instrument.Kind.CRYPTO:
        numbers = {"quantity_step": 1e-8, "min_quantity": 1e-8, "periods_per_year": 365}
    return {"kind": kind, "quote_currency": quote, "price_increment": increment, "pip_size": pip, **numbers}


def usual_kind(symbol: str) -> str:
    """Forex for a pair of state currencies, crypto for any other pair, equity for the rest."""
    base, separator, quote = symbol.partition("_")
    if not separator:
        return Instrument.Kind.EQUITY
    return Instrument.Kind.FOREX if {base, quote} <= CURRENCIES else Instrument.Kind.CRYPTO


def price_increment_of(prices: Column) -> float:
    """The largest power of ten, 1 at most, of which the first 10,000 of the prices (n,) are whole multiples."""
    some = prices[:10_000]
    for digits in range(8):
        scaled = some * 10**digits
        if (np.abs(scaled - np.rint(scaled)) <= 1e-9 * scaled + 1e-6).all():
            return float(f"1e-{digits}")
    return 1e-8


def some_prices(rows: Array) -> Column:
    """Prices of the first rows of any layout, from which a price increment can be told."""
    first, names = rows[:10_000], rows.dtype.names or ()
    chosen = [name for name in names if name in ("close", "bid", "ask", "bid_close", "ask_close")]
    return np.stack([first[name] for name in chosen], axis=1).reshape(-1)


def _quote_currency(symbol: str, kind: str) -> str:
    pair = _PAIR.fullmatch(symbol) if kind in (Instrument.Kind.FOREX, Instrument.Kind.CRYPTO) else None
    return pair[2] if pair else "USD"

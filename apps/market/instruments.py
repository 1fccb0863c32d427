"""What may be said of an instrument: its fields, and what is wrong with them whichever others there are."""

import re

from apps.market.models import Instrument

SYMBOL = re.compile(r"[A-Z0-9^][A-Z0-9._:/=^-]{0,39}")
CURRENCY = re.compile(r"[A-Z]{3,10}")
POSITIVE = ("price_increment", "pip_size", "quantity_step", "multiplier")
MARGINS = ("initial_margin", "maintenance_margin", "liquidation_fee")
NUMBERS = frozenset({*POSITIVE, *MARGINS, "min_quantity", "max_quantity", "periods_per_year"})
DESCRIBED = frozenset({"name", "kind", "quote_currency", "settles_in", "is_inverse", *NUMBERS})
LARGEST = 1e12


def problems_of(instrument: Instrument) -> dict[str, list[str]]:
    """What is wrong with an instrument, whichever others there are."""
    problems: dict[str, list[str]] = {}
    if not SYMBOL.fullmatch(instrument.symbol):
        problems["symbol"] = ["It must be 1 to 40 letters, digits and . _ : / = ^ - as EUR_USD or SPY."]
    if instrument.kind not in Instrument.Kind.values:
        problems["kind"] = [f"It must be one of {', '.join(Instrument.Kind.values)}."]
    if not CURRENCY.fullmatch(instrument.quote_currency):
        problems["quote_currency"] = ["It must be 3 to 10 capital letters, as USD or USDT."]
    for name in POSITIVE:
        if not 0 < getattr(instrument, name) < LARGEST:
            problems[name] = [f"It must be more than 0, and less than {LARGEST:g}."]
    if not 0 <= instrument.min_quantity < LARGEST:
        problems["min_quantity"] = [f"It must be 0 or more, and less than {LARGEST:g}."]
    least = max(instrument.min_quantity, instrument.quantity_step)
    if instrument.max_quantity is not None and not least <= instrument.max_quantity < LARGEST:
        problems["max_quantity"] = [f"It must be {least:g}, the smallest order, or more, and less than {LARGEST:g}."]
    if not 1 <= instrument.periods_per_year <= 366:
        problems["periods_per_year"] = ["It must be from 1 to 366 trading days."]
    return problems | _problems_of_contract(instrument)


def _problems_of_contract(instrument: Instrument) -> dict[str, list[str]]:
    """What is wrong with how an instrument settles, and with its margins."""
    problems: dict[str, list[str]] = {}
    if instrument.settles_in and not CURRENCY.fullmatch(instrument.settles_in):
        problems["settles_in"] = ["It must be 3 to 10 capital letters, as USD or BTC, or empty for the quote currency."]
    if instrument.is_inverse and instrument.settles_in in ("", instrument.quote_currency):
        problems["settles_in"] = ["An inverse contract settles in its base currency: name it, as BTC."]
    if not 0 < instrument.initial_margin <= 1:
        problems["initial_margin"] = ["It is a share of the value: more than 0, and 1 at most."]
    elif not 0 <= instrument.maintenance_margin <= instrument.initial_margin:
        problems["maintenance_margin"] = [
            f"It is a share of the value: 0 or more, and at most the initial margin, {instrument.initial_margin:g}."
        ]
    if not 0 <= instrument.liquidation_fee < 1:
        problems["liquidation_fee"] = ["It is a share of the value: 0 or more, and less than 1."]
    return problems

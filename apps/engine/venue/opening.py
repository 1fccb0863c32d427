"""The books as they are when a run begins: what the terms say, as the rows that kernels read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.engine.terms import AMOUNTS
from apps.engine.types import AccountKind
from apps.engine.venue.state import BOOKS, CONTRACT, CURRENCY, HAPPENING, HOLDING, TIER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.engine.types import Account, Array, Costs, FillRules, Instrument

COST_FIELDS = tuple(name for name in AMOUNTS if name in (CONTRACT.names or ()))
NO_HAPPENINGS = np.empty(0, HAPPENING)


@dataclass(frozen=True)
class Terms:
    """What a run is about, besides its data.

    instruments, costs: of each series, in its order; the tiers are those of the first. happenings: (h,) HAPPENING in
    the order of their rows. currencies: the account's first. rates: (n, currencies) float64, None for one currency.
    day_ends: (n, instruments) int64, as `Floor.day_ends`. extremes: as `Floor.extremes`. point_period: microseconds, 0
    for a point a row.
    """

    instruments: Sequence[Instrument]
    costs: Sequence[Costs]
    account: Account
    rules: FillRules
    cash: float
    seed: int
    currencies: Sequence[str]
    happenings: Array = field(default_factory=lambda: NO_HAPPENINGS)
    rates: Array | None = None
    day_ends: Array | None = None
    extremes: Array | None = None
    point_period: int = 0

    @property
    def kind(self) -> AccountKind:
        return AccountKind[self.account.kind.upper()]


def contracts_of(terms: Terms) -> Array:
    contracts = np.zeros(len(terms.instruments), CONTRACT)
    for row, instrument, costs in zip(contracts, terms.instruments, terms.costs, strict=True):
        _write(row, _contract(instrument, costs, terms))
    return contracts


def holdings_of(terms: Terms) -> Array:
    """One holding an instrument, or a long and a short one of each."""
    legs = (1, -1) if terms.account.hedging else (0,)
    rows = [(instrument, leg) for instrument in range(len(terms.instruments)) for leg in legs]
    holdings = np.zeros(len(rows), HOLDING)
    holdings["instrument"], holdings["leg"] = np.array(rows).T
    return holdings


def currencies_of(terms: Terms) -> Array:
    currencies = np.zeros(len(terms.currencies), CURRENCY)
    currencies["balance"][0] = terms.cash
    currencies["rate"] = 1.0 if terms.rates is None else terms.rates[0]
    return currencies


def tiers_of(terms: Terms) -> Array:
    """The tiers of all listings, which follow the value of all fills. Raises ValueError where they differ."""
    tiers = [[tuple(tier) for tier in costs.tiers] for costs in terms.costs]
    if any(each != tiers[0] for each in tiers):
        raise ValueError("Tiers follow the value of all fills of an account; every listing of a run has the same ones.")
    return np.array(tiers[0], TIER)


def rules_of(terms: Terms, fee_function: int) -> Array:
    """One row of BOOKS with the rules of the run; the addresses are not in it yet."""
    books, rules = np.zeros(1, BOOKS), terms.rules
    values = {
        "point_period": terms.point_period,
        "intrabar": int(rules.rule),
        "exit_in_entry_bar": rules.exit_in_entry_bar,
        "market_at_close": rules.market_at_close,
        "volume_share": rules.volume_share,
        "latency_bars": rules.latency_bars,
        "latency": round(rules.latency_seconds * 1_000_000),
        "margin": int(terms.kind),
        "margin_call": terms.account.margin_call,
        "seed": terms.seed % 2**64,
        "fee_function": fee_function,
    }
    _write(books[0], values)
    return books


def _contract(instrument: Instrument, costs: Costs, terms: Terms) -> dict[str, Any]:
    if instrument.is_inverse and terms.kind == AccountKind.CASH:
        raise ValueError(f"{instrument.symbol} is an inverse contract; a cash account cannot pay for one and hold it.")
    leverage = terms.account.leverage
    return {
        "quantity_step": instrument.quantity_step,
        "steps_per_unit": _inverse(instrument.quantity_step),
        "min_quantity": instrument.min_quantity,
        "max_quantity": instrument.max_quantity,
        "price_increment": instrument.price_increment,
        "increments_per_unit": _inverse(instrument.price_increment),
        "multiplier": instrument.multiplier,
        "is_inverse": instrument.is_inverse,
        "currency": list(terms.currencies).index(instrument.currency),
        "initial_margin": max(instrument.maintenance_margin, 1 / leverage) if leverage else instrument.initial_margin,
        "maintenance_margin": instrument.maintenance_margin,
        "liquidation_fee": instrument.liquidation_fee,
        "taker_rate": costs.commission_rate,
        "maker_rate": costs.commission_rate if costs.maker_rate is None else costs.maker_rate,
        **{name: getattr(costs, name) for name in COST_FIELDS},
        "bid": np.nan,
        "ask": np.nan,
        "loaded": -1,
    }


def _write(row: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        row[name] = value


def _inverse(step: float) -> float:
    """The step's inverse where that is a whole number, else 0.0.

    Dividing by 1000 gives the float nearest to a decimal, multiplying by 0.001 does not.
    """
    inverse = round(1 / step)
    return inverse if abs(inverse * step - 1) < 1e-9 else 0.0

"""Random accounts in random markets: what the laws of accounts are tried on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import strategies as st

from apps.engine.listing import Listing
from apps.engine.series.happenings import BORROW, FUNDING, RATE, SWAP
from apps.engine.types import Account, Costs, FillRules, Instrument
from tests.engine.accounts import Books, Restless, account_of
from tests.engine.audit import Auditor
from tests.engine.runs import bars_at

if TYPE_CHECKING:
    from apps.engine.session import Session
    from apps.engine.types import Array, Rows

CASH = 10_000.0


@dataclass(frozen=True)
class World:
    seed: int
    listings: list[Listing]
    account: Account
    rates: dict[str, Array]
    fee: float
    rule: str

    def session(self) -> Session:
        return account_of(
            Restless,
            self.listings,
            account=self.account,
            cash=CASH,
            costs=Costs(commission_rate=self.fee),
            rules=FillRules(intrabar=self.rule, compare_opposite=False),
            rates=self.rates,
            seed=self.seed,
        )

    def audit(self, rows: Rows) -> None:
        instruments = [listing.instrument for listing in self.listings]
        lent = 1 / self.account.leverage if self.account.leverage else None
        shares = [
            (each.initial_margin if lent is None else max(lent, each.maintenance_margin), each.maintenance_margin)
            for each in instruments
        ]
        books = Books(instruments, self.account.currency, CASH, self.account.kind, shares, self.account.hedging)
        rates = {currency: table["rate"] for currency, table in self.rates.items()}
        auditor = Auditor(
            books, self.listings, fee=self.fee, rates=rates, call=self.account.margin_call, rule=self.rule
        )
        auditor.check(rows)


@st.composite
def worlds(draw: st.DrawFn, *, kinds: tuple[str, ...] = ("unchecked", "cash", "cross", "isolated")) -> World:
    """Up to three instruments with rows of their own, linear or inverse, in one currency or two, with payments."""
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    kind = draw(st.sampled_from(kinds))
    rows, count = int(random.integers(5, 150)), int(random.integers(1, 4))
    contracts = [_instrument(random, place, linear=kind == "cash") for place in range(count)]
    listings = [_listing(random, contract, rows, alone=count == 1) for contract in contracts]
    home = contracts[0].currency
    times = np.unique(np.concatenate([listing.rows["time"] for listing in listings]))
    foreign = {contract.currency for contract in contracts} - {home}
    steady = random.random() < 0.5
    account = Account(
        currency=home,
        kind=kind,
        hedging=kind != "cash" and random.random() < 0.4,
        leverage=float(random.choice([0, 0, 2, 5])),
        margin_call=float(random.choice([0, 1, 1.5])),
    )
    return World(
        seed=seed % 2**31,
        listings=listings,
        account=account,
        rates={currency: _rates(random, times, steady=steady) for currency in foreign},
        fee=float(random.choice([0, 0.001])),
        rule=str(random.choice(["pessimistic", "pessimistic", "pessimistic", "optimistic", "ohlc", "nearest"])),
    )


def _instrument(random: np.random.Generator, place: int, *, linear: bool) -> Instrument:
    initial = float(random.choice([1.0, 0.5, 0.1, 0.05]))
    inverse = not linear and random.random() < 0.3
    currency = str(random.choice(["USD", "USD", "EUR"]))
    return Instrument(
        f"TEST{place}",
        initial_margin=initial,
        maintenance_margin=initial * float(random.choice([0, 0.3, 0.5, 0.99])),
        liquidation_fee=float(random.choice([0, 0.01])),
        multiplier=100.0 if inverse else float(random.choice([1, 10, 0.5])),
        is_inverse=inverse,
        quote_currency="CHF",
        settles_in=currency,
        quantity_step=float(random.choice([1, 0.1])),
    )


def _listing(random: np.random.Generator, instrument: Instrument, count: int, *, alone: bool) -> Listing:
    """Bars with gaps between close and open; beside others, a fifth of them is missing."""
    swing = float(random.choice([0.005, 0.02, 0.08]))
    bars = bars_at(100 * np.exp(np.cumsum(random.normal(0, swing, count))))
    bars["open"] *= np.exp(random.normal(0, swing / 3, count))
    bars["high"] = np.maximum(bars["high"], bars["open"]) * 1.001
    bars["low"] = np.minimum(bars["low"], bars["open"]) * 0.999
    if not alone:
        bars = bars[(random.random(count) < 0.8) | (np.arange(count) == 0)]
    tables = []
    for layout in (FUNDING, SWAP, BORROW):
        if random.random() < 0.5:
            table = np.zeros(3, layout)
            table["time"] = np.sort(random.choice(bars["time"], 3))
            for name in set(layout.names or ()) & {"rate", "long", "short"}:
                table[name] = abs(random.normal(0, 0.002, 3)) if layout == BORROW else random.normal(0, 0.002, 3)
            if layout == FUNDING:
                table["price"] = np.where(random.random(3) < 0.5, np.nan, 100.0)
            tables.append(table)
    return Listing(instrument, bars, events=tables)


def _rates(random: np.random.Generator, times: Array, *, steady: bool) -> Array:
    rates = np.zeros(len(times), RATE)
    rates["time"] = times
    rates["rate"] = 1.2 if steady else 1.2 * np.exp(np.cumsum(random.normal(0, 0.005, len(times))))
    return rates

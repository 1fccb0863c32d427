"""How much of the net value the entries need as margin, and how far prices may go before that is too much."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

HOPELESS = Decimal(999)  # the ratio of an account with nothing left


class Quote(NamedTuple):
    """Prices in grains; one grain in quote currency; the account's currency for one of that."""

    bid: int
    ask: int
    grain: Decimal
    rate: Decimal

    @property
    def mid(self) -> Decimal:
        return Decimal(self.bid + self.ask) / 2 * self.grain

    def money(self, grains: int) -> Decimal:
        """Units times grains in the account's currency."""
        return grains * self.grain * self.rate


class Holding(NamedTuple):
    """Units of either side, and the sums of units times entry prices in grains."""

    longs: int
    shorts: int
    long_cost: int
    short_cost: int

    def value(self, quote: Quote) -> Decimal:
        """What all of it has earned at these prices."""
        grains = self.longs * quote.bid - self.long_cost + self.short_cost - self.shorts * quote.ask
        return quote.money(grains)

    def burden(self, *, hedges: bool) -> int:
        """The units that need margin."""
        return max(self.longs, self.shorts) if hedges else self.longs + self.shorts


def ratio_of(units: int, quote: Quote, margin_rate: Decimal, net_value: Decimal) -> Decimal:
    if net_value <= 0:
        return HOPELESS
    return quote.mid * units * margin_rate * quote.rate / net_value


def units_at(ratio: Decimal, quote: Quote, margin_rate: Decimal, net_value: Decimal) -> int:
    """The most units that need no more than this share."""
    return int(ratio * max(Decimal(1), net_value) / (quote.mid * margin_rate * quote.rate))


def distance_to(
    limit: Decimal, units: int, holding: Holding, quote: Quote, margin_rate: Decimal, net_value: Decimal
) -> tuple[float, bool, bool]:
    """How far bid and ask may both move, in price, before the ratio reaches the limit; whether it is by their rise.

    What the limit is compared with is linear in either price, at a rate of 1: each is taken to move the worse way.
    """
    share = units * float(margin_rate) / 2.0
    by_bid = share - float(limit) * holding.longs
    by_ask = share + float(limit) * holding.shorts
    room = float(limit * net_value - quote.mid * units * margin_rate)
    return 0.999999 * room / max(abs(by_bid) + abs(by_ask), 1e-300), by_bid > 0, by_ask > 0

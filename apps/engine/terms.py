"""The terms of a run: what is traded, what it costs, and by which rules bars fill orders."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class Intrabar(IntEnum):
    """What is taken to have happened between a bar's open and its close, of which the bar itself tells nothing.

    The first two assume the worst and the best for the position; the others a path through the four prices.
    """

    PESSIMISTIC = 1  # entries, then stops, then targets
    OPTIMISTIC = 2  # entries, then targets, then stops
    OHLC = 3
    OLHC = 4
    COLOUR = 5  # a rising bar falls first, a falling one rises first
    COUNTER_COLOUR = 6
    NEAREST = 7  # the extreme nearer to the open comes first, the high when both are as near
    FARTHEST = 8


OPPOSITE = {
    Intrabar.PESSIMISTIC: Intrabar.OPTIMISTIC,
    Intrabar.OHLC: Intrabar.OLHC,
    Intrabar.COLOUR: Intrabar.COUNTER_COLOUR,
    Intrabar.NEAREST: Intrabar.FARTHEST,
}
OPPOSITE |= {other: rule for rule, other in OPPOSITE.items()}


@dataclass(frozen=True, slots=True)
class Instrument:
    """What a fill needs to know about the thing traded.

    price_increment: prices are multiples of it; two that are nearer than half of it are the same price.
    min_quantity: smallest order that opens or adds; 0.0 allows one step. max_quantity: largest order.
    periods_per_year: trading days a year for annual figures: 252, or 365 where trade never rests.
    multiplier: what one unit is worth at a price of 1. is_inverse: a unit is a fixed amount (the multiplier) of the
    quote currency, and settles in the base: worth multiplier / price of it.
    settles_in: the currency of gains, losses and fees; empty for the quote currency, which no inverse contract has.
    initial_margin, maintenance_margin: shares of the value that a margin account needs to open and to keep a position;
    `Account.leverage` stands in place of the first. liquidation_fee: share of the value, on top.
    """

    symbol: str
    price_increment: float = 0.01
    pip_size: float = 0.01
    quantity_step: float = 1.0
    min_quantity: float = 0.0
    quote_currency: str = "USD"
    periods_per_year: int = 252
    max_quantity: float = math.inf
    multiplier: float = 1.0
    is_inverse: bool = False
    settles_in: str = ""
    initial_margin: float = 1.0
    maintenance_margin: float = 0.0
    liquidation_fee: float = 0.0

    def __post_init__(self) -> None:
        for name in ("price_increment", "pip_size", "quantity_step", "periods_per_year", "multiplier"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} of {self.symbol} is {value}; it must be a positive number.")
        if not (math.isfinite(self.min_quantity) and self.min_quantity >= 0):
            raise ValueError(f"min_quantity of {self.symbol} is {self.min_quantity}; it must be 0 or more.")
        if not self.max_quantity >= max(self.min_quantity, self.quantity_step):
            raise ValueError(f"max_quantity of {self.symbol} is {self.max_quantity}; nothing could be ordered.")
        if not 0 <= self.maintenance_margin <= self.initial_margin <= 1 or self.maintenance_margin == 1:
            raise ValueError(
                f"The margins of {self.symbol} are {self.initial_margin} and {self.maintenance_margin}; they are "
                "shares of the value, and keeping a position cannot need more than opening it, nor all of it."
            )
        if self.initial_margin == 0:
            raise ValueError(f"initial_margin of {self.symbol} is 0; nobody lends the whole of a position.")
        if self.is_inverse and self.currency == self.quote_currency:
            raise ValueError(
                f"{self.symbol} is an inverse contract and settles in its base; settles_in has to name that currency, "
                f"not {self.quote_currency}."
            )
        if not 0 <= self.liquidation_fee < 1:
            raise ValueError(
                f"liquidation_fee of {self.symbol} is {self.liquidation_fee}; it must be 0 or more, and below 1."
            )

    @property
    def currency(self) -> str:
        """What it settles in."""
        return self.settles_in or self.quote_currency


@dataclass(frozen=True, slots=True)
class Account:
    """Who carries the positions, and how.

    currency: of the cash and of every figure; empty for the first instrument's. kind: name of an `AccountKind`.
    leverage: how many times its margin a position is worth: the initial margin is its inverse, or the maintenance
    margin where that is more; 0.0 for the instrument's own. hedging: long and short positions of an instrument are held
    side by side.
    margin_call: share of the initial margin; equity below it is logged as a margin call. 0.0 for never.
    """

    currency: str = ""
    kind: str = "unchecked"
    leverage: float = 0.0
    hedging: bool = False
    margin_call: float = 0.0

    def __post_init__(self) -> None:
        kinds = ("unchecked", "cash", "cross", "isolated")
        if self.kind not in kinds:
            raise ValueError(f"There is no account of the kind {self.kind!r}; there are {', '.join(kinds)}.")
        if not (math.isfinite(self.leverage) and (self.leverage == 0 or self.leverage >= 1)):
            raise ValueError(f"leverage is {self.leverage}; it must be 1 or more, or 0 for the instrument's own.")
        if not (math.isfinite(self.margin_call) and self.margin_call >= 0):
            raise ValueError(f"margin_call is {self.margin_call}; it must be 0 or more.")
        if self.kind == "cash" and self.hedging:
            raise ValueError("A cash account holds nothing short; hedging needs an account of another kind.")


@dataclass(frozen=True, slots=True)
class Costs:
    """What a fill costs: max(commission_minimum, per unit x quantity) + fixed + rate x quantity x price; worse prices.

    A fill makes liquidity when its limit order rested in the book before; every other fill takes it, and only these
    pay spread and slippage. Each slippage moves the price against the order, and they add up:

    maker_rate: in place of commission_rate for fills that make liquidity; None for the same rate.
    tiers: (value traded so far, maker rate, taker rate), ascending; the last one reached applies.
    spread: between bid and ask, in price; the bars are taken as the middle, and half of it is paid.
    slippage_ticks: price increments. slippage_rate: share of the price. slippage_atr: share of the mean true range of
    the 14 bars before. slippage_impact: share of the price per share of the bar's volume that the fill takes, squared
    (Almgren & Chriss speak of temporary impact; the square is zipline's convention). slippage_random: share of the
    price, times a random number between 0 and 1 that follows from the seed and the fill alone.
    """

    commission_rate: float = 0.0
    commission_fixed: float = 0.0
    commission_per_unit: float = 0.0
    commission_minimum: float = 0.0
    maker_rate: float | None = None
    tiers: Sequence[Sequence[float]] = ()
    spread: float = 0.0
    slippage_ticks: float = 0.0
    slippage_rate: float = 0.0
    slippage_atr: float = 0.0
    slippage_impact: float = 0.0
    slippage_random: float = 0.0

    def __post_init__(self) -> None:
        for name in AMOUNTS:
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} is {value}; it must be 0 or more.")
        rates = [rate for tier in self.tiers for rate in tier[1:]]
        if self.maker_rate is not None:
            rates.append(self.maker_rate)
        if not all(math.isfinite(rate) and -1 < rate < 1 for rate in rates):  # a maker may be paid for its liquidity
            raise ValueError("maker_rate and the rates of tiers are shares of the value, between -1 and 1.")
        starts = [tier[0] for tier in self.tiers]
        if any(len(tier) != 3 for tier in self.tiers) or starts != sorted(set(starts)):
            raise ValueError("tiers are (value traded so far, maker rate, taker rate), with ascending values.")


AMOUNTS = (
    "commission_rate",
    "commission_fixed",
    "commission_per_unit",
    "commission_minimum",
    "spread",
    "slippage_ticks",
    "slippage_rate",
    "slippage_atr",
    "slippage_impact",
    "slippage_random",
)


@dataclass(frozen=True, slots=True)
class FillRules:
    """By which rules a bar fills orders; the defaults promise nothing that the bar does not show.

    intrabar: name of an `Intrabar` rule, for bars whose prices leave open what came first.
    exit_in_entry_bar: protective orders work from the fill of their entry on; otherwise from the bar after it.
    market_at_close: market orders fill at the close at which they were given, not at the next open; entered in the
    books with the next bar.
    volume_share: of a bar's volume, what all fills in it may take together; 0.0 for as much as is asked for.
    latency_bars, latency_seconds: how much later than at once an order reaches the market.
    compare_opposite: follow the run under the opposite intrabar rule too, once a bar was ambiguous; that costs as much
    as the run itself.
    """

    intrabar: str = "pessimistic"
    exit_in_entry_bar: bool = True
    market_at_close: bool = False
    volume_share: float = 0.0
    latency_bars: int = 0
    latency_seconds: float = 0.0
    compare_opposite: bool = True

    def __post_init__(self) -> None:
        if self.intrabar.upper() not in Intrabar.__members__:
            names = ", ".join(name.lower() for name in Intrabar.__members__)
            raise ValueError(f"There is no intrabar rule {self.intrabar!r}; there are {names}.")
        if not 0 <= self.volume_share <= 1:
            raise ValueError(f"volume_share is {self.volume_share}; it must be between 0 and 1.")
        for name in ("latency_bars", "latency_seconds"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} is {value}; it must be 0 or more.")

    @property
    def rule(self) -> Intrabar:
        return Intrabar[self.intrabar.upper()]

    def opposite(self) -> FillRules:
        """The same rules with the other answer for what came first inside a bar."""
        return replace(self, intrabar=OPPOSITE[self.rule].name.lower())

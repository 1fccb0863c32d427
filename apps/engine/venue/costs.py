"""What a fill costs: the commission, and how much worse than the market its price is. `terms.Costs` says the same."""

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.extending import intrinsic

from apps.engine.kernels import INNER
from apps.engine.types import Record
from apps.engine.venue.books import contract_of, tier_at
from apps.engine.venue.scene import bar_for, close_of, high_of, low_of

ATR_BARS = 14


@intrinsic
def authors_fee(_: Any, address: Any, side: Any, quantity: Any, price: Any, takes: Any) -> Any:
    """Call an author's fee function by its address: kernels that took it as an argument could not be kept compiled."""

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        integer, double = ir.IntType(64), ir.DoubleType()
        function = ir.FunctionType(double, [integer, double, double, integer])
        return builder.call(builder.inttoptr(arguments[0], function.as_pointer()), arguments[1:])

    return types.float64(types.int64, types.int64, types.float64, types.float64, types.int64), generate


@njit(**INNER)
def worth(contract: Record, price: float) -> float:
    """The value of one unit in the currency it settles in.

    Of an inverse contract, which is a fixed amount of the quote currency and settles in the base: minus the amount of
    base currency it stands for, since that falls as the price rises.
    """
    return -contract.multiplier / price if contract.is_inverse else contract.multiplier * price


@njit(**INNER)
def commission(books: Record, order: Record, quantity: float, price: float, takes: bool, traded: float) -> float:
    """Fee of one fill: max(minimum, per unit x quantity) + fixed + rate x value.

    traded: the value of all fills before, which the tier follows. quantity: unsigned. takes: whether it takes
    liquidity. What the author's own function says comes on top.
    """
    contract = contract_of(books, order)
    rate = contract.taker_rate if takes else contract.maker_rate
    for i in range(books.tiers_count):
        tier = tier_at(books.tiers, i)
        if traded >= tier.value:
            rate = tier.taker_rate if takes else tier.maker_rate
    by_unit = max(contract.commission_minimum, contract.commission_per_unit * quantity)
    fee = by_unit + contract.commission_fixed + rate * quantity * abs(worth(contract, price))
    if books.fee_function != 0:
        fee += authors_fee(books.fee_function, order.side, quantity, price, np.int64(takes))  # type: ignore[call-arg]
    return fee


@njit(**INNER)
def slipped(books: Record, index: int, order: Record, quantity: float, price: float) -> float:
    """The price that an order which takes liquidity gets: the market's, and spread and slippage against it.

    A sale still brings one increment. It is not held inside the bar: the costs are on top of what the bar shows.
    """
    contract, volume = contract_of(books, order), bar_for(books, order).volume
    worse = 0.5 * contract.spread + contract.slippage_ticks * contract.price_increment + contract.slippage_rate * price
    if contract.slippage_atr > 0.0:
        worse += contract.slippage_atr * mean_true_range(books, index, order.instrument)
    if contract.slippage_impact > 0.0:
        share = min(quantity / volume, 1.0) if volume > 0.0 else 1.0
        worse += contract.slippage_impact * share * share * price
    if contract.slippage_random > 0.0:
        worse += contract.slippage_random * price * drawn(books.seed, order.id, index)
    return price + worse if order.side > 0 else max(price - worse, contract.price_increment)


@njit(**INNER)
def mean_true_range(books: Record, index: int, instrument: int) -> float:
    """Mean true range of the 14 bars before this one, of fewer at the start; 0.0 when there is none.

    Source: Wilder, "New Concepts in Technical Trading Systems", 1978, with a plain mean.
    """
    total, count = 0.0, 0
    for i in range(max(index - ATR_BARS, 0), index):
        high, low = high_of(books, i, instrument, False), low_of(books, i, instrument, False)
        if np.isnan(high):
            continue
        if i > 0 and not np.isnan(close_of(books, i - 1, instrument, False)):
            before = close_of(books, i - 1, instrument, False)
            high, low = max(high, before), min(low, before)
        total += high - low
        count += 1
    return total / count if count > 0 else 0.0


@njit(**INNER)
def drawn(seed: np.uint64, order_id: int, index: int) -> float:
    """A number in [0, 1) that follows from these three alone, so that neither pieces nor resumptions can change it.

    Source: the finaliser of SplitMix64 (Steele, Lea & Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
    """
    mixed = np.uint64(seed)
    for word in (np.uint64(order_id), np.uint64(index)):
        mixed = (mixed + word) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    return np.float64(mixed >> np.uint64(11)) * 2.0**-53

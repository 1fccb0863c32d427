"""What a fill costs: the commission, and how much worse than the market its price is. `terms.Costs` says the same."""

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.extending import intrinsic

from apps.engine.kernels import OPTIONS
from apps.engine.types import Array, Record

ATR_BARS = 14


@intrinsic
def authors_fee(_: Any, address: Any, side: Any, quantity: Any, price: Any, takes: Any) -> Any:
    """Call an author's fee function by its address: kernels that took it as an argument could not be kept compiled."""

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        integer, double = ir.IntType(64), ir.DoubleType()
        function = ir.FunctionType(double, [integer, double, double, integer])
        return builder.call(builder.inttoptr(arguments[0], function.as_pointer()), arguments[1:])

    return types.float64(types.int64, types.int64, types.float64, types.float64, types.int64), generate


@njit(**OPTIONS)
def commission(
    holding: Record, tiers: Array, traded: float, side: int, quantity: float, price: float, takes: bool
) -> float:
    """Fee of one fill: max(minimum, per unit x quantity) + fixed + rate x quantity x price.

    traded: the value of all fills before, which the tier follows. quantity: unsigned. takes: whether it takes
    liquidity. What the author's own function says comes on top.
    """
    rate = holding.taker_rate if takes else holding.maker_rate
    for i in range(len(tiers)):
        if traded >= tiers[i].value:
            rate = tiers[i].taker_rate if takes else tiers[i].maker_rate
    by_unit = max(holding.commission_minimum, holding.commission_per_unit * quantity)
    fee = by_unit + holding.commission_fixed + rate * quantity * price
    if holding.fee_function != 0:
        fee += authors_fee(holding.fee_function, side, quantity, price, np.int64(takes))  # type: ignore[call-arg]
    return fee


@njit(**OPTIONS)
def slipped(holding: Record, bars: Array, index: int, order: Record, quantity: float, price: float) -> float:
    """The price that an order which takes liquidity gets: the market's, and spread and slippage against it.

    A sale still brings one increment. It is not held inside the bar: the costs are on top of what the bar shows.
    """
    bar = bars[index]
    worse = 0.5 * holding.spread + holding.slippage_ticks * holding.price_increment + holding.slippage_rate * price
    if holding.slippage_atr > 0.0:
        worse += holding.slippage_atr * mean_true_range(bars, index)
    if holding.slippage_impact > 0.0:
        share = min(quantity / bar.volume, 1.0) if bar.volume > 0.0 else 1.0
        worse += holding.slippage_impact * share * share * price
    if holding.slippage_random > 0.0:
        worse += holding.slippage_random * price * drawn(holding.seed, order.id, index)
    return price + worse if order.side > 0 else max(price - worse, holding.price_increment)


@njit(**OPTIONS)
def mean_true_range(bars: Array, index: int) -> float:
    """Mean true range of the 14 bars before this one, of fewer at the start; 0.0 when there is none.

    Source: Wilder, "New Concepts in Technical Trading Systems", 1978, with a plain mean.
    """
    first = max(index - ATR_BARS, 0)
    total = 0.0
    for i in range(first, index):
        high, low = bars[i].high, bars[i].low
        if i > 0:
            high, low = max(high, bars[i - 1].close), min(low, bars[i - 1].close)
        total += high - low
    return total / (index - first) if index > first else 0.0


@njit(**OPTIONS)
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

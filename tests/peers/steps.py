"""Scripts of orders: what to do at the close of which bar, in words that every engine can follow.

A step says what is to be done at the close of its bar, where that applies:

enter   when flat: an order on this side, at market or at its limit or stop, protected by its stop loss and its target
turn    unless the position is on this side: whatever there is becomes this quantity on it, at market
add     when the position is on this side: a further order, not protected
reduce  when the position is on this side and larger: a part of it goes, at market
leave   when there is a position: all of it goes, at market

Every step first takes back the entries that have not filled, and `turn` and `leave` the protection of what they end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.engine.types import Array
    from tests.peers.markets import Market

STEP = np.dtype(
    [
        ("bar", "i8"),
        ("act", "U6"),
        ("side", "i8"),
        ("quantity", "f8"),
        ("limit", "f8"),  # this and the following are nan where the order has none
        ("stop", "f8"),
        ("stop_loss", "f8"),
        ("target", "f8"),
    ]
)
SHARE_OF_BARS = 0.3  # that have a step
NEAREST = 0.0005  # of the price: an order nearer to it than 0.015 % is a market order to Jesse


def drawn(
    market: Market,
    *,
    seed: int,
    acts: Sequence[str],
    kinds: Sequence[str] = ("market",),
    protected: Sequence[str] = ("market",),
    ends_flat: bool = False,
) -> Array:
    """A random script. kinds: of entries: market, limit, stop. protected: those of them that may have a protection."""
    random = np.random.default_rng(seed)
    bars = market.bars
    chosen = np.flatnonzero(random.random(len(bars)) < SHARE_OF_BARS)
    inside = chosen[(chosen > 0) & (chosen < len(bars) - 5)]  # backtesting.py asks for nothing at the first bar
    steps = [_step(market, random, int(bar), acts, kinds, protected) for bar in inside]
    if ends_flat:
        steps.append(step(len(bars) - 3, "leave", 1, 0.0))
    return np.array(steps, STEP)


def step(bar: int, act: str, side: int, quantity: float, **levels: float) -> tuple[Any, ...]:
    return (bar, act, side, quantity, *(levels.get(name, np.nan) for name in (STEP.names or ())[4:]))


def _step(
    market: Market,
    random: np.random.Generator,
    bar: int,
    acts: Sequence[str],
    kinds: Sequence[str],
    protected: Sequence[str],
) -> tuple[Any, ...]:
    act, side = str(random.choice(acts)), int(random.choice((-1, 1)))
    quantity = float(random.integers(1, 6) * market.lot)
    kind = str(random.choice(kinds)) if act in ("enter", "add") else "market"
    price = float(market.bars["close"][bar])
    levels = {}

    def level(reference: float, direction: int, least: float, most: float) -> float:
        distance = max(market.reach * random.uniform(least, most), NEAREST)
        return round(reference * (1 + direction * distance), market.decimals)

    if kind != "market":
        price = levels[kind] = level(price, side if kind == "stop" else -side, 0.1, 1.0)
    if act in ("enter", "turn") and kind in protected:
        if random.random() < 0.8:
            levels["stop_loss"] = level(price, -side, 0.3, 2.5)
        if random.random() < 0.8:
            levels["target"] = level(price, side, 0.3, 3.0)
    return step(bar, act, side, quantity, **levels)


def without(steps: Array, names: Sequence[str], where: Array) -> Array:
    """The script with these levels taken away from the steps of a mask."""
    changed = steps.copy()
    for name in names:
        changed[name][where] = np.nan
    return changed


def is_reversed_in_exit_bar(market: Market, steps: Array) -> Array:
    """Whether the bar that ends a step's position opens at or beyond its target and goes back to its stop loss."""
    return np.array([_is_reversed_in_exit_bar(market.bars, each) for each in steps], bool)


def _is_reversed_in_exit_bar(bars: Array, step: Any) -> bool:
    """Of the bars in which an exit is possible, the first one counts, with the bar of the entry and without."""
    stop, target, side = step["stop_loss"], step["target"], step["side"]
    first = int(step["bar"]) + 1
    for name in ("limit", "stop"):
        if np.isfinite(step[name]):
            reached = (bars["low"][first:] <= step[name]) & (bars["high"][first:] >= step[name])
            gapped = (bars["open"][first:] - step[name]) * side * (1 if name == "stop" else -1) >= 0
            first += int(np.argmax(reached | gapped))
    for start in (first, first + 1):
        later = bars[start:]
        won, lost = ("high", "low") if side > 0 else ("low", "high")
        stopped, reached = (later[lost] - stop) * side <= 0, (later[won] - target) * side >= 0
        ended = np.flatnonzero(stopped | reached)[:1]
        if (stopped[ended] & ((later["open"][ended] - target) * side >= 0)).any():
            return True
    return False

"""When the floor strategy is called: at prices where it may have something to do, and where the candles say so.

A call too many changes nothing, so that every level may lie a little nearer than what it stands for.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING

from apps.engine.strategies.floor.book import FloorBook
from apps.engine.strategies.floor.candles import (
    HEEDED_ALWAYS,
    HEEDED_WITH_ADJUSTMENT,
    HEEDED_WITH_CHECK,
    candles,
    waking,
)
from apps.engine.strategies.floor.margin import Holding, distance_to
from apps.engine.strategies.floor.parameters import exact

if TYPE_CHECKING:
    from apps.engine.strategies.floor.margin import Quote
    from apps.engine.strategy import Order

HALF = 0.5  # of a grain: no rounding of floats decides what is reached


class Alarms(FloorBook):
    active: int
    """The layer that may add entries."""
    is_locked: bool
    limits_told: list[int]
    """Layers of which it was said that they are full, and the last."""

    def trigger(self, layer: int) -> int:
        """The adverse distance at which a layer adds an entry, in grains."""
        raise NotImplementedError

    def listen(self) -> None:
        heeded = HEEDED_ALWAYS
        heeded |= HEEDED_WITH_CHECK if self.volatility_check_enabled else 0
        heeded |= HEEDED_WITH_ADJUSTMENT if self.dynamic_parameter_adjustment_enabled else 0
        ratios = (exact(self.volatility_lock_multiplier), exact(self.volatility_unlock_multiplier))
        self.signs, self.short_ranges, self.long_ranges, wakes = self.rows().indicator(
            candles,
            self.grains,
            self.entry_signal_candle_granularity_seconds,
            self.entry_signal_lookback_candles,
            (self.atr_period, self.atr_baseline_period),
            (*ratios, Decimal(2), Decimal("0.7")),
            heeded,
        )
        self.wake_on_alerts()
        self.wake_when(waking, of=wakes)
        self.alarms: dict[str, tuple[float, Order]] = {}

    def set_alarms(self, quote: Quote) -> None:
        wanted: dict[str, tuple[str, float]] = {}
        if not self.is_locked:
            wanted |= self._profits() | self._retracement()
        wanted |= self._margin(quote)
        for name in [name for name in self.alarms if name not in wanted]:
            self.cancel(self.alarms.pop(name)[1])
        for name, (of, price) in wanted.items():
            if name in self.alarms:
                at, order = self.alarms[name]
                if at == price and self.is_working(order):
                    continue
                self.cancel(order)
            self.alarms[name] = price, self.alert(price, of=of)

    def _profits(self) -> dict[str, tuple[str, float]]:
        longs = [entry["price"] + entry["profit"] for entry in self.entries if entry["side"] > 0]
        shorts = [entry["price"] - entry["profit"] for entry in self.entries if entry["side"] < 0]
        rise = {"profit of longs": ("bid", self._price(min(longs) - HALF))} if longs else {}
        fall = {"profit of shorts": ("ask", self._price(max(shorts) + HALF))} if shorts else {}
        return {name: level for name, level in (rise | fall).items() if level[1] > 0}

    def _retracement(self) -> dict[str, tuple[str, float]]:
        layer = self.layer(self.active)
        is_last = self.active >= self.max_layers and len(layer) >= self.max_retracements_per_layer
        if not layer or (is_last and self.active in self.limits_told):
            return {}
        latest, trigger = layer[-1], self.trigger(self.active)
        if latest["side"] < 0:
            return {"retracement": ("bid", self._price(latest["price"] + trigger - HALF))}
        price = self._price(latest["price"] - trigger + HALF)
        return {"retracement": ("ask", price)} if price > 0 else {}

    def _margin(self, quote: Quote) -> dict[str, tuple[str, float]]:
        """Where the margin is cut, or would not do for a first entry."""
        if self.entries:
            if not self.margin_protection_enabled:
                return {}
            limit, units, holding, value = self.margin_cut_start_ratio, self.burden(), self.holding, self.net_value
        elif self.is_locked:
            return {}
        else:
            units, holding = int(exact(self.base_lot_size) * exact(self.lot_unit_size)), Holding(0, 0, 0, 0)
            limit, value = self.margin_cut_target_ratio, max(Decimal(1), self.net_value)
        if quote.rate != 1:
            self.wake_next()  # it moves by itself
            return {}
        distance, bid_rises, ask_rises = distance_to(
            exact(limit), units, holding, quote, exact(self.margin_rate), value
        )
        if distance <= float(self.grain):
            self.wake_next()
            return {}
        levels = {
            "margin by the bid": ("bid", self._price(quote.bid) + (distance if bid_rises else -distance)),
            "margin by the ask": ("ask", self._price(quote.ask) + (distance if ask_rises else -distance)),
        }
        return {name: level for name, level in levels.items() if 0 < level[1] < math.inf}

    def _price(self, grains: float) -> float:
        return grains / self.grains

    # What the candles come to

    def atr_text(self) -> str:
        return self._mean_text(self.short_ranges[-1], self.atr_period, Decimal(1))

    def threshold_text(self, *, locking: bool) -> str:
        multiple = self.volatility_lock_multiplier if locking else self.volatility_unlock_multiplier
        return self._mean_text(self.long_ranges[-1], self.atr_baseline_period, exact(multiple))

    def _mean_text(self, ranges: float, period: int, multiple: Decimal) -> str:
        """In pips, of a sum in grains."""
        return f"{int(ranges) * multiple / (self.grains_per_pip * period):.4f}"

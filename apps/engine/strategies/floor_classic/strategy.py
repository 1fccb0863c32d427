from __future__ import annotations

from collections import deque
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from apps.engine.strategies.floor.parameters import exact
from apps.engine.strategies.floor.progressions import progressed
from apps.engine.strategies.floor_classic.direction import (
    by_rsi,
    ema_crossover,
    momentum,
    price_vs_sma,
    sma_crossover,
)
from apps.engine.strategies.floor_classic.layers import ClassicLayers
from apps.engine.strategies.floor_classic.parameters import window_of

if TYPE_CHECKING:
    from decimal import Decimal

    from apps.engine.strategy import Fill

STEPS = 14  # of closes, that the last one is compared with


class FloorClassic(ClassicLayers):
    """Layers under a price that moves against them, each one position at its average price and closed as a whole.

    A layer adds so many pips under its average; when it has added often enough the next one begins. It sees every row
    of the data: of bars, the close, with the spread of the run's costs around it.
    """

    title = "Floor, classic"
    strategy_type = "floor_classic"
    fill_rules: ClassVar[dict[str, Any]] = {"market_at_close": True}

    def init(self) -> None:
        self.begin()
        self.closes: deque[int] = deque(maxlen=max(self.entry_signal_lookback_candles, STEPS + 2))
        self.middles: deque[int] = deque(maxlen=window_of(vars(self)))
        self.bucket = -1
        self.is_locked = self.was_full = False

    def on_bar(self) -> None:
        bid, ask = (round(price * self.grains) for price in self.quote)
        self.see((bid + ask) // 2)
        if not self.is_waiting_for_orders():
            self.decide(bid, ask)

    def see(self, middle: int) -> None:
        """Let the candle that forms have the middle of the quote."""
        bucket = self.now() // (self.entry_signal_candle_granularity_seconds * 1_000_000)
        self.middles.append(middle)
        if bucket == self.bucket:
            self.closes[-1] = middle
        else:
            self.closes.append(middle)
            self.bucket = bucket

    def decide(self, bid: int, ask: int) -> None:
        self.watch_volatility()
        if not self.layers:
            side = self.side_wanted()
            if side is not None and not self.is_locked:
                self.add_layer(0, side)
            return
        profit = exact(self.take_profit_pips) * self.grains_per_pip
        for layer in list(self.layers):
            if self.gain(layer, bid, ask) >= profit * layer["units"]:
                self.leave(layer)
        for layer in list(self.layers) if not self.is_locked else ():
            self.retrace(layer, bid, ask)

    def retrace(self, layer: dict[str, Any], bid: int, ask: int) -> None:
        """Add to a layer that is far enough under water; the last time it may, the next layer begins too."""
        trigger = self.trigger_pips(layer["number"]) * self.grains_per_pip * layer["units"]
        if layer["added"] >= self.max_retracements_per_layer or -self.gain(layer, bid, ask) < trigger:
            return
        self.add(layer)
        number = self.free_number()
        if layer["added"] == self.max_retracements_per_layer and number is not None:
            self.add_layer(number, self.side_wanted() or layer["side"])

    def watch_volatility(self) -> None:
        """Lock where the last step of closes is far above the mean of those before it; unlock without a word."""
        closes = list(self.closes)[-STEPS - 2 :]
        steps = [abs(later - close) for close, later in pairwise(closes)]
        usual = steps[:-1]
        was_locked, self.is_locked = self.is_locked, False
        if usual and sum(usual) and steps[-1] * len(usual) > exact(self.volatility_lock_multiplier) * sum(usual):
            self.is_locked = True
            if not was_locked:
                reason = "[LOCK] The last step of closes is far above the usual one."
                self.tell("volatility_lock", "status_changed", reason=reason)

    def settle(self) -> None:
        """Warn when there are as many layers as there may be; nothing is closed."""
        was_full, count = self.was_full, len(self.layers)
        self.was_full = count >= self.max_layers
        if self.was_full and not was_full:
            reason = "[MARGIN] There are as many layers as there may be."
            self.tell("margin_protection", reason=reason, layers=count)

    # The direction

    def side_wanted(self) -> int | None:
        """None until there is enough to tell it by."""
        wanted = window_of(vars(self))
        closes = list(self.middles if self.momentum_lookback_source == "ticks" else self.closes)[-wanted:]
        if len(closes) < wanted:
            return None
        match self.direction_method:
            case "sma_crossover":
                return sma_crossover(closes, self.sma_fast_period, self.sma_slow_period)
            case "ema_crossover":
                return ema_crossover(closes, self.ema_fast_period, self.ema_slow_period)
            case "price_vs_sma":
                return price_vs_sma(closes)
            case "rsi":
                return by_rsi(closes, self.rsi_period, exact(self.rsi_oversold), exact(self.rsi_overbought))
        return momentum(closes)

    def trigger_pips(self, number: int) -> Decimal:
        increment = exact(self.retracement_trigger_increment)
        return progressed(self.retracement_trigger_progression, exact(self.retracement_pips), number, increment)

    def on_fill(self, fill: Fill) -> None:
        self.filled(fill)
        if not self.pending:
            self.settle()

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, ClassVar

from apps.engine.strategies.floor.alarms import Alarms
from apps.engine.strategies.floor.candles import CALM, NARROW, READY, RISING, STORMY, WIDE
from apps.engine.strategies.floor.margin import Quote, ratio_of, units_at
from apps.engine.strategies.floor.parameters import exact

HOME = 1
LONG, SHORT = 1, -1


class Floor(Alarms):
    """A ladder of entries under a price that moves against them, each closed at a profit of its own.

    Every so many pips against its latest entry a layer adds one; when it is full, the next layer begins. Each entry is
    a position of its own. While prices range far more than usual it locks: it closes everything, or hedges it.
    It sees every row of the data: of bars, the close, with the spread of the run's costs around it.
    """

    title = "Floor"
    strategy_type = "floor"
    fill_rules: ClassVar[dict[str, Any]] = {"market_at_close": True}

    def init(self) -> None:
        self.begin()
        self.active, self.stack = HOME, []  # type: ignore[var-annotated]
        self.directions: dict[int, int] = {}
        self.added_at: dict[int, int] = {}
        self.is_locked, self.is_hedged, self.lock_reason = False, False, ""
        self.limits_told = []
        self.was_skipped = self.was_blocked = False
        self.last_words: dict[str, str] = {}
        self.listen()

    def on_bar(self) -> None:
        if self.is_waiting_for_orders():
            self.wake_next()
            return
        quote = self.priced()
        self.net_value = self.balance + self.holding.value(quote)
        self.watch_volatility(quote)
        if not self.protect_margin(quote) and not self.is_locked:
            self.trade(quote)
        if self.is_waiting_for_orders():
            self.wake_next()
        else:
            self.set_alarms(quote)

    def trade(self, quote: Quote) -> None:
        if not self.entries and self.is_blown_out(quote):
            return
        if not self.layer(self.active):
            self.enter_first(quote)
        elif not self.take_profits(quote):
            self.retrace(quote)

    # Volatility

    def watch_volatility(self, quote: Quote) -> None:
        sign = int(self.signs[-1])
        if not self.volatility_check_enabled:
            if self.is_locked:
                self.unlock("volatility_check_disabled_unlock")
        elif self.is_locked:
            if sign & CALM:
                self.unlock("volatility_unlock", atr=self.atr_text(), threshold=self.threshold_text(locking=False))
        elif sign & STORMY and self.entries:
            self.lock()

    def lock(self) -> None:
        figures = {"atr_value": self.atr_text(), "threshold": self.threshold_text(locking=True)}
        self.is_locked, self.is_hedged = True, self.is_hedging
        if not self.is_hedging:
            self.lock_reason = "[CLOSE] The range of prices is far above the usual one."
            self.tell("volatility_lock", "status_changed", reason=self.lock_reason, **figures)
            self.close_all("volatility_lock")
            return
        self.lock_reason = "[HEDGE_NEUTRALIZE] The range of prices is far above the usual one."
        hedged = list(self.entries)
        instructions = [
            {
                "direction": self.direction_text(-entry["side"]),
                "units": entry["units"],
                "layer_index": entry["layer"],
                "source_entry_id": entry["id"],
            }
            for entry in hedged
        ]
        self.tell(
            "volatility_hedge_neutralize",
            "status_changed",
            reason=self.lock_reason,
            **figures,
            hedge_instructions=instructions,
        )
        for entry in hedged:
            self.enter(entry["layer"], -entry["side"], entry["units"], entry["index"], None, hedges=entry["id"])

    def unlock(self, kind: str, **figures: str) -> None:
        was_hedged = self.is_hedged
        self.is_locked, self.is_hedged, self.lock_reason = False, False, ""
        if was_hedged:
            reason = "[CLOSE] unwind hedge-neutralized positions"
            self.tell("volatility_lock", "status_changed", reason=reason, **figures)
            self.close_all("volatility_lock")
        self.tell(kind, "status_changed", **figures, was_hedge_neutralized=was_hedged)

    def close_all(self, reason: str) -> None:
        for entry in list(self.entries):
            self.leave(entry, entry["units"], reason)
        self.active, self.stack, self.limits_told = HOME, [], []
        self.directions, self.added_at = {}, {}

    # Margin

    def protect_margin(self, quote: Quote) -> bool:
        """Cut what needs more margin than it may; whether anything was cut."""
        units = self.burden()
        if not self.margin_protection_enabled or not units:
            return False
        rate, start = exact(self.margin_rate), exact(self.margin_cut_start_ratio)
        ratio = ratio_of(units, quote, rate, self.net_value)
        if ratio < start:
            return False
        excess = units - units_at(exact(self.margin_cut_target_ratio), quote, rate, self.net_value)
        side = LONG if self.held(LONG) >= self.held(SHORT) else SHORT
        cut = sorted(
            (entry for entry in self.entries if entry["side"] == side and entry["hedges"] is None),
            key=lambda entry: (entry["layer"], entry["opened_at"], entry["id"]),
        )
        if excess <= 0 or not cut:
            return False
        closed = []
        for entry in cut:
            if excess > 0:
                closed.append((entry, min(excess, entry["units"])))
                excess -= closed[-1][1]
        total = sum(part for _, part in closed)
        self.tell(
            "margin_protection",
            signal="close",
            reason="[MARGIN] The entries need more of the net value than they may.",
            current_margin=self.ratio_text(ratio),
            threshold=self.ratio_text(start),
            positions_closed=len(closed),
            units_to_close=total,
        )
        for entry, part in closed:
            self.leave(entry, part, "margin_protection")
        return True

    def is_blown_out(self, quote: Quote) -> bool:
        """Whether one entry would need too much of the net value: the run ends, once all that was ordered is done."""
        units = int(exact(self.base_lot_size) * exact(self.lot_unit_size))
        target = exact(self.margin_cut_target_ratio)
        ratio = ratio_of(units, quote, exact(self.margin_rate), max(Decimal(1), self.net_value))
        if ratio < target:
            return False
        self.last_words = {
            "hypothetical_margin_ratio": self.ratio_text(ratio),
            "margin_cut_target_ratio": self.ratio_text(target),
            "nav": self.money_text(self.net_value),
        }
        if not self.pending:
            self.stop()
        return True

    def stop(self) -> None:
        self.tell("margin_blowout_stop", "strategy_stopped", **self.last_words)
        raise MarginBlowout(
            f"one entry would need {self.last_words['hypothetical_margin_ratio']} of the net value, "
            f"{self.last_words['nav']}, as margin; margin_cut_target_ratio is {self.margin_cut_target_ratio}"
        )

    # Entries and exits

    def enter_first(self, quote: Quote) -> None:
        sign = int(self.signs[-1])
        if not sign & READY or self.is_refused():
            return
        if self.is_spread_wide(quote):
            if not self.was_skipped:
                self.skip("entry_skipped", quote)
            self.was_skipped = True
            self.wake_next()
            return
        self.was_skipped = False
        self.enter_layer(LONG if sign & RISING else SHORT)

    def enter_layer(self, side: int) -> None:
        """The first entry of the active layer."""
        self.directions[self.active] = side
        self.enter(self.active, side, self.units(0, set()), 0, self.profit(self.active, 0))

    def take_profits(self, quote: Quote) -> bool:
        """Close every entry that is where it was meant to be, the newest first; whether there was one."""
        reached = [entry for entry in self.entries if self.gain(entry, quote) >= entry["profit"]]
        for entry in reversed(reached):
            self.leave(entry, entry["units"], "take_profit")
        return bool(reached)

    def retrace(self, quote: Quote) -> None:
        layer = self.layer(self.active)
        latest, is_full = layer[-1], len(layer) >= self.max_retracements_per_layer
        distance = latest["price"] - quote.ask if latest["side"] == LONG else quote.bid - latest["price"]
        was_blocked, self.was_blocked = self.was_blocked, False
        if distance < self.trigger(self.active) or self.is_refused():
            return
        if is_full and self.active >= self.max_layers:
            if self.active not in self.limits_told:
                self.limits_told.append(self.active)
                self.tell("retracement_limit_reached", layer_number=self.active, entries=len(layer))
            return
        if self.is_spread_wide(quote):
            if not was_blocked:
                self.skip("retracement_skipped", quote)
            self.was_blocked = True
            self.wake_next()
            return
        if not is_full:
            taken = {entry["units"] for entry in layer}
            units = self.units(len(layer), taken)
            self.enter(self.active, latest["side"], units, len(layer), self.profit(self.active, len(layer)))
            return
        self.stack.append(self.active)
        self.active += 1
        self.added_at[self.active] = self.now()
        self.tell("add_layer", layer_number=self.active, add_time=self.time_text(self.now()))
        anew = LONG if int(self.signs[-1]) & RISING else SHORT
        self.enter_layer(latest["side"] if self.layer_direction_mode == "inherit" else anew)

    def settle(self) -> None:
        """After what was closed: leave layers that are empty, down to the first with an entry."""
        while self.active != HOME and not self.layer(self.active):
            times = {"add_time": self.added_at.pop(self.active, self.last_exit), "remove_time": self.last_exit}
            texts = {name: self.time_text(time) for name, time in times.items()}
            self.tell("remove_layer", layer_number=self.active, **texts)
            self.directions.pop(self.active, None)
            self.active = self.stack.pop() if self.stack else HOME
        if not self.entries:
            self.limits_told = []
        if self.last_words:
            self.stop()

    # What parameters and candles make of a layer

    def factor(self) -> Decimal:
        sign = int(self.signs[-1]) if self.dynamic_parameter_adjustment_enabled else 0
        return Decimal("1.5") if sign & WIDE else Decimal("0.8") if sign & NARROW else Decimal(1)

    def trigger(self, layer: int) -> int:
        """In grains, as everything that is compared with prices: what is not whole is rounded up."""
        return math.ceil(self.trigger_pips(layer) * self.factor() * self.grains_per_pip)

    def profit(self, layer: int, index: int) -> Decimal:
        return self.profit_pips(layer, index) * self.factor()

    def skip(self, kind: str, quote: Quote) -> None:
        pips = (quote.ask - quote.bid) / self.grains_per_pip
        self.tell(kind, reason="market_condition_override", spread_pips=self.plain_text(pips))

    def is_spread_wide(self, quote: Quote) -> bool:
        limit = exact(self.market_condition_spread_limit_pips) * self.grains_per_pip
        return self.market_condition_override_enabled and quote.ask - quote.bid >= limit


class MarginBlowout(Exception):
    """The account is too small for even one entry; the run ends as failed."""

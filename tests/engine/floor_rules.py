"""The floor strategy once more: slow, tick by tick, in exact fractions, from its specification and nothing else."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def fraction(number: Any) -> Fraction:
    return Fraction(repr(number)) if isinstance(number, float) else Fraction(number)


def fixed(number: Fraction, digits: int) -> str:
    """Rounded to so many digits, half to even."""
    scaled = round(number * 10**digits)
    return f"{Decimal(scaled).scaleb(-digits):.{digits}f}"


def plain(number: Fraction) -> str:
    return f"{Decimal(round(number * 10**10)).scaleb(-10).normalize():f}"


def iso(time: int) -> str:
    return (EPOCH + timedelta(microseconds=time)).isoformat().replace("+00:00", "Z")


def progression(mode: str, base: Fraction, i: int, increment: Fraction) -> Fraction:
    if i == 0:
        return base
    return {
        "constant": lambda: base,
        "equal": lambda: base,
        "additive": lambda: base + increment * i,
        "subtractive": lambda: max(Fraction(0), base - increment * i),
        "multiplicative": lambda: base * 2**i,
        "divisive": lambda: base / 2**i,
        "exponential": lambda: base * increment**i,
        "inverse": lambda: base / (i + 1),
    }[mode]()


class Stopped(Exception):
    pass


class Rules:
    """events: (kind, payload) in their order. trades: (entry, units, entry price, exit price, pnl) of each close."""

    def __init__(self, parameters: Mapping[str, Any], *, cash: float, pip: float, digits: int, hedges: bool) -> None:
        self.p = {name: fraction(v) if isinstance(v, float) else v for name, v in parameters.items()}
        self.balance, self.pip, self.digits = fraction(cash), fraction(pip), digits
        self.hedging = self.p["hedging_enabled"] and hedges
        self.candles: list[dict[str, Any]] = []
        self.entries: list[dict[str, Any]] = []
        self.active, self.stack, self.next_id = 1, [], 1
        self.added: dict[int, int] = {}
        self.locked = self.neutral = False
        self.skipping = self.blocked = False
        self.told: set[int] = set()
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.trades: list[tuple[Any, ...]] = []

    # Figures

    def profile(self, layer: int) -> tuple[Fraction, Fraction]:
        """Take profit and trigger of a layer, in pips."""
        p = self.p
        if layer <= len(p["floor_profiles"]):
            row = p["floor_profiles"][layer - 1]
            return fraction(row["take_profit_pips"]), fraction(row["retracement_pips"])
        return (
            progression(p["take_profit_trigger_progression"], p["take_profit_pips"], layer - 1,
                        p["take_profit_trigger_increment"]),
            progression(p["retracement_trigger_progression"], p["retracement_pips"], layer - 1,
                        p["retracement_trigger_increment"]),
        )  # fmt: skip

    def lots(self, n: int) -> Fraction:
        p = self.p
        if n == 0:
            return p["base_lot_size"]
        lots = progression(p["retracement_lot_mode"], p["base_lot_size"], n, p["retracement_lot_amount"])
        if p["retracement_lot_mode"] in ("subtractive", "divisive", "inverse"):
            return max(Fraction(1, 100), lots)
        return lots

    def units(self, layer: int, n: int) -> int:
        units = max(1, int(self.lots(n) * self.p["lot_unit_size"]))
        taken = {e["units"] for e in self.entries if e["layer"] == layer}
        while not self.p["allow_duplicate_units"] and units in taken:
            units += 1
        return units

    def atr(self, period: int) -> Fraction:
        ranges = []
        for before, candle in zip(self.candles[-period - 1 : -1], self.candles[-period:], strict=True):
            close = before["close"]
            ranges.append(max(candle["high"] - candle["low"], abs(candle["high"] - close), abs(candle["low"] - close)))
        return sum(ranges, Fraction(0)) / self.pip / period

    def are_ranges_known(self) -> bool:
        baseline = self.p["atr_baseline_period"]
        return len(self.candles) >= baseline + 1 and self.atr(baseline) > 0

    def factor(self) -> Fraction:
        if not self.p["dynamic_parameter_adjustment_enabled"] or not self.are_ranges_known():
            return Fraction(1)
        ratio = self.atr(self.p["atr_period"]) / self.atr(self.p["atr_baseline_period"])
        if ratio >= 2:
            return Fraction(3, 2)
        return Fraction(4, 5) if ratio <= Fraction(7, 10) else Fraction(1)

    def direction(self) -> int:
        window = self.candles[-self.p["entry_signal_lookback_candles"] :]
        return 1 if window[-1]["close"] >= window[0]["close"] else -1

    def price(self, price: Fraction) -> str:
        text = fixed(price, self.digits)
        return text if Fraction(text) == price else plain(price)

    def tell(self, kind: str, **payload: Any) -> None:
        self.events.append((kind, payload))

    # A tick

    def tick(
        self, time: int, bid: Fraction, ask: Fraction, high: Fraction | None = None, low: Fraction | None = None
    ) -> None:
        self.time, self.bid, self.ask, self.mid = time, bid, ask, (bid + ask) / 2
        self.candle(self.mid if high is None else high, self.mid if low is None else low)
        self.nav = self.balance + sum(
            ((bid - e["price"]) if e["side"] > 0 else (e["price"] - ask)) * e["units"] for e in self.entries
        )
        self.volatility()
        if self.margin() or self.locked:
            return
        self.blow_out()
        if not self.of(self.active):
            self.first_entry()
        elif not self.profits():
            self.retracement()

    def of(self, layer: int) -> list[dict[str, Any]]:
        return [e for e in self.entries if e["layer"] == layer]

    def candle(self, high: Fraction, low: Fraction) -> None:
        length = self.p["entry_signal_candle_granularity_seconds"] * 1_000_000
        bucket = self.time - self.time % length
        if not self.candles or self.candles[-1]["bucket"] != bucket:
            self.candles.append({"bucket": bucket, "high": high, "low": low})
        candle = self.candles[-1]
        candle["high"], candle["low"] = max(candle["high"], high), min(candle["low"], low)
        candle["close"] = self.mid
        kept = max(self.p["entry_signal_lookback_candles"], self.p["atr_baseline_period"] + 1) + 5
        self.candles = self.candles[-kept:]

    def volatility(self) -> None:
        p = self.p
        if not p["volatility_check_enabled"] or not self.are_ranges_known():
            return
        atr, baseline = self.atr(p["atr_period"]), self.atr(p["atr_baseline_period"])
        if not self.locked and atr >= baseline * p["volatility_lock_multiplier"] and self.entries:
            figures = {"atr_value": fixed(atr, 4), "threshold": fixed(baseline * p["volatility_lock_multiplier"], 4)}
            self.locked = True
            if self.hedging:
                self.neutral = True
                entries = list(self.entries)
                instructions = [
                    {"direction": "short" if e["side"] > 0 else "long", "units": e["units"],
                     "layer_index": e["layer"], "source_entry_id": e["id"]}
                    for e in entries
                ]  # fmt: skip
                self.tell("volatility_hedge_neutralize", **figures, hedge_instructions=instructions)
                for e in entries:
                    self.open(e["layer"], -e["side"], e["units"], e["index"], None, source=e["id"])
            else:
                self.tell("volatility_lock", **figures)
                self.close_everything()
        elif self.locked and atr <= baseline * p["volatility_unlock_multiplier"]:
            figures = {"atr": fixed(atr, 4), "threshold": fixed(baseline * p["volatility_unlock_multiplier"], 4)}
            was_neutral, self.locked, self.neutral = self.neutral, False, False
            if was_neutral:
                self.tell("volatility_lock", **figures)
                self.close_everything()
            self.tell("volatility_unlock", **figures, was_hedge_neutralized=was_neutral)

    def close_everything(self) -> None:
        for e in list(self.entries):
            self.close(e, e["units"])
        self.active, self.stack, self.told, self.added = 1, [], set(), {}

    def margin(self) -> bool:
        p = self.p
        long = sum(e["units"] for e in self.entries if e["side"] > 0)
        short = sum(e["units"] for e in self.entries if e["side"] < 0)
        units = max(long, short) if self.hedging else long + short
        if not p["margin_protection_enabled"] or not units:
            return False
        ratio = self.mid * units * p["margin_rate"] / self.nav if self.nav > 0 else Fraction(999)
        if ratio < p["margin_cut_start_ratio"]:
            return False
        target = int(p["margin_cut_target_ratio"] * max(Fraction(1), self.nav) / (self.mid * p["margin_rate"]))
        excess, side = units - target, 1 if long >= short else -1
        queue = sorted(
            (e for e in self.entries if e["side"] == side and not e["is_hedge"]),
            key=lambda e: (e["layer"], e["opened_at"], e["id"]),
        )
        parts = []
        for e in queue:
            if excess > 0:
                parts.append((e, min(excess, e["units"])))
                excess -= parts[-1][1]
        if not parts:
            return False
        self.tell(
            "margin_protection", signal="close", current_margin=fixed(ratio, 4),
            threshold=fixed(p["margin_cut_start_ratio"], 4), positions_closed=len(parts),
            units_to_close=sum(part for _, part in parts),
        )  # fmt: skip
        for e, part in parts:
            self.close(e, part)
        self.collapse()
        return True

    def blow_out(self) -> None:
        p = self.p
        if self.entries:
            return
        units = int(p["base_lot_size"] * p["lot_unit_size"])
        ratio = self.mid * units * p["margin_rate"] / max(Fraction(1), self.nav)
        if ratio >= p["margin_cut_target_ratio"]:
            self.tell(
                "margin_blowout_stop", hypothetical_margin_ratio=fixed(ratio, 4),
                margin_cut_target_ratio=fixed(p["margin_cut_target_ratio"], 4), nav=fixed(self.nav, 2),
            )  # fmt: skip
            raise Stopped

    def is_spread_bad(self) -> bool:
        limit = self.p["market_condition_spread_limit_pips"]
        return self.p["market_condition_override_enabled"] and (self.ask - self.bid) / self.pip >= limit

    def skip(self, kind: str) -> None:
        self.tell(kind, reason="market_condition_override", spread_pips=plain((self.ask - self.bid) / self.pip))

    def first_entry(self) -> None:
        if len(self.candles) < self.p["entry_signal_lookback_candles"]:
            return
        if self.is_spread_bad():
            if not self.skipping:
                self.skip("entry_skipped")
            self.skipping = True
            return
        self.skipping = False
        self.open(self.active, self.direction(), self.units(self.active, 0), 0, self.take_profit(self.active, 0))

    def take_profit(self, layer: int, index: int) -> Fraction:
        p = self.p
        base = self.profile(layer)[0]
        return progression(p["take_profit_pips_mode"], base, index, p["take_profit_pips_amount"]) * self.factor()

    def profits(self) -> bool:
        closed = False
        for e in sorted(self.entries, key=lambda e: -e["id"]):
            gained = (self.bid - e["price"]) if e["side"] > 0 else (e["price"] - self.ask)
            if gained / self.pip >= e["tp"]:
                closed = True
                exit_price, pnl = self.close(e, e["units"])
                self.tell(
                    "take_profit", signal="close", layer_number=e["layer"], direction=self.word(e),
                    entry_price=self.price(e["price"]), exit_price=self.price(exit_price), units=e["units"],
                    pnl=fixed(pnl, 2), pips=fixed(gained / self.pip, 1), entry_time=iso(e["opened_at"]),
                    exit_time=iso(self.time), retracement_count=e["index"], entry_id=e["id"],
                )  # fmt: skip
        if closed:
            self.collapse()
        return closed

    def collapse(self) -> None:
        while self.active != 1 and not self.of(self.active):
            add_time = self.added.pop(self.active)
            self.tell("remove_layer", layer_number=self.active, add_time=iso(add_time), remove_time=iso(self.time))
            self.active = self.stack.pop() if self.stack else 1
        if not self.entries:
            self.told = set()

    def retracement(self) -> None:
        p = self.p
        layer = self.of(self.active)
        e, count = max(layer, key=lambda e: e["id"]), len(layer)
        adverse = ((e["price"] - self.ask) if e["side"] > 0 else (self.bid - e["price"])) / self.pip
        blocked, self.blocked = self.blocked, False
        if adverse < self.profile(self.active)[1] * self.factor():
            return
        if count >= p["max_retracements_per_layer"] and self.active >= p["max_layers"]:
            if self.active not in self.told:
                self.told.add(self.active)
                self.tell("retracement_limit_reached", layer_number=self.active, entries=count)
        elif self.is_spread_bad():
            self.blocked = True
            if not blocked:
                self.skip("retracement_skipped")
        elif count < p["max_retracements_per_layer"]:
            tp = self.take_profit(self.active, count)
            self.open(self.active, e["side"], self.units(self.active, count), count, tp)
        else:
            self.stack.append(self.active)
            self.active += 1
            self.added[self.active] = self.time
            self.tell("add_layer", layer_number=self.active, add_time=iso(self.time))
            side = e["side"] if p["layer_direction_mode"] == "inherit" else self.direction()
            self.open(self.active, side, self.units(self.active, 0), 0, self.take_profit(self.active, 0))

    # Entries

    def word(self, e: dict[str, Any]) -> str:
        return "long" if e["side"] > 0 else "short"

    def open(
        self, layer: int, side: int, units: int, index: int, tp: Fraction | None, source: int | None = None
    ) -> None:
        price = self.ask if side > 0 else self.bid
        e = {"id": self.next_id, "layer": layer, "side": side, "units": units, "index": index, "price": price,
             "tp": tp, "opened_at": self.time, "is_hedge": source is not None}  # fmt: skip
        self.next_id += 1
        self.entries.append(e)
        if tp is None:
            return
        self.tell(
            "retracement" if index else "initial_entry", signal="buy" if side > 0 else "sell", layer_number=layer,
            direction=self.word(e), price=self.price(price), units=units, entry_time=iso(self.time),
            retracement_count=index, entry_id=e["id"], planned_exit_price=self.price(price + side * tp * self.pip),
            planned_exit_price_formula=f"{self.price(price)} {'-+'[side > 0]} {plain(tp)} * {plain(self.pip)}",
        )  # fmt: skip

    def close(self, e: dict[str, Any], units: int) -> tuple[Fraction, Fraction]:
        price = self.bid if e["side"] > 0 else self.ask
        pnl = (price - e["price"]) * units * e["side"]
        self.balance += pnl
        self.trades.append((e["layer"], e["index"], e["id"], units, float(e["price"]), float(price), fixed(pnl, 2)))
        if units == e["units"]:
            self.entries.remove(e)
        else:
            e["units"] -= units
        return price, pnl


def played(rules: Rules, ticks: Sequence[tuple[int, Fraction, Fraction]]) -> Rules:
    """The rules after these ticks, or where they stopped themselves."""
    try:
        for time, bid, ask in ticks:
            rules.tick(time, bid, ask)
    except Stopped:
        pass
    return rules

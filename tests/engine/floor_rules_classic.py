"""The older floor strategy once more: slow, tick by tick, in exact fractions, from its specification."""

from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Any

from tests.engine.floor_rules import fixed, fraction, iso, plain, progression


class ClassicRules:
    """events: (kind, payload) in their order."""

    def __init__(self, parameters: Mapping[str, Any], *, pip: float, digits: int) -> None:
        self.p = {name: fraction(v) if isinstance(v, float) else v for name, v in parameters.items()}
        self.pip, self.digits = fraction(pip), digits
        self.layers: dict[int, dict[str, Any]] = {}
        self.closes: list[Fraction] = []
        self.middles: list[Fraction] = []
        self.bucket: int | None = None
        self.locked = self.full = False
        self.events: list[tuple[str, dict[str, Any]]] = []

    def tick(self, time: int, bid: Fraction, ask: Fraction) -> None:
        self.time, self.bid, self.ask = time, bid, ask
        self.candle((bid + ask) / 2)
        self.volatility()
        if not self.layers:
            side = self.direction()
            if side and not self.locked:
                self.open(0, side)
                self.margin()
            return
        for number in sorted(self.layers):
            layer = self.layers[number]
            if self.gained(layer) >= self.p["take_profit_pips"]:
                self.close(number)
        if not self.locked:
            for number in sorted(self.layers):
                self.retracement(number)
        self.margin()

    def candle(self, mid: Fraction) -> None:
        bucket = self.time // (self.p["entry_signal_candle_granularity_seconds"] * 1_000_000)
        if bucket != self.bucket:
            self.closes.append(mid)
        self.bucket, self.closes[-1] = bucket, mid
        self.middles.append(mid)

    def volatility(self) -> None:
        steps = [abs(b - a) for a, b in pairwise(self.closes)]
        before = steps[:-1][-14:]
        locked = False
        if before and sum(before) > 0:
            locked = steps[-1] > self.p["volatility_lock_multiplier"] * sum(before) / len(before)
        if locked and not self.locked:
            self.events.append(("volatility_lock", {}))
        self.locked = locked

    def direction(self) -> int:
        p = self.p
        if p["momentum_lookback_source"] == "ticks":
            wanted = p["entry_signal_lookback_ticks"] if p["entry_signal_lookback_ticks"] > 0 else 100
            closes, wanted = self.middles, max(2, wanted)
        else:
            closes, wanted = self.closes, p["entry_signal_lookback_candles"]
        if len(closes) < wanted:
            return 0
        window = closes[-wanted:]
        momentum = 1 if window[-1] >= window[0] else -1
        method = p["direction_method"]
        if method == "sma_crossover" and wanted >= p["sma_slow_period"]:
            fast, slow = (sum(window[-p[f"sma_{n}_period"] :]) / p[f"sma_{n}_period"] for n in ("fast", "slow"))
            return 1 if fast >= slow else -1
        if method == "ema_crossover" and wanted >= p["ema_slow_period"]:
            fast, slow = (self.ema(window, p[f"ema_{n}_period"]) for n in ("fast", "slow"))
            return 1 if fast >= slow else -1
        if method == "price_vs_sma":
            return 1 if window[-1] >= sum(window) / wanted else -1
        if method == "rsi" and wanted > p["rsi_period"]:
            steps = [b - a for a, b in pairwise(window)][-p["rsi_period"] :]
            rose, fell = sum(s for s in steps if s > 0), -sum(s for s in steps if s < 0)
            if rose + fell > 0:
                rsi = 100 * rose / (rose + fell)
                if rsi <= p["rsi_oversold"]:
                    return 1
                if rsi >= p["rsi_overbought"]:
                    return -1
        return momentum

    def ema(self, closes: list[Fraction], period: int) -> Fraction:
        mean = closes[0]
        for close in closes[1:]:
            mean += (close - mean) * Fraction(2, period + 1)
        return mean

    def gained(self, layer: dict[str, Any]) -> Fraction:
        """Pips of the average price, at the price where the layer can be closed."""
        if layer["side"] > 0:
            return (self.bid - layer["average"]) / self.pip
        return (layer["average"] - self.ask) / self.pip

    def retracement(self, number: int) -> None:
        p, layer = self.p, self.layers[number]
        trigger = progression(
            p["retracement_trigger_progression"], p["retracement_pips"], number, p["retracement_trigger_increment"]
        )
        if layer["added"] >= p["max_retracements_per_layer"] or -self.gained(layer) < trigger:
            return
        if p["retracement_lot_mode"] == "multiplicative":
            units = max(1, int(layer["units"] * (p["retracement_lot_amount"] - 1)))
        else:
            units = max(1, int(p["retracement_lot_amount"] * p["lot_unit_size"]))
        layer["added"] += 1
        self.enter(number, units)
        free = [n for n in range(p["max_layers"]) if n not in self.layers]
        if layer["added"] == p["max_retracements_per_layer"] and free:
            self.open(free[0], self.direction() or layer["side"])

    def margin(self) -> None:
        full = len(self.layers) >= self.p["max_layers"]
        if full and not self.full:
            self.events.append(("margin_protection", {"layers": len(self.layers)}))
        self.full = full

    def open(self, number: int, side: int) -> None:
        p = self.p
        lots = progression(p["lot_size_progression"], p["base_lot_size"], number, p["lot_size_increment"])
        self.layers[number] = {"side": side, "units": 0, "average": Fraction(0), "added": 0, "opened_at": self.time}
        self.enter(number, max(1, int(lots * p["lot_unit_size"])))
        self.events.append(("add_layer", {"layer_number": number, "add_time": iso(self.time)}))

    def price(self, price: Fraction) -> str:
        text = fixed(price, self.digits)
        return text if Fraction(text) == price else plain(price)

    def enter(self, number: int, units: int) -> None:
        layer, tp = self.layers[number], self.p["take_profit_pips"]
        side = layer["side"]
        price = self.ask if side > 0 else self.bid
        total = layer["units"] + units
        layer["average"] = (layer["average"] * layer["units"] + price * units) / total
        layer["units"] = total
        planned = self.price(layer["average"] + side * tp * self.pip)
        self.events.append((
            "retracement" if layer["added"] else "initial_entry",
            {"signal": "buy" if side > 0 else "sell", "layer_number": number,
             "direction": "long" if side > 0 else "short", "price": self.price(price), "units": units,
             "entry_time": iso(self.time), "retracement_count": layer["added"], "planned_exit_price": planned,
             "planned_exit_price_formula":
                 f"{self.price(layer['average'])} {'-+'[side > 0]} {plain(tp)} * {plain(self.pip)}"},
        ))  # fmt: skip

    def close(self, number: int) -> None:
        layer = self.layers.pop(number)
        price = self.bid if layer["side"] > 0 else self.ask
        gained = (price - layer["average"]) * layer["side"]
        times = {"entry_time": iso(layer["opened_at"]), "exit_time": iso(self.time)}
        self.events.append((
            "take_profit",
            {"signal": "close", "layer_number": number, "direction": "long" if layer["side"] > 0 else "short",
             "entry_price": self.price(layer["average"]), "exit_price": self.price(price), "units": layer["units"],
             "pnl": fixed(gained * layer["units"], 2), "pips": fixed(gained / self.pip, 1), **times,
             "retracement_count": layer["added"]},
        ))  # fmt: skip
        times = {"add_time": iso(layer["opened_at"]), "remove_time": iso(self.time)}
        self.events.append(("remove_layer", {"layer_number": number, **times}))

"""The parameters of the older floor strategy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.engine.strategies.floor.parameters import PIPS, exact
from apps.engine.strategies.floor.progressions import MODES
from apps.engine.strategy import Choice, Float, Int, Strategy

if TYPE_CHECKING:
    from collections.abc import Mapping

NEEDED = {"sma_crossover": "sma_slow_period", "ema_crossover": "ema_slow_period", "rsi": "rsi_period"}
METHODS = ("momentum", "sma_crossover", "ema_crossover", "price_vs_sma", "rsi")


def window_of(values: Mapping[str, Any]) -> int:
    """How many closes, or ticks, tell the direction."""
    if values["momentum_lookback_source"] == "candles":
        return int(values["entry_signal_lookback_candles"])
    ticks = int(values["entry_signal_lookback_ticks"])
    return max(2, ticks) if ticks > 0 else 100


class ClassicParameters(Strategy):
    lot_unit_size = Float(1000.0, above=0, unit="units", help="Units of one lot.")
    base_lot_size = Float(1.0, min=0.01, unit="lots", help="What the first layer orders at first.")
    lot_size_progression = Choice("additive", MODES, help="How that changes from layer to layer.")
    lot_size_increment = Float(0.5, min=0, unit="lots", help="The step from one layer to the next.")
    retracement_lot_mode = Choice(
        "additive",
        ["additive", "multiplicative"],
        help="Add the amount each time, or make the layer so many times as large.",
    )
    retracement_lot_amount = Float(1.0, min=0, help="Lots to add, or how many times as large.")
    retracement_pips = Float(30.0, above=0, unit=PIPS, help="How far below its average price a layer adds.")
    retracement_trigger_progression = Choice("additive", MODES, help="How that changes from layer to layer.")
    retracement_trigger_increment = Float(5.0, min=0, unit=PIPS, help="The step from one layer to the next.")
    take_profit_pips = Float(25.0, above=0, unit=PIPS, help="The gain of its average price at which a layer is closed.")
    max_layers = Int(3, min=1, max=10, help="How many there may be.")
    max_retracements_per_layer = Int(10, min=1, max=1000, help="How often a layer adds, without its first entry.")
    volatility_lock_multiplier = Float(5.0, above=0, max=1000, help="Step of closes at which to stop, in usual ones.")
    momentum_lookback_source = Choice("candles", ["candles", "ticks"], help="What the direction is told by.")
    entry_signal_lookback_ticks = Int(10, max=5000, unit="ticks", help="Of the direction; 0 or less means 100.")
    entry_signal_lookback_candles = Int(50, min=2, max=5000, unit="candles", help="Of the direction.")
    entry_signal_candle_granularity_seconds = Int(60, min=1, max=604_800, unit="seconds", help="Length of a candle.")
    direction_method = Choice("momentum", METHODS, help="How closes tell the direction.")
    sma_fast_period = Int(10, min=1, max=5000, help="Closes of the fast simple mean.")
    sma_slow_period = Int(30, min=2, max=5000, help="Closes of the slow simple mean.")
    ema_fast_period = Int(12, min=1, max=5000, help="Closes of the fast exponential mean.")
    ema_slow_period = Int(26, min=2, max=5000, help="Closes of the slow exponential mean.")
    rsi_period = Int(14, min=1, max=5000, help="Steps of the RSI.")
    rsi_oversold = Float(30.0, min=0, max=100, help="Long at this RSI or below.")
    rsi_overbought = Float(70.0, min=0, max=100, help="Short at this RSI or above; momentum decides in between.")

    @classmethod
    def check(cls, values: Mapping[str, Any]) -> dict[str, str]:
        problems: dict[str, str] = {}
        pairs = (
            ("sma_fast_period", "sma_slow_period"),
            ("ema_fast_period", "ema_slow_period"),
            ("rsi_oversold", "rsi_overbought"),
        )
        for low, high in pairs:
            if low in values and high in values and values[low] >= values[high]:
                problems[low] = f"{values[low]} must be less than {high}, which is {values[high]}."
        grows = values.get("retracement_lot_mode") == "multiplicative"
        if grows and "retracement_lot_amount" in values and values["retracement_lot_amount"] <= 1:
            problems["retracement_lot_amount"] = "A layer that grows is more than 1 time as large."
        needed = NEEDED.get(values.get("direction_method", ""))
        sources = {"momentum_lookback_source", "entry_signal_lookback_candles", "entry_signal_lookback_ticks"}
        if needed and {needed, *sources} <= values.keys():
            least = values[needed] + (needed == "rsi_period")
            if least > (window := window_of(values)):
                problems[needed] = f"It needs {least} closes; the look-back of the direction has {window}."
        if {"base_lot_size", "lot_unit_size"} <= values.keys():
            units = exact(values["base_lot_size"]) * exact(values["lot_unit_size"])
            if units < 1:
                problems["base_lot_size"] = f"It comes to {units} units, by lot_unit_size; at least 1 is needed."
        return problems

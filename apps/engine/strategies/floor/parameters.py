"""The parameters of the floor strategy, and what they say of a layer and of an entry."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from apps.engine.strategies.floor.progressions import MODES, lots, progressed
from apps.engine.strategy import Bool, Choice, Float, Int, Strategy, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

PIPS = "pips"


def exact(number: float) -> Decimal:
    """The decimal that a parameter was written as."""
    return Decimal(repr(number))


class FloorParameters(Strategy):
    lot_unit_size = Float(1000.0, above=0, unit="units", help="Units of one lot.")
    base_lot_size = Float(1.0, min=0.01, unit="lots", help="What the first entry of a layer orders.")
    retracement_lot_mode = Choice("additive", MODES, help="How lots change with every entry that is added.")
    retracement_lot_amount = Float(1.0, min=0, unit="lots", help="The step from one added entry to the next.")
    retracement_pips = Float(30.0, above=0, help="How far below its latest entry a layer adds one.", unit=PIPS)
    take_profit_pips = Float(25.0, above=0, help="The profit at which an entry is closed.", unit=PIPS)
    take_profit_pips_mode = Choice("constant", MODES, help="How the take profit changes within a layer.")
    take_profit_pips_amount = Float(5.0, min=0, help="The step from one entry to the next.", unit=PIPS)
    retracement_trigger_progression = Choice("constant", MODES, help="How the distance changes from layer to layer.")
    retracement_trigger_increment = Float(5.0, min=0, help="The step from one layer to the next.", unit=PIPS)
    take_profit_trigger_progression = Choice("constant", MODES, help="How the profit changes from layer to layer.")
    take_profit_trigger_increment = Float(5.0, min=0, help="The step from one layer to the next.", unit=PIPS)
    floor_profiles = Table(
        {"take_profit_pips": Float(25.0, above=0, unit=PIPS), "retracement_pips": Float(30.0, above=0, unit=PIPS)},
        max_rows=10,
        help="Row by row, what stands in place of the progressions for the first layer, the second …",
    )
    max_layers = Int(3, min=1, max=10, help="How many ladders stand on each other.")
    max_retracements_per_layer = Int(10, min=1, max=1000, unit="entries", help="With its first one.")
    entry_signal_candle_granularity_seconds = Int(60, min=1, max=604_800, unit="seconds", help="Length of a candle.")
    entry_signal_lookback_candles = Int(
        50, min=2, max=5000, unit="candles", help="Long when the last of their closes is not below the first."
    )
    layer_direction_mode = Choice(
        "independent",
        ["independent", "inherit"],
        help="Whether a further layer looks anew, or goes where the last goes.",
    )
    hedging_enabled = Bool(True, help="Both sides may be open, and margin counts the larger; of accounts that hedge.")
    allow_duplicate_units = Bool(False, help="Otherwise each entry of a layer has units that no other one has.")
    margin_protection_enabled = Bool(True, help="Close the oldest entries before the margin is used up.")
    margin_rate = Float(0.04, above=0, max=1, help="Share of its value that a position needs.")
    margin_cut_start_ratio = Float(
        0.6, above=0, max=10, help="Share of the net value in use at which entries are cut …"
    )
    margin_cut_target_ratio = Float(0.5, above=0, max=10, help="… and to which they are cut.")
    volatility_check_enabled = Bool(True, help="Stand aside while prices range far more than usual.")
    volatility_lock_multiplier = Float(5.0, above=0, max=1000, help="Mean range at which to stop, in usual ones …")
    volatility_unlock_multiplier = Float(1.5, above=0, max=1000, help="… and at which to go on.")
    atr_period = Int(14, min=1, max=5000, unit="candles", help="Of the mean range now.")
    atr_baseline_period = Int(50, min=2, max=5000, unit="candles", help="Of the usual one.")
    market_condition_override_enabled = Bool(True, help="No entry while the spread is wide.")
    market_condition_spread_limit_pips = Float(3.0, above=0, help="The spread that is too wide.", unit=PIPS)
    dynamic_parameter_adjustment_enabled = Bool(False, help="Wider distances when prices range wider, and narrower.")

    @classmethod
    def check(cls, values: Mapping[str, Any]) -> dict[str, str]:
        problems: dict[str, str] = {}
        for low, high in (
            ("margin_cut_target_ratio", "margin_cut_start_ratio"),
            ("volatility_unlock_multiplier", "volatility_lock_multiplier"),
            ("atr_period", "atr_baseline_period"),
        ):
            if low in values and high in values and values[low] >= values[high]:
                problems[low] = f"{values[low]} must be less than {high}, which is {values[high]}."
        if {"floor_profiles", "max_layers"} <= values.keys() and len(values["floor_profiles"]) > values["max_layers"]:
            profiles, layers = len(values["floor_profiles"]), values["max_layers"]
            problems["floor_profiles"] = f"{profiles} profiles are more than max_layers, which is {layers}."
        if {"base_lot_size", "lot_unit_size"} <= values.keys():
            units = exact(values["base_lot_size"]) * exact(values["lot_unit_size"])
            if units < 1:
                problems["base_lot_size"] = f"It comes to {units} units, by lot_unit_size; at least 1 is needed."
        return problems

    def trigger_pips(self, layer: int) -> Decimal:
        """The adverse distance at which this layer, from 1 on, adds an entry; before any adjustment."""
        if layer <= len(self.floor_profiles):
            return exact(self.floor_profiles[layer - 1]["retracement_pips"])
        increment = exact(self.retracement_trigger_increment)
        return progressed(self.retracement_trigger_progression, exact(self.retracement_pips), layer - 1, increment)

    def profit_pips(self, layer: int, index: int) -> Decimal:
        """The profit at which an entry is closed. index: how many its layer held before it."""
        if layer <= len(self.floor_profiles):
            base = exact(self.floor_profiles[layer - 1]["take_profit_pips"])
        else:
            increment = exact(self.take_profit_trigger_increment)
            base = progressed(self.take_profit_trigger_progression, exact(self.take_profit_pips), layer - 1, increment)
        return progressed(self.take_profit_pips_mode, base, index, exact(self.take_profit_pips_amount))

    def units(self, index: int, taken: set[int]) -> int:
        """What an entry orders; no number that is taken, where each is to be unlike the others."""
        wanted = lots(self.retracement_lot_mode, exact(self.base_lot_size), index, exact(self.retracement_lot_amount))
        units = max(1, int(wanted * exact(self.lot_unit_size)))
        while not self.allow_duplicate_units and units in taken:
            units += 1
        return units

"""What freqtrade loads by name from a folder of strategies."""

from typing import Any

from freqtrade.strategy import IStrategy
from pandas import DataFrame


class HoldWhileAbove(IStrategy):
    INTERFACE_VERSION = 3
    timeframe = "1m"
    minimal_roi = {"0": 1000.0}  # never
    stoploss = -0.99
    startup_candle_count = 0
    position_adjustment_enable = False

    def populate_indicators(self, dataframe: DataFrame, metadata: dict[str, Any]) -> DataFrame:
        dataframe["fast"] = dataframe["close"].rolling(20).mean()
        dataframe["slow"] = dataframe["close"].rolling(100).mean()
        return dataframe

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict[str, Any]) -> DataFrame:
        dataframe["enter_long"] = (dataframe["fast"] > dataframe["slow"]).astype(int)
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict[str, Any]) -> DataFrame:
        dataframe["exit_long"] = (dataframe["fast"] <= dataframe["slow"]).astype(int)
        return dataframe

    def custom_stake_amount(self, current_rate: float, **_: Any) -> float:
        """The money that one unit costs."""
        return current_rate

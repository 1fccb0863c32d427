"""All indicators against arrays of TA-Lib 0.8.2 and, for what TA-Lib does not have, of the plain formulas.

The first defined value is part of the truth. One array disagrees with the words that come with it: both means of PPO
are seeded by their own first values, not as those of MACD.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from apps.engine import indicators
from tests.golden.cases import read_bars

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from apps.engine.types import Array

SET = "fx_eurusd_1h_dukascopy_ask_2017"
BARS = ("open", "high", "low", "close")
RANGE = ("high", "low", "close")
LOOSE = {"OBV": 1e-6, "AD": 1e-6}  # relative; running totals of large floats

# (function, columns, arguments) and the truth of each output
TRUTH: list[tuple[Callable[..., Any], tuple[str, ...], tuple[float, ...], tuple[str, ...]]] = [
    (indicators.sma, ("close",), (14,), ("SMA_14",)),
    (indicators.sma, ("close",), (50,), ("SMA_50",)),
    (indicators.ema, ("close",), (14,), ("EMA_14",)),
    (indicators.wma, ("close",), (14,), ("WMA_14",)),
    (indicators.dema, ("close",), (14,), ("DEMA_14",)),
    (indicators.tema, ("close",), (14,), ("TEMA_14",)),
    (indicators.trima, ("close",), (14,), ("TRIMA_14",)),
    (indicators.kama, ("close",), (10,), ("KAMA_10",)),
    (indicators.t3, ("close",), (5, 0.7), ("T3_5_0.7",)),
    (indicators.hma, ("close",), (16,), ("HMA_16",)),
    (indicators.vwma, ("close", "volume"), (20,), ("VWMA_20",)),
    (indicators.linear_regression, ("close",), (14,), ("LINEARREG_14",)),
    (indicators.linear_regression_slope, ("close",), (14,), ("LINEARREG_SLOPE_14",)),
    (indicators.rsi, ("close",), (14,), ("RSI_14",)),
    (indicators.cmo, ("close",), (14,), ("CMO_14",)),
    (indicators.momentum, ("close",), (10,), ("MOM_10",)),
    (indicators.rate_of_change, ("close",), (10,), ("ROC_10",)),
    (
        indicators.macd,
        ("close",),
        (12, 26, 9),
        ("MACD_12_26_9_macd", "MACD_12_26_9_signal", "MACD_12_26_9_hist"),
    ),
    (indicators.ppo, ("close",), (12, 26), ("PPO_12_26_ema",)),
    (indicators.trix, ("close",), (15,), ("TRIX_15",)),
    (indicators.stochastic, RANGE, (14, 3, 3), ("STOCH_14_3_3_k", "STOCH_14_3_3_d")),
    (indicators.stochastic_fast, RANGE, (14, 3), ("STOCHF_14_3_k", "STOCHF_14_3_d")),
    (indicators.stochastic_rsi, ("close",), (14, 5, 3), ("STOCHRSI_14_5_3_k", "STOCHRSI_14_5_3_d")),
    (indicators.williams_r, RANGE, (14,), ("WILLR_14",)),
    (indicators.cci, RANGE, (20,), ("CCI_20",)),
    (indicators.ultimate_oscillator, RANGE, (7, 14, 28), ("ULTOSC_7_14_28",)),
    (indicators.awesome_oscillator, ("high", "low"), (5, 34), ("AO_5_34",)),
    (indicators.directional_index, RANGE, (14,), ("PLUS_DI_14", "MINUS_DI_14", "DX_14")),
    (indicators.adx, RANGE, (14,), ("ADX_14",)),
    (indicators.adxr, RANGE, (14,), ("ADXR_14",)),
    (indicators.aroon, ("high", "low"), (14,), ("AROON_14_up", "AROON_14_down", "AROONOSC_14")),
    (indicators.parabolic_sar, ("high", "low"), (0.02, 0.2), ("SAR_0.02_0.2",)),
    (indicators.supertrend, RANGE, (10, 3.0), ("SUPERTREND_10_3", "SUPERTREND_10_3_direction")),
    (indicators.vortex, RANGE, (14,), ("VORTEX_14_plus", "VORTEX_14_minus")),
    (
        indicators.ichimoku,
        ("high", "low"),
        (9, 26, 52),
        tuple(f"ICHIMOKU_9_26_52_{line}" for line in ("tenkan", "kijun", "senkou_a", "senkou_b")),
    ),
    (indicators.chikou, ("close",), (26,), ("ICHIMOKU_9_26_52_chikou",)),
    (indicators.heikin_ashi, BARS, (), ("HA_open", "HA_high", "HA_low", "HA_close")),
    (indicators.true_range, RANGE, (), ("TRANGE",)),
    (indicators.atr, RANGE, (14,), ("ATR_14",)),
    (indicators.natr, RANGE, (14,), ("NATR_14",)),
    (indicators.standard_deviation, ("close",), (20,), ("STDDEV_20_pop",)),
    (
        indicators.bollinger,
        ("close",),
        (20, 2.0),
        ("BBANDS_20_2_upper", "BBANDS_20_2_middle", "BBANDS_20_2_lower"),
    ),
    (indicators.bollinger_percent_b, ("close",), (20, 2.0), ("BB_PERCENT_B_20_2",)),
    (indicators.bollinger_width, ("close",), (20, 2.0), ("BB_WIDTH_20_2",)),
    (
        indicators.keltner,
        RANGE,
        (20, 10, 2.0),
        ("KELTNER_20_10_2_upper", "KELTNER_20_10_2_middle", "KELTNER_20_10_2_lower"),
    ),
    (
        indicators.donchian,
        ("high", "low"),
        (20,),
        ("DONCHIAN_20_upper", "DONCHIAN_20_middle", "DONCHIAN_20_lower"),
    ),
    (indicators.highest, ("high",), (20,), ("DONCHIAN_20_upper",)),
    (indicators.lowest, ("low",), (20,), ("DONCHIAN_20_lower",)),
    (indicators.obv, ("close", "volume"), (), ("OBV",)),
    (indicators.accumulation_distribution, (*RANGE, "volume"), (), ("AD",)),
    (indicators.chaikin_oscillator, (*RANGE, "volume"), (3, 10), ("ADOSC_3_10",)),
    (indicators.chaikin_money_flow, (*RANGE, "volume"), (20,), ("CMF_20",)),
    (indicators.mfi, (*RANGE, "volume"), (14,), ("MFI_14",)),
    (indicators.vwap, ("time", *RANGE, "volume"), (), ("VWAP_utcday",)),
    (indicators.engulfing, BARS, (), ("CDLENGULFING",)),
    (indicators.hammer, BARS, (), ("CDLHAMMER",)),
    (indicators.doji, BARS, (), ("CDLDOJI",)),
    (indicators.shooting_star, BARS, (), ("CDLSHOOTINGSTAR",)),
    (indicators.morning_star, BARS, (), ("CDLMORNINGSTAR",)),
    (indicators.three_white_soldiers, BARS, (), ("CDL3WHITESOLDIERS",)),
]


@pytest.fixture(scope="module")
def bars(shared: Path) -> Array:
    return read_bars(shared / "data" / "bars" / f"{SET}.csv.gz")


@pytest.fixture(scope="module")
def arrays(shared: Path) -> dict[str, Array]:
    with np.load(shared / "golden" / "indicators" / f"{SET}.npz") as file:
        return dict(file)


@pytest.mark.parametrize(("function", "columns", "arguments", "names"), TRUTH, ids=[row[3][0] for row in TRUTH])
def test_an_indicator_equals_the_truth_on_every_bar(
    function: Callable[..., Any],
    columns: tuple[str, ...],
    arguments: tuple[float, ...],
    names: tuple[str, ...],
    bars: Array,
    arrays: dict[str, Array],
) -> None:
    found = function(*(bars[column] for column in columns), *arguments)

    outputs = found if isinstance(found, tuple) else (found,)
    for name, output in zip(names, outputs, strict=True):
        tolerance = LOOSE.get(name, 1e-8)
        np.testing.assert_allclose(output, arrays[name], rtol=tolerance, atol=1e-8, equal_nan=True, err_msg=name)


def test_every_array_of_the_truth_is_looked_at(shared: Path) -> None:
    described = json.loads((shared / "golden" / "indicators" / f"{SET}.json").read_text())

    assert {name for *_, names in TRUTH for name in names} == set(described["first_valid_index"])

"""Indicators against the arrays of TA-Lib 0.8.2 and, for the channel, of the plain formula."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from apps.engine.indicators import atr, ema, highest, lowest, rsi, sma, true_range
from tests.golden.cases import read_bars

if TYPE_CHECKING:
    from pathlib import Path

    from apps.engine.types import Array

SET = "fx_eurusd_1h_dukascopy_ask_2017"
CATALOGUE = {
    "SMA_14": (sma, ["close"], 14),
    "SMA_50": (sma, ["close"], 50),
    "EMA_14": (ema, ["close"], 14),
    "RSI_14": (rsi, ["close"], 14),
    "TRANGE": (true_range, ["high", "low", "close"], None),
    "ATR_14": (atr, ["high", "low", "close"], 14),
    "DONCHIAN_20_upper": (highest, ["high"], 20),
    "DONCHIAN_20_lower": (lowest, ["low"], 20),
}


@pytest.fixture(scope="module")
def bars(shared: Path) -> Array:
    return read_bars(shared / "data" / "bars" / f"{SET}.csv.gz")


@pytest.mark.parametrize("name", CATALOGUE)
def test_an_indicator_equals_the_truth_on_every_bar(name: str, bars: Array, shared: Path) -> None:
    function, columns, period = CATALOGUE[name]
    with np.load(shared / "golden" / "indicators" / f"{SET}.npz") as arrays:
        truth = arrays[name]

    found = function(*(bars[column] for column in columns), *([period] if period else []))

    np.testing.assert_allclose(found, truth, rtol=1e-8, atol=1e-8, equal_nan=True)

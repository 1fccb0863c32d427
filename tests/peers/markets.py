"""Bars that peers and we trade on: seeded random walks with wide bars and gaps, and real ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from apps.engine.types import BAR
from tests.engine.runs import MONDAY
from tests.golden.cases import read_bars

if TYPE_CHECKING:
    from pathlib import Path

    from apps.engine.types import Array

MINUTE = 60_000_000


@dataclass(frozen=True)
class Market:
    """decimals: of the prices. lot: quantity that a unit of an order stands for, so that prices of 1 count like 100."""

    name: str
    bars: Array
    decimals: int
    lot: int = 1

    @property
    def reach(self) -> float:
        """How far a bar usually goes, as a share of the price."""
        return float(np.median((self.bars["high"] - self.bars["low"]) / self.bars["close"]))


def walk(seed: int, count: int = 400) -> Market:
    """Bars around 100 in cents: one in three opens with a gap, and half have wicks longer than any usual body."""
    random = np.random.default_rng(seed)
    bars = np.zeros(count, BAR)
    bodies = random.normal(0, 0.008, count)
    gaps = np.where(random.random(count) < 0.33, random.normal(0, 0.006, count), 0.0)
    gaps[0] = 0.0
    closes = 100 * np.exp(np.cumsum(bodies + gaps))
    bars["close"] = np.round(closes, 2)
    bars["open"] = np.where(gaps == 0.0, np.roll(bars["close"], 1), np.round(closes * np.exp(-bodies), 2))
    bars["open"][0] = 100.0
    wicks = random.exponential(np.where(random.random(count) < 0.5, 0.012, 0.001), (2, count))
    bars["high"] = np.round(np.maximum(bars["open"], bars["close"]) * (1 + wicks[0]), 2)
    bars["low"] = np.round(np.minimum(bars["open"], bars["close"]) * (1 - wicks[1]), 2)
    bars["time"] = MONDAY + MINUTE * np.arange(count)
    bars["volume"] = 1000
    return Market(f"walk {seed}", bars, decimals=2)


REAL = {  # file, decimals, lot
    "Google by the day": ("equity_goog_1d_2004_2013", 2, 1),
    "Apple by the day": ("equity_aapl_1d_1998_2021", 2, 1),
    "euros by the hour": ("fx_eurusd_1h_bt_201704_201802", 5, 100),
    "SPY by the minute": ("equity_spy_1m_trade_20131007_20131011", 2, 1),
    "bitcoin by the minute": ("perp_btcusd_1m_trade_binance_coinm_20221213", 1, 1),
}


def real(shared: Path, name: str) -> Market:
    file, decimals, lot = REAL[name]
    path = shared / "data" / "bars" / f"{file}.csv.gz"
    if not path.exists():
        pytest.skip(f"There are no bars of {name} at {path}.")
    return Market(name, read_bars(path), decimals, lot)
